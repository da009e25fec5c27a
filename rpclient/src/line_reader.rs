//! Reads the lines of one connection, and notices when there will be no more of them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::connection::{Answer, CLOSED};
use crate::event::{LineEvent, read_line};
use crate::lease::LostReason;
use crate::lines::{LineDecoder, MAX_LINE};
use crate::socket::Pace;

/// The lines of one connection. After an error there are no more.
pub(crate) struct LineReader {
    answer: Answer,
    decoder: LineDecoder,
    heard: Instant,
    pace: Pace,
    restarting: Option<Duration>,
}

impl LineReader {
    pub(crate) fn new(answer: Answer, pace: Pace) -> Self {
        let decoder = LineDecoder::new(MAX_LINE);
        Self { answer, decoder, heard: Instant::now(), pace, restarting: None }
    }

    /// The other end of the connection.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.answer.peer
    }

    /// When there was the last sign of the server: a line, or the end of the connection, if it came from
    /// there.
    pub(crate) fn heard(&self) -> Instant {
        self.heard
    }

    /// How long its silence is borne.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// The grace that the server has promised for after its restart, if it said that it is about to.
    pub(crate) fn restarting(&self) -> Option<Duration> {
        self.restarting
    }

    /// The next line that says something this version knows. Cancel-safe: nothing that was read is lost.
    ///
    /// # Errors
    /// [`LostReason::Silent`] if nothing came for too long, [`LostReason::Disconnected`] if the
    /// connection has ended, [`LostReason::Protocol`] if what came cannot be read.
    pub(crate) async fn next(&mut self) -> Result<LineEvent, LostReason> {
        loop {
            match self.decoder.next_line() {
                Ok(Some(line)) => {
                    self.heard = Instant::now();
                    let Some(event) = read_line(line).map_err(unreadable)? else { continue };
                    if let LineEvent::Restarting { grace } = event {
                        self.restarting = Some(grace);
                    }
                    return Ok(event);
                }
                Ok(None) => match self.chunk().await? {
                    Ok(Some(chunk)) => self.decoder.push(&chunk),
                    end => return Err(self.disconnected(end.err())),
                },
                Err(_) => {
                    return Err(unreadable(format!("a line is longer than {MAX_LINE} bytes")));
                }
            }
        }
    }

    async fn chunk(&mut self) -> Result<io::Result<Option<Bytes>>, LostReason> {
        let Pace { limit, second_look, .. } = self.pace;
        if let Ok(chunk) = timeout(limit, self.answer.chunk()).await {
            return Ok(chunk);
        }
        let second_look = timeout(second_look, self.answer.chunk()).await;
        second_look.map_err(|_| LostReason::Silent(limit))
    }

    /// The connection has ended, with this error if it did not end in order.
    fn disconnected(&mut self, error: Option<io::Error>) -> LostReason {
        if error.as_ref().is_none_or(is_from_peer) {
            self.heard = Instant::now();
        }
        match (self.restarting, error) {
            (Some(_), _) => LostReason::restarting(),
            (None, Some(error)) => LostReason::Disconnected(error.to_string()),
            (None, None) => LostReason::Disconnected(CLOSED.to_owned()),
        }
    }
}

/// Whether this end of a connection is a sign of the other side. The kernel gives one up by itself, too:
/// that tells only that nothing comes from there any more.
pub(crate) fn is_from_peer(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset)
}

fn unreadable(problem: impl ToString) -> LostReason {
    LostReason::Protocol(problem.to_string())
}
