//! How much the clients do at a time.

use tokio::sync::watch;

/// Who begins new requests. What has begun goes on in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Everybody.
    Busy,
    /// The clients up to this number: with 0, all that is held is soon given back.
    Quiet(u32),
    /// Nobody, and never again.
    Over,
}

/// Where a client sees the pace.
#[derive(Debug, Clone)]
pub struct PaceReader(watch::Receiver<Pace>);

/// A pace that can be set, and where it is read.
#[must_use]
pub fn pace() -> (watch::Sender<Pace>, PaceReader) {
    let (sender, receiver) = watch::channel(Pace::Busy);
    (sender, PaceReader(receiver))
}

impl PaceReader {
    /// Waits until the client with this number may begin a request; `false` if it never may again.
    pub async fn may_begin(&mut self, number: u32) -> bool {
        let decided = |pace: &Pace| match pace {
            Pace::Busy | Pace::Over => true,
            Pace::Quiet(active) => number <= *active,
        };
        // Without a sender it is over, too.
        self.0.wait_for(decided).await.is_ok_and(|pace| *pace != Pace::Over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn in_a_quiet_time_some_begin_and_the_others_wait_for_a_busy_one() {
        let (sender, mut reader) = pace();
        assert!(reader.may_begin(3).await);
        sender.send_replace(Pace::Quiet(2));
        assert!(reader.may_begin(2).await);
        let mut other = reader.clone();
        let third = tokio::spawn(async move { other.may_begin(3).await });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        sender.send_replace(Pace::Busy);
        assert!(third.await.unwrap());
        sender.send_replace(Pace::Over);
        assert!(!reader.may_begin(1).await);
    }
}
