//! What respod is to reach, and whether it does. Ratios are of figures of the same run; of several runs, the median.

use std::fmt::Write;

use crate::criterion::Benchmark;
use crate::plan::{LARGE, MANY};
use crate::report::{median, number};
use crate::results::{Outcome, Results};
use crate::work::Work;

/// What a daemon reached that only looked up maps, of what a transport can do that only answers: over HTTP, and over
/// WebSocket.
const CEILING_HTTP: f64 = 0.78;
const CEILING_WS: f64 = 0.74;

const DURABLE: [&str; 3] = ["respod-sqlite/lock", "respod-sqlite/ws", "respod-sqlite/v1"];

/// On which side of the bound it is to be.
#[derive(Debug, Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

struct Target {
    text: &'static str,
    measured: Option<f64>,
    bound: Bound,
}

/// One line for each target.
pub(crate) fn table(results: &Results, benchmarks: &[Benchmark]) -> String {
    let mut text =
        String::from("| target | bound | measured | met |\n| --- | ---: | ---: | --- |\n");
    for Target { text: name, measured, bound } in targets(results, benchmarks) {
        let Some(measured) = measured else { continue };
        let (bound, is_met) = match bound {
            Bound::AtLeast(least) => (format!("≥ {}", exact(least)), measured >= least),
            Bound::AtMost(most) => (format!("≤ {}", exact(most)), measured <= most),
        };
        let met = if is_met { "yes" } else { "no" };
        let line = format!("| {name} | {bound} | {} | {met} |", exact(measured));
        // Writing to a string does not fail.
        writeln!(text, "{line}").ok();
    }
    text
}

fn exact(figure: f64) -> String {
    if figure < 10.0 { format!("{figure:.2}") } else { number(figure) }
}

fn targets(results: &Results, benchmarks: &[Benchmark]) -> Vec<Target> {
    let mut targets = of_cycles(results);
    targets.extend(of_large_pools(results));
    targets.extend(of_waiting(results));
    targets.extend(of_transport(results));
    targets.extend(of_others(results, benchmarks));
    targets
}

fn of_cycles(results: &Results) -> Vec<Target> {
    let w1 = |clients| move |run: &Run<'_>, name| run.rate(Work::W1, name, clients, 100);
    let best = |run: &Run<'_>, clients: usize| {
        DURABLE.into_iter().filter_map(|name| w1(clients)(run, name)).reduce(f64::max)
    };
    vec![
        Target {
            text: "W1, 64 clients, the best surface: of Redis with appendfsync always",
            measured: results.ratio(|run| Some(best(run, 64)? / w1(64)(run, "redis-always")?)),
            bound: Bound::AtLeast(0.7),
        },
        Target {
            text: "W1, 1 client, `/ws`: of two round trips and two commits",
            measured: results.ratio(|run| {
                let cycle = run.p50(Work::W1, "respod-sqlite/ws", 1, 100)?;
                let round_trips = run.p50(Work::W1, "echo", 1, 100)?;
                Some(cycle / (round_trips + 2.0 * run.results.disk_commits.get(run.number)?))
            }),
            bound: Bound::AtMost(1.5),
        },
        Target {
            text: "W1, 64 clients, in memory, `/v1` or `/ws`: of what a daemon that looks up maps reaches there",
            measured: results.ratio(|run| {
                let http = w1(64)(run, "respod-memory/v1")? / w1(64)(run, "warp")?;
                let ws = w1(64)(run, "respod-memory/ws")? / w1(64)(run, "echo")?;
                Some((http / CEILING_HTTP).max(ws / CEILING_WS))
            }),
            bound: Bound::AtLeast(0.8),
        },
        Target {
            text: "`POST /v1/leases` and `DELETE`, in memory, 64 clients: of two bare calls of warp",
            measured: results
                .ratio(|run| Some(w1(64)(run, "respod-memory/v1")? / w1(64)(run, "warp")?)),
            bound: Bound::AtLeast(0.5),
        },
    ]
}

fn of_large_pools(results: &Results) -> Vec<Target> {
    vec![
        Target {
            text: "W3, 10,000 resources, `/ws`: of Redis with appendfsync always",
            measured: results.ratio(|run| {
                let w3 = |name| run.rate(Work::W3, name, 16, LARGE);
                Some(w3("respod-sqlite/ws")? / w3("redis-always")?)
            }),
            bound: Bound::AtLeast(2.0),
        },
        Target {
            text: "W3, 10,000 resources, `/ws`: of W1",
            measured: results.ratio(|run| {
                let w3 = run.rate(Work::W3, "respod-sqlite/ws", 16, LARGE)?;
                Some(w3 / run.rate(Work::W1, "respod-sqlite/ws", 16, 100)?)
            }),
            bound: Bound::AtLeast(0.9),
        },
        Target {
            text: "W3, `/ws`: 100,000 resources of 100",
            measured: results.ratio(|run| {
                let w3 = |resources| run.rate(Work::W3, "respod-sqlite/ws", 16, resources);
                Some(w3(100_000)? / w3(100)?)
            }),
            bound: Bound::AtLeast(0.8),
        },
    ]
}

