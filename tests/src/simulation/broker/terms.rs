//! What clients of the broker do with their leases besides using them and giving them back.

use std::time::Duration;

use respo::broker::{Broker, Session};
use respo::{IdempotencyKey, Refusal, Request};
use tokio::time::timeout;

use super::client::Client;
use crate::simulation::checkers::Told;
use crate::simulation::wishes;

impl Client {
    /// Asks for something with a key, and takes note of it if there is no answer.
    pub(super) async fn ask_once(
        &mut self,
        session: &Session,
        key: IdempotencyKey,
        request: Request,
        patience: Duration,
    ) {
        let is_made = {
            let inside = &mut *self.lab.lock();
            inside.observer.figures.commands += 1;
            let mut requests = inside.observer.ledger().requests.values();
            requests.any(|asked| asked.made_with.is_some_and(|made| made.key == key.digest()))
        };
        // Should this client itself be given up while it waits, it knows that still.
        self.unanswered.push((key.clone(), request.clone()));
        let answer = timeout(patience, session.submit_once(request, &key)).await;
        match answer {
            Err(_) | Ok(Err(Refusal::StoreUnavailable(_))) => return,
            Ok(Ok(ticket)) => {
                self.lab.told(Told::Made { key: key.digest(), id: ticket.id() });
                self.lab.lock().observer.figures.repetitions += u64::from(is_made);
                self.follow(ticket);
            }
            Ok(Err(_)) => self.lab.lock().observer.figures.refusals += 1,
        }
        self.unanswered.retain(|(other, _)| *other != key);
    }

    /// Renews, extends or passes on something, or gives back a part of it. What has a key and no answer is asked
    /// for once more.
    pub(super) async fn use_terms(&mut self, broker: &Broker, session: &Session) {
        if let Some((key, request)) = self.unanswered.pop() {
            return self.ask_once(session, key, request, Duration::from_secs(3600)).await;
        }
        if self.errands.is_empty() {
            return;
        }
        let more = wishes::more_time(&mut self.dice);
        let (does, is_long) = (self.dice.below(100), self.dice.chance(40));
        let to = wishes::new_holder(&mut self.dice);
        let errand = self.dice.pick(&self.errands);
        let (id, token) = (errand.ticket.id(), errand.ticket.token().clone());
        let mut part = errand.held.clone();
        part.retain(|_| self.dice.chance(50));
        self.lab.lock().observer.figures.commands += 1;
        let promised = match does {
            // A clock that goes on where the last record was made has not seen a renewal after that: what was
            // told by the one cannot be compared with what becomes of it by the other.
            0..30 => broker.renew(id, &token, is_long.then_some(more)).await.map(|_| None),
            30..55 => broker.extend(id, &token, more).await,
            55..75 => broker.release_part(id, &part, &token).await.map(|()| None),
            75..92 => match broker.transfer(id, &token, to).await {
                Ok(token) => {
                    // Whoever finds it takes the lease up.
                    self.lab.lock().lent.push(token);
                    Ok(None)
                }
                Err(refusal) => Err(refusal),
            },
            _ => broker.look_up(id, &token).await.map(|_| None),
        };
        if let Ok(Some(until)) = promised {
            self.lab.told(Told::Promised { id, until });
        }
    }
}
