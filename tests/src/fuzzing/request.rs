//! Requests as JSON.

use respo::{LockAction, LockQuery, Request};
use serde_json::Value;

use super::has_hidden;

/// The longest message about a mistake, in characters. Nobody is sent back all that they have sent.
const LONGEST_MESSAGE: usize = 2_000;

/// What is read is written in one form, which reads back equal, from JSON and as a query string; what is
/// refused is refused readably.
///
/// # Panics
/// If not.
pub fn target(data: &[u8]) -> bool {
    let kept = serde_json::from_slice::<Request>(data);
    if let Ok(request) = &kept {
        check_written(request);
    }
    match Request::from_json(data) {
        Ok(request) => {
            let written = check_written(&request);
            assert_eq!(Request::from_json(written.as_bytes()).as_ref(), Ok(&request), "{written}");
            check_as_query(&request);
            assert_eq!(kept.unwrap(), request, "stores read whatever clients may send");
            true
        }
        Err(error) => {
            let message = error.to_string();
            assert!(!error.problem.is_empty());
            assert!(!has_hidden(&message), "{error:?}");
            assert!(message.chars().count() < LONGEST_MESSAGE, "{error:?}");
            false
        }
    }
}

/// Writes a request, and reads it as a store does: from text, and from a tree of values, whose maps have
/// lost their order.
fn check_written(request: &Request) -> String {
    let written = serde_json::to_string(request).unwrap();
    assert_eq!(&serde_json::from_str::<Request>(&written).unwrap(), request, "{written}");
    let tree: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(&serde_json::from_value::<Request>(tree).unwrap(), request, "{written}");
    written
}

/// A query string says the same.
fn check_as_query(request: &Request) {
    let query = LockQuery { pool: None, action: LockAction::Request(request.clone()) };
    let printed = query.to_string();
    assert_eq!(LockQuery::parse(&printed), Ok(query), "{printed}");
}
