//! A power failure at any moment, on a disk that keeps no more than it must.
//!
//! The idea is that of ALICE (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014): a
//! respod at work is [recorded](recording), system call by system call, with what it tells its clients
//! between them. From that follows every [content](simulated_disk) that the disk may have after a crash.
//! Each is opened, and [judged](judge): it must be what there was after some commit, the last one that was
//! complete or the one that was going on, and must have everything that [clients were told](facts).

mod facts;
mod judge;
mod kept;
mod recording;
mod simulated_disk;
mod steps;

use tests::crash::dice::{Dice, any_seed};
use tests::strace;
use tokio::sync::OnceCell;

use facts::Fact;
use judge::{Crash, Judge};
use recording::{Recording, record};
use simulated_disk::{Loss, SimulatedDisk};
use steps::Step;

/// Repeats the choices of an earlier run.
const SEED: &str = "RESPO_DISK_SEED";
const LOG: &str = "respo.db-wal";
const DATABASE: &str = "respo.db";

/// Crashes at random moments, beside those at every synchronization.
const RANDOM_CRASHES: usize = 200;

/// A recording and who judges what becomes of it: the same for all tests.
async fn recorded() -> &'static (Recording, Judge) {
    static RECORDED: OnceCell<(Recording, Judge)> = OnceCell::const_new();
    RECORDED
        .get_or_init(async || {
            let recording = record().await;
            let judge = Judge::new(&recording.steps).await;
            (recording, judge)
        })
        .await
}

#[tokio::test]
async fn after_a_power_failure_the_store_has_whole_commits_and_all_that_clients_were_told() {
    let test = "after_a_power_failure_the_store_has_whole_commits_and_all_that_clients_were_told";
    if !strace::is_usable(test).await {
        return;
    }
    let (recording, judge) = recorded().await;
    let seed =
        std::env::var(SEED).map_or_else(|_| any_seed(), |seed| seed.parse().expect("a number"));
    let crashes = crashes(recording, judge, &mut Dice::of(seed, &[]));
    let count = crashes.len();
    println!("seed {seed}: {count} crashes, {} states", judge.distinct_states());
    let violations = judge.violations(&recording.steps, crashes, seed).await;
    violations.expect_none(&format!("{SEED}={seed}, {count} crashes"));
    assert_exercised(recording, judge);
}

/// Right before and right after each synchronization, and at random moments.
fn crashes(recording: &Recording, judge: &Judge, dice: &mut Dice) -> Vec<Crash> {
    let mut crashes = Vec::new();
    for synchronized in judge.synchronizations() {
        let loss = *dice.pick(&[Loss::Tail, Loss::Sectors, Loss::Garbage]);
        crashes.push(Crash { after: synchronized - 1, loss: Loss::Everything });
        crashes.push(Crash { after: synchronized - 1, loss });
        crashes.push(Crash { after: synchronized, loss: Loss::Everything });
    }
    for _ in 0..RANDOM_CRASHES {
        let after = dice.below(recording.steps.len() as u64 + 1);
        let after = usize::try_from(after).expect("it is below a length");
        crashes.push(Crash { after, loss: *dice.pick(&Loss::ALL) });
    }
    crashes
}

