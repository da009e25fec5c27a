//! What is said of one request on one connection, of whichever kind.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use respo::Timestamp;
use tokio::time::Instant;

use crate::event::LineEvent;
use crate::lease::LostReason;
use crate::line_reader::LineReader;
use crate::socket::{Pace, SocketReader};

/// Reads it. After an error there is nothing more.
pub(crate) enum EventReader {
    /// A lock stream, which has a connection of its own.
    Lines(Box<LineReader>),
    /// A request among those that share a WebSocket.
    Socket(SocketReader),
}

impl EventReader {
    /// The next event that this version knows. Cancel-safe: nothing that was read is lost.
    ///
    /// # Errors
    /// [`LostReason::Silent`] if nothing came for too long, [`LostReason::Disconnected`] if the connection
    /// has ended, [`LostReason::Protocol`] if what came cannot be read.
    pub(crate) async fn next(&mut self) -> Result<LineEvent, LostReason> {
        match self {
            Self::Lines(reader) => reader.next().await,
            Self::Socket(reader) => reader.next().await,
        }
    }

    /// The other end of the connection.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        match self {
            Self::Lines(reader) => reader.peer(),
            Self::Socket(reader) => reader.peer(),
        }
    }

    /// When there was the last sign of the server.
    pub(crate) fn heard(&self) -> Instant {
        match self {
            Self::Lines(reader) => reader.heard(),
            Self::Socket(reader) => reader.heard(),
        }
    }

    /// What the server's clock shows, as far as is known.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        match self {
            // A server that tells nothing of it is taken to have the same time.
            Self::Lines(_) => Some(here()),
            Self::Socket(reader) => reader.server_time(),
        }
    }

    /// How long its silence is borne.
    pub(crate) fn pace(&self) -> Pace {
        match self {
            Self::Lines(reader) => reader.pace(),
            Self::Socket(reader) => reader.pace(),
        }
    }

    /// The grace that the server has promised for after its restart, if it said that it is about to.
    pub(crate) fn restarting(&self) -> Option<Duration> {
        match self {
            Self::Lines(reader) => reader.restarting(),
            Self::Socket(reader) => reader.restarting(),
        }
    }
}

/// What the clock here shows.
fn here() -> Timestamp {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(0).after(now)
}
