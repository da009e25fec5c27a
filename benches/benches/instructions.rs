//! How many instructions the hot paths take: figures that do not move with a noisy machine.
//!
//! `cargo run -p benches --bin instructions` runs these under valgrind and compares them with
//! `benches/instructions.txt`. Each does its work [`ROUNDS`] times.
#![allow(missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use benches::driver::{Contended, Driver, named};
use benches::lab::{SELECTORS, lab, request, selector};
use benches::wire_samples::{
    REQUEST_MESSAGE, granted_line, granted_message, queued_line, read_message,
};
use benches::{TAGS, pool, tagged};
use gungraun::prelude::*;
use respo::wire::Event;
use respo::wire::socket::ServerMessage;
use respo::{AttributeMatcher, Inventory, LockQuery, Matcher, Request, Selector};

/// So that what happens now and then, such as a table that grows, has its share.
const ROUNDS: usize = 100;

fn engine(resources: usize, request: Arc<Request>) -> (Driver, Arc<Request>) {
    let mut driver = Driver::new(pool(resources));
    // The first of a shape finds its candidates.
    driver.cycle(&request);
    (driver, request)
}

fn contended(resources: usize, waiters: usize) -> Contended {
    let shapes = (0..TAGS).map(|n| Arc::new(Request::one(tagged(n)))).collect();
    let mut contended = Contended::new(pool(resources), shapes, waiters);
    contended.round();
    contended
}

#[library_benchmark]
#[bench::by_name(engine(10_000, named(7)))]
#[bench::by_tag(engine(10_000, Arc::new(Request::one(tagged(7)))))]
#[bench::any(engine(10_000, Arc::new(Request::one(Selector::any()))))]
#[bench::pair_of_tags(engine(10_000, request("requirement=%2Btag1&requirement=%2Btag2")))]
fn acquire_and_release((mut driver, request): (Driver, Arc<Request>)) -> Driver {
    for _ in 0..ROUNDS {
        driver.cycle(black_box(&request));
    }
    driver
}

#[library_benchmark]
#[bench::few_waiting(contended(1_000, 1_000))]
#[bench::many_waiting(contended(1_000, 20_000))]
fn two_decisions(mut contended: Contended) -> Contended {
    for _ in 0..ROUNDS {
        contended.round();
    }
    contended
}

#[library_benchmark]
#[bench::attributes(lab(1_000), selector(SELECTORS[0].1))]
#[bench::distinct_entities(lab(1_000), selector(SELECTORS[1].1))]
#[bench::condition(lab(1_000), selector(SELECTORS[4].1))]
fn candidates(inventory: Inventory, selector: Selector) -> (Inventory, Selector) {
    for _ in 0..ROUNDS {
        black_box(AttributeMatcher.candidates(black_box(&selector), &inventory));
    }
    (inventory, selector)
}

#[library_benchmark]
#[bench::short("resource=bench-1")]
#[bench::long(
    "location=office1&attributes=[can,lin]&entities=[[jtag],[arm64,linux]]&priority=5&name=ci-88"
)]
fn parse_query(query: &str) {
    for _ in 0..ROUNDS {
        black_box(LockQuery::parse(black_box(query)).is_ok());
    }
}

#[library_benchmark]
#[bench::short(r#"{"requirements":[{"resource":"bench-1"}],"ttl":"60s"}"#)]
fn parse_body(body: &str) {
    for _ in 0..ROUNDS {
        black_box(Request::from_json(black_box(body.as_bytes())).is_ok());
    }
}

#[library_benchmark]
#[bench::request(REQUEST_MESSAGE)]
fn parse_message(text: &str) {
    for _ in 0..ROUNDS {
        black_box(read_message(black_box(text)));
    }
}

#[library_benchmark]
#[bench::granted(granted_line())]
#[bench::queued(queued_line())]
fn write_line(event: Event) -> Event {
    for _ in 0..ROUNDS {
        black_box(serde_json::to_vec(black_box(&event)).is_ok());
    }
    event
}

#[library_benchmark]
#[bench::granted(granted_message())]
fn write_message(message: ServerMessage) -> ServerMessage {
    for _ in 0..ROUNDS {
        black_box(serde_json::to_vec(black_box(&message)).is_ok());
    }
    message
}

library_benchmark_group!(
    name = hot_paths,
    benchmarks = [
        acquire_and_release,
        two_decisions,
        candidates,
        parse_query,
        parse_body,
        parse_message,
        write_line,
        write_message
    ]
);

main!(library_benchmark_groups = hot_paths);
