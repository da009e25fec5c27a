//! The results as tables for people.

use std::fmt::Write;

use crate::criterion::Benchmark;
use crate::machine::Machine;
use crate::plan::{LARGE, MANY};
use crate::results::{Outcome, Results};
use crate::targets;
use crate::work::Work;

/// The columns of the table: a heading, and the name of the subject.
const COLUMNS: [(&str, &str); 10] = [
    ("respod `/lock`", "respod-sqlite/lock"),
    ("`/ws`", "respod-sqlite/ws"),
    ("`/v1`", "respod-sqlite/v1"),
    ("in memory: `/lock`", "respod-memory/lock"),
    ("`/ws`", "respod-memory/ws"),
    ("`/v1`", "respod-memory/v1"),
    ("Redis, always", "redis-always"),
    ("Redis, no disk", "redis-never"),
    ("echo", "echo"),
    ("warp", "warp"),
];

/// The rows: what they are called, and which loads they show.
const ROWS: [(&str, Work, usize, usize, Show); 12] = [
    ("W1, 1 client: cycles/s", Work::W1, 1, 100, Show::Rate),
    ("W1, 16 clients", Work::W1, 16, 100, Show::Rate),
    ("W1, 64 clients", Work::W1, 64, 100, Show::Rate),
    ("W2, 64 clients: grants/s", Work::W2, 64, 1, Show::Rate),
    ("W2: p50 from release to grant, µs", Work::W2, 64, 1, Show::Median),
    ("W3, 100 resources, 16 clients: cycles/s", Work::W3, 16, 100, Show::Rate),
    ("W3, 10,000 resources", Work::W3, 16, LARGE, Show::Rate),
    ("W3, 100,000 resources", Work::W3, 16, 100_000, Show::Rate),
    ("W4, 64 clients: renewals/s", Work::W4, 64, 100, Show::Rate),
    ("W5, 10,000 holding: KiB per client", Work::W5Holding, MANY, MANY, Show::Memory),
    ("W5, 10,000 waiting: KiB per client", Work::W5Waiting, MANY, 1, Show::Memory),
    ("W5, 10,000 waiting: messages/s to all", Work::W5Waiting, MANY, 1, Show::Rate),
];

/// Which figure of a load is shown.
#[derive(Debug, Clone, Copy)]
enum Show {
    Rate,
    Median,
    Memory,
}

impl Show {
    fn of(self, outcome: &Outcome) -> Option<f64> {
        match self {
            Self::Rate => Some(outcome.figures.per_second),
            Self::Median => Some(outcome.figures.latency?.p50),
            Self::Memory => Some(outcome.memory_per_client() / 1024.0),
        }
    }
}

/// The median of some figures.
pub(crate) fn median(figures: impl Iterator<Item = f64>) -> Option<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() {
        0 => None,
        length if length.is_multiple_of(2) => Some((figures[middle - 1] + figures[middle]) / 2.0),
        _ => Some(figures[middle]),
    }
}

/// Everything for the page: the machine, the table, the percentiles, and which targets are met.
pub(crate) fn whole(results: &Results, benchmarks: &[Benchmark]) -> String {
    let mut text = machine(&results.machine);
    push(&mut text, format_args!("\nCommand: `{}`.\n\n", results.command));
    text.push_str(&table(results));
    text.push('\n');
    text.push_str(&percentiles(results));
    text.push('\n');
    text.push_str(&others(results));
    text.push('\n');
    text.push_str(&targets::table(results, benchmarks));
    text
}

fn machine(machine: &Machine) -> String {
    let redis = machine.redis.as_deref().unwrap_or("not installed");
    format!(
        "Machine: {}, {} cores, {} GiB, Linux {}, {}, Redis {redis}; load average before: {:.2}.\n",
        machine.processor,
        machine.cores,
        machine.memory,
        machine.kernel,
        machine.compiler,
        machine.load_average,
    )
}

fn table(results: &Results) -> String {
    let mut text = String::from("| work |");
    for (heading, _) in COLUMNS {
        push(&mut text, format_args!(" {heading} |"));
    }
    push(&mut text, format_args!("\n| --- |{}\n", " ---: |".repeat(COLUMNS.len())));
    for (name, work, clients, resources, show) in ROWS {
        let cell = |subject| {
            let loads = results.loads.iter().filter(|outcome| {
                outcome.work == work
                    && outcome.clients == clients
                    && outcome.resources == resources
                    && outcome.requests == 1
                    && outcome.subject.name() == subject
            });
            median(loads.filter_map(|outcome| show.of(outcome)))
        };
        let cells = COLUMNS.map(|(_, subject)| cell(subject));
        if cells.iter().all(Option::is_none) {
            continue;
        }
        push(&mut text, format_args!("| {name} |"));
        for cell in cells {
            push(&mut text, format_args!(" {} |", cell.map_or("–".to_owned(), number)));
        }
        text.push('\n');
    }
    text
}

