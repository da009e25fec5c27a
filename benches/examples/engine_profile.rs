//! The hot paths of the engine in a loop, for a profiler: `cargo run --release -p benches --example engine_profile -- tag 100000`.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]
use benches::{TAGS, pool, tagged};
use respo::*;
use std::collections::VecDeque;
use std::sync::Arc;
fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next().expect("kind");
    let resources: usize = args.next().expect("n").parse().expect("number");
    let rounds: usize = args.next().expect("n").parse().expect("number");
    let mut limits = Limits::default();
    limits.max_requests_per_session = usize::MAX;
    limits.max_waiting = usize::MAX;
    let mut engine =
        Engine::restore(limits, Arc::new(AttributeMatcher), State::default(), Timestamp::default());
    let token = Token::from_random([1; 16]).digest();
    let mut effects = Effects::default();
    let mut now = 0;
    let s = SessionId(1);
    let mut handle = |command| {
        now += 1;
        effects.clear();
        engine.handle(Timestamp::from_micros(now), command, &mut effects).expect("ok")
    };
    handle(Command::ReplaceInventory(Arc::new(pool(resources))));
    handle(Command::OpenSession(s));
    let submit = |handle: &mut dyn FnMut(Command) -> Reply, request: &Arc<Request>| match handle(
        Command::Submit { session: s, request: request.clone(), token },
    ) {
        Reply::Submitted(id) => id,
        _ => panic!(),
    };
    let start = std::time::Instant::now();
    match kind.as_str() {
        "name" | "tag" => {
            let request = Arc::new(if kind == "name" {
                Request::one(Selector::named(Name::new("r7").expect("name")))
            } else {
                Request::one(tagged(7))
            });
            for _ in 0..rounds {
                let id = submit(&mut handle, &request);
                handle(Command::End { id, by: Authority::Session(s) });
            }
        }
        _ => {
            let requests: Vec<_> = (0..TAGS).map(|n| Arc::new(Request::one(tagged(n)))).collect();
            let mut held = VecDeque::new();
            for n in 0..resources {
                held.push_back((n % TAGS, submit(&mut handle, &requests[n % TAGS])));
            }
            let mut waiting: Vec<VecDeque<_>> = (0..TAGS).map(|_| VecDeque::new()).collect();
            for n in 0..100_000 {
                waiting[n % TAGS].push_back(submit(&mut handle, &requests[n % TAGS]));
            }
            eprintln!("set up {:?}", start.elapsed());
            let start = std::time::Instant::now();
            for _ in 0..rounds {
                let (shape, id) = held.pop_front().expect("held");
                handle(Command::End { id, by: Authority::Session(s) });
                held.push_back((shape, waiting[shape].pop_front().expect("waits")));
                waiting[shape].push_back(submit(&mut handle, &requests[shape]));
            }
            eprintln!("{:?} a round", start.elapsed() / u32::try_from(rounds).expect("few"));
        }
    }
    eprintln!("{:?} a round", start.elapsed() / u32::try_from(rounds).expect("few"));
}
