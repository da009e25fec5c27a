//! What the server has said about one request, and its reader has not read yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use respo::RequestId;
use serde_json::Value;
use tokio::sync::Notify;

use crate::lease::LostReason;

/// The messages with one `ref`. A place in the queue that nobody has looked at gives way to a newer one, and
/// what this version does not know is left out, so that it stays small however slow the reader is; grants and
/// ends never give way.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Notify,
}

/// What is said about a request or an order. All but the first of these is said once or a few times.
const KNOWN: [&str; 10] = [
    "queued",
    "granted",
    "draining",
    "restarting",
    "ended",
    "done",
    "renewed",
    "token",
    "list",
    "error",
];

#[derive(Debug, Default)]
struct State {
    unread: VecDeque<Value>,
    id: Option<RequestId>,
    is_over: bool,
    end: Option<LostReason>,
}

impl Mailbox {
    /// Takes in a message.
    pub(super) fn put(&self, mut message: Value) {
        if !KNOWN.contains(&kind(&message)) {
            return;
        }
        let mut state = self.state();
        if let Some(id) = id_in(&message) {
            state.id = Some(id);
        }
        state.is_over = state.is_over || ends_all(&message);
        if kind(&message) == "queued" {
            match state.unread.pop_back() {
                Some(last) if kind(&last) == "queued" => keep_token(last, &mut message),
                last => state.unread.extend(last),
            }
        }
        state.unread.push_back(message);
        drop(state);
        self.changed.notify_one();
    }

    /// Nothing will come any more. What is unread can still be read.
    pub(super) fn break_off(&self, reason: LostReason) {
        self.state().end.get_or_insert(reason);
        self.changed.notify_one();
    }

    /// The next message. Cancel-safe; for one reader.
    ///
    /// # Errors
    /// Why nothing will come any more.
    pub(super) async fn next(&self) -> Result<Value, LostReason> {
        loop {
            {
                let mut state = self.state();
                if let Some(message) = state.unread.pop_front() {
                    return Ok(message);
                }
                if let Some(reason) = &state.end {
                    return Err(reason.clone());
                }
            }
            self.changed.notified().await;
        }
    }

    /// The request or lease that it is about, if the server has said which.
    pub(super) fn id(&self) -> Option<RequestId> {
        self.state().id
    }

    /// Whether the server has said the last word.
    pub(super) fn is_over(&self) -> bool {
        self.state().is_over
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kind(message: &Value) -> &str {
    message["event"].as_str().unwrap_or_default()
}

fn id_in(message: &Value) -> Option<RequestId> {
    let told = match kind(message) {
        "queued" => &message["request"]["id"],
        "granted" => &message["lease"]["id"],
        _ => return None,
    };
    told.as_u64().map(RequestId)
}

fn ends_all(message: &Value) -> bool {
    matches!(kind(message), "ended" | "error" | "done" | "renewed" | "token" | "list")
}

/// The token is in the first of several `queued` only.
fn keep_token(mut old: Value, new: &mut Value) {
    if let Some(token) = old.pointer_mut("/request/token")
        && let Some(request) = new["request"].as_object_mut()
    {
        request.entry("token").or_insert(token.take());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queued(position: u64) -> Value {
        json!({"event": "queued", "ref": "a", "request": {"id": 2, "position": position}})
    }

    #[tokio::test]
    async fn an_unread_place_gives_way_to_a_newer_one_which_keeps_the_token() {
        let mailbox = Mailbox::default();
        let mut first = queued(3);
        first["request"]["token"] = "secret".into();
        mailbox.put(first);
        mailbox.put(queued(2));
        mailbox.put(json!({"event": "granted", "ref": "a", "lease": {"id": 2}}));
        mailbox.break_off(LostReason::Disconnected("it broke".to_owned()));
        let read = mailbox.next().await.unwrap();
        assert_eq!(read["request"], json!({"id": 2, "position": 2, "token": "secret"}));
        assert_eq!(mailbox.next().await.unwrap()["event"], "granted");
        assert!(mailbox.next().await.is_err());
        assert_eq!(mailbox.id(), Some(RequestId(2)));
    }

    #[tokio::test]
    async fn what_is_not_known_is_left_out_and_the_last_word_is_noticed() {
        let mailbox = Mailbox::default();
        mailbox.put(json!({"event": "weather", "ref": "a"}));
        assert!(!mailbox.is_over());
        mailbox.put(json!({"event": "ended", "ref": "a", "id": 2, "reason": "revoked"}));
        assert!(mailbox.is_over());
        assert_eq!(mailbox.next().await.unwrap()["event"], "ended");
    }
}