/// How long cycles of W1 and what is like them take, and who uses the processor.
fn percentiles(results: &Results) -> String {
    let mut text = String::from(
        "| work, clients | subject | p50 µs | p90 | p99 | p99.9 | max | server, cores | clients, cores |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (work, clients, resources) in [(Work::W1, 64, 100), (Work::W2, 64, 1), (Work::W4, 64, 100)]
    {
        for (_, subject) in COLUMNS {
            let loads = || {
                results.loads.iter().filter(move |outcome| {
                    (outcome.work, outcome.clients, outcome.resources) == (work, clients, resources)
                        && outcome.subject.name() == subject
                })
            };
            let latency = |nth: usize| {
                median(loads().filter_map(|it| Some(it.figures.latency?.percentiles()[nth].1)))
            };
            let Some(_) = latency(0) else { continue };
            push(&mut text, format_args!("| {work:?}, {clients} | {subject} |"));
            for nth in 0..5 {
                push(
                    &mut text,
                    format_args!(" {} |", latency(nth).map_or_else(String::new, number)),
                );
            }
            let server = median(loads().map(|it| it.figures.server_cores)).unwrap_or_default();
            let own = median(loads().map(|it| it.figures.generator_cores)).unwrap_or_default();
            push(&mut text, format_args!(" {server:.2} | {own:.2} |\n"));
        }
    }
    text
}

/// The readers of lists, the many who wait, and the start.
fn others(results: &Results) -> String {
    let mut text = lists(results);
    for outcome in results.loads.iter().filter(|it| it.requests > 1 && it.run == 0) {
        push(
            &mut text,
            format_args!(
                "- {} waiting requests on {} connections ({}), a grant every 100 ms: {} messages/s to all of them, \
                 {:.2} cores of the server, {:.1} KiB per connection.\n",
                number((outcome.clients * outcome.requests) as f64),
                number(outcome.clients as f64),
                outcome.subject,
                number(outcome.figures.per_second),
                outcome.figures.server_cores,
                outcome.memory_per_client() / 1024.0,
            ),
        );
    }
    if let Some(seconds) = median(results.starts.iter().map(|start| start.seconds)) {
        let found = &results.starts[0];
        push(
            &mut text,
            format_args!(
                "- Start with {} resources, {} leases and {} waiting requests in the store: {seconds:.2} s to the \
                 first grant; {} MiB resident then.\n",
                number(found.resources as f64),
                number(found.leases as f64),
                number(found.waiting as f64),
                found.memory / (1024 * 1024),
            ),
        );
    }
    if let Some(micros) = median(results.disk_commits.iter().copied()) {
        push(
            &mut text,
            format_args!("- The disk synchronises one record in {} µs (p50).\n", number(micros)),
        );
    }
    text
}

fn lists(results: &Results) -> String {
    let mut text = String::new();
    for outcome in results.lists.iter().filter(|outcome| outcome.run == 0) {
        let same = || results.lists.iter().filter(|it| it.subject == outcome.subject);
        let (alone, beside) =
            (median(same().map(|it| it.alone)), median(same().map(|it| it.beside)));
        let (alone, beside) = (alone.unwrap_or_default(), beside.unwrap_or_default());
        push(
            &mut text,
            format_args!(
                "- Lists of {} resources over {}, while {} clients do W1: {} cycles/s, without readers {}.",
                number(outcome.resources as f64),
                outcome.subject,
                outcome.clients,
                number(beside),
                number(alone),
            ),
        );
        for (nth, (path, _)) in outcome.lists.iter().enumerate() {
            let at = |percentile: usize| {
                let latencies = same().filter_map(|it| Some(it.lists.get(nth)?.1));
                let latencies = latencies.map(|latency| latency.percentiles()[percentile].1);
                median(latencies).unwrap_or_default() / 1000.0
            };
            push(&mut text, format_args!(" `{path}`: p50 {:.1} ms, p99 {:.1} ms.", at(0), at(2)));
        }
        text.push('\n');
    }
    text
}

/// `12,070`; below a hundred with one digit behind the point.
pub(crate) fn number(figure: f64) -> String {
    if figure < 100.0 {
        return format!("{figure:.1}");
    }
    let digits = format!("{figure:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writing to a string does not fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }

    #[test]
    fn thousands_are_told_apart() {
        let texts = [0.25, 99.94, 100.0, 12_070.4, 1_234_567.0].map(number);
        assert_eq!(texts, ["0.2", "99.9", "100", "12,070", "1,234,567"]);
    }
}
