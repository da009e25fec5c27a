//! Requests that are made once, however often they are sent.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::command::{Reply, SessionId};
use crate::engine::effects::Effects;
use crate::idempotency::MadeWith;
use crate::refusal::Refusal;
use crate::request::{Request, RequestId};
use crate::token::TokenDigest;

impl Engine {
    /// Makes the request, or takes up what was made of it with the same key before.
    pub(super) fn submit_once(
        &mut self,
        session: SessionId,
        request: Arc<Request>,
        token: TokenDigest,
        made_with: MadeWith,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        if let Some(id) = self.by_key.get(&made_with.key).copied() {
            return self.repeat(session, id, &request, effects);
        }
        if let Some(id) = self.state.spent_keys.find(&made_with.key) {
            return Err(Refusal::KeySpent(id));
        }
        let id = self.submit(session, request, token, Some(made_with), effects)?;
        // What is granted and over at once is not there any more.
        if self.state.requests.contains_key(&id) {
            self.by_key.insert(made_with.key, id);
        }
        Ok(Reply::Submitted(id))
    }

    fn repeat(
        &mut self,
        session: SessionId,
        id: RequestId,
        request: &Request,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let made_with = state.made_with.ok_or(Refusal::KeyReused)?;
        if state.request.as_ref() != request {
            return Err(Refusal::KeyReused);
        }
        self.take_up(session, id, effects)?;
        Ok(Reply::Repeated { id, salt: made_with.salt })
    }

    /// The key of a request makes it no more: it has ended, or is another holder's.
    pub(super) fn forget_key(&mut self, id: RequestId) {
        if let Some(made_with) = self.state.requests.get(&id).and_then(|state| state.made_with) {
            self.by_key.remove(&made_with.key);
        }
    }
}
