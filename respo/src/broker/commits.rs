//! Commits: what a batch of commands led to is told once it is durable, and not before what came before it.
//!
//! Where the store allows it, the engine goes on with the next batch while earlier ones are on their way to the
//! disk. Then it is ahead of what is durable: nothing that it says is told before all that it depends on is.

use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::actor::{Actor, Outcome, answer};
use super::recovery::FIRST_DELAY;
use crate::engine::{Command, Notice, Record};
use crate::refusal::Refusal;
use crate::snapshot::Snapshot;
use crate::store::{Batch, StoreError};

/// The most batches that are on their way to the disk, where the store takes several.
const MAX_IN_FLIGHT: usize = 4;

/// What a batch of commands led to.
#[derive(Default)]
pub(super) struct Step {
    /// What the engine replied.
    pub(super) answers: Vec<Outcome>,
    /// Commands that nobody waits for: kept until the commit, to be done again if it fails.
    pub(super) posts: Vec<Command>,
    pub(super) records: Vec<Record>,
    pub(super) notices: Vec<Notice>,
    /// Readers may see something that has neither a record nor a notice: that something is held back.
    pub(super) is_seen: bool,
    /// What there is after it, if readers are to be shown that.
    pub(super) snapshot: Option<Arc<Snapshot>>,
}

impl Step {
    /// Whether readers may see anything of it.
    pub(super) fn is_change(&self) -> bool {
        self.is_seen || !self.notices.is_empty() || !self.answers.is_empty()
    }

    /// Puts what came after it behind it.
    fn append(&mut self, later: Self) {
        self.answers.extend(later.answers);
        self.posts.extend(later.posts);
        self.records.extend(later.records);
        self.notices.extend(later.notices);
    }
}

type Commit = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// The steps that are being committed, the earliest first.
#[derive(Default)]
pub(super) struct InFlight(VecDeque<(Step, Commit)>);

impl InFlight {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits for the end of the earliest commit. Cancel-safe.
    pub(super) async fn next(&mut self) -> Result<(), StoreError> {
        match self.0.front_mut() {
            Some((_, commit)) => commit.await,
            None => pending().await,
        }
    }
}

impl Actor {
    /// Whether another step may be taken before the earlier ones are durable.
    pub(super) fn has_room(&self) -> bool {
        let most = if self.parts.store.commits_in_order() { MAX_IN_FLIGHT } else { 1 };
        self.in_flight.0.len() < most
    }

    /// Begins to make durable what a step led to, and tells it if it is durable at once.
    pub(super) async fn begin(&mut self, mut step: Step) -> ControlFlow<()> {
        step.records = std::mem::take(&mut self.effects.records);
        step.notices = std::mem::take(&mut self.effects.notices);
        let mut commit = self.commit(step.records.clone());
        let ended = poll_fn(|cx| Poll::Ready(commit.as_mut().poll(cx))).await;
        if self.in_flight.is_empty()
            && let Poll::Ready(result) = ended
        {
            return self.finish(step, result).await;
        }
        if step.is_change() {
            step.snapshot = self.publisher.snapshot_if_due(&self.engine);
        }
        let commit = match ended {
            Poll::Ready(result) => Box::pin(async { result }),
            Poll::Pending => commit,
        };
        self.in_flight.0.push_back((step, commit));
        ControlFlow::Continue(())
    }

    /// Takes note of how the earliest commit has ended.
    pub(super) async fn committed(&mut self, result: Result<(), StoreError>) -> ControlFlow<()> {
        match self.in_flight.0.pop_front() {
            Some((step, _)) => self.finish(step, result).await,
            None => ControlFlow::Continue(()),
        }
    }

    async fn finish(&mut self, mut step: Step, result: Result<(), StoreError>) -> ControlFlow<()> {
        let Err(failure) = result else {
            self.take_note_of(&step);
            self.tell(step);
            return ControlFlow::Continue(());
        };
        // What came after it cannot be durable, or only as the store says when it is asked.
        while let Some((later, commit)) = self.in_flight.0.pop_front() {
            drop(commit.await);
            step.append(later);
        }
        if self.is_stopping {
            for outcome in step.answers {
                answer(outcome.reply, Err(Refusal::StoreUnavailable(failure.to_string())));
            }
            return ControlFlow::Break(());
        }
        self.recover(step, failure).await
    }

    /// A store that has committed something works again.
    pub(super) fn take_note_of(&mut self, committed: &Step) {
        if !committed.records.is_empty() {
            self.store_delay = FIRST_DELAY;
        }
    }

    /// Commits records, if there are any.
    pub(super) fn commit(&self, records: Vec<Record>) -> Commit {
        if records.is_empty() {
            return Box::pin(async { Ok(()) });
        }
        let (store, pool) = (Arc::clone(&self.parts.store), self.parts.pool.clone());
        Box::pin(async move { store.commit(Batch { pool, records }).await })
    }
}
