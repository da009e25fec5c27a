//! Requests that are made once, however often they are sent.

use std::sync::Arc;
use std::time::Duration;

use respo::{Request, RequestId, SessionId, TokenDigest};

use super::commands::Answer;
use super::{Happened, Specification};

/// How many spent keys are remembered.
const MOST: usize = 10_000;

/// How long a spent key is remembered.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Specification {
    pub(super) fn submit_once(
        &mut self,
        session: SessionId,
        request: &Arc<Request>,
        token: TokenDigest,
        key: TokenDigest,
    ) -> Answer {
        if let Some(id) = self.by_id(|asked| asked.key == Some(key)).first().copied() {
            if self.requests[&id].request != *request {
                return Err("key_reused");
            }
            self.take_up(session, id)?;
            return Ok(Happened::Repeated(id));
        }
        if self.spent.iter().any(|(spent, ..)| *spent == key) {
            return Err("key_spent");
        }
        let answer = self.submit(session, request, token)?;
        if let Happened::Submitted(id) = answer {
            self.requests.get_mut(&id).expect("it has just come in").key = Some(key);
        }
        Ok(answer)
    }

    /// A key makes nothing more.
    pub(super) fn spend(&mut self, key: Option<TokenDigest>, id: RequestId) {
        let Some(key) = key else { return };
        let now = self.now;
        self.spent.push((key, id, now));
        let surplus = self.spent.len().saturating_sub(MOST);
        self.spent.drain(..surplus);
        self.spent.retain(|(.., at)| at.after(LONGEST) >= now);
    }

    /// The spent keys that are remembered, the newest last.
    #[must_use]
    pub fn spent_keys(&self) -> Vec<(TokenDigest, RequestId)> {
        self.spent.iter().map(|(key, id, _)| (*key, *id)).collect()
    }
}
