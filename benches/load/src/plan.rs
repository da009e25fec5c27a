//! What the table is made of.

use std::time::{Duration, Instant};

use crate::disk;
use crate::failure::{Doing, Failure};
use crate::lists;
use crate::load::Load;
use crate::results::{Outcome, Results};
use crate::server::{Server, Site};
use crate::start::{self, Stored};
use crate::subject::{Disk, Store, Subject, Surface};
use crate::work::Work;

/// How long a load runs before it is measured.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);

const LOCK: Surface = Surface::Lock;
const WS: Surface = Surface::Ws;
const V1: Surface = Surface::V1;
const REDIS: [Subject; 2] =
    [Subject::Redis { disk: Disk::Never }, Subject::Redis { disk: Disk::Always }];

/// How long at least those who do nothing are watched: twice as long as the longest time between two looks at a place in
/// the queue.
const IDLE: Duration = Duration::from_secs(10);

/// The pool of the readers of lists, and of W3.
pub(crate) const LARGE: usize = 10_000;
/// The clients of W5.
pub(crate) const MANY: usize = 10_000;
/// What the start finds.
pub(crate) const STORED: Stored = Stored { resources: 100_000, leases: 10_000, waiting: 10_000 };

/// One measurement of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) subject: Subject,
    pub(crate) work: Work,
    pub(crate) clients: usize,
    pub(crate) requests: usize,
    pub(crate) resources: usize,
}

/// How much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Extent {
    pub(crate) runs: usize,
    /// How long each load is measured.
    pub(crate) measured: Duration,
    pub(crate) threads: usize,
    /// Only these; all if there are none.
    pub(crate) works: Vec<Work>,
}

/// Measures everything, run by run, and adds it to `results` as it comes.
pub(crate) fn measure(site: &Site, extent: &Extent, results: &mut Results) -> Result<(), Failure> {
    for run in 0..extent.runs {
        results.disk_commits.push(disk::commit_micros(&site.directory)?);
        for job in jobs(&extent.works) {
            let Job { subject, work, clients, requests, resources } = job;
            let begun = Instant::now();
            let figures = extent.load(job).run(&Server::start(site, subject, resources, clients)?);
            let figures = figures.doing(format!("measure {work:?} of {subject}"))?;
            eprintln!(
                "run {}: {work:?} {subject}, {clients} clients, {resources} resources: {:.0}/s ({:.1} s)",
                run + 1,
                figures.per_second,
                begun.elapsed().as_secs_f64(),
            );
            results.loads.push(Outcome {
                subject,
                work,
                clients,
                requests,
                resources,
                run,
                figures,
            });
        }
        if extent.works.is_empty() {
            others(site, extent, results, run)?;
        }
    }
    Ok(())
}

/// What is not a load.
fn others(site: &Site, extent: &Extent, results: &mut Results, run: usize) -> Result<(), Failure> {
    eprintln!("run {}: the lists and the start", run + 1);
    for surface in [WS, V1] {
        let subject = Subject::Respod { store: Store::Sqlite, surface };
        let job = Job { subject, work: Work::W1, clients: 16, requests: 1, resources: LARGE };
        results.lists.push(lists::measure(site, &extent.load(job), LARGE, run)?);
    }
    results.starts.push(start::measure(site, STORED, run)?);
    Ok(())
}

impl Extent {
    fn load(&self, job: Job) -> Load {
        let Job { subject, work, clients, requests, .. } = job;
        let measured = match work {
            Work::W5Holding | Work::W5Waiting => self.measured.max(IDLE),
            Work::W1 | Work::W2 | Work::W3 | Work::W4 => self.measured,
        };
        let threads = self.threads;
        Load { subject, work, clients, requests, threads, warm_up: WARM_UP, measured }
    }
}

fn jobs(works: &[Work]) -> Vec<Job> {
    let mut jobs = Vec::new();
    let mut add = |work, subjects: &[Subject], clients: &[usize], resources: &[usize]| {
        for &clients in clients {
            for &resources in resources {
                for &subject in subjects {
                    jobs.push(Job { subject, work, clients, requests: 1, resources });
                }
            }
        }
    };
    let bare = [Subject::Echo, Subject::Warp];
    let all = respod(&[LOCK, WS, V1]);
    add(Work::W1, &[&all[..], &REDIS, &bare].concat(), &[1, 16, 64], &[100]);
    add(Work::W2, &[&all[..], &REDIS].concat(), &[64], &[1]);
    add(Work::W3, &[&all[..], &REDIS].concat(), &[16], &[LARGE]);
    add(Work::W3, &respod(&[WS]), &[16], &[100, 100_000]);
    add(Work::W4, &[&respod(&[WS, V1])[..], &REDIS, &bare[..1]].concat(), &[64], &[100]);
    let durable = |surface| Subject::Respod { store: Store::Sqlite, surface };
    let holding = [durable(LOCK), durable(WS), REDIS[0], Subject::Echo];
    add(Work::W5Holding, &holding, &[MANY], &[MANY]);
    add(Work::W5Waiting, &holding[..2], &[MANY], &[1]);
    // As many connections as many systems let one process open, with several requests each.
    let (work, subject) = (Work::W5Waiting, durable(WS));
    jobs.push(Job { subject, work, clients: MANY, requests: 5, resources: 1 });
    jobs.retain(|job| works.is_empty() || works.contains(&job.work));
    jobs
}

fn respod(surfaces: &[Surface]) -> Vec<Subject> {
    let stores = [Store::Sqlite, Store::Memory].into_iter();
    let of = |store| surfaces.iter().map(move |&surface| Subject::Respod { store, surface });
    stores.flat_map(of).collect()
}
