//! Why the server closes a connection.

use respo::HumanDuration;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::limits::{MAX_MESSAGE, MAX_OUTGOING};

/// Why the server closes a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closing {
    /// The server stops, and everything has been told.
    GoingAway,
    /// Nothing was heard for so long.
    Silent(HumanDuration),
    /// More waits to be sent than may.
    ReadsTooSlowly,
    /// A message is longer than it may be.
    TooBig,
    /// A text that is not UTF-8.
    NotText,
    /// What is not WebSocket.
    Protocol(String),
}

impl Closing {
    /// What a failure to read is answered with; `None` if nobody is left to answer.
    pub(crate) fn for_failure(error: &Error) -> Option<Self> {
        use ProtocolError::ResetWithoutClosingHandshake;
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Some(Self::TooBig),
            Error::Utf8(_) => Some(Self::NotText),
            Error::Protocol(ResetWithoutClosingHandshake) => None,
            Error::Protocol(error) => Some(Self::Protocol(error.to_string())),
            _ => None,
        }
    }

    pub(crate) fn frame(&self) -> CloseFrame {
        let (code, reason) = match self {
            Self::GoingAway => (CloseCode::Away, "the server is stopping".to_owned()),
            Self::Silent(time) => (
                CloseCode::Policy,
                format!("nothing was heard for {time}, not even an answer to a ping"),
            ),
            Self::ReadsTooSlowly => (
                CloseCode::Policy,
                format!("more than {MAX_OUTGOING} bytes of answers are not read"),
            ),
            Self::TooBig => (CloseCode::Size, format!("a message has at most {MAX_MESSAGE} bytes")),
            Self::NotText => (CloseCode::Invalid, "a text that is not UTF-8".to_owned()),
            Self::Protocol(what) => (CloseCode::Protocol, what.clone()),
        };
        CloseFrame { code, reason: short(reason).into() }
    }
}

/// A close frame has room for 123 bytes of it.
fn short(mut reason: String) -> String {
    let most = (0..=123.min(reason.len())).rev().find(|&end| reason.is_char_boundary(end));
    reason.truncate(most.unwrap_or_default());
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_fits_into_a_close_frame() {
        let all = [
            Closing::GoingAway,
            Closing::Silent(HumanDuration(std::time::Duration::from_millis(15_015))),
            Closing::ReadsTooSlowly,
            Closing::TooBig,
            Closing::NotText,
        ];
        for closing in all {
            let reason = closing.frame().reason.to_string();
            assert!(reason.len() < 123, "{reason}");
        }
        assert_eq!(Closing::Protocol("ü".repeat(99)).frame().reason.as_str(), "ü".repeat(61));
    }
}
