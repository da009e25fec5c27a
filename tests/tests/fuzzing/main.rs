//! The fuzz targets, driven by proptest: what once failed, good inputs as they are, good inputs with random
//! changes, and random bytes. A fixed number of each, so that this takes less than a minute.
//!
//! The inputs are under `tests/fuzz`: `corpus` has good ones, `regressions` those that once failed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod changes;
mod inputs;

use std::cell::Cell;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::sync::Once;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};
use tests::fuzzing::{COMMANDS, CONDITION, INVENTORY, REQUEST, REQUIREMENT, SELECTOR, Target};

use changes::changed;

/// The longest of the random inputs, in bytes, before anything of it is repeated.
const LONGEST: usize = 600;

/// Tries the kept inputs, and so many others.
fn fuzz(target: Target, cases: u32) {
    let tried = Tried::new(target);
    for (file, input) in inputs::kept("regressions", target) {
        tried.run(&input).unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
    }
    let corpus = inputs::kept("corpus", target);
    assert!(!corpus.is_empty(), "there are good inputs for {}", target.name);
    for (file, input) in &corpus {
        let is_taken = tried.run(input);
        let is_taken = is_taken.unwrap_or_else(|problem| panic!("{}: {problem}", file.display()));
        assert!(is_taken, "{} is not a good input", file.display());
    }
    let corpus: Vec<Vec<u8>> = corpus.into_iter().map(|(_, input)| input).collect();
    let input = prop_oneof![
        1 => vec(any::<u8>(), 0..LONGEST),
        9 => changed(corpus),
    ];
    // What fails is kept among the inputs, where libFuzzer finds it, too.
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 1_000,
        ..ProptestConfig::default()
    };
    let outcome = TestRunner::new(config).run(&input, |input| match tried.run(&input) {
        Ok(_) => Ok(()),
        Err(problem) => Err(TestCaseError::fail(problem)),
    });
    match outcome {
        Ok(()) => tried.forget(),
        Err(TestError::Fail(problem, input)) => {
            fs::write(&tried.file, &input).unwrap();
            eprintln!(
                "what fails is in {}; once it is mended, keep it under tests/fuzz/regressions/{}:\n\"{}\"",
                tried.file.display(),
                target.name,
                input.escape_ascii()
            );
            // Once more, so that it is reported from where it happens.
            target.try_on(&input);
            panic!("{problem}");
        }
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// A target, and the file with the input that is being tried: should the process hang or die, it is there.
struct Tried {
    target: Target,
    file: PathBuf,
}

thread_local! {
    /// Whether what panics in this thread is tried by [`Tried::run`], which tells of it itself.
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

static QUIET_HOOK: Once = Once::new();

impl Tried {
    fn new(target: Target) -> Self {
        QUIET_HOOK.call_once(|| {
            let report = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                if !IS_QUIET.get() {
                    report(panic);
                }
            }));
        });
        let file = inputs::scratch().join(format!("fuzzing-{}", target.name));
        Self { target, file }
    }

    /// Tries an input, and says whether it was taken, or why it failed.
    fn run(&self, input: &[u8]) -> Result<bool, String> {
        fs::write(&self.file, input).unwrap();
        IS_QUIET.set(true);
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| self.target.try_on(input)));
        IS_QUIET.set(false);
        outcome.map_err(|panic| match panic.downcast::<String>() {
            Ok(problem) => *problem,
            Err(panic) => panic.downcast_ref::<&str>().copied().unwrap_or("it panicked").to_owned(),
        })
    }

    fn forget(&self) {
        fs::remove_file(&self.file).unwrap();
    }
}

#[test]
fn any_query_string_is_refused_or_reads_back_equal() {
    fuzz(SELECTOR, 15_000);
}

#[test]
fn any_text_of_a_requirement_is_refused_at_its_mistake_or_reads_back_equal() {
    fuzz(REQUIREMENT, 20_000);
}

#[test]
fn any_json_of_a_request_is_refused_or_reads_back_equal() {
    fuzz(REQUEST, 15_000);
}

#[test]
fn any_inventory_is_refused_or_reads_back_equal() {
    fuzz(INVENTORY, 8_000);
}

#[test]
fn any_condition_is_refused_or_evaluated_in_little_time() {
    fuzz(CONDITION, 10_000);
}

#[test]
fn any_commands_lead_where_the_specification_says() {
    fuzz(COMMANDS, 1_500);
}
