//! What must be true of every parser of requests, whatever it is given. Each takes what a fuzzer makes up.

use respo::{LockQuery, Request, Requirement, Selector};

/// A character that no message repeats.
fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\n'
}

/// What is read is printed in one form, which reads back equal.
pub fn requirement_text(input: &str) {
    match input.parse::<Requirement>() {
        Ok(requirement) => {
            let printed = requirement.to_string();
            let again = printed.parse::<Requirement>();
            assert_eq!(again.as_ref(), Ok(&requirement), "{input:?} was printed as {printed:?}");
        }
        Err(error) => {
            let columns = 1..=input.chars().count() + 1;
            assert!(columns.contains(&error.column), "{input:?}: {error}");
            assert!(!error.to_string().contains(is_hidden), "{input:?}: {error:?}");
        }
    }
}

/// As for the text form.
pub fn lock_query(input: &str) {
    match LockQuery::parse(input) {
        Ok(query) => {
            let printed = query.to_string();
            let again = LockQuery::parse(&printed);
            assert_eq!(again.as_ref(), Ok(&query), "{input:?} was printed as {printed:?}");
        }
        Err(error) => {
            assert!(!error.problem.contains(is_hidden), "{input:?}: {error:?}");
        }
    }
    drop(LockQuery::parse_beside_body(input));
}

/// As for the text form.
pub fn selector(input: &str) {
    if let Ok(selector) = input.parse::<Selector>() {
        let printed = selector.to_string();
        assert_eq!(printed.parse::<Selector>(), Ok(selector), "{input:?}: {printed:?}");
    }
}

/// What is read is written in one form, which reads back equal.
pub fn request_json(input: &[u8]) {
    match Request::from_json(input) {
        Ok(request) => {
            let written = serde_json::to_string(&request).unwrap();
            let again = Request::from_json(written.as_bytes());
            assert_eq!(again.as_ref(), Ok(&request), "{written}");
        }
        Err(error) => {
            assert!(!error.to_string().contains(is_hidden), "{error:?}");
            assert!(error.to_string().chars().count() < 2_000, "{error:?}");
        }
    }
}
