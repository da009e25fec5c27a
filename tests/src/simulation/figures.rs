//! How much happened: what shows that the histories were worth playing.

use std::fmt;

use respo::{Record, RequestState, State, Timestamp};

use super::checkers::{Event, Told, hold_back_is_due, holder};

macro_rules! figures {
    ($($(#[doc = $doc:literal])* $name:ident: $label:literal,)*) => {
        /// Numbers of things that happened in some histories.
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Figures {
            $($(#[doc = $doc])* pub $name: u64,)*
        }

        impl Figures {
            /// Adds those of other histories.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }

        impl fmt::Display for Figures {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(writeln!(f, "{:>14}  {}", self.$name, $label)?;)*
                Ok(())
            }
        }
    };
}

figures! {
    /// Histories.
    histories: "histories",
    /// Calls of the engine with a command.
    commands: "commands",
    /// Requests that were taken.
    requests: "requests taken",
    /// Requests that were refused.
    refusals: "refusals",
    /// Grants, those that were lost included.
    grants: "grants",
    /// Grants to requests that had waited.
    waited: "grants after a wait",
    /// Ends of requests and leases, those that were lost included.
    ends: "ends",
    /// Commits that succeeded.
    commits: "commits",
    /// Commits that failed.
    failed_commits: "failed commits",
    /// Servers that crashed.
    crashes: "crashes",
    /// Those in which a batch was durable that nobody was told of.
    untold: "batches that were durable when the server crashed, and not told",
    /// Batches that were lost, by a crash or a failure.
    lost_writes: "lost unsynced batches",
    /// Stops as planned.
    stops: "planned stops",
    /// Starts at which the clock was set.
    clock_sets: "clocks set",
    /// Clients that vanished without a word.
    vanished: "vanished clients",
    /// Resumes that were carried out.
    resumes: "resumes",
    /// Those that took over from a session that was there.
    takeovers: "takeovers",
    /// Extensions, and renewals for long.
    extensions: "extensions, renewals for long included",
    /// Partial releases.
    parts: "partial releases",
    /// Leases that passed to another holder.
    transfers: "leases passed on",
    /// Requests and leases that were not renewed.
    expired: "ends for want of a renewal",
    /// Requests that were sent again with their key, and taken up.
    repetitions: "requests taken up by their key",
    /// Messages that were lost.
    dropped: "lost messages",
    /// Messages that arrived twice.
    repeated: "repeated messages",
    /// Changes of the inventory.
    swaps: "inventory swaps",
    /// Inventory swaps while somebody waited.
    swaps_in_queue: "inventory swaps while somebody waited",
    /// Moments at which something free was held back, or could have been, for a request for several.
    kept: "moments with a request for which resources may be kept",
    /// Resources that were granted while their party held a stack-mate.
    collateral: "collateral taken by its party",
    /// Granted resources that were in no inventory.
    ephemeral: "ephemeral resources granted",
    /// Grants that somebody was told of.
    told_grants: "grants told",
}

impl Figures {
    /// Counts what an event shows.
    pub(super) fn see(&mut self, event: &Event<'_>) {
        match event {
            Event::Stepped { command: Some(_), .. } => self.commands += 1,
            Event::Recorded { record, before, .. } => self.recorded(record, before),
            Event::Settled { state, now, .. } => self.settled(state, *now),
            Event::Committed { .. } => self.commits += 1,
            Event::Told(Told::Granted(_)) => self.told_grants += 1,
            _ => {}
        }
    }

    fn recorded(&mut self, record: &Record, before: &State) {
        match record {
            Record::Queued { .. } => self.requests += 1,
            Record::Ended { reason, .. } => {
                self.ends += 1;
                self.expired += u64::from(*reason == respo::EndReason::Expired);
            }
            Record::Extended { .. } => self.extensions += 1,
            Record::PartlyReleased { .. } => self.parts += 1,
            Record::Transferred { .. } => self.transfers += 1,
            Record::ClockSet { .. } => self.clock_sets += 1,
            Record::InventoryReplaced { .. } => {
                self.swaps += 1;
                self.swaps_in_queue += u64::from(before.requests.values().any(waits));
            }
            Record::Granted { id, resources, at, .. } => {
                self.grants += 1;
                let Some(asked) = before.requests.get(id) else { return };
                self.waited += u64::from(asked.queued_at < *at);
                for name in resources.iter().flatten() {
                    self.ephemeral += u64::from(before.inventory.find(name.as_str()).is_none());
                    let stacks = before.inventory.stacks().iter();
                    let mut mates =
                        stacks.filter(|stack| stack.0.contains(name)).flat_map(|s| &s.0);
                    self.collateral += u64::from(mates.any(|mate| holder(before, mate).is_some()));
                }
            }
            _ => {}
        }
    }

    fn settled(&mut self, state: &State, now: Timestamp) {
        let may_keep = |asked: &RequestState| waits(asked) && hold_back_is_due(asked, state, now);
        self.kept += u64::from(state.requests.values().any(may_keep));
    }
}

fn waits(asked: &RequestState) -> bool {
    asked.grant.is_none()
}