fn of_waiting(results: &Results) -> Vec<Target> {
    let surfaces = [
        ("W2, `/ws`: grants/s, of Redis with appendfsync always", "respod-sqlite/ws"),
        ("W2, `/lock`: grants/s, of Redis with appendfsync always", "respod-sqlite/lock"),
    ];
    let mut targets: Vec<Target> = surfaces
        .into_iter()
        .map(|(text, name)| Target {
            text,
            measured: results.ratio(|run| {
                let w2 = |name| run.rate(Work::W2, name, 64, 1);
                Some(w2(name)? / w2("redis-always")?)
            }),
            bound: Bound::AtLeast(1.0),
        })
        .collect();
    targets.push(Target {
        text: "W2, `/ws`: p50 from release to grant, of Redis with appendfsync always",
        measured: results.ratio(|run| {
            let p50 = |name| run.p50(Work::W2, name, 64, 1);
            Some(p50("respod-sqlite/ws")? / p50("redis-always")?)
        }),
        bound: Bound::AtMost(1.0),
    });
    targets
}

fn of_transport(results: &Results) -> Vec<Target> {
    let memory = |work, resources| {
        move |run: &Run<'_>| {
            let of = |work, name, resources| {
                run.load(work, name, MANY, resources).map(Outcome::memory_per_client)
            };
            Some(of(work, "respod-sqlite/ws", resources)? / of(Work::W5Holding, "echo", MANY)?)
        }
    };
    vec![
        Target {
            text: "W4, `/ws`: of the echo",
            measured: results.ratio(|run| {
                let w4 = |name| run.rate(Work::W4, name, 64, 100);
                Some(w4("respod-sqlite/ws")? / w4("echo")?)
            }),
            bound: Bound::AtLeast(0.8),
        },
        Target {
            text: "W5, `/ws`, holding: memory per client, of the echo",
            measured: results.ratio(memory(Work::W5Holding, MANY)),
            bound: Bound::AtMost(2.0),
        },
        Target {
            text: "W5, `/ws`, waiting: memory per client, of the echo",
            measured: results.ratio(memory(Work::W5Waiting, 1)),
            bound: Bound::AtMost(2.0),
        },
    ]
}

fn of_others(results: &Results, benchmarks: &[Benchmark]) -> Vec<Target> {
    let nanos = |group: &str, function: &str, size: f64| {
        let mut found = benchmarks.iter().filter(|it| it.group == group && it.size == size);
        found.find(|it| it.function == function).map(|it| it.nanos)
    };
    let lists = results.lists.iter();
    let longest = lists.clone().filter_map(|outcome| {
        outcome.lists.iter().map(|(_, latency)| latency.p50 / 1000.0).reduce(f64::max)
    });
    vec![
        Target {
            text: "grants while lists of 10,000 resources are read: of those without",
            measured: median(lists.map(|outcome| outcome.beside / outcome.alone)),
            bound: Bound::AtLeast(0.9),
        },
        Target {
            text: "the slowest list of 10,000 resources meanwhile: p50, ms",
            measured: median(longest),
            bound: Bound::AtMost(10.0),
        },
        Target {
            text: "start with 100,000 resources, 10,000 leases, 10,000 waiting: s to the first grant",
            measured: median(results.starts.iter().map(|start| start.seconds)),
            bound: Bound::AtMost(3.0),
        },
        Target {
            text: "engine alone: uncontended cycles/s",
            measured: nanos("acquire and release", "by name", 100.0).map(|nanos| 1e9 / nanos),
            bound: Bound::AtLeast(1e6),
        },
        Target {
            text: "engine alone: a decision with 10,000 resources and 100,000 waiting, µs",
            measured: nanos("decisions", "10000 resources", 1e5).map(|nanos| nanos / 1000.0),
            bound: Bound::AtMost(5.0),
        },
    ]
}

/// One of several runs.
struct Run<'a> {
    results: &'a Results,
    number: usize,
}

impl Run<'_> {
    fn load(
        &self,
        work: Work,
        subject: &str,
        clients: usize,
        resources: usize,
    ) -> Option<&Outcome> {
        self.results.loads.iter().find(|outcome| {
            outcome.run == self.number
                && outcome.work == work
                && outcome.clients == clients
                && outcome.resources == resources
                && outcome.requests == 1
                && outcome.subject.name() == subject
        })
    }

    fn rate(&self, work: Work, subject: &str, clients: usize, resources: usize) -> Option<f64> {
        self.load(work, subject, clients, resources).map(|outcome| outcome.figures.per_second)
    }

    fn p50(&self, work: Work, subject: &str, clients: usize, resources: usize) -> Option<f64> {
        let outcome = self.load(work, subject, clients, resources)?;
        outcome.figures.latency.map(|latency| latency.p50)
    }
}

impl Results {
    /// The median over the runs that have what is compared.
    fn ratio(&self, compare: impl Fn(&Run<'_>) -> Option<f64>) -> Option<f64> {
        let runs = self.loads.iter().map(|outcome| outcome.run + 1).max().unwrap_or(0);
        median((0..runs).filter_map(|number| compare(&Run { results: self, number })))
    }
}
