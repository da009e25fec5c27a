//! Whether what a store gives back after a crash is what it must be.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tests::crash::dice::Dice;

use super::kept::Kept;
use super::simulated_disk::{Loss, SimulatedDisk};
use super::steps::Step;

/// A crash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    /// After so many steps.
    pub(crate) after: usize,
    pub(crate) loss: Loss,
}

/// Knows what there was after each commit.
#[derive(Debug)]
pub(crate) struct Judge {
    /// What there was after so many steps, from the beginning to the end; the last of them was a
    /// synchronization.
    commits: Vec<(usize, Kept)>,
}

impl Judge {
    /// Follows the steps, and looks at what there is after each synchronization.
    pub(crate) async fn new(steps: &[Step]) -> Self {
        let mut images = Images::new();
        let mut disk = SimulatedDisk::default();
        let mut commits = vec![(0, Kept::default())];
        for (done, step) in (1..).zip(steps) {
            disk.apply(step);
            if !matches!(step, Step::Synchronize(_)) && done < steps.len() {
                continue;
            }
            let image = disk.image(Loss::Nothing, &mut Dice::of(0, &[]));
            let kept = Kept::of(&image, &images.next()).await;
            let kept = kept.unwrap_or_else(|error| panic!("after {done} steps: {error}"));
            images.remove_last();
            commits.push((done, kept));
        }
        Self { commits }
    }

    /// After so many steps each something was synchronized.
    pub(crate) fn synchronizations(&self) -> impl Iterator<Item = usize> {
        self.commits.iter().skip(1).map(|(done, _)| *done)
    }

    /// How many different states there were.
    pub(crate) fn distinct_states(&self) -> usize {
        1 + self.commits.windows(2).filter(|pair| pair[0].1 != pair[1].1).count()
    }

    /// What is wrong after each of these crashes. `steps` may be others than those of [`Self::new`], but
    /// as many.
    pub(crate) async fn violations(
        &self,
        steps: &[Step],
        mut crashes: Vec<Crash>,
        seed: u64,
    ) -> Violations {
        crashes.sort_by_key(|crash| crash.after);
        let mut images = Images::new();
        let mut disk = SimulatedDisk::default();
        let mut done = 0;
        let mut found = Vec::new();
        for (number, crash) in (0..).zip(crashes) {
            steps[done..crash.after].iter().for_each(|step| disk.apply(step));
            done = crash.after;
            let mut dice = Dice::of(seed, &[number]);
            let image = disk.image(crash.loss, &mut dice);
            let directory = images.next();
            match self.judge(steps, done, Kept::of(&image, &directory).await) {
                Ok(()) => images.remove_last(),
                Err(problem) => {
                    let place = directory.display();
                    found.push(format!("{crash:?}, number {number}: {problem} ({place})"));
                }
            }
        }
        Violations { found, images }
    }

    fn judge(&self, steps: &[Step], done: usize, kept: Result<Kept, String>) -> Result<(), String> {
        let kept = kept.map_err(|error| format!("it does not open, or is not sound: {error}"))?;
        for step in &steps[..done] {
            if let Step::Answer(fact) = step {
                fact.holds(&kept)?;
            }
        }
        // What was synchronized last, and what was going to be synchronized next.
        let next = self.commits.partition_point(|(after, _)| *after <= done);
        let candidates = &self.commits[next - 1..self.commits.len().min(next + 1)];
        if candidates.iter().any(|(_, candidate)| *candidate == kept) {
            Ok(())
        } else {
            let other = self.commits.iter().position(|(_, commit)| *commit == kept);
            Err(format!("it is what there was after commit {other:?}, and not after {}", next - 1))
        }
    }
}

/// What is wrong, and the images in which it shows.
#[derive(Debug)]
pub(crate) struct Violations {
    found: Vec<String>,
    images: Images,
}

impl Violations {
    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    /// Fails if there are any, and leaves the images for whoever wants to look into them.
    pub(crate) fn expect_none(mut self, context: &str) {
        if !self.found.is_empty() {
            self.images.folder.disable_cleanup(true);
            let first: Vec<&String> = self.found.iter().take(10).collect();
            panic!("{context}: {} violations, the first of them: {first:#?}", self.found.len());
        }
    }
}

/// The directories of the images, one after the other.
#[derive(Debug)]
struct Images {
    folder: TempDir,
    count: usize,
}

impl Images {
    fn new() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder"), count: 0 }
    }

    fn next(&mut self) -> PathBuf {
        self.count += 1;
        self.last()
    }

    fn last(&self) -> PathBuf {
        Path::join(self.folder.path(), self.count.to_string())
    }

    fn remove_last(&self) {
        std::fs::remove_dir_all(self.last()).expect("it is there");
    }
}
