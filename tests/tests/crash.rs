//! respod is killed at random moments under many clients, and none of them loses anything by it.
//!
//! `RESPO_CRASH_KILLS` sets how often, `RESPO_CRASH_SEED` repeats the choices of an earlier run. The program
//! `crash` of this package does the same, for longer.

// Everything in here is test code: a panic is how it reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::str::FromStr;

use tests::binaries;
use tests::crash::dice;
use tests::crash::run::{Settings, run};

#[tokio::test]
async fn clients_keep_what_they_have_however_often_the_server_is_killed() {
    let seed = variable("RESPO_CRASH_SEED").unwrap_or_else(dice::any_seed);
    let kills = variable("RESPO_CRASH_KILLS").unwrap_or(200);
    println!("seed {seed}");
    let outcome = run(Settings::new(binaries::respod(), seed, kills)).await.unwrap();
    println!("{outcome}");
    if !outcome.is_good() {
        let report = outcome.to_string();
        let folder = outcome.keep().unwrap();
        panic!("{report}the history, the log and the data are in {}", folder.display());
    }
    let figures = &outcome.figures;
    let exercised = figures.kills == u64::from(kills)
        && figures.resumed_leases > figures.kills / 2
        && figures.resumes > figures.kills
        && figures.grants > figures.kills
        && figures.releases > figures.kills / 2;
    assert!(exercised, "the run has shown little:\n{outcome}");
}

fn variable<T: FromStr<Err: std::fmt::Debug>>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|error| panic!("{name}={value}: {error:?}")))
}
