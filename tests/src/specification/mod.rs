//! The rules of respo's engine, executable, and written as plainly as can be.
//!
//! There is no index here, no cache and no shortcut: what is best is found by trying everything. Hence it
//! suits tiny pools only (say 8 resources, and requests for 4 of them), on which a real engine must do
//! exactly what this does. It was written from the rules alone, as they stand here:
//!
//! **Requests.** A request is a list of requirements. Each asks for `count` resources that match a
//! selector, or that have one of the listed keys. Requirements with the same stack label are met from one
//! stack. A request is granted whole or not at all, and no resource serves two of its requirements.
//!
//! **Parties.** A request belongs to a party for good: to that of the eldest request which its session has
//! when it comes in, or else to one of its own, which has its id. Whoever resumes it later changes nothing
//! about that.
//!
//! **What there is.** The resources of the inventory; in an ephemeral pool also every key that somebody
//! asks for or holds. A resource that has left the inventory while it was held stays with its holder; when
//! it is let go of, it is gone.
//!
//! **Age.** The longest unused comes first: the smaller fence of the newest grant, which is 0 if there was
//! none, or none that is remembered. Then resources of the inventory come before other keys; the former
//! in the order of the inventory, the latter in the order of their names.
//!
//! **The best assignment.** A label's stack is one that is sufficient: the requirements with that label, and
//! no others, could be met from it if everything were free. An assignment gives each requirement up to
//! `count` of its candidates, the oldest named first; it is full if each gets `count`. The best one assigns the most; among those, it has the smallest stacks (the
//! sum of their sizes, a stack being counted for each of its labels); among those, the oldest resources
//! (their sorted ages, compared one by one); among those, the first requirement has the oldest, then the
//! second, and so on. A request is *possible* if the best assignment of everything that there is is full. (An
//! engine lets in what has too many combinations of stacks to try them all; here all are tried.)
//!
//! **Availability.** A resource is available to a request if nobody holds it, it is not kept in this pass
//! for another, and, for each stack that it is in, whatever is held or kept of that stack is held by, or kept
//! for, the request's own party. After a change of inventory a stack may be held by two
//! parties: then nobody gets the rest of it.
//!
//! **Limits.** A holder, and a group, may have so many leases and so many resources at a time. Those who
//! give no name are one holder; those who name no group are in none. A request that would go beyond is over
//! its limit: it is passed over, and nothing is kept for it.
//!
//! **The loop.** After each command, and after all that is due at one moment, the waiting requests take
//! their turns, by priority and then by id. A request that can be given all that it asks for, of what is
//! available to it, gets the best assignment. Otherwise, if it has waited for `hold_back_after`, all that
//! its best assignment would use is kept for it until the pass is over. Passes are made until one grants
//! nothing. While the pool drains none is made.
//!
//! **Coming in.** A request is refused with, in this order: `draining`; `no_session`; `too_many_requests`
//! of its session; `over_limit`; `no_such` if it is not possible; then it takes its turn at its place in
//! the order, and if it gets nothing: `busy` if it does not wait, `queue_full` if too many do.
//!
//! **Ends.** A request ends when its holder or an administrator ends it; when it has held for its maximum
//! duration; when it has waited for as long as it was ready to; when its session closes, or so much later
//! as it said (its linger), unless it is resumed; when it waits and an inventory comes with which it is not
//! possible, or asks for more than one holder may have (`no_such`); and, if it waits, when the pool
//! drains. What is due at one moment ends together, by id, and only then is the rest granted. Moments that
//! have passed unattended are made up for one by one; what is done then is done at the present time.
//!
//! **Stops.** A pool that drains grants nothing more, takes nothing in and ends what waits; leases go on. One
//! that is suspended keeps all as it is, whichever session closes, for the engine that will be restored from
//! its state: there each request has the grace period to be resumed, or its linger if that is longer.

pub mod assignment;
mod commands;
pub mod conditions;
mod happened;
mod limits;
pub mod matching;
mod passing_time;
mod standing;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use respo::{
    Command, Fence, Inventory, Limits, Name, Request, RequestId, SessionId, State, Timestamp,
    TokenDigest,
};

use crate::random_histories::Step;
pub use assignment::Assignment;
pub use happened::Happened;
pub use standing::Obstacle;

