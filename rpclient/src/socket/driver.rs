//! The task that drives a connection.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use respo::wire::Problem;
use respo::wire::socket::ClientMessage;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::handle::{Command, Condition, Farewell, not_driven};
use super::mailbox::Mailbox;
use crate::connection::CLOSED;
use crate::deadline;
use crate::error::Error as ClientError;
use crate::lease::LostReason;
use crate::line_reader::is_from_peer;
use crate::setback::Setback;

/// How long a server is given to answer the end of the connection.
const FAREWELL: Duration = Duration::from_secs(1);
/// How long after it could not end something to tell the server again that it is to.
const AGAIN: Duration = Duration::from_millis(500);

pub(super) type Stream = WebSocketStream<TokioIo<Upgraded>>;

pub(super) struct Driver {
    stream: Stream,
    commands: mpsc::UnboundedReceiver<Command>,
    condition: Arc<Condition>,
    /// By `ref`.
    routes: BTreeMap<String, Route>,
    /// How many messages this has said by itself.
    said: u64,
    /// Farewells that the server has not answered yet, by their `ref`.
    farewells: BTreeMap<String, ClientMessage>,
    /// Those that it could not carry out for the moment, and when to say them again; the first one first.
    postponed: VecDeque<(Instant, ClientMessage)>,
}

/// Where the messages with one `ref` go.
struct Route {
    mailbox: Arc<Mailbox>,
    farewell: Farewell,
    /// Nobody listens any more, and the server cannot be told before it has said what this is about.
    is_abandoned: bool,
}

impl Driver {
    pub(super) fn new(
        stream: Stream,
        commands: mpsc::UnboundedReceiver<Command>,
        condition: Arc<Condition>,
    ) -> Self {
        Self {
            stream,
            commands,
            condition,
            routes: BTreeMap::new(),
            said: 0,
            farewells: BTreeMap::new(),
            postponed: VecDeque::new(),
        }
    }

    /// Drives the connection until nobody needs it any more.
    pub(super) async fn run(mut self) {
        match self.until_unneeded().await {
            Ok(()) => self.close().await,
            Err(reason) => {
                self.break_off(&reason);
                // After a silence the server may have the connection still, and its end would be the end
                // of what is being taken up again on another one.
                while let Some(command) = self.commands.recv().await {
                    if let Command::Say { mailbox, .. } = command {
                        mailbox.break_off(reason.clone());
                    }
                }
            }
        }
    }

    async fn until_unneeded(&mut self) -> Result<(), LostReason> {
        let pace = self.condition.pace;
        loop {
            let silent_at = deadline::after(self.condition.heard(), pace.limit);
            let again_at = self.postponed.front().map(|(at, _)| *at);
            // What has arrived goes first: after this process was stopped, it is what tells how things are.
            tokio::select! {
                biased;
                message = self.stream.next() => self.take_in(message).await?,
                command = self.commands.recv() => match command {
                    Some(command) => self.carry_out(command).await?,
                    None => return Ok(()),
                },
                () = sleep_until(again_at.unwrap_or(silent_at)), if again_at.is_some() => {
                    if let Some((_, farewell)) = self.postponed.pop_front() {
                        self.say_farewell(farewell).await?;
                    }
                }
                () = sleep_until(silent_at) => {
                    let message = timeout(pace.second_look, self.stream.next()).await;
                    let message = message.map_err(|_| LostReason::Silent(pace.limit))?;
                    self.take_in(message).await?;
                }
            }
        }
    }

