//! Rule 3 of the design, and what else the engine promises, written as plainly as can be: no index, no cache,
//! no shortcut.

use std::collections::{BTreeMap, BTreeSet};

use respo::{EndReason, Name, Request, Resource, Selector, Wait};

use super::history::{By, Step};

/// What both must agree on.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    Granted { id: u64, fence: u64, resource: Name },
    Ended { id: u64, reason: EndReason },
    Submitted(u64),
    Done,
    Refused(&'static str),
}

#[derive(Debug, Clone)]
struct Asked {
    request: Request,
    since: u64,
    /// The open session that it belongs to, or when it ends without one.
    owner: Result<u64, u64>,
    held: Option<(Name, u64)>,
}

/// The specification: no index, no cache, no shortcut.
#[derive(Default)]
pub struct Naive {
    now: u64,
    inventory: BTreeMap<Name, Resource>,
    asked: BTreeMap<u64, Asked>,
    open: BTreeSet<u64>,
    last_id: u64,
    last_fence: u64,
    last_used: BTreeMap<Name, u64>,
    draining: bool,
    pub happened: Vec<Happened>,
}

impl Naive {
    fn held(&self, name: &Name) -> bool {
        self.asked.values().any(|asked| asked.held.as_ref().is_some_and(|held| held.0 == *name))
    }

    /// The free resources that suit, the least recently used first.
    fn suitable(&self, selector: &Selector) -> Vec<Name> {
        let suits = |resource: &&Resource| suits(selector, resource) && !self.held(&resource.name);
        let mut names: Vec<Name> =
            self.inventory.values().filter(suits).map(|r| r.name.clone()).collect();
        names.sort_by_key(|name| (self.last_used.get(name).copied().unwrap_or(0), name.clone()));
        names
    }

