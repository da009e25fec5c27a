//! Reading lists while resources are leased: how long a list takes, and what it costs those who lease.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use crate::client::Http;
use crate::failure::{Doing, Failure};
use crate::load::Load;
use crate::results::ListsOutcome;
use crate::server::{Server, Site};
use crate::tally::{Latency, Tally};
use crate::work::Window;

/// What is read.
const LISTS: [&str; 3] = ["/", "/v1/resources", "/v1/leases"];

/// How long the reader waits between two lists.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the load alone, and then beside somebody who reads lists.
pub(crate) fn measure(
    site: &Site,
    load: &Load,
    resources: usize,
    run: usize,
) -> Result<ListsOutcome, Failure> {
    let start = || Server::start(site, load.subject, resources, load.clients);
    let alone = load.run(&start()?)?.per_second;
    let server = start()?;
    let (address, is_over) = (server.address, Arc::new(AtomicBool::new(false)));
    let reader = thread::spawn({
        let is_over = Arc::clone(&is_over);
        let longest = load.warm_up + load.measured;
        move || read(address, &is_over, longest)
    });
    let beside = load.run(&server);
    is_over.store(true, Ordering::Release);
    let lists = reader.join().map_err(|_| Failure::new("the reader of lists panicked"))??;
    let beside = beside?.per_second;
    let (subject, clients) = (load.subject, load.clients);
    Ok(ListsOutcome { subject, resources, clients, run, alone, beside, lists })
}

/// Reads one list after the other until it is over.
fn read(
    address: SocketAddr,
    is_over: &AtomicBool,
    longest: Duration,
) -> Result<Vec<(String, Latency)>, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let from = Instant::now();
        let window = Window { from, until: from + longest + Duration::from_secs(60) };
        let mut http = Http::open(address, 0).await?;
        let mut tallies = Vec::new();
        for path in LISTS {
            tallies.push((path, Tally::new()?));
        }
        while !is_over.load(Ordering::Acquire) && Instant::now() < window.until {
            for (path, tally) in &mut tallies {
                let request = format!(
                    "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: application/json\r\n\r\n"
                );
                let begun = Instant::now();
                let (status, body) = http.call(request.as_bytes()).await.doing("read a list")?;
                if status != 200 || !body.starts_with(b"{") {
                    return Err(Failure::new(format!("{path} was answered with {status}")));
                }
                tally.count(window, begun);
                tokio::time::sleep(PAUSE).await;
            }
        }
        let latency = |(path, tally): (&str, Tally)| Some((path.to_owned(), tally.latency()?));
        Ok(tallies.into_iter().filter_map(latency).collect())
    })
}
