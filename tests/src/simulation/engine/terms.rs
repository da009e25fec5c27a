//! What clients do with their leases besides using them and giving them back.

use std::sync::Arc;

use respo::{Name, Token};

use super::World;
use super::client::Phase;
use super::message::{About, Question};
use crate::simulation::wishes;

impl World {
    /// Renews, extends, shares or passes on something, or gives back a part of it. What has a key and no answer
    /// is asked for once more.
    pub(super) fn use_terms(&mut self, client: usize) {
        let unanswered = self.clients[client].errands.iter().find_map(|errand| {
            let once = errand.once.as_ref().filter(|_| errand.known.is_none())?;
            Some((errand.number, Question::SubmitOnce(Arc::clone(&once.0), once.1.clone())))
        });
        if let Some((number, question)) = unanswered {
            return self.ask(client, number, question);
        }
        let Some((number, id, token)) = self.any_known(client) else { return };
        let question = match self.dice.below(100) {
            0..30 => {
                let ttl = self.dice.chance(40).then(|| wishes::more_time(&mut self.dice));
                Question::Renew(id, token, ttl)
            }
            30..55 => Question::Extend(id, token, wishes::more_time(&mut self.dice)),
            55..75 => {
                let part = self.part_of(client, number);
                Question::ReleasePart(id, token, part)
            }
            75..92 => Question::Transfer(id, token, wishes::new_holder(&mut self.dice)),
            _ => Question::Allow(id, token, wishes::new_holder(&mut self.dice)),
        };
        self.ask(client, number, question);
    }

    /// Some of what a client holds, as far as it knows.
    fn part_of(&mut self, client: usize, number: u64) -> Vec<Name> {
        let mut errands = self.clients[client].errands.iter_mut();
        let Some(errand) = errands.find(|errand| errand.number == number) else {
            return Vec::new();
        };
        let mut part = errand.held.clone();
        part.retain(|_| self.dice.chance(50));
        errand.held.retain(|name| !part.contains(name));
        part
    }

    /// Gives somebody else the token that was made for a new holder, or for a guest. It may get lost: then
    /// nobody has it.
    pub(super) fn pass_token(&mut self, about: About, token: &Token) {
        let other = self.dice.below(self.clients.len() as u64);
        let other = usize::try_from(other).unwrap_or_default();
        let is_there = self.clients[other].session.is_some();
        match about {
            About::Transfer(id) if is_there && self.dice.chance(70) => {
                let known = Some((id, token.clone()));
                let number = self.add_errand(other, known, Phase::Waiting);
                self.ask(other, number, Question::Resume(token.clone()));
            }
            // To be used for whatever a guest may do, and for what it may not.
            About::Allow(id) => self.clients[other].spent.push((id, token.clone())),
            _ => {}
        }
    }
}