/// The recording has what makes it worth judging.
fn assert_exercised(recording: &Recording, judge: &Judge) {
    let Recording { steps, killed_after, granted } = recording;
    assert!(granted.len() > 40 && judge.distinct_states() > 80, "{}", judge.distinct_states());
    for (pool, id, fence) in granted {
        let is_told = |step: &Step| match step {
            Step::Answer(Fact::Granted { pool: p, id: i, fence: f, .. }) => {
                (p, i, f) == (pool, id, fence)
            }
            _ => false,
        };
        assert!(steps.iter().any(is_told), "the trace lacks {pool:?} {id} {fence}");
    }
    let told = |wanted: fn(&Fact) -> bool| {
        steps.iter().filter(|step| matches!(step, Step::Answer(fact) if wanted(fact))).count()
    };
    assert!(told(|fact| matches!(fact, Fact::Queued { .. })) > 10);
    assert!(told(|fact| matches!(fact, Fact::Ended { reason: None, .. })) > 10);
    assert!(told(|fact| matches!(fact, Fact::InForce { .. })) > 20);

    let (mut disk, mut restarts, mut checkpoints) = (SimulatedDisk::default(), 0, 0);
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Write { name, offset: 0, .. } if name == LOG && disk.length(LOG) > 0 => {
                restarts += 1
            }
            Step::Synchronize(name) if name == DATABASE && number > *killed_after => {
                checkpoints += 1
            }
            _ => {}
        }
        disk.apply(step);
        if number + 1 == *killed_after {
            assert!(disk.is_pending(LOG), "the kill has met nothing that was not synchronized");
        }
    }
    assert!(restarts > 0, "the log has never begun anew");
    // When respod was started, when the log had grown, and when respod was stopped.
    assert!(checkpoints >= 3, "the log was moved to the database only {checkpoints} times");
}

#[tokio::test]
async fn the_judge_notices_answers_that_come_before_the_disk_has_it() {
    if !strace::is_usable("the_judge_notices_answers_that_come_before_the_disk_has_it").await {
        return;
    }
    let (recording, judge) = recorded().await;
    // Each answer goes to before the synchronization that it waited for.
    let mut steps = recording.steps.clone();
    let mut crashes = Vec::new();
    for number in 1..steps.len() {
        let synchronized =
            (0..number).rev().find(|before| matches!(&steps[*before], Step::Synchronize(_)));
        if let (Step::Answer(Fact::Granted { .. }), Some(before)) = (&steps[number], synchronized) {
            steps[before..=number].rotate_right(1);
            crashes.push(Crash { after: before + 1, loss: Loss::Everything });
        }
    }
    let count = crashes.len();
    let violations = judge.violations(&steps, crashes, 0).await;
    assert!(violations.count() > count / 2, "{violations:?}");
}

#[tokio::test]
async fn the_judge_notices_a_log_that_is_not_synchronized() {
    if !strace::is_usable("the_judge_notices_a_log_that_is_not_synchronized").await {
        return;
    }
    let (recording, judge) = recorded().await;
    let unsynchronized = |step: &Step| match step {
        Step::Synchronize(name) if name == LOG => Step::Nothing,
        other => other.clone(),
    };
    let steps: Vec<Step> = recording.steps.iter().map(unsynchronized).collect();
    for loss in [Loss::Everything, Loss::Sectors] {
        let crashes = judge.synchronizations().step_by(4).map(|after| Crash { after, loss });
        let violations = judge.violations(&steps, crashes.collect(), 0).await;
        assert!(violations.count() > 5, "{loss:?}: {violations:?}");
    }
}

#[tokio::test]
async fn the_judge_notices_a_synchronized_write_that_is_lost() {
    if !strace::is_usable("the_judge_notices_a_synchronized_write_that_is_lost").await {
        return;
    }
    let (recording, judge) = recorded().await;
    let writes: Vec<usize> = (0..recording.steps.len())
        .filter(
            |number| matches!(&recording.steps[*number], Step::Write { name, .. } if name == LOG),
        )
        .collect();
    let mut found = 0;
    let lost: Vec<usize> = writes.iter().copied().step_by(writes.len() / 10).collect();
    for number in &lost {
        let mut steps = recording.steps.clone();
        steps[*number] = Step::Nothing;
        let after =
            judge.synchronizations().find(|after| after > number).expect("it was synchronized");
        let crash = Crash { after, loss: Loss::Everything };
        found += judge.violations(&steps, vec![crash], 0).await.count();
    }
    assert!(found > lost.len() / 2, "{found} of {}", lost.len());
}
