//! Why a message is not carried out.

use respo::broker::PoolError;
use respo::wire::{Problem, ProblemKind};
use respo::{QueryError, Refusal};

/// Why a message is not carried out, as the client is told it.
#[derive(Debug)]
pub(crate) struct Refused(Box<Problem>);

impl Refused {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Problem::new(kind, detail).into()
    }

    /// A mistake in the message at `path`.
    pub(crate) fn malformed(path: &str, problem: &str) -> Self {
        let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
        let detail = format!("the message{place}: {problem}");
        Problem::new(ProblemKind::Malformed, detail).with("path", path).into()
    }

    pub(crate) fn into_problem(self) -> Problem {
        *self.0
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem))
    }
}

impl From<PoolError> for Refused {
    fn from(error: PoolError) -> Self {
        Problem::from(error).into()
    }
}

impl From<QueryError> for Refused {
    fn from(error: QueryError) -> Self {
        Problem::from(error).into()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}
