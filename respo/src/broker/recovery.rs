//! Going on after the store has failed.
//!
//! A batch that was not committed has not happened: nobody is told of it, and the engine that thinks it
//! has is dropped. The actor asks the store what it has, restores an engine from that with the sessions
//! that are still there, and goes on only once what has become due meanwhile is committed too.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, info, warn};

use super::actor::{Actor, Answer, Message, Question, Told, answer};
use super::clock::Clock;
use super::commits::Step;
use crate::engine::{
    Authority, Command, Notice, NoticeKind, Record, Reply, RequestState, SessionId, State,
};
use crate::lease::EndReason;
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::store::{Recovered, StoreError};
use crate::token::TokenDigest;

/// How long the actor waits before it asks a failed store, the first time and at most. Only a commit makes it
/// ask soon again: a store may be readable and still not be written.
pub(super) const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// What is taken from the time before the failure.
struct Remembered {
    /// The sessions that are there, and what was theirs before the failed batch.
    attachments: Vec<(SessionId, Vec<RequestId>)>,
    /// Requests that were refused as the commit failed, but may be durable all the same.
    refused: Vec<(RequestId, TokenDigest)>,
    /// Leases whose transfer was refused, and may be durable all the same, with the tokens that they have then.
    transferred: Vec<(RequestId, TokenDigest)>,
    draining: Option<Duration>,
    suspended: bool,
}

impl Remembered {
    /// Whether the refused transfer of a lease is durable all the same.
    fn was_transferred(&self, id: RequestId, state: &RequestState) -> bool {
        self.transferred.contains(&(id, state.token))
    }

    /// What is each session's, as the store has it. What has another holder now is nobody's until that one
    /// comes, or nobody does.
    fn attachments_in(&self, state: &State) -> Vec<(SessionId, Vec<RequestId>)> {
        let is_theirs = |id: &RequestId| {
            let found = state.requests.get(id);
            found.is_none_or(|found| !self.was_transferred(*id, found))
        };
        let theirs = |(session, ids): &(SessionId, Vec<RequestId>)| {
            (*session, ids.iter().copied().filter(is_theirs).collect())
        };
        self.attachments.iter().map(theirs).collect()
    }
}

impl Actor {
    /// Refuses what was asked for in the failed batch and waits until the store works again. `Break`: the
    /// actor is to stop before that.
    pub(super) async fn recover(&mut self, failed: Step, failure: StoreError) -> ControlFlow<()> {
        error!(pool = %self.parts.pool, error = %failure, "the store failed to commit; recovering");
        let remembered = self.remember(failed, &failure);
        let step = loop {
            self.wait(self.store_delay, &failure).await?;
            self.store_delay = (self.store_delay * 2).min(LONGEST_DELAY);
            match self.try_again(&remembered).await {
                Ok(step) => break step,
                Err(error) => {
                    warn!(pool = %self.parts.pool, %error, "the store does not work yet");
                    self.effects.clear();
                }
            }
        };
        info!(pool = %self.parts.pool, "the store works again");
        self.take_note_of(&step);
        self.publisher.changed(None);
        self.publisher.publish_if_due(&self.engine);
        // What of the failed batch is durable has no notices.
        self.parts.events.lose();
        self.tell(step);
        self.tell_again(&remembered);
        ControlFlow::Continue(())
    }

    fn remember(&mut self, failed: Step, failure: &StoreError) -> Remembered {
        let mut refused = Vec::new();
        let Step { answers, posts, records, notices, .. } = failed;
        for outcome in answers {
            if let (Some(digest), Ok(Reply::Submitted(id))) = (outcome.submitted, &outcome.result) {
                refused.push((*id, digest));
            }
            answer(outcome.reply, Err(Refusal::StoreUnavailable(failure.to_string())));
        }
        let transferred = transferred(&records);
        let attachments = self.attachments_before(notices, &posts);
        self.effects.clear();
        // They came before what is kept already.
        for post in posts.into_iter().rev() {
            self.kept.push_front(post);
        }
        let (draining, suspended) = (self.engine.draining(), self.engine.is_suspended());
        let attachments = attachments.into_iter().collect();
        Remembered { attachments, refused, transferred, draining, suspended }
    }

    /// The sessions that were there before the failed batch and still are, with what was theirs.
    fn attachments_before(
        &self,
        notices: Vec<Notice>,
        posts: &[Command],
    ) -> BTreeMap<SessionId, Vec<RequestId>> {
        let mut attachments: BTreeMap<SessionId, Vec<RequestId>> =
            self.engine.attachments().into_iter().collect();
        let mut resumed: BTreeMap<RequestId, Option<SessionId>> = BTreeMap::new();
        for notice in notices {
            match (notice.kind, notice.session) {
                // What ended in the failed batch, or was passed on, has not: it is its session's again.
                (NoticeKind::Ended { .. } | NoticeKind::Transferred { .. }, Some(session)) => {
                    attachments.entry(session).or_default().push(notice.id);
                }
                // Who took something up was refused it: the first who had it is the one who has it.
                (NoticeKind::Resumed { earlier, .. }, _) => {
                    resumed.entry(notice.id).or_insert(earlier);
                }
                _ => {}
            }
        }
        for ids in attachments.values_mut() {
            ids.retain(|id| !resumed.contains_key(id));
        }
        for (id, earlier) in resumed {
            if let Some(ids) = earlier.and_then(|earlier| attachments.get_mut(&earlier)) {
                ids.push(id);
            }
        }
        // A session that came in the failed batch comes again with what is kept.
        for post in posts {
            if let Command::OpenSession(session) = post {
                attachments.remove(session);
            }
        }
        attachments
    }

