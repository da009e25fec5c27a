//! Query strings.

use respo::{LockQuery, QueryError, Selector};

use super::{has_hidden, text};

/// What is read is printed in one form, which reads back equal; what is refused is refused readably.
///
/// # Panics
/// If not.
pub fn target(data: &[u8]) -> bool {
    let text = text(data);
    let query = LockQuery::parse(&text);
    match &query {
        Ok(query) => {
            let printed = query.to_string();
            let again = LockQuery::parse(&printed);
            assert_eq!(again.as_ref(), Ok(query), "{text:?} was printed as {printed:?}");
            assert_eq!(again.unwrap().to_string(), printed, "equal queries are printed alike");
        }
        Err(error) => check_error(error),
    }
    match text.parse::<Selector>() {
        Ok(selector) => {
            let printed = selector.to_string();
            let again = printed.parse::<Selector>();
            assert_eq!(again, Ok(selector), "{text:?} was printed as {printed:?}");
        }
        Err(error) => check_error(&error),
    }
    match LockQuery::parse_beside_body(&text) {
        Ok(pool) => {
            let said = query.as_ref().map(|query| &query.pool);
            assert_eq!(said, Ok(&pool), "{text:?} names the same pool in both places");
        }
        Err(error) => check_error(&error),
    }
    query.is_ok()
}

fn check_error(error: &QueryError) {
    assert!(!error.problem.is_empty());
    assert!(!has_hidden(&error.to_string()), "{error:?}");
}