    /// The loop of rule 3. With one resource a request there is nothing to keep for those who wait.
    fn grant_all(&mut self) {
        if self.draining {
            return;
        }
        let mut waiting: Vec<(i16, u64)> = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.held.is_none())
            .map(|(id, asked)| (-asked.request.priority.value(), *id))
            .collect();
        waiting.sort_unstable();
        for (_, id) in waiting {
            let selector = self.asked[&id].request.requirements()[0].selector().unwrap().clone();
            let Some(resource) = self.suitable(&selector).into_iter().next() else {
                continue;
            };
            self.last_fence += 1;
            self.last_used.insert(resource.clone(), self.last_fence);
            let until = self.asked[&id].request.max_duration;
            let until = until.map_or(u64::MAX, |longest| self.now + longest.as_micros() as u64);
            self.asked.get_mut(&id).unwrap().held = Some((resource.clone(), until));
            self.happened.push(Happened::Granted { id, fence: self.last_fence, resource });
        }
    }

    fn end(&mut self, id: u64, reason: EndReason) {
        let Some(asked) = self.asked.remove(&id) else {
            return;
        };
        // What is held and no longer in the inventory is forgotten with the lease.
        if let Some((name, _)) = asked.held.filter(|(name, _)| !self.inventory.contains_key(name)) {
            self.last_used.remove(&name);
        }
        self.happened.push(Happened::Ended { id, reason });
    }

    fn due(&self) -> Option<(u64, u64, u8, EndReason)> {
        let deadlines = self.asked.iter().flat_map(|(id, asked)| {
            let longest = asked.held.as_ref().map(|held| held.1).filter(|at| *at < u64::MAX);
            let wait = match asked.request.wait {
                Wait::UpTo(limit) if asked.held.is_none() => {
                    Some(asked.since + limit.as_micros() as u64)
                }
                _ => None,
            };
            [
                longest.map(|at| (at, *id, 0, EndReason::MaxDuration)),
                wait.map(|at| (at, *id, 1, EndReason::WaitExpired)),
                asked.owner.err().map(|at| (at, *id, 2, EndReason::Orphaned)),
            ]
        });
        deadlines.flatten().min_by_key(|(at, id, kind, _)| (*at, *id, *kind))
    }

    fn advance(&mut self, to: u64) {
        self.now = to;
        while let Some((at, ..)) = self.due().filter(|(at, ..)| *at <= self.now) {
            // What is due at one moment ends together.
            while let Some((_, id, _, reason)) = self.due().filter(|due| due.0 == at) {
                self.end(id, reason);
            }
            self.grant_all();
        }
    }

    pub fn step(&mut self, step: &Step, made: usize) {
        let nth = |nth: usize| nth as u64 % (made as u64 + 1);
        let outcome = match step {
            Step::Open(session) => {
                self.open.insert(*session);
                Ok(Happened::Done)
            }
            Step::Close(session) => {
                self.close(*session);
                Ok(Happened::Done)
            }
            Step::Submit { session, request } => self.submit(*session, request),
            Step::Resume { session, nth: n } => self.resume(*session, nth(*n)),
            Step::End { nth: n, by } => self.end_by(nth(*n), *by),
            Step::Replace(resources) => {
                self.replace(resources);
                Ok(Happened::Done)
            }
            Step::Drain => {
                self.draining = true;
                let waiting: Vec<u64> = self.waiting().collect();
                waiting.into_iter().for_each(|id| self.end(id, EndReason::Draining));
                Ok(Happened::Done)
            }
            Step::Advance(micros) => {
                self.advance(self.now + micros);
                Ok(Happened::Done)
            }
        };
        self.grant_all();
        self.happened.push(outcome.unwrap_or_else(Happened::Refused));
    }

    fn waiting(&self) -> impl Iterator<Item = u64> {
        self.asked.iter().filter(|(_, asked)| asked.held.is_none()).map(|(id, _)| *id)
    }

    fn close(&mut self, session: u64) {
        self.open.remove(&session);
        let theirs: Vec<u64> = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.owner == Ok(session))
            .map(|(id, _)| *id)
            .collect();
        for id in theirs {
            let linger = self.asked[&id].request.linger();
            if linger.is_zero() {
                self.end(id, EndReason::Disconnected);
            } else {
                let until = self.now + linger.as_micros() as u64;
                self.asked.get_mut(&id).unwrap().owner = Err(until);
            }
        }
    }

    fn submit(&mut self, session: u64, request: &Request) -> Result<Happened, &'static str> {
        if self.draining {
            return Err("draining");
        }
        if !self.open.contains(&session) {
            return Err("no_session");
        }
        let selector = request.requirements()[0].selector().unwrap();
        if !self.inventory.values().any(|resource| suits(selector, resource)) {
            return Err("no_such");
        }
        if request.wait == Wait::No && self.suitable(selector).is_empty() {
            return Err("busy");
        }
        self.last_id += 1;
        let (request, since, owner) = (request.clone(), self.now, Ok(session));
        self.asked.insert(self.last_id, Asked { request, since, owner, held: None });
        Ok(Happened::Submitted(self.last_id))
    }

    fn resume(&mut self, session: u64, id: u64) -> Result<Happened, &'static str> {
        let asked = self.asked.get_mut(&id).ok_or("wrong_token")?;
        if !self.open.contains(&session) {
            return Err("no_session");
        }
        asked.owner = Ok(session);
        Ok(Happened::Submitted(id))
    }

    fn end_by(&mut self, id: u64, by: By) -> Result<Happened, &'static str> {
        let asked = self.asked.get(&id).ok_or("no_request")?;
        let reason = match by {
            By::Session(session) if asked.owner == Ok(session) => EndReason::Released,
            By::Session(_) => return Err("no_request"),
            By::RightToken => EndReason::Released,
            By::WrongToken => return Err("wrong_token"),
            By::Administrator => EndReason::Revoked,
        };
        self.end(id, reason);
        Ok(Happened::Done)
    }

    fn replace(&mut self, resources: &[Resource]) {
        self.inventory = resources.iter().map(|r| (r.name.clone(), r.clone())).collect();
        let mut last_used = std::mem::take(&mut self.last_used);
        last_used.retain(|name, _| self.inventory.contains_key(name) || self.held(name));
        self.last_used = last_used;
        let possible = |asked: &Asked| {
            let selector = asked.request.requirements()[0].selector().unwrap();
            self.inventory.values().any(|resource| suits(selector, resource))
        };
        let impossible: Vec<u64> = self.waiting().filter(|id| !possible(&self.asked[id])).collect();
        impossible.into_iter().for_each(|id| self.end(id, EndReason::NoSuch));
    }
}

/// Whether a resource suits, with every way of giving each pattern an entity of its own tried out.
fn suits(selector: &Selector, resource: &Resource) -> bool {
    fn place(patterns: &[respo::EntityPattern], left: &[&respo::Entity]) -> bool {
        let Some((pattern, others)) = patterns.split_first() else {
            return true;
        };
        (0..left.len()).any(|n| {
            let mut rest = left.to_vec();
            let entity = rest.remove(n);
            pattern.attributes.is_subset(&entity.attributes) && place(others, &rest)
        })
    }
    let entities: Vec<&respo::Entity> = resource.entities.values().collect();
    (selector.names.is_empty() || selector.names.contains(&resource.name))
        && (selector.location.is_none() || selector.location == resource.location)
        && selector.attributes.iter().all(|word| resource.attributes.contains(word))
        && place(selector.entities(), &entities)
}
