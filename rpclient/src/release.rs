//! Tells the server that a request or lease is to end, also one that is away at the moment.

use std::io;

use respo::{RequestId, Token};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::backoff::Backoff;
use crate::client::Client;
use crate::deadline;
use crate::error::Error;
use crate::setback::Setback;

/// Tries until the server has been told, refuses, or the time that an answer may take is over.
///
/// # Errors
/// What the last attempt met with.
pub(crate) async fn until_told(client: &Client, id: RequestId, token: &Token) -> Result<(), Error> {
    let end = deadline::within(client.answer_timeout());
    let mut backoff = Backoff::new();
    let mut last = None;
    loop {
        let Ok(released) = timeout_at(end, client.attempt_to_release(id, token)).await else {
            return Err(last.unwrap_or_else(|| client.unreachable(too_late())));
        };
        match released {
            Err(error) if Setback::of(&error) != Setback::Refused => {
                let next = Instant::now() + backoff.pause();
                if next >= end {
                    return Err(error);
                }
                last = Some(error);
                sleep_until(next).await;
            }
            Err(Error::Refused(problem)) if has_ended(&problem.code) => return Ok(()),
            Err(Error::Ended(_)) => return Ok(()),
            other => return other,
        }
    }
}

/// Who asks for the end of what has ended has got what they wanted. The token is the one that came with
/// the id: where it is wrong, the id is another's by now, of a server that has begun anew.
fn has_ended(code: &str) -> bool {
    matches!(code, "no_request" | "wrong_token")
}

fn too_late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "it did not answer in time")
}
