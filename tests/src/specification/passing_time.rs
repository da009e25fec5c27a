//! What happens because time passes.

use respo::{EndReason, RequestId, Timestamp, Wait};

use super::{Owner, Specification};

impl Specification {
    /// When something is due next: an end, or that a request has waited for long enough to have things
    /// kept for it.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        let ends = self.ends().into_iter().map(|(at, ..)| at);
        ends.chain(self.hold_back_times().filter(|at| *at > self.now)).min()
    }

    /// Does all that is due by `now`, one moment after another, with the loop after each.
    ///
    /// The time is `now` from the start, even where what is due is of an earlier moment: nobody was there
    /// to do it then.
    pub(super) fn do_what_is_due(&mut self, now: Timestamp) {
        let before = self.now;
        self.now = self.now.max(now);
        if self.unsettled {
            self.unsettled = false;
            self.end_the_impossible();
            self.grant_all();
        }
        let mut done = before;
        while let Some(at) = self.next_moment(done) {
            // What is due at one moment ends together.
            for (_, id, _, reason) in self.ends().into_iter().filter(|end| end.0 == at) {
                self.end(id, reason);
            }
            self.grant_all();
            done = done.max(at);
        }
    }

    /// The first moment up to now at which something ends, or at which, after `done`, a request has waited
    /// for long enough.
    fn next_moment(&self, done: Timestamp) -> Option<Timestamp> {
        let ends = self.ends().into_iter().map(|(at, ..)| at);
        let hold_backs = self.hold_back_times().filter(|at| *at > done);
        ends.chain(hold_backs).filter(|at| *at <= self.now).min()
    }

    /// A request for one resource gets it or nothing: there is never a part of it to keep.
    fn hold_back_times(&self) -> impl Iterator<Item = Timestamp> {
        let waiting = self.requests.values().filter(|asked| asked.lease.is_none());
        let waiting = waiting.filter(|asked| asked.request.requested() > 1);
        waiting.map(|asked| asked.since.after(self.inventory.rules().hold_back_after))
    }

    /// Every end that time will bring, in order: when, whose, which of a request's four, and why.
    fn ends(&self) -> Vec<(Timestamp, RequestId, u8, EndReason)> {
        let mut ends = Vec::new();
        for (id, asked) in &self.requests {
            if let Some(at) = asked.lease.as_ref().and_then(|lease| lease.expires) {
                ends.push((at, *id, 0, EndReason::MaxDuration));
            }
            if let (Wait::UpTo(limit), None) = (asked.request.wait, &asked.lease) {
                ends.push((asked.since.after(limit), *id, 1, EndReason::WaitExpired));
            }
            if let Owner::NobodyUntil(at) = asked.owner {
                ends.push((at, *id, 2, EndReason::Orphaned));
            }
            if let Some(at) = asked.until.filter(|_| !asked.needs_no_renewal()) {
                ends.push((at, *id, 3, EndReason::Expired));
            }
        }
        ends.sort_by_key(|(at, id, which, _)| (*at, *id, *which));
        ends
    }
}
