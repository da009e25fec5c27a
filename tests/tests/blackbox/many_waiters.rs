//! A thousand clients that wait for one bench.

use std::collections::VecDeque;
use std::time::Instant;

use nix::sys::signal::Signal;
use respo::wire::Event;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, LockStream};

const WAITERS: u64 = 1000;
const GRANTS: u64 = 30;

#[tokio::test]
async fn a_thousand_wait_in_order_and_a_grant_does_not_send_a_thousand_lines() {
    tests::open_files(4 * WAITERS);
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.hold("").await;
    let began = Instant::now();
    let mut waiters: VecDeque<LockStream> = VecDeque::new();
    for number in 1..=WAITERS {
        let mut stream = daemon.lock("resource=bench-1").await;
        assert_eq!(stream.expect_queued().await.position, number);
        waiters.push_back(stream);
    }
    println!("with {WAITERS} waiting respod has {}", resident(daemon.process.pid()));
    let pool = daemon.pool().await;
    assert_eq!((pool.waiting.len(), pool.resources[0].queue), (1000, WAITERS));

    for _ in 0..GRANTS {
        holder.close();
        holder = waiters.pop_front().unwrap();
        holder.expect_granted().await;
    }
    // The next one is told that it is the next.
    let mut next = waiters.pop_front().unwrap();
    while next.expect_queued().await.position != 1 {}

    // The end of the daemon ends every stream, so that all of their lines can be counted.
    daemon.signal(Signal::SIGTERM);
    let mut lines = 0;
    for stream in &mut waiters {
        let events = stream.until_end().await;
        assert!(matches!(events.last(), Some(Event::Restarting { .. })), "{events:?}");
        lines += events.iter().filter(|event| matches!(event, Event::Queued { .. })).count();
    }
    // Far back in the queue, a change is told with the next heartbeat. The few at the head are told
    // every second. Were everybody told of every arrival and of every grant, it would be 500,000.
    let seconds = began.elapsed().as_secs() + 1;
    let bound = (seconds / 5 + 1) * WAITERS + 10 * (seconds + GRANTS);
    println!("{lines} further lines for {GRANTS} grants within {seconds} s");
    assert!(lines as u64 <= bound, "{lines} further lines, which is more than {bound}");
    holder.close();
    daemon.finish().await.expect_code(0);
}

/// How much memory the process has, in the words of the system.
fn resident(pid: i32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("no VmRSS").to_owned()
}
