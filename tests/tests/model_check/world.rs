//! A state of the model: the store, the process, the clients, and what is on its way between them.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::sync::Arc;

use respo::{RequestId, SessionId};

use super::client::{Belief, Client};
use super::durable::Durable;
use super::engines::{Core, Deed, Message, Outcome};
use super::lab::{Lab, Landmark};
use super::properties;

/// The process of the server; it is gone after a crash.
#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct Process {
    pub(crate) core: Arc<Core>,
    /// What is to be said once the records are committed.
    pub(crate) untold: Vec<(SessionId, Message)>,
    /// Requests whose client has not read the answer yet.
    pub(crate) unread: BTreeSet<RequestId>,
}

#[derive(Debug, Clone, PartialEq, Hash)]
pub(crate) struct World {
    /// What the store has.
    pub(crate) stored: Arc<Durable>,
    pub(crate) process: Option<Process>,
    pub(crate) crashes_left: u8,
    pub(crate) breaks_left: u8,
    pub(crate) clients: [Client; 2],
    /// What must not be and has been.
    pub(crate) wrong: Option<&'static str>,
}

impl Process {
    /// Whether there is something to commit, or to say.
    pub(super) fn has_news(&self, stored: &Durable) -> bool {
        !self.untold.is_empty() || *self.core.live != *stored
    }

    /// Whether there is a connection of this client, or something to be said on one.
    pub(super) fn knows(&self, client: &Client) -> bool {
        let told = self.untold.iter().map(|(session, _)| session);
        self.core.sessions.keys().chain(told).any(|session| client.owns(*session))
    }
}

impl World {
    pub(super) fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("nothing is asked of it while it is away")
    }

    /// Does something with the engine. What follows is to be committed, and then to be told.
    pub(super) fn act(&mut self, lab: &Lab, deed: Deed) -> Outcome {
        let process = self.process();
        let mut outcome = lab.engines.act(&process.core, deed);
        process.core = Arc::clone(&outcome.core);
        process.untold.append(&mut outcome.messages);
        let attached: BTreeSet<&RequestId> = outcome.core.sessions.values().flatten().collect();
        process.unread.retain(|id| attached.contains(id));
        outcome
    }

    /// Forgets what cannot matter any more, so that states that differ in nothing else are one.
    pub(super) fn forget_what_is_over(&mut self) {
        for client in &mut self.clients {
            let knows = |process: &Process| process.knows(client);
            if !client.link && !self.process.as_ref().is_some_and(knows) {
                client.forget_connections();
            }
        }
        let is_over = |client: &Client| client.asks_left == 0 && client.belief == Belief::Nothing;
        if self.clients.iter().all(is_over) {
            self.breaks_left = 0;
        }
    }

    pub(super) fn hear(&mut self, lab: &Lab, n: usize) {
        let message = self.clients[n].wire.remove(0);
        if let Message::Waits(id) | Message::Holds(id, _) | Message::Ended(id) = &message {
            if let Some(process) = &mut self.process {
                process.unread.remove(id);
            }
            if !properties::is_durable(&message, &self.stored) {
                self.wrong = Some("a client is told what is not durable");
            }
        }
        let comes_back = self.clients[n].stops_in.is_some() && self.crashes_left == 0;
        self.clients[n].hear(message);
        if comes_back && self.clients[n].holds().is_some() {
            lab.see(Landmark::ResumedAfterCrash);
        }
    }

    pub(super) fn commit(&mut self) {
        if let Some(process) = &self.process {
            self.stored = Arc::clone(&process.core.live);
        }
        self.tell();
    }

    pub(super) fn tell(&mut self) {
        let untold = self.process.as_mut().map(|process| std::mem::take(&mut process.untold));
        for (session, message) in untold.into_iter().flatten() {
            let mut clients = self.clients.iter_mut();
            let client = clients.find(|client| client.link && client.session() == session);
            // What is said on a connection that is gone is lost.
            if let Some(client) = client {
                client.wire.push(message);
            }
        }
    }

    pub(super) fn crash(&mut self, lab: &Lab) {
        let Some(process) = self.process.take() else {
            return;
        };
        self.crashes_left -= 1;
        if process.core.live != self.stored {
            lab.see(Landmark::CrashBeforeCommit);
        } else if self.clients.iter().any(|client| !client.wire.is_empty()) {
            lab.see(Landmark::CrashBeforeReply);
        }
        for client in &mut self.clients {
            let session = client.session();
            let is_theirs =
                |id| process.core.sessions.get(&session).is_some_and(|ids| ids.contains(&id));
            let forgotten = |id: &RequestId| !self.stored.state().requests.contains_key(id);
            if client.link
                && client.known().filter(|id| is_theirs(*id)).as_ref().is_some_and(forgotten)
            {
                self.wrong = Some("a request that its client was told of is forgotten");
            }
            client.meet_absence();
        }
    }
}