    /// Restores the engine from the store and commits what follows from that.
    async fn try_again(&mut self, remembered: &Remembered) -> Result<Step, StoreError> {
        // The clock has run on, so nothing needs to be moved.
        let recovered = self.parts.store.recover(&self.parts.pool).await?;
        let lost = || StoreError("the store does not have this pool any more".to_owned());
        let Recovered { state, .. } = recovered.ok_or_else(lost)?;
        let attachments = remembered.attachments_in(&state);
        self.engine = self.parts.engine(state, &attachments);
        let now = self.parts.clock.now();
        let drain = match remembered.draining {
            _ if remembered.suspended => Some(Command::Suspend),
            draining => draining.map(|deadline| Command::Drain { deadline }),
        };
        let withdraw = |(id, digest): &(RequestId, TokenDigest)| Command::End {
            id: *id,
            by: Authority::Digest(*digest),
        };
        for command in drain.into_iter().chain(remembered.refused.iter().map(withdraw)) {
            if let Err(refusal) = self.engine.handle(now, command, &mut self.effects) {
                debug!(pool = %self.parts.pool, %refusal, "nothing to take back");
            }
        }
        self.engine.handle_timeout(now, &mut self.effects);
        let records = std::mem::take(&mut self.effects.records);
        self.commit(records.clone()).await?;
        let notices = std::mem::take(&mut self.effects.notices);
        Ok(Step { records, notices, ..Step::default() })
    }

    /// The failed commit may have been durable: what it granted or ended is told now.
    fn tell_again(&mut self, remembered: &Remembered) {
        let engine = &self.engine;
        let requests = &engine.state().requests;
        self.tickets.retain(|id, ticket| {
            let told = match requests.get(id) {
                Some(state) if remembered.was_transferred(*id, state) => Told {
                    request: None,
                    kind: NoticeKind::Ended { reason: EndReason::Transferred, grant: None },
                },
                Some(state) => Told {
                    request: Some(Arc::clone(&state.request)),
                    kind: NoticeKind::Resumed {
                        grant: state.grant.as_ref().map(|grant| engine.told(grant)),
                        earlier: None,
                    },
                },
                None => Told {
                    request: None,
                    kind: NoticeKind::Ended { reason: EndReason::Disconnected, grant: None },
                },
            };
            let is_over = matches!(told.kind, NoticeKind::Ended { .. });
            ticket.send(Box::new(told)).is_ok() && !is_over
        });
    }

    /// Waits, refusing what is asked for and keeping what must not be lost.
    async fn wait(&mut self, delay: Duration, failure: &StoreError) -> ControlFlow<()> {
        let until = Clock::instant() + delay;
        loop {
            let message = tokio::select! {
                message = self.inbox.recv() => message,
                () = tokio::time::sleep_until(until) => return ControlFlow::Continue(()),
            };
            match message {
                Some(Message::Ask(question)) => self.put_off(question, failure),
                Some(Message::Post(command)) => self.keep(command),
                Some(Message::Stop) | None => return ControlFlow::Break(()),
            }
        }
    }

    fn put_off(&mut self, question: Question, failure: &StoreError) {
        let Question { command, reply, .. } = question;
        if matches!(command, Command::Drain { .. } | Command::Suspend | Command::EndAll) {
            self.keep(command);
            answer(reply, Ok(Answer { reply: Reply::Done, withdrawal: None }));
        } else {
            answer(reply, Err(Refusal::StoreUnavailable(failure.to_string())));
        }
    }

    /// Keeps a command for later. A session that has come and gone meanwhile leaves nothing to do.
    fn keep(&mut self, command: Command) {
        if let Command::CloseSession(session) = &command {
            let came = |kept: &Command| matches!(kept, Command::OpenSession(s) if s == session);
            if let Some(place) = self.kept.iter().rposition(came) {
                self.kept.remove(place);
                return;
            }
        }
        self.kept.push_back(command);
    }
}

/// What was passed on in the failed batch, with the token that it has if that is durable.
fn transferred(records: &[Record]) -> Vec<(RequestId, TokenDigest)> {
    let transfer = |record: &Record| match record {
        Record::Transferred { id, token, .. } => Some((*id, *token)),
        _ => None,
    };
    records.iter().filter_map(transfer).collect()
}
