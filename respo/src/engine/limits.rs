//! The bounds of a pool.

use std::time::Duration;

use crate::refusal::Refusal;
use crate::request::{MAX_TAGS, MIN_TTL, Request, Wait, check_sizes};
use crate::time::{HumanDuration, MAX_DURATION};

/// The bounds of a pool. Every one can be set; [`Default`] gives those of respod.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How many requests may wait in the pool: 100,000.
    pub max_waiting: usize,
    /// How many requests, waiting and granted, one session may have: 1,000.
    pub max_requests_per_session: usize,
    /// How long a lease may last, at most [`MAX_DURATION`]; a request that says nothing gets this. No limit.
    pub max_duration: Option<Duration>,
    /// How long a request may ask to outlive its session: one hour.
    pub max_linger: Duration,
    /// How long a request may ask to live without being renewed: 24 hours. Also how far ahead the end of such a
    /// lease may be moved.
    pub max_ttl: Duration,
    /// How long clients have to come back after a restart: 60 seconds, or their linger if that is longer.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_waiting: 100_000,
            max_requests_per_session: 1_000,
            max_duration: None,
            max_linger: Duration::from_secs(3600),
            max_ttl: Duration::from_secs(24 * 3600),
            grace: Duration::from_secs(60),
        }
    }
}

impl Limits {
    /// Refuses a request that asks for more than the pool allows.
    pub(crate) fn check(&self, request: &Request) -> Result<(), Refusal> {
        let over = |what: &str, asked: Duration, most: Duration| {
            let (asked, most) = (HumanDuration(asked), HumanDuration(most));
            Err(Refusal::OverLimit(format!(
                "{what} of {asked} is more than this pool allows, {most}"
            )))
        };
        let wait = match request.wait {
            Wait::UpTo(wait) => Some(wait),
            Wait::No | Wait::Forever => None,
        };
        // What could not be written down could not be read back.
        for (what, asked) in [("a wait", wait), ("a max_duration", request.max_duration)] {
            if let Some(asked) = asked.filter(|asked| *asked > MAX_DURATION) {
                return over(what, asked, MAX_DURATION);
            }
        }
        if request.linger() > self.max_linger.min(MAX_DURATION) {
            return over("a linger", request.linger(), self.max_linger);
        }
        if let Some(ttl) = request.ttl() {
            self.check_ttl(ttl)?;
        }
        for requirement in request.requirements() {
            if let Some(selector) = requirement.selector() {
                // What a client cannot ask for, an embedder should not either.
                check_sizes(selector).map_err(Refusal::OverLimit)?;
            }
        }
        if request.tags.len() > MAX_TAGS {
            return Err(Refusal::OverLimit(format!("a request has at most {MAX_TAGS} tags")));
        }
        match (request.max_duration, self.max_duration) {
            (Some(asked), Some(most)) if asked > most => over("a max_duration", asked, most),
            _ => Ok(()),
        }
    }

    /// Refuses a ttl that the pool does not allow.
    pub(crate) fn check_ttl(&self, ttl: Duration) -> Result<(), Refusal> {
        let most = self.longest_ttl();
        if ttl > most {
            let (asked, most) = (HumanDuration(ttl), HumanDuration(most));
            return Err(Refusal::OverLimit(format!(
                "a ttl of {asked} is more than this pool allows, {most}"
            )));
        }
        if ttl < MIN_TTL {
            return Err(Refusal::OverLimit("a ttl is at least 1s".to_owned()));
        }
        Ok(())
    }

    /// How far ahead the end may lie of what is kept by being renewed.
    pub(crate) fn longest_ttl(&self) -> Duration {
        self.max_ttl.min(MAX_DURATION)
    }

    /// How long this request's client has to come back after a restart. One that lingers, or has a
    /// ttl, counts on that, however short the grace is.
    pub(crate) fn grace_of(&self, request: &Request) -> Duration {
        self.grace.max(request.linger()).max(request.ttl().unwrap_or_default())
    }

    /// How long a lease of the pool may last, however often it is extended.
    pub(crate) fn longest_duration(&self) -> Duration {
        self.max_duration.unwrap_or(MAX_DURATION).min(MAX_DURATION)
    }

    /// How long a lease of this request may last.
    pub(crate) fn duration_of(&self, request: &Request) -> Option<Duration> {
        request.max_duration.or(self.max_duration).map(|longest| longest.min(MAX_DURATION))
    }
}
