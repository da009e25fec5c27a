//! What a call that failed tells of the server.

use std::io;

use http::StatusCode;

use crate::error::Error;

/// What is to be made of a failed call to a server that is known to have been there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setback {
    /// The server is not there, or says itself that it grants nothing: nobody else can be granted the
    /// resource for as long as that is so.
    NotThere,
    /// The server may be there or not, and what it has done cannot be known.
    Unknown,
    /// The server has answered, and the answer is no.
    Refused,
}

impl Setback {
    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Unreachable { source, .. } if is_absence(source) => Self::NotThere,
            // Another program may be answering for it, such as a proxy that is being set up.
            Error::Unreachable { .. } | Error::Protocol { .. } => Self::Unknown,
            Error::Refused(problem) => match problem.status {
                // These run: one has no connection left to hear who asks, the other cannot write now. The
                // lease may have ended with its own connection, or does so as soon as that is written.
                503 if ["overloaded", "store_unavailable"].contains(&problem.code.as_str()) => {
                    Self::Unknown
                }
                502 | 503 => Self::NotThere,
                408 | 429 | 500.. => Self::Unknown,
                _ => Self::Refused,
            },
            _ => Self::Refused,
        }
    }
}

fn is_absence(source: &io::Error) -> bool {
    let behind = source.get_ref().and_then(|inner| inner.downcast_ref::<NothingBehind>());
    source.kind() == io::ErrorKind::ConnectionRefused
        // What a proxy has waited for in vain (504) may be there all the same.
        || behind.is_some_and(|behind| behind.0 != StatusCode::GATEWAY_TIMEOUT)
}

/// What a proxy says that finds no server behind it.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("what stands in front of it answers {0}")]
pub(crate) struct NothingBehind(StatusCode);

impl NothingBehind {
    /// The answer with this status as an error, if it is such an answer.
    pub(crate) fn of(status: StatusCode) -> Option<io::Error> {
        matches!(status.as_u16(), 502..=504).then(|| io::Error::other(Self(status)))
    }
}

#[cfg(test)]
mod tests {
    use respo::wire::Problem;

    use super::*;

    fn unreachable(source: io::Error) -> Error {
        Error::Unreachable { url: "http://lab".to_owned(), source }
    }

    fn refused(status: u16, code: &str) -> Error {
        Error::from_problem(Problem {
            kind: format!("urn:respo:problem:{code}"),
            title: String::new(),
            status,
            code: code.to_owned(),
            detail: String::new(),
            more: Default::default(),
        })
    }

    #[test]
    fn a_refused_connection_or_a_proxy_without_a_server_means_that_it_is_not_there() {
        let refusal = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(Setback::of(&unreachable(refusal)), Setback::NotThere);
        for status in [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE] {
            let source = NothingBehind::of(status).unwrap();
            assert_eq!(Setback::of(&unreachable(source)), Setback::NotThere);
        }
        assert!(NothingBehind::of(StatusCode::NOT_FOUND).is_none());
        for code in ["draining", "not invented yet"] {
            assert_eq!(Setback::of(&refused(503, code)), Setback::NotThere);
        }
    }

    #[test]
    fn whatever_leaves_open_whether_the_server_runs_counts_as_unknown() {
        use io::ErrorKind::{
            HostUnreachable, NetworkUnreachable, NotFound, TimedOut, UnexpectedEof,
        };
        for kind in [HostUnreachable, NetworkUnreachable, NotFound, TimedOut, UnexpectedEof] {
            assert_eq!(Setback::of(&unreachable(io::Error::from(kind))), Setback::Unknown);
        }
        for code in ["overloaded", "store_unavailable"] {
            assert_eq!(Setback::of(&refused(503, code)), Setback::Unknown);
        }
        for (status, code) in [(504, "timeout"), (500, "internal"), (408, "timeout")] {
            assert_eq!(Setback::of(&refused(status, code)), Setback::Unknown);
        }
        let source = NothingBehind::of(StatusCode::GATEWAY_TIMEOUT).unwrap();
        assert_eq!(Setback::of(&unreachable(source)), Setback::Unknown);
    }

    #[test]
    fn what_the_server_says_no_to_is_refused() {
        for (status, code) in [(403, "wrong_token"), (404, "no_request"), (400, "malformed")] {
            assert_eq!(Setback::of(&refused(status, code)), Setback::Refused);
        }
    }
}
