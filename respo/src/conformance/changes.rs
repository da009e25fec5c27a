//! What random histories do with leases, and requests that are made once.

use std::sync::Arc;
use std::time::Duration;

use super::history::{History, token};
use super::{good, samples};
use crate::engine::{Authority, Command, SessionId};
use crate::idempotency::MadeWith;
use crate::names::{Label, Name};
use crate::request::RequestId;

/// How many idempotency keys there are. Some are used again and again, and refused.
const KEYS: u64 = 12;
/// How many others there are who may be allowed to act on a lease, or be its next holder.
const OTHERS: u64 = 4;

impl History {
    /// Something with a lease, if there is one, that is neither its grant nor its end.
    pub(super) fn command_on_lease(&mut self) -> Command {
        let by = Authority::Administrator;
        let leases: Vec<(RequestId, Vec<Name>)> =
            self.state().grants().map(|it| (it.id, it.names().cloned().collect())).collect();
        let index = self.choose(leases.len().max(1) as u64) as usize;
        let (id, names) = leases.get(index).cloned().unwrap_or_default();
        match self.choose(6) {
            0 => {
                let ttl = Some(Duration::from_micros(self.choose(9_000_000)));
                Command::Renew { id, by, ttl }
            }
            1 => {
                let more = Duration::from_micros(self.choose(9_000_000));
                Command::Extend { id, by, more }
            }
            2 => {
                let resources = names.into_iter().filter(|_| self.choose(3) == 0).collect();
                Command::ReleasePart { id, by, resources }
            }
            3 => {
                self.tokens += 1;
                let token = token(self.tokens).digest();
                Command::Transfer { id, by, to: self.other(), token }
            }
            4 => {
                self.tokens += 1;
                let token = token(self.tokens).digest();
                Command::Allow { id, by, who: self.other(), token }
            }
            _ => Command::Disallow { id, by, who: self.other() },
        }
    }

    /// A request with a key, new or used.
    pub(super) fn submit_once(&mut self, session: SessionId) -> Command {
        self.tokens += 1;
        let number = self.choose(KEYS);
        let salt = u128::from(self.tokens).to_le_bytes();
        let made_with = MadeWith { key: token(u64::MAX - number).digest(), salt };
        let token = token(self.tokens).digest();
        // Every other time the same request, which takes up what there is.
        let request = if self.choose(2) == 0 { self.request() } else { samples::request(0) };
        Command::SubmitOnce { session, request: Arc::new(request), token, made_with }
    }

    /// Somebody: in the order of these names an upper-case letter comes first, and what is not ASCII last.
    fn other(&mut self) -> Label {
        let name = ["ann", "Zoë, \"the other\"", "éric", "ann b"][self.choose(OTHERS) as usize];
        good(Label::new(name), "a label")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::engine::{Record, State};

    #[test]
    fn random_histories_have_everything_that_can_happen_to_a_lease() {
        let mut seen: BTreeSet<&'static str> = BTreeSet::new();
        for seed in 0..10 {
            let mut history = History::new(seed);
            let mut state = State::default();
            for _ in 0..200 {
                for record in history.next_batch() {
                    let before = state.spent_keys.iter().count();
                    let is_inside = |name: &Name| state.inventory.find(name.as_str()).is_some();
                    let (has_guests, has_until) = (
                        state.requests.values().any(|request| !request.guests.is_empty()),
                        state.requests.values().any(|request| request.until.is_some()),
                    );
                    let what = match &record {
                        Record::Queued { made_with: Some(_), .. } => "made once",
                        Record::Extended { until: Some(_), expires: Some(_), .. } => "both ends",
                        Record::Extended { until: Some(_), .. } => "the time without renewal",
                        Record::Extended { .. } => "the longest time",
                        Record::PartlyReleased { resources, .. }
                            if !resources.iter().all(is_inside) =>
                        {
                            "a key released"
                        }
                        Record::PartlyReleased { .. } => "a resource released",
                        Record::Transferred { .. } if has_guests => "passed on, with guests",
                        Record::Allowed { .. } => "allowed",
                        Record::Disallowed { .. } => "disallowed",
                        Record::ClockSet { .. } if has_until && before > 0 => "times moved",
                        _ => "",
                    };
                    state.apply(&record);
                    let after = state.spent_keys.iter().count();
                    seen.extend([what].into_iter().filter(|what| !what.is_empty()));
                    let spent_by = match record {
                        Record::Transferred { .. } => "a key spent by passing on",
                        _ => "a key spent by an end",
                    };
                    seen.extend((after > before).then_some(spent_by));
                    seen.extend((after < before).then_some("keys forgotten"));
                }
            }
        }
        assert_eq!(seen.len(), 13, "{seen:?}");
    }
}
