//! The stream of a request or lease: reads its lines, notices when the server is gone, and, where the
//! request outlives its connection, makes a new one and goes on.

use std::io;
use std::time::Duration;

use respo::Token;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::client::Client;
use crate::connection::{Answer, CLOSED};
use crate::error::Error;
use crate::event::{LineEvent, read_line};
use crate::lease::LostReason;
use crate::lines::{LineDecoder, MAX_LINE};

/// The pause before the second attempt to come back; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// When the limit of silence has passed, how long to look once more for what may have arrived while
/// this process was stopped and read nothing.
const SECOND_LOOK: Duration = Duration::from_millis(250);

/// What a stream has to say.
#[derive(Debug)]
pub(crate) enum StreamEvent {
    /// The server said this.
    Line(LineEvent),
    /// The connection broke; the next call tries to come back for this long.
    Away { cause: LostReason, grace: Duration },
}

/// The events of one request. After an `Err`, or a line that ends the request, there are no more.
pub(crate) struct EventStream {
    client: Client,
    link: Link,
    linger: Duration,
    token: Option<Token>,
}

enum Link {
    Connected {
        answer: Answer,
        decoder: LineDecoder,
        /// When the server was last heard.
        heard: Instant,
    },
    Away {
        cause: LostReason,
        /// Until when the server keeps the request in any case.
        until: Instant,
    },
}

impl Link {
    fn connected(answer: Answer) -> Self {
        Self::Connected { answer, decoder: LineDecoder::new(MAX_LINE), heard: Instant::now() }
    }
}

impl EventStream {
    pub(crate) fn new(client: Client, answer: Answer, linger: Duration) -> Self {
        Self { client, link: Link::connected(answer), linger, token: None }
    }

    /// The next event. Cancel-safe: nothing that was read is lost.
    pub(crate) async fn next(&mut self) -> Result<StreamEvent, LostReason> {
        let limit = self.client.silence_limit();
        if let Link::Away { cause, until } = &self.link {
            let Some(token) = &self.token else {
                return Err(cause.clone());
            };
            let answer = come_back(&self.client, token, cause, *until).await?;
            self.link = Link::connected(answer);
        }
        let Link::Connected { answer, decoder, heard } = &mut self.link else {
            return Err(LostReason::Disconnected("there is no connection".to_owned()));
        };
        match read_event(answer, decoder, heard, limit).await {
            Ok(event) => {
                if let LineEvent::Queued { token: Some(token), .. }
                | LineEvent::Granted { token, .. } = &event
                {
                    self.token = Some(token.clone());
                }
                Ok(StreamEvent::Line(event))
            }
            Err(cause) => {
                let until = *heard + self.linger;
                self.away(cause, until)
            }
        }
    }

    /// Gives up the connection; the request goes on without it if it has a linger.
    fn away(&mut self, cause: LostReason, until: Instant) -> Result<StreamEvent, LostReason> {
        let broken = matches!(cause, LostReason::Disconnected(_) | LostReason::Silent(_));
        let grace = until.saturating_duration_since(Instant::now());
        if !broken || grace.is_zero() || self.token.is_none() {
            return Err(cause);
        }
        self.link = Link::Away { cause: cause.clone(), until };
        Ok(StreamEvent::Away { cause, grace })
    }
}

/// The next line that says something this version knows.
async fn read_event(
    answer: &mut Answer,
    decoder: &mut LineDecoder,
    heard: &mut Instant,
    limit: Duration,
) -> Result<LineEvent, LostReason> {
    loop {
        match decoder.next_line() {
            Ok(Some(line)) => {
                *heard = Instant::now();
                if let Some(event) = read_line(line).map_err(unreadable)? {
                    return Ok(event);
                }
            }
            Ok(None) => match next_chunk(answer, limit).await? {
                Ok(Some(chunk)) => decoder.push(&chunk),
                // That the connection has ended is a word from the server too: it begins to count
                // the linger now, not when it last said something.
                Ok(None) => {
                    *heard = Instant::now();
                    return Err(LostReason::Disconnected(CLOSED.to_owned()));
                }
                Err(error) => {
                    *heard = Instant::now();
                    return Err(LostReason::Disconnected(error.to_string()));
                }
            },
            Err(_) => {
                return Err(unreadable(format!("a line is longer than {MAX_LINE} bytes")));
            }
        }
    }
}

async fn next_chunk(
    answer: &mut Answer,
    limit: Duration,
) -> Result<io::Result<Option<bytes::Bytes>>, LostReason> {
    if let Ok(chunk) = timeout(limit, answer.chunk()).await {
        return Ok(chunk);
    }
    timeout(SECOND_LOOK, answer.chunk()).await.map_err(|_| LostReason::Silent(limit))
}

fn unreadable(problem: impl ToString) -> LostReason {
    LostReason::Protocol(problem.to_string())
}

/// Tries to take up the request again until that works, the server no longer knows it, or it is too
/// late.
async fn come_back(
    client: &Client,
    token: &Token,
    cause: &LostReason,
    until: Instant,
) -> Result<Answer, LostReason> {
    let mut pause = FIRST_PAUSE;
    loop {
        match timeout_at(until, client.resume(token)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) if !may_pass(&error) => return Err(LostReason::Gone(error.to_string())),
            Ok(Err(_)) => {}
            Err(_) => return Err(cause.clone()),
        }
        // The last attempts come closer together, so that a server that is back late is not missed.
        let left = until.saturating_duration_since(Instant::now());
        if left < SHORTEST_PAUSE {
            return Err(cause.clone());
        }
        sleep(pause.min(left / 2)).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// Whether the server may let the request be taken up a little later. Something else may answer in its
/// place while it restarts, such as the proxy in front of it.
fn may_pass(error: &Error) -> bool {
    error.is_temporary() || matches!(error, Error::Protocol { .. })
}
