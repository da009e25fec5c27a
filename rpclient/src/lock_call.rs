//! How `POST /lock` says what is asked for.

use respo::query::LockAction;
use respo::{Label, LockQuery, Request, Requirement, Selector, Token, Wanted};

/// The longest query string of a request: whoever stands between may take no more than 8 KiB in all.
const LONGEST_QUERY: usize = 2048;

/// The query string of the call, and its body, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LockCall {
    pub(crate) query: String,
    /// The request as JSON.
    pub(crate) body: Option<Vec<u8>>,
}

impl LockCall {
    /// Asks for this. The common case is a query string that people can read; what would make that long or
    /// hard to read is in the body.
    ///
    /// # Errors
    /// If the request cannot be written as JSON.
    pub(crate) fn of(request: Request, pool: Option<&Label>) -> Result<Self, serde_json::Error> {
        let is_plain = matches!(request.requirements(), [only] if is_plain(only));
        if is_plain {
            let query = query(pool, LockAction::Request(request.clone()));
            if query.len() <= LONGEST_QUERY {
                return Ok(Self { query, body: None });
            }
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(pool) = pool {
            query.append_pair("pool", pool.as_str());
        }
        Ok(Self { query: query.finish(), body: Some(serde_json::to_vec(&request)?) })
    }

    /// Takes up what has this token.
    pub(crate) fn resuming(token: Token, pool: Option<&Label>) -> Self {
        Self { query: query(pool, LockAction::Resume(token)), body: None }
    }
}

fn query(pool: Option<&Label>, action: LockAction) -> String {
    LockQuery { pool: pool.cloned(), action }.to_string()
}

/// Whether it is for one resource, by its name, location, attributes and those of its entities.
fn is_plain(requirement: &Requirement) -> bool {
    match requirement {
        Requirement { count: 1, wanted: Wanted::Matching(selector), stack: None } => {
            let Selector { names: _, location: _, attributes: _, entities, properties, condition } =
                selector;
            let no_properties = entities.iter().all(|pattern| pattern.properties.is_empty());
            no_properties && properties.is_empty() && condition.is_none()
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use respo::Text;

    use super::*;

    fn call(requirements: &[&str]) -> LockCall {
        let requirements = requirements.iter().map(|text| text.parse().unwrap()).collect();
        LockCall::of(Request::new(requirements).unwrap(), Some(&pool())).unwrap()
    }

    fn pool() -> Label {
        Label::new("the lab").unwrap()
    }

    #[test]
    fn one_plain_requirement_is_in_the_query_string() {
        for (text, query) in [
            ("1", "pool=the%20lab"),
            ("bench-1,bench-2", "resource=[bench-1,bench-2]&pool=the%20lab"),
            (
                "location=office1 +can {arm64 jtag}",
                "location=office1&attributes=[can]&entities=[[arm64,jtag]]&pool=the%20lab",
            ),
        ] {
            assert_eq!(call(&[text]), LockCall { query: query.to_owned(), body: None });
        }
    }

    #[test]
    fn everything_else_is_in_the_body() {
        for requirements in [
            &["bench-1", "bench-2"][..],
            &["2 +can"],
            &["+can @s"],
            &["1 of a,b"],
            &["slots=4"],
            &["{slots=4}"],
            &["where=true"],
        ] {
            let LockCall { query, body: Some(body) } = call(requirements) else { panic!() };
            assert_eq!(query, "pool=the+lab");
            let request = Request::from_json(&body).unwrap();
            let read: Vec<String> =
                request.requirements().iter().map(ToString::to_string).collect();
            assert_eq!(read, requirements);
        }
    }

    #[test]
    fn what_would_make_the_query_string_long_is_in_the_body() {
        let mut request = Request::one(Selector::any());
        request.description = Some(Text::new("試".repeat(300)).unwrap());
        let LockCall { query, body: Some(body) } = LockCall::of(request.clone(), None).unwrap()
        else {
            panic!()
        };
        assert_eq!(query, "");
        assert_eq!(Request::from_json(&body).unwrap(), request);
    }
}
