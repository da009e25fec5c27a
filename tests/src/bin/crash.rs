//! The crash test as a program, for as many kills as one has the patience for, and for histories of earlier
//! runs.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use respo::HumanDuration;
use tests::binaries;
use tests::crash::checker;
use tests::crash::dice;
use tests::crash::figures::Figures;
use tests::crash::history::History;
use tests::crash::run::{Settings, run};

/// Kills respod again and again under many clients, and checks that none of them loses anything by it
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    run: Run,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a history that an earlier run has left behind
    Check {
        /// The history: one JSON object a line
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Run {
    /// How often to kill it
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    kills: u32,
    /// Repeat the choices of an earlier run
    #[arg(long)]
    seed: Option<u64>,
    /// How many clients work with it
    #[arg(long, value_name = "COUNT", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// How long a server waits for each client after its start
    #[arg(long, value_name = "DURATION", default_value = "1s")]
    grace: HumanDuration,
    /// Write the history to this file, also if all is well
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// The respod to run; by default that of this workspace, built as this program was
    #[arg(long, value_name = "FILE")]
    respod: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let good = match arguments.action {
        Some(Action::Check { file }) => check(&file),
        None => arguments.run.run(),
    };
    match good {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Checks a history, and returns whether it is good.
fn check(file: &Path) -> Result<bool, Box<dyn Error>> {
    let open = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let history = History::read(BufReader::new(open))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let violations = checker::check(&history);
    let mut report = format!("{}\n", Figures::of(&history));
    checker::list(&violations, &mut report)?;
    print!("{report}");
    Ok(violations.is_empty())
}

impl Run {
    /// Makes a run, and returns whether it was good.
    fn run(self) -> Result<bool, Box<dyn Error>> {
        let respod = self.respod.unwrap_or_else(binaries::respod);
        let seed = self.seed.unwrap_or_else(dice::any_seed);
        println!("seed {seed}");
        let (kills, clients) = (self.kills, self.clients);
        let settings = Settings { respod, seed, kills, clients, grace: self.grace.0 };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(run(settings))?;
        print!("{outcome}");
        if let Some(file) = self.history {
            outcome.history.write(File::create(file)?)?;
        }
        let good = outcome.is_good();
        if !good {
            println!("the history, the log and the data are in {}", outcome.keep()?.display());
        }
        Ok(good)
    }
}
