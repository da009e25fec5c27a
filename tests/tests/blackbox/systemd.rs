//! What systemd passes to respod and is told by it: the socket, and how things stand.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use tests::inventories::{ONE_BENCH, benches};
use tests::{Connection, Daemon, eventually, within};
use tokio::net::UnixDatagram;

#[tokio::test]
async fn a_socket_that_is_passed_is_served() {
    let daemon = Daemon::with(ONE_BENCH).socket_activated().start().await;
    assert_eq!(daemon.address(), daemon.settings().address());
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    daemon.signal(Signal::SIGTERM);
    holder.expect_restarting().await;
    let settings = daemon.stopped().await;

    // Who comes while there is no respod waits for the next one.
    let mut early = Connection::open(settings.address()).await;
    early.request("POST", &format!("/lock?resume={}", lease.token)).await;
    let daemon = settings.start().await;
    let mut back = tests::LockStream::on(early).await.expect("it is answered");
    assert_eq!(back.expect_granted().await, lease);
    drop(daemon);
}

/// Asks on new connections until it is told to stop. Counts what was answered.
async fn ask_on_new_connections(address: SocketAddr, answered: &AtomicUsize, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let connection = Connection::try_open(address).await;
        let mut connection = connection.expect("no connection is refused");
        let head = connection.request_head("GET", "/healthz", &[("Connection", "close")]);
        connection.try_send(head).await.expect("the request is taken");
        let head = connection.try_head().await.expect("each gets an answer");
        let body = connection.body().await;
        let answer = tests::Reply { head, body };
        if answer.status() != 200 {
            assert_eq!(answer.status(), 503, "{}", answer.text());
        }
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_planned_restart_refuses_no_connection_and_answers_each() {
    const RESTARTS: usize = 5;
    let daemon = Daemon::with(&benches(1)).socket_activated().start().await;
    let (address, answered, stop) = (daemon.address(), AtomicUsize::new(0), AtomicBool::new(false));
    let clients = join_all((0..8).map(|_| ask_on_new_connections(address, &answered, &stop)));
    let restarts = async {
        let mut daemon = daemon;
        for _ in 0..RESTARTS {
            let before = answered.load(Ordering::Relaxed);
            eventually("some were answered", async || {
                let count = answered.load(Ordering::Relaxed);
                if count >= before + 50 { Ok(()) } else { Err(count) }
            })
            .await;
            daemon = daemon.stop().await.start().await;
        }
        stop.store(true, Ordering::Relaxed);
        daemon
    };
    let (_, daemon) = tokio::join!(clients, restarts);
    println!("{} connections over {RESTARTS} restarts", answered.load(Ordering::Relaxed));
    daemon.get("/healthz").await.expect_status(200);
}

#[tokio::test]
async fn what_it_cannot_listen_on_is_refused() {
    let two = r#"exec 3<&0 4<&0; LISTEN_FDS=2 LISTEN_PID=$$ exec "$@""#;
    let no_socket = r#"exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#;
    for (script, hint) in [(two, "2 sockets were passed"), (no_socket, "failed to listen")] {
        let settings = Daemon::with(ONE_BENCH).under(["sh", "-c", script, "sh"]);
        let end = settings.fail().await.expect_code(3);
        assert!(end.stderr.contains(hint), "{}", end.stderr);
        assert_eq!(end.stdout, "", "it does not say that it listens");
    }
}

#[tokio::test]
async fn a_socket_that_was_meant_for_another_process_is_left_alone() {
    let settings = Daemon::with(ONE_BENCH).env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    let daemon = settings.start().await;
    daemon.get("/healthz").await.expect_status(200);
}

/// The socket on which systemd listens for news, at this path.
fn news_at(path: &Path) -> UnixDatagram {
    UnixDatagram::bind(path).expect("the socket is made")
}

/// The next news, line by line.
async fn next_news(news: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 4096];
    let length = within("news", news.recv(&mut buffer)).await.expect("news");
    let text = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn it_says_that_it_is_ready_once_it_serves_and_when_it_stops() {
    let settings = Daemon::with(ONE_BENCH);
    let path = settings.file("notify");
    let news = news_at(&path);
    let address = settings.address();
    let start = settings.env("NOTIFY_SOCKET", path.to_str().unwrap()).start();
    let ready = async {
        let said = next_news(&news).await;
        assert!(said.contains(&"READY=1".to_owned()), "{said:?}");
        let mut connection = Connection::open(address).await;
        connection.request("GET", "/healthz").await;
        connection.reply().await.expect_status(200);
    };
    let (daemon, ()) = tokio::join!(start, ready);

    daemon.signal(Signal::SIGTERM);
    let said = next_news(&news).await;
    assert!(said.contains(&"STOPPING=1".to_owned()), "{said:?}");
    let settings = daemon.stopped().await;

    // What cannot start is not ready.
    settings.write_inventory("");
    let settings = settings.without("--data-dir").flag("--data-dir", "/dev/null/data");
    settings.fail().await;
    assert!(news.try_recv(&mut [0; 64]).is_err(), "it says nothing");
}

#[tokio::test]
async fn nobody_who_listens_for_its_news_is_no_reason_not_to_serve() {
    let settings = Daemon::with(ONE_BENCH);
    let path = settings.file("nobody");
    let daemon = settings.env("NOTIFY_SOCKET", path.to_str().unwrap()).start().await;
    daemon.expect_log("the service manager could not be told").await;
    daemon.hold("wait=0").await;
    daemon.stop().await;
}
