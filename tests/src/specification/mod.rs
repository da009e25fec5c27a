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
//! **Parties.** A request belongs to a party: to that of the eldest request which its session has when it
//! comes in, or else to one of its own, which has its id. Whoever resumes it later changes nothing about
//! that. Only a lease that is passed on to another holder leaves a party that it shares: it gets one of its
//! own, the smallest number from 1 on that is no party's.
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
//! as it said (its linger), unless it is resumed; when it is not renewed; when it waits and an inventory comes
//! with which it is not possible, or asks for more than one holder may have (`no_such`); and, if it waits, when
//! the pool drains. What is due at one moment ends together, by id, and only then is the rest granted.
//! Moments that have passed unattended are made up for one by one; what is done then is done at the present
//! time.
//!
//! **Ttl.** A request with a ttl does not end with its session, but for want of renewal (`expired`). Its end is
//! put off to its ttl from now when its session closes while it waits, when it is granted, when a session takes
//! up the lease, and when it is renewed, or to as much as the renewal says; nothing puts it forward. While it
//! waits and a session has it, renewals change nothing, and it does not end, even if that moment comes. The
//! time of a renewal is from 1 s to the pool's longest ttl, unless it is the request's own. A renewal for longer
//! than that is a promise.
//!
//! **More time.** To extend a lease by some time moves all of its ends by that: that of its maximum duration,
//! to the pool's longest duration after the grant at most, and that of its ttl, to the pool's longest ttl from
//! now at most, which is a promise too; or none of them. What is told as the end of a lease is the earlier of
//! the two.
//!
//! **Parts.** A lease gives back some of its resources, of which it must have every one. What gives back
//! all, ends.
//!
//! **Authority.** A lease or request is acted on by its session, by whoever has its token, by an administrator,
//! and by guests with tokens of their own, of whom a lease has at most 16. Guests may look, renew, extend and
//! release, wholly or partly; only the others may pass it on, and let in and send away guests. What a
//! command is refused with, in this order: `no_request` if there is none, or the session has another's;
//! `wrong_token`; `guest_token`; `not_granted` if it needs a lease; and then what is its own: `not_renewable`,
//! `over_limit`, `not_held`, `too_many_guests`, `no_guest`.
//!
//! **Passing on.** A lease that is passed on has another holder, another token, no guests and no session. It
//! must not be too much for the new holder, should that be another. If it has a ttl, it ends no sooner than
//! the grace period from now, or its ttl if that is longer; otherwise it ends then, or after its linger if
//! that is longer, unless it is resumed.
//!
//! **Keys.** A request that is made with the key of one that is there is not made but takes that up, as if
//! it were resumed; if it is another request it is refused (`key_reused`). The key of a request that has ended
//! or was passed on is spent (`key_spent`). Whenever one is spent, those are forgotten that were spent more
//! than 24 hours before, and all but the 10,000 newest.
//!
//! **Stops.** A pool that drains grants nothing more, takes nothing in and ends what waits; leases go on. One
//! that is suspended keeps all as it is, whichever session closes, for the engine that will be restored from
//! its state: there each request has the grace period to be resumed, or its linger if that is longer. One with
//! a ttl has the grace period or its ttl, or until what was promised, whichever is the longest, to be renewed;
//! that holds also for a lease that a session has.

pub mod assignment;
mod authority;
mod commands;
pub mod conditions;
mod happened;
mod keys;
mod limits;
pub mod matching;
mod passing_time;
mod standing;
mod terms;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use respo::{
    Command, Fence, Grant, Inventory, Label, Limits, Name, Request, RequestId, Resource, SessionId,
    State, Timestamp, TokenDigest,
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
    /// Keys that make nothing more, what they made, and when they were spent; the newest last.
    spent: Vec<(TokenDigest, RequestId, Timestamp)>,
    draining: bool,
    suspended: bool,
    /// After a restore: nothing of what waits has been looked at.
    unsettled: bool,
    /// How much time has passed without anybody having been there.
    asleep: Duration,
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
    /// When it ends unless it is renewed.
    until: Option<Timestamp>,
    /// Until when it was promised to live.
    promised: Option<Timestamp>,
    guests: BTreeMap<Label, TokenDigest>,
    /// The key that it was made with.
    key: Option<TokenDigest>,
    /// What it holds, if it has been granted.
    lease: Option<Lease>,
}

#[derive(Debug, Clone)]
struct Lease {
    resources: Assignment,
    fence: Fence,
    since: Timestamp,
    /// When it has lasted for its maximum duration.
    expires: Option<Timestamp>,
}

impl Lease {
    fn of(grant: &Grant) -> Self {
        let names = |resources: &Vec<Arc<Resource>>| {
            resources.iter().map(|resource| resource.name.clone()).collect()
        };
        Self {
            resources: grant.resources.iter().map(names).collect(),
            fence: grant.fence,
            since: grant.since,
            expires: grant.expires,
        }
    }
}

/// Whose a request is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Session(SessionId),
    /// Nobody's; it ends then.
    NobodyUntil(Timestamp),
    /// Nobody's, and it needs none: it has a ttl.
    Nobody,
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
            match session {
                Some((session, _)) => Owner::Session(*session),
                None if request.ttl().is_some() => Owner::Nobody,
                None => Owner::NobodyUntil(now.after(limits.grace.max(request.linger()))),
            }
        };
        let requests = state.requests.iter().map(|(id, found)| {
            let lease = found.grant.as_ref().map(Lease::of);
            let owner = owner(id, &found.request);
            let ttl = found.request.ttl();
            let until =
                ttl.map(|ttl| now.after(limits.grace.max(ttl)).max(found.until.unwrap_or(now)));
            let guests = found.guests.iter().map(|guest| (guest.who.clone(), guest.token));
            let asked = Asked {
                request: Arc::clone(&found.request),
                token: found.token,
                party: found.party,
                since: found.queued_at,
                owner,
                until,
                promised: found.until,
                guests: guests.collect(),
                key: found.made_with.map(|made_with| made_with.key),
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
            spent: state.spent_keys.iter().map(|one| (one.key, one.id, one.at)).collect(),
            draining: false,
            suspended: false,
            unsettled: true,
            asleep: Duration::ZERO,
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
        let now = self.now.after(self.asleep);
        match (step.command(self.last_id(), |id| self.held_by(id)), step) {
            (Some(command), _) => {
                self.asleep = Duration::ZERO;
                self.handle(now, &command)
            }
            (None, Step::Advance(micros)) => {
                self.asleep = Duration::ZERO;
                let mut happened = self.pass_time(now.after(Duration::from_micros(*micros)));
                happened.push(Happened::Done);
                happened
            }
            (None, Step::Sleep(micros)) => {
                self.asleep += Duration::from_micros(*micros);
                vec![Happened::Done]
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
