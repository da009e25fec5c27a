//! `load`: measures how fast respod is, beside Redis and bare transports, in the same run on the same machine.
//!
//! See `docs/performance.md`.

mod arguments;
mod client;
mod criterion;
mod disk;
mod failure;
mod handover;
mod lists;
mod load;
mod machine;
mod page;
mod plan;
mod plots;
mod process;
mod report;
mod results;
mod server;
mod start;
mod subject;
mod tally;
mod targets;
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;

use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::Serialize;
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use arguments::{Arguments, Length, Place, Task};
use failure::{Doing, Failure};
use load::Load;
use machine::Machine;
use plan::{Extent, WARM_UP};
use results::{Outcome, Results};
use server::{Server, Site};
use start::Stored;
use subject::Subject;
use work::Work;

/// What shells say for it.
const ENDED_BY_SIGNAL: i32 = 130;

fn main() -> ExitCode {
    let task = Arguments::parse().task;
    match end_on_signals().and_then(|()| run(task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("load: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Failure> {
    open_files()?;
    match task {
        Task::Run { work, subject, clients, requests, resources, duration, place } => {
            work.expect_fit(subject)?;
            let (clients, requests) = (clients as usize, requests as usize);
            let resources = resources.map_or(work.resources(clients), |count| count as usize);
            let load = load_of(subject, work, clients, requests, duration);
            let server = Server::start(&site(place)?, subject, resources, clients)?;
            let figures = load.run(&server)?;
            print(&Outcome { subject, work, clients, requests, resources, run: 0, figures })
        }
        Task::Lists { subject, resources, duration, place } => {
            let load = load_of(subject, Work::W1, 16, 1, duration);
            print(&lists::measure(&site(place)?, &load, resources as usize, 0)?)
        }
        Task::Start { resources, leases, waiting, place } => {
            let stored = Stored {
                resources: resources as usize,
                leases: leases as usize,
                waiting: waiting as usize,
            };
            print(&start::measure(&site(place)?, stored, 0)?)
        }
        Task::Table { runs, only, write, duration, place } => {
            let extent = Extent {
                runs: runs as usize,
                measured: duration.measured(),
                threads: duration.threads as usize,
                works: only,
            };
            table(&site(place)?, &extent, write)
        }
        Task::Page => write_page(&Results::read(&results_file())?),
        Task::Serve { bare } => server::serve(bare),
    }
}

fn load_of(
    subject: Subject,
    work: Work,
    clients: usize,
    requests: usize,
    duration: Length,
) -> Load {
    let (threads, measured) = (duration.threads as usize, duration.measured());
    Load { subject, work, clients, requests, threads, warm_up: WARM_UP, measured }
}

fn table(site: &Site, extent: &Extent, write: bool) -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut results = Results {
        machine: Machine::this(),
        command: format!("cargo run --release -p load -- {}", arguments.join(" ")),
        loads: Vec::new(),
        lists: Vec::new(),
        starts: Vec::new(),
        disk_commits: Vec::new(),
    };
    let measured = plan::measure(site, extent, &mut results);
    println!("{}", report::whole(&results, &criterion::read(&criterion_folder())?));
    // What there is of the table has been printed; what is kept is whole.
    measured?;
    if write {
        let folder = workspace().join("docs/performance");
        fs::create_dir_all(&folder).doing(format!("make {}", folder.display()))?;
        results.write(&results_file())?;
        write_page(&results)?;
    }
    Ok(())
}

/// Rewrites the page and the plots.
fn write_page(results: &Results) -> Result<(), Failure> {
    let benchmarks = criterion::read(&criterion_folder())?;
    for (name, svg) in plots::all(results, &benchmarks) {
        let file = workspace().join("docs/performance").join(name);
        fs::write(&file, svg).doing(format!("write {}", file.display()))?;
    }
    let file = workspace().join("docs/performance.md");
    let what = format!("rewrite {}", file.display());
    let page = fs::read_to_string(&file).doing(&what)?;
    let page = page::replace(&page, "results", &report::whole(results, &benchmarks))?;
    fs::write(&file, page).doing(&what)
}

fn site(place: Place) -> Result<Site, Failure> {
    let respod = place.respod.map_or_else(server::build, Ok)?;
    let directory = place.directory.unwrap_or_else(|| workspace().join("target"));
    let respod = respod.canonicalize().doing(format!("find {}", respod.display()))?;
    Ok(Site { respod, directory })
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn results_file() -> PathBuf {
    workspace().join("docs/performance/results.json")
}

fn criterion_folder() -> PathBuf {
    workspace().join("target/criterion")
}

fn print(figures: &impl Serialize) -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(figures).doing("write the figures")?);
    Ok(())
}

/// With the first SIGINT or SIGTERM the servers end, and with them the measurement; the second one ends this at once.
fn end_on_signals() -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let signals = runtime.block_on(async {
        Ok::<_, Failure>((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    });
    let (mut interrupts, mut terminations) = signals?;
    thread::spawn(move || {
        runtime.block_on(async {
            for is_first in [true, false] {
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terminations.recv() => {}
                }
                if is_first {
                    process::interrupt();
                }
            }
        });
        std::process::exit(ENDED_BY_SIGNAL);
    });
    Ok(())
}

/// Opens as many files as the system allows, here and in the servers that are started.
fn open_files() -> Result<(), Failure> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).doing("read the limit on open files")?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).doing("raise the limit on open files")
}
