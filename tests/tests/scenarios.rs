//! The stories in `tests/scenarios` are what the engine does, and what the specification says.
//!
//! `RESPO_SCENARIOS=rewrite cargo test -p tests --test scenarios` writes what the engine does into them.
//! Read every line of the difference before it is kept: a wrong expectation is worse than none.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use tests::scenario::Scenario;

/// Every story: its file, its text, and what is in it.
fn stories() -> Vec<(PathBuf, String, Scenario)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let entries = fs::read_dir(&directory).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "there are no stories in {}", directory.display());
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        let story = Scenario::parse(&text);
        let story = story.unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
        (file, text, story)
    };
    files.into_iter().map(read).collect()
}

fn played(file: &Path, story: &Scenario) -> Vec<Vec<String>> {
    story.play().unwrap_or_else(|problem| panic!("{}: {problem}", file.display()))
}

#[test]
fn every_story_ends_as_it_is_told() {
    let rewrites = std::env::var("RESPO_SCENARIOS").is_ok_and(|mode| mode == "rewrite");
    let mut differences = String::new();
    for (file, text, story) in stories() {
        println!("{}", file.display());
        let told = played(&file, &story);
        let rewritten = story.rewritten(&told);
        if rewrites {
            fs::write(&file, rewritten).unwrap();
        } else if rewritten != text {
            let found = story.differences(&told);
            let found = if found.is_empty() { "its layout is another\n" } else { &found };
            differences.push_str(&format!("\n{}\n{found}", file.display()));
        }
    }
    assert!(
        differences.is_empty(),
        "expected (-) and done (+):\n{differences}\nIf the engine is right: RESPO_SCENARIOS=rewrite"
    );
}

#[test]
fn every_story_says_what_it_shows_and_has_something_happen() {
    for (file, _, story) in stories() {
        let file = file.display();
        let words = story.introduction.split_whitespace().count();
        assert!(words >= 15, "{file} does not begin with a paragraph that says what it shows");
        assert!(story.steps.len() >= 2, "{file} has hardly a command");
        for step in &story.steps {
            assert!(!step.expected.is_empty(), "{file}:{}: nothing is expected", step.line);
        }
    }
}

#[test]
fn a_line_that_is_not_what_the_engine_does_is_found() {
    for (file, _, mut story) in stories() {
        let told = played(&file, &story);
        for (step, told) in story.steps.iter_mut().zip(&told) {
            step.expected.clone_from(told);
        }
        for (place, step) in story.steps.iter().enumerate() {
            for line in 0..step.expected.len() {
                let mut wrong = story.clone();
                wrong.steps[place].expected[line].push('x');
                let found = wrong.differences(&told);
                let (expected, done) = (&wrong.steps[place].expected[line], &step.expected[line]);
                let both = format!("    - {expected}\n    + {done}\n");
                assert!(found.contains(&both), "{}:{}: {found}", file.display(), step.line);
                assert!(found.starts_with(&format!("line {}, after:\n", step.line)), "{found}");

                let mut short = story.clone();
                let removed = short.steps[place].expected.remove(line);
                assert!(short.differences(&told).contains(&format!("    + {removed}\n")));
            }
        }
    }
}

#[test]
fn a_command_that_cannot_be_read_is_said_with_its_line() {
    let story = Scenario::parse("# Why.\n\nalice begs for bench-1\n----\n\nshow\n----\n").unwrap();
    let problem = story.play().unwrap_err();
    assert!(
        problem.starts_with("line 3: \"alice begs for bench-1\": there is no such"),
        "{problem}"
    );
    let problem = Scenario::parse("show\n\nshow\n----\n").unwrap_err();
    assert!(problem.starts_with("line 1: after a command"), "{problem}");
}
