//! A client, as the protocol and the client library have it.
//!
//! **What a client believes.** It believes that it holds a lease from when it is told so until it
//! releases it, is told that it has ended, or stops by itself. When it stops by itself is what the client
//! library guarantees; everything rests on it:
//! - While its connection is there, it goes on.
//! - Its connection breaks without a word and the server does not answer: it stops after the limit of silence
//!   (a tick), or after its linger if that is longer (two ticks), counted from the break. A server notices a
//!   silent break only after the limit of silence, and counts the linger from then.
//! - The server is not there (it has crashed): it goes on for as long as that is so. After the restart it
//!   stops after the grace period (two ticks), unless it is told that it still holds. A client that has
//!   not stopped by the time of the crash goes on likewise.
//!
//! Where both are due at the same tick the client is first: real clocks leave a margin there.

use std::hash::Hash;

use respo::{RequestId, SessionId};

use super::durable::Held;
use super::engines::{Message, PATIENCE};

/// How many ticks a client without linger goes on when it hears nothing.
const SILENCE: u8 = 1;

/// What a client has been told of its request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Belief {
    /// It wants nothing.
    Nothing,
    /// It has asked and read no answer. It has no token yet, so it cannot come back.
    Asked,
    Waits(RequestId),
    Holds(RequestId, Held),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    pub(crate) number: u8,
    pub(crate) lingers: bool,
    /// How often it may still ask.
    pub(crate) asks_left: u8,
    /// How often it has asked, and how often it has connected.
    pub(crate) asked: u8,
    connected: u8,
    pub(crate) belief: Belief,
    /// Whether it has a connection, as far as it knows.
    pub(crate) link: bool,
    /// What is on its way to it.
    pub(crate) wire: Vec<Message>,
    /// In how many ticks it stops by itself.
    pub(crate) stops_in: Option<u8>,
    /// A release that is on its way, with its token.
    pub(crate) released: Option<(RequestId, u8)>,
}

impl Client {
    pub(crate) fn new(number: u8, lingers: bool, asks_left: u8) -> Self {
        Self {
            number,
            lingers,
            asks_left,
            asked: 0,
            connected: 0,
            belief: Belief::Nothing,
            link: false,
            wire: Vec::new(),
            stops_in: None,
            released: None,
        }
    }

    /// The number of the latest connection; the server may not have noticed yet that it is gone.
    pub(crate) fn session(&self) -> SessionId {
        SessionId(u64::from(self.number) * 100 + u64::from(self.connected))
    }

    /// What proves that its latest request is its own.
    pub(crate) fn token(&self) -> u8 {
        self.number * 16 + self.asked
    }

    pub(crate) fn owns(&self, session: SessionId) -> bool {
        session.0 / 100 == u64::from(self.number)
    }

    /// The request that it knows of and has a token for.
    pub(crate) fn known(&self) -> Option<RequestId> {
        match &self.belief {
            Belief::Waits(id) | Belief::Holds(id, _) => Some(*id),
            Belief::Nothing | Belief::Asked => None,
        }
    }

    pub(crate) fn holds(&self) -> Option<(RequestId, &Held)> {
        match &self.belief {
            Belief::Holds(id, held) => Some((*id, held)),
            _ => None,
        }
    }

    pub(crate) fn connect(&mut self) -> SessionId {
        self.connected += 1;
        self.link = true;
        self.session()
    }

    pub(crate) fn hear(&mut self, message: Message) {
        self.stops_in = None;
        self.belief = match message {
            Message::Waits(id) => Belief::Waits(id),
            Message::Holds(id, held) => Belief::Holds(id, held),
            Message::Ended(_) | Message::Refused => return self.stop(),
        };
    }

    /// The connection is gone, and what was on its way with it.
    pub(crate) fn lose_connection(&mut self) {
        self.link = false;
        self.wire.clear();
        if self.belief == Belief::Asked {
            self.belief = Belief::Nothing;
        }
    }

    /// The connection breaks without a word.
    pub(crate) fn meet_silence(&mut self) {
        self.lose_connection();
        if self.holds().is_some() && self.stops_in.is_none() {
            self.stops_in = Some(if self.lingers { PATIENCE } else { SILENCE });
        }
    }

    /// The server is gone, and cannot give away anything before it is back.
    pub(crate) fn meet_absence(&mut self) {
        self.lose_connection();
        self.stops_in = None;
    }

    /// The server is back, and waits for its clients.
    pub(crate) fn expect_grace(&mut self) {
        self.stops_in = self.holds().map(|_| PATIENCE);
    }

    /// It wants nothing more, forgets its token, and hangs up. The server may be long in noticing that.
    pub(crate) fn stop(&mut self) {
        self.belief = Belief::Nothing;
        self.stops_in = None;
        self.lose_connection();
    }

    /// The server knows of none of its connections.
    pub(crate) fn forget_connections(&mut self) {
        self.connected = 0;
    }

    pub(crate) fn tick(&mut self) {
        self.stops_in = self.stops_in.map(|left| left - 1);
        if self.stops_in == Some(0) {
            self.stop();
        }
    }
}