    async fn take_in(&mut self, message: Option<Result<Message, Error>>) -> Result<(), LostReason> {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(self.broken(error)),
            None => return Err(LostReason::Disconnected(CLOSED.to_owned())),
        };
        self.condition.hear();
        match message {
            Message::Text(text) => self.deliver(text.as_str()).await,
            Message::Close(frame) => {
                let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                let detail = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                Err(LostReason::Disconnected(format!("{CLOSED}{detail}")))
            }
            // Pings are answered below; there is nothing else that respod says.
            _ => Ok(()),
        }
    }

    async fn deliver(&mut self, text: &str) -> Result<(), LostReason> {
        let message: Value = serde_json::from_str(text)
            .map_err(|error| LostReason::Protocol(format!("a message is not JSON: {error}")))?;
        let reference = message["ref"].as_str().unwrap_or_default().to_owned();
        if let Some(farewell) = self.farewells.remove(&reference) {
            if is_refused_for_the_moment(message) {
                self.postponed.push_back((Instant::now() + AGAIN, farewell));
            }
            return Ok(());
        }
        let Some(route) = self.routes.get(&reference) else {
            return Ok(());
        };
        route.mailbox.put(message);
        if route.is_abandoned { self.leave(&reference).await } else { Ok(()) }
    }

    async fn carry_out(&mut self, command: Command) -> Result<(), LostReason> {
        match command {
            Command::Say { message, mailbox, farewell } => {
                let route = Route { mailbox, farewell, is_abandoned: false };
                self.routes.insert(message.reference().to_owned(), route);
                self.say(&message).await
            }
            Command::Leave { reference } => self.leave(&reference).await,
        }
    }

    /// Tells the server that nobody listens any more, as far as that can be told already.
    async fn leave(&mut self, reference: &str) -> Result<(), LostReason> {
        let Some(mut route) = self.routes.remove(reference) else {
            return Ok(());
        };
        if route.mailbox.is_over() {
            return Ok(());
        }
        let id = route.mailbox.id();
        let own_reference = format!("x{}", self.said);
        let message = match (&route.farewell, id) {
            (Farewell::Nothing, _) => return Ok(()),
            (Farewell::Release { lingers: true, .. }, Some(_)) if !route.is_abandoned => {
                return Ok(());
            }
            (Farewell::Release { pool, .. }, Some(id)) => ClientMessage::Cancel {
                reference: own_reference,
                id,
                pool: pool.clone(),
                token: None,
            },
            (Farewell::Release { .. }, None) => {
                route.is_abandoned = true;
                self.routes.insert(reference.to_owned(), route);
                return Ok(());
            }
        };
        self.said += 1;
        self.say_farewell(message).await
    }

    /// Says it until the server has done it, or says no: nobody else will.
    async fn say_farewell(&mut self, farewell: ClientMessage) -> Result<(), LostReason> {
        self.farewells.insert(farewell.reference().to_owned(), farewell.clone());
        self.say(&farewell).await
    }

    async fn say(&mut self, message: &ClientMessage) -> Result<(), LostReason> {
        let text = serde_json::to_string(message);
        let text = text.map_err(|error| LostReason::Protocol(error.to_string()))?;
        let limit = self.condition.pace.limit;
        match timeout(limit, self.stream.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(error)),
            Err(_) => Err(LostReason::Silent(limit)),
        }
    }

    /// The connection has ended with this error.
    fn broken(&mut self, error: Error) -> LostReason {
        let error = match error {
            Error::Io(error) => error,
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | Error::ConnectionClosed
            | Error::AlreadyClosed => io::Error::new(io::ErrorKind::UnexpectedEof, CLOSED),
            other => return LostReason::Protocol(other.to_string()),
        };
        if is_from_peer(&error) {
            self.condition.hear();
        }
        LostReason::Disconnected(match error.kind() {
            io::ErrorKind::UnexpectedEof => CLOSED.to_owned(),
            _ => error.to_string(),
        })
    }

    fn break_off(&mut self, reason: &LostReason) {
        self.condition.set_end(reason.clone());
        for route in std::mem::take(&mut self.routes).into_values() {
            route.mailbox.break_off(reason.clone());
        }
    }

    async fn close(mut self) {
        let goodbye = async {
            self.stream.close(None).await.ok();
            while let Some(Ok(_)) = self.stream.next().await {}
        };
        // Where nobody answers, the end of the connection says the same.
        timeout(FAREWELL, goodbye).await.ok();
    }
}

/// Whether what was said may be done a little later.
fn is_refused_for_the_moment(mut message: Value) -> bool {
    let problem: Option<Problem> = serde_json::from_value(message["problem"].take()).ok();
    let error = problem.map(ClientError::from_problem);
    error.is_some_and(|error| Setback::of(&error) != Setback::Refused)
}

impl Drop for Driver {
    /// Whoever still listens is not to wait for what will never come.
    fn drop(&mut self) {
        self.break_off(&not_driven());
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Say { mailbox, .. } = command {
                mailbox.break_off(not_driven());
            }
        }
    }
}
