//! What the server has said about one request, and its reader has not read yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use respo::RequestId;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::lease::LostReason;

/// The most messages that wait for a reader. Only of what happens in a pool can there be so many; then they
/// are dropped, and the reader is told that it has missed something.
const MAX_UNREAD: usize = 4096;

/// The messages with one `ref`. A place in the queue that nobody has looked at gives way to a newer one, so
/// that it stays small however slow the reader is; grants and ends never do.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Notify,
}

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
        } else if state.unread.len() >= MAX_UNREAD {
            state.unread.clear();
            message = json!({"event": "missed", "ref": message["ref"]});
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
    async fn a_reader_of_events_that_is_too_slow_is_told_so() {
        let mailbox = Mailbox::default();
        for number in 0..MAX_UNREAD + 2 {
            mailbox.put(json!({"event": "happened", "ref": "a", "number": number}));
        }
        assert_eq!(mailbox.next().await.unwrap(), json!({"event": "missed", "ref": "a"}));
        assert_eq!(mailbox.next().await.unwrap()["number"], MAX_UNREAD + 1);
        assert!(!mailbox.is_over());
    }
}
