//! Counts the instructions of the hot paths and prints what has changed since the counts that are committed.
//!
//! ```sh
//! apt-get install valgrind
//! cargo install --locked gungraun-runner --version 0.20.0
//! cargo run -p benches --bin instructions              # prints the difference
//! cargo run -p benches --bin instructions -- --write   # makes the present counts the committed ones
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use serde_json::Value;

/// What the file says above the counts.
const HEAD: &str = "\
# Instructions of 100 rounds of each hot path, as valgrind counts them: see benches/benches/instructions.rs.
# Written by `cargo run -p benches --bin instructions -- --write`. Counts of other compilers are others.
";

/// Changes of less than this part are not worth a word.
const SMALLEST: f64 = 0.001;

type Counts = BTreeMap<String, u64>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_write = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--write"] => true,
        _ => return Err("the only argument is --write".into()),
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions.txt");
    let committed = match fs::read_to_string(&file) {
        Ok(text) => read(&text)?,
        Err(_) => Counts::new(),
    };
    let counts = count()?;
    print!("{}", difference(&committed, &counts));
    if is_write {
        fs::write(&file, write(&counts))?;
    }
    Ok(())
}

/// Runs the benchmark under valgrind.
fn count() -> Result<Counts, Box<dyn Error>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["bench", "--quiet", "--locked", "-p", "benches", "--bench", "instructions", "--"])
        .arg("--output-format=json")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(
            "the benchmark failed; it needs valgrind, and gungraun-runner of the same version as \
                    gungraun in Cargo.lock (cargo install --locked gungraun-runner --version …)"
                .into(),
        );
    }
    let counts = String::from_utf8(output.stdout)?;
    let counts = counts.lines().filter(|line| line.starts_with('{')).map(count_of);
    let counts: Counts = counts.collect::<Result<_, _>>()?;
    if counts.is_empty() { Err("nothing was counted".into()) } else { Ok(counts) }
}

/// The name of a benchmark, and its instructions.
fn count_of(line: &str) -> Result<(String, u64), Box<dyn Error>> {
    let summary: Value = serde_json::from_str(line)?;
    let text = |key: &str| summary[key].as_str().unwrap_or_default();
    let name = format!("{}::{}", text("function_name"), text("id"));
    let profiles = summary["profiles"].as_array().into_iter().flatten();
    let counts =
        profiles.map(|profile| &profile["data"]["total"]["metrics"]["Ir"]["values"]["new"]);
    let count = counts.filter_map(Value::as_u64).next();
    Ok((name.clone(), count.ok_or_else(|| format!("{name}: no count"))?))
}

fn read(text: &str) -> Result<Counts, Box<dyn Error>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (name, count) = line.split_once(' ').ok_or(format!("{line:?} has no count"))?;
            Ok((name.to_owned(), count.trim().replace(',', "").parse()?))
        })
        .collect()
}

fn write(counts: &Counts) -> String {
    let mut text = HEAD.to_owned();
    for (name, count) in counts {
        text.push_str(&format!("{name:<44} {:>14}\n", grouped(*count)));
    }
    text
}

fn difference(committed: &Counts, counts: &Counts) -> String {
    let mut text = String::new();
    for (name, count) in counts {
        let change = match committed.get(name) {
            None => "new".to_owned(),
            Some(before) => {
                let part = *count as f64 / *before as f64 - 1.0;
                if part.abs() < SMALLEST {
                    "=".to_owned()
                } else {
                    format!("{:+.1} %", part * 100.0)
                }
            }
        };
        text.push_str(&format!("{name:<44} {:>14}  {change}\n", grouped(*count)));
    }
    for name in committed.keys().filter(|name| !counts.contains_key(*name)) {
        text.push_str(&format!("{name:<44} {:>14}  gone\n", ""));
    }
    text
}

/// `12,070`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_found_in_the_summary_of_a_benchmark() {
        let line = r#"{"function_name":"cycle","id":"by_name","profiles":[{"tool":"Callgrind","data":{"parts":[],
            "total":{"metrics":{"Dr":{"values":{"new":1}},"Ir":{"values":{"new":12,"old":13}}}}}}]}"#;
        assert_eq!(count_of(line).unwrap(), ("cycle::by_name".to_owned(), 12));
        assert!(count_of(r#"{"function_name":"cycle","id":"x","profiles":[]}"#).is_err());
    }

    fn counts(counts: &[(&str, u64)]) -> Counts {
        counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let counts = counts(&[("a::b", 1_234_567), ("c::d", 12)]);
        assert_eq!(read(&write(&counts)).unwrap(), counts);
    }

    #[test]
    fn the_difference_tells_what_grew_shrank_came_and_went() {
        let committed = counts(&[("a", 1000), ("b", 1000), ("c", 10_000), ("d", 5)]);
        let present = counts(&[("a", 1100), ("b", 900), ("c", 10_001), ("e", 7)]);
        let text = difference(&committed, &present);
        let last = |line: &str| line.rsplit("  ").next().unwrap_or_default().to_owned();
        let changes: Vec<String> = text.lines().map(last).collect();
        assert_eq!(changes, ["+10.0 %", "-10.0 %", "=", "new", "gone"]);
    }
}
