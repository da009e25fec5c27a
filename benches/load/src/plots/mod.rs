//! The plots of the page, as SVG.

mod chart;

use crate::criterion::Benchmark;
use crate::report::median;
use crate::results::{Outcome, Results};
use crate::work::Work;

use chart::{Chart, Line};

/// Subjects of which the percentiles are shown.
const SHOWN: [&str; 6] = [
    "respod-sqlite/ws",
    "respod-sqlite/v1",
    "respod-memory/ws",
    "redis-always",
    "redis-never",
    "echo",
];

/// Each plot that there is something for, with the name of its file.
pub(crate) fn all(results: &Results, benchmarks: &[Benchmark]) -> Vec<(&'static str, String)> {
    let plots = [
        ("cycles.svg", cycles(results)),
        ("percentiles.svg", percentiles(results)),
        ("engine-resources.svg", engine_by_resources(benchmarks)),
        ("engine-waiting.svg", engine_by_waiting(benchmarks)),
    ];
    let full = plots.into_iter().filter(|(_, chart)| !chart.lines.is_empty());
    full.map(|(name, chart)| (name, chart.svg())).collect()
}

/// W1 by the number of clients.
fn cycles(results: &Results) -> Chart {
    let lines = subjects(results).into_iter().map(|name| {
        let mut line = Line::new(name);
        for clients in clients(results) {
            let rates = matching(results, name, clients).map(|outcome| outcome.figures.per_second);
            line.points.extend(median(rates).map(|rate| (clients as f64, rate)));
        }
        line
    });
    Chart::new("W1: cycles a second, by clients", "clients", "cycles/s").with(lines)
}

/// How long a cycle of W1 takes with the most clients.
fn percentiles(results: &Results) -> Chart {
    let Some(clients) = clients(results).pop() else { return Chart::new("", "", "") };
    let lines = SHOWN.into_iter().map(|name| {
        let mut line = Line::new(name);
        // One part in two, in ten, in a hundred, in a thousand takes longer.
        for (nth, one_in) in [2.0, 10.0, 100.0, 1000.0].into_iter().enumerate() {
            let latencies = matching(results, name, clients)
                .filter_map(|outcome| Some(outcome.figures.latency?.percentiles()[nth].1));
            line.points.extend(median(latencies).map(|micros| (one_in, micros)));
        }
        line
    });
    let title = format!("W1, {clients} clients: one cycle in … takes longer than …");
    Chart::new(&title, "one in", "µs").with(lines)
}

fn engine_by_resources(benchmarks: &[Benchmark]) -> Chart {
    let title = "Engine alone: acquire and release, by resources";
    let group = "acquire and release";
    Chart::new(title, "resources", "ns").with(lines_of(benchmarks, group))
}

fn engine_by_waiting(benchmarks: &[Benchmark]) -> Chart {
    let title = "Engine alone: a decision, by waiting requests of 100 shapes";
    Chart::new(title, "waiting requests", "ns").with(lines_of(benchmarks, "decisions"))
}

fn lines_of<'a>(benchmarks: &'a [Benchmark], group: &'a str) -> impl Iterator<Item = Line> + 'a {
    let of_group = move || benchmarks.iter().filter(move |benchmark| benchmark.group == group);
    let mut functions: Vec<&str> =
        of_group().map(|benchmark| benchmark.function.as_str()).collect();
    functions.dedup();
    // "100 resources" before "1000 resources".
    functions.sort_by_key(|function| (function.len(), *function));
    functions.into_iter().map(move |function| {
        let mut line = Line::new(function);
        let points = of_group().filter(|it| it.function == function && it.size > 0.0);
        line.points.extend(points.map(|it| (it.size, it.nanos)));
        line
    })
}

fn matching<'a>(
    results: &'a Results,
    subject: &'a str,
    clients: usize,
) -> impl Iterator<Item = &'a Outcome> {
    results.loads.iter().filter(move |outcome| {
        outcome.work == Work::W1 && outcome.clients == clients && outcome.subject.name() == subject
    })
}

fn subjects(results: &Results) -> Vec<&'static str> {
    let mut names = Vec::new();
    for outcome in results.loads.iter().filter(|outcome| outcome.work == Work::W1) {
        if !names.contains(&outcome.subject.name()) {
            names.push(outcome.subject.name());
        }
    }
    names
}

fn clients(results: &Results) -> Vec<usize> {
    let loads = results.loads.iter().filter(|outcome| outcome.work == Work::W1);
    let mut clients: Vec<usize> = loads.map(|outcome| outcome.clients).collect();
    clients.sort_unstable();
    clients.dedup();
    clients
}