/// The engine as it should be: a pool, its requests and sessions, and the rules above.
#[derive(Debug, Clone)]
pub struct Specification {
    limits: Limits,
    now: Timestamp,
    inventory: Arc<Inventory>,
    requests: BTreeMap<RequestId, Asked>,
    sessions: BTreeSet<SessionId>,
    last_id: u64,
    last_fence: u64,
    last_used: BTreeMap<Name, u64>,
    draining: bool,
    suspended: bool,
    /// After a restore: nothing of what waits has been looked at.
    unsettled: bool,
    /// What has happened in this step.
    happened: Vec<Happened>,
}

/// A request that waits or holds.
#[derive(Debug, Clone)]
struct Asked {
    request: Arc<Request>,
    token: TokenDigest,
    party: RequestId,
    since: Timestamp,
    owner: Owner,
    /// What it holds, if it has been granted.
    lease: Option<Lease>,
}

#[derive(Debug, Clone)]
struct Lease {
    resources: Assignment,
    fence: Fence,
    expires: Option<Timestamp>,
}

/// Whose a request is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Session(SessionId),
    /// Nobody's; it ends then.
    NobodyUntil(Timestamp),
}

impl Specification {
    /// A pool without resources, at time 0.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::restore(limits, &State::default(), Timestamp::from_micros(0), &[])
    }

    /// The pool that goes on from `state` at `now`. The requests of the sessions that are still there
    /// belong to them; the others end after the grace period, or after their linger if that is longer.
    #[must_use]
    pub fn restore(
        limits: Limits,
        state: &State,
        now: Timestamp,
        attachments: &[(SessionId, Vec<RequestId>)],
    ) -> Self {
        let owner = |id: &RequestId, request: &Request| {
            let session = attachments.iter().find(|(_, ids)| ids.contains(id));
            let until = now.after(limits.grace.max(request.linger()));
            session.map_or(Owner::NobodyUntil(until), |(session, _)| Owner::Session(*session))
        };
        let requests = state.requests.iter().map(|(id, found)| {
            let lease = found.grant.as_ref().map(|grant| Lease {
                resources: grant
                    .resources
                    .iter()
                    .map(|resources| resources.iter().map(|one| one.name.clone()).collect())
                    .collect(),
                fence: grant.fence,
                expires: grant.expires,
            });
            let asked = Asked {
                request: Arc::clone(&found.request),
                token: found.token,
                party: found.party,
                since: found.queued_at,
                owner: owner(id, &found.request),
                lease,
            };
            (*id, asked)
        });
        Self {
            now,
            inventory: Arc::clone(&state.inventory),
            requests: requests.collect(),
            sessions: attachments.iter().map(|(session, _)| *session).collect(),
            last_id: state.last_id.0,
            last_fence: state.last_fence.0,
            last_used: state
                .last_used
                .sorted()
                .into_iter()
                .map(|(name, fence)| (name.clone(), fence.0))
                .collect(),
            draining: false,
            suspended: false,
            unsettled: true,
            happened: Vec::new(),
            limits,
        }
    }

    /// Carries out a command at `now`, after all that is due by then, and returns what happened, in order;
    /// the answer is the last of it.
    pub fn handle(&mut self, now: Timestamp, command: &Command) -> Vec<Happened> {
        let mut happened = self.pass_time(now);
        let answer = self.carry_out(command);
        self.grant_all();
        happened.append(&mut self.happened);
        happened.push(answer.unwrap_or_else(Happened::Refused));
        happened
    }

    /// Does a step of a random history, for which time passes in this specification alone, and returns what
    /// happened.
    pub fn step(&mut self, step: &Step) -> Vec<Happened> {
        match (step.command(self.last_id()), step) {
            (Some(command), _) => self.handle(self.now, &command),
            (None, Step::Advance(micros)) => {
                let mut happened = self.pass_time(self.now.after(Duration::from_micros(*micros)));
                happened.push(Happened::Done);
                happened
            }
            (None, _) => unreachable!("every other step is a command"),
        }
    }

    /// Lets time pass until `now`, and returns what happened.
    pub fn pass_time(&mut self, now: Timestamp) -> Vec<Happened> {
        self.do_what_is_due(now);
        std::mem::take(&mut self.happened)
    }
}
