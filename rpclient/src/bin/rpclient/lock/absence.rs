//! What people are told while respod is away: one line when it is back, and one before that if it takes
//! long.

use std::time;

use rpclient::LostReason;
use tokio::time::{Duration, Instant};

use crate::elapsed;
use crate::failure::plain_text;

/// An absence that takes longer than this is told of while it goes on.
const LONG: Duration = Duration::from_secs(10);

/// One absence of respod, from the break of the connection until there is another.
pub(super) struct Absence {
    began: Instant,
    cause: String,
    until: Option<time::Instant>,
    is_told: bool,
}

impl Absence {
    /// Takes in that the connection broke, or, if it has been broken for a while, what is known by now of
    /// `until`.
    pub(super) fn take_in(
        absence: &mut Option<Self>,
        cause: &LostReason,
        until: Option<time::Instant>,
    ) {
        let absence = absence.get_or_insert_with(|| Self {
            began: Instant::now(),
            cause: words(cause),
            until,
            is_told: false,
        });
        absence.until = until;
    }

    /// When it is long enough to be told of; `None` if it has been.
    pub(super) fn due_at(&self) -> Option<Instant> {
        (!self.is_told).then(|| self.began + LONG)
    }

    /// How long it has been so far.
    pub(super) fn so_far(&self) -> String {
        elapsed::coarse(self.began.elapsed())
    }

    /// The line for an absence that is long. `kept` says what stays as it is for as long as it lasts, and
    /// `given_up` what is given up if it lasts too long.
    pub(super) fn long(&mut self, kept: &str, given_up: &str) -> String {
        self.is_told = true;
        let so_far = self.so_far();
        let fate = match self.until {
            None => format!("{kept} until it is back"),
            Some(until) => {
                let left = until.saturating_duration_since(time::Instant::now());
                format!("{given_up} in {} unless respod is back", elapsed::rounded(left))
            }
        };
        format!("respod has been away for {so_far} ({}): {fate}; trying again", self.cause)
    }

    /// The line for its end. `kept` says what has come through it.
    pub(super) fn over(&self, kept: &str) -> String {
        let took = match self.began.elapsed() {
            short if short < Duration::from_secs(1) => "less than 1s".to_owned(),
            _ => self.so_far(),
        };
        format!("respod was away for {took} ({}); {kept}", self.cause)
    }
}

/// What happened to the connection, in a few words.
pub(super) fn words(cause: &LostReason) -> String {
    match cause {
        LostReason::Disconnected(detail) => plain_text(detail),
        LostReason::Silent(limit) => format!("it said nothing for {}", elapsed::rounded(*limit)),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn absence(cause: LostReason, until: Option<Duration>) -> Absence {
        let mut absence = None;
        let until = until.map(|left| time::Instant::now() + left);
        Absence::take_in(&mut absence, &cause, until);
        absence.unwrap()
    }

    fn reset() -> LostReason {
        LostReason::Disconnected("Connection reset by peer (os error 104)".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_absence_is_told_of_when_it_is_over() {
        let absence = absence(reset(), None);
        tokio::time::advance(Duration::from_millis(900)).await;
        assert_eq!(
            absence.over("bench-1 is still held"),
            "respod was away for less than 1s (connection reset by peer); bench-1 is still held"
        );
        tokio::time::advance(Duration::from_millis(2200)).await;
        assert!(absence.over("").starts_with("respod was away for 3s ("));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_absence_is_told_of_once_with_what_will_become_of_the_lease() {
        let mut absence = absence(reset(), None);
        let due = absence.due_at().unwrap();
        assert_eq!(due - Instant::now(), LONG);
        tokio::time::advance(LONG).await;
        assert_eq!(
            absence.long("bench-1 stays leased", "bench-1 is given up"),
            "respod has been away for 10s (connection reset by peer): bench-1 stays leased until it \
             is back; trying again"
        );
        assert_eq!(absence.due_at(), None);
    }

    #[test]
    fn an_absence_that_may_cost_the_lease_says_when() {
        let left = Duration::from_secs(6);
        let mut absence = absence(LostReason::Silent(Duration::from_secs(16)), Some(left));
        assert_eq!(
            absence.long("bench-1 stays leased", "bench-1 is given up"),
            "respod has been away for 0s (it said nothing for 16s): bench-1 is given up in 6s unless \
             respod is back; trying again"
        );
    }
}
