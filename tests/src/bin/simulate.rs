//! The simulator as a program: as many histories as one has the patience for.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Parser;
use tests::crash::dice;
use tests::simulation::run::run;
use tests::simulation::{Layer, Settings};

/// Plays simulated histories, faults included, and checks that nothing goes wrong in any of them
#[derive(Debug, Parser)]
#[command(max_term_width = 100)]
struct Arguments {
    /// Play the history of this seed alone, and tell all of it if something goes wrong
    #[arg(long, conflicts_with_all = ["histories", "first"])]
    seed: Option<u64>,
    /// How many histories to play; each has the seed after that of the one before
    #[arg(long, value_name = "COUNT", default_value_t = 10_000)]
    histories: u64,
    /// The seed of the first one; by default one that nobody chose
    #[arg(long, value_name = "SEED")]
    first: Option<u64>,
    /// How many threads play them; by default one for each core
    #[arg(long, value_name = "COUNT")]
    jobs: Option<NonZeroUsize>,
    /// What is simulated
    #[arg(long, value_enum, default_value_t = Layer::Engine)]
    layer: Layer,
    /// Tell the whole story of the history, even if all is well; with --seed
    #[arg(long, requires = "seed")]
    verbose: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let first = arguments.seed.or(arguments.first).unwrap_or_else(dice::any_seed);
    let histories = if arguments.seed.is_some() { 1 } else { arguments.histories };
    println!("seed {first}");
    let settings = Settings::default();
    if arguments.verbose {
        let settings = Settings { transcript: usize::MAX, ..settings.clone() };
        for line in arguments.layer.play(first, &settings).transcript {
            println!("{line}");
        }
    }
    let jobs = arguments.jobs.or_else(|| std::thread::available_parallelism().ok());
    let jobs = jobs.unwrap_or(NonZeroUsize::MIN);
    let seeds = first..first.saturating_add(histories);
    let report = run(arguments.layer, seeds, jobs, &settings);
    println!("{report}");
    if report.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
