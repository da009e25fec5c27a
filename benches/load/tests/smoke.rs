//! The load generator against a real respod: a second, and few clients. Figures are for an idle machine and a
//! release build; here it has to work.

#![allow(clippy::expect_used, reason = "a panic is how a test reports")]

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::binaries;

fn load(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.args(arguments).arg("--respod").arg(binaries::respod());
    command.arg("--directory").arg(env!("CARGO_TARGET_TMPDIR"));
    command.output().expect("the load generator runs")
}

fn figures(arguments: &[&str]) -> Value {
    let output = load(arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    serde_json::from_slice(&output.stdout).expect("figures as JSON")
}

fn run(work: &str, subject: &str, more: &[&str]) -> Value {
    let arguments = ["run", "--work", work, "--subject", subject, "--seconds", "1"];
    figures(&[&arguments[..], more].concat())["figures"].take()
}

/// Something was counted and timed, and the server had to do with it.
fn expect_work(figures: &Value) {
    assert!(figures["count"].as_u64() > Some(0), "{figures}");
    assert!(figures["latency"]["p50"].as_f64() > Some(0.0), "{figures}");
    assert!(figures["memory"].as_u64() > Some(1024 * 1024), "{figures}");
}

#[test]
fn every_surface_does_every_work_that_it_can() {
    for subject in ["respod-memory/lock", "respod-memory/ws", "respod-memory/v1"] {
        for work in ["w1", "w2", "w3"] {
            expect_work(&run(work, subject, &["--clients", "4", "--threads", "2"]));
        }
    }
    for subject in ["respod-memory/ws", "respod-memory/v1"] {
        expect_work(&run("w4", subject, &["--clients", "4"]));
    }
}

#[test]
fn the_durable_store_is_measured_as_it_is_shipped() {
    expect_work(&run("w1", "respod-sqlite/ws", &["--clients", "4"]));
}

#[test]
fn many_hold_and_wait_and_hear_little() {
    for subject in ["respod-memory/lock", "respod-memory/ws"] {
        let holding = run("w5-holding", subject, &["--clients", "200"]);
        assert_eq!(holding["latency"], Value::Null, "{holding}");
        let waiting = run("w5-waiting", subject, &["--clients", "200"]);
        assert!(waiting["latency"]["p50"].as_f64() > Some(0.0), "a grant was timed: {waiting}");
        // Ten grants a second. Told of each, all would hear 2,000 messages a second; those in front hear some.
        assert!((1..1000).contains(&waiting["count"].as_u64().unwrap_or(0)), "{waiting}");
    }
    let several = run("w5-waiting", "respod-memory/ws", &["--clients", "20", "--requests", "10"]);
    assert!(several["latency"]["p50"].as_f64() > Some(0.0), "{several}");
}

#[test]
fn lists_and_a_start_are_measured() {
    let lists = figures(&["lists", "--resources", "100", "--seconds", "1"]);
    assert_eq!(lists["lists"].as_array().map(Vec::len), Some(3), "{lists}");
    let start = figures(&["start", "--resources", "100", "--leases", "10", "--waiting", "20"]);
    assert!(start["seconds"].as_f64() > Some(0.0), "{start}");
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_measured() {
    let refused = |work, subject: &str, why: &str| {
        let output = load(&["run", "--work", work, "--subject", subject, "--seconds", "1"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        assert!(stderr.contains(why), "{stderr}");
    };
    refused("w2", "echo", "echo leases nothing");
    refused("w4", "respod-memory/lock", "kept by its connection");
    refused("w1", "etcd", "one of respod-sqlite/lock");
}

#[test]
fn a_server_that_does_not_start_is_said() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.args(["run", "--work", "w1", "--subject", "respod-memory/ws", "--respod"]);
    command.arg(Path::new("/bin/false")).arg("--directory").arg(env!("CARGO_TARGET_TMPDIR"));
    let output = command.output().expect("the load generator runs");
    assert!(!output.status.success(), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("does not say where it listens"), "{stderr}");
}

/// Whether anybody uses this directory: in the arguments of a process, or as a folder that is there.
fn is_used(directory: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
    let path = directory.to_str().expect("UTF-8");
    let mut commands = processes.filter_map(|it| std::fs::read(it.path().join("cmdline")).ok());
    let is_named = |command: Vec<u8>| {
        let command = String::from_utf8_lossy(&command).into_owned();
        command.contains("respod\0") && command.contains(path)
    };
    commands.any(is_named) || std::fs::read_dir(directory).is_ok_and(|mut it| it.next().is_some())
}

#[test]
fn a_signal_ends_the_servers_and_puts_everything_away() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupted");
    std::fs::create_dir_all(&directory).expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_load"));
    command.args(["run", "--work", "w1", "--subject", "respod-sqlite/ws", "--seconds", "600"]);
    command.arg("--respod").arg(binaries::respod()).arg("--directory").arg(&directory);
    let mut load = command.spawn().expect("the load generator runs");
    let deadline = Instant::now() + tests::DEADLINE;
    let until = |what: &str, is_true: &dyn Fn() -> bool| {
        while !is_true() {
            assert!(Instant::now() < deadline, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until("its server starts", &|| is_used(&directory));
    let terminated = Command::new("kill").arg(load.id().to_string()).status();
    assert!(terminated.expect("kill runs").success());
    assert!(!load.wait().expect("it ends").success());
    until("nothing of it is left", &|| !is_used(&directory));
}
