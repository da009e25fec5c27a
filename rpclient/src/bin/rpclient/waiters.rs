//! Who waits for a resource, as far as the overview tells.
//!
//! It has no properties, so whether a request that asks for some could be granted a resource is not always
//! known here. But the server says how many wait for it, and that settles most of what is left open.

use std::collections::BTreeMap;

use rpclient::respo::matcher::matches;
use rpclient::respo::wire::{PoolOverview, ResourceOverview, ResourceState, WaitingOverview};
use rpclient::respo::{Entity, Requirement, Wanted};
use rpclient::{Resource, Selector};

/// The waiting requests that could be granted a resource.
#[derive(Debug, Default)]
pub(crate) struct Waiters<'p> {
    pub(crate) surely: Vec<&'p WaitingOverview>,
    /// Those of which it is not known.
    pub(crate) perhaps: Vec<&'p WaitingOverview>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    No,
    Perhaps,
    Yes,
}

impl<'p> Waiters<'p> {
    /// Those for `resource`, which is in `pool`.
    pub(crate) fn of(resource: &ResourceOverview, pool: &'p PoolOverview) -> Self {
        let mut waiters = Self::default();
        for waiting in &pool.waiting {
            match could_get(waiting, resource, pool) {
                Answer::Yes => waiters.surely.push(waiting),
                Answer::Perhaps => waiters.perhaps.push(waiting),
                Answer::No => {}
            }
        }
        waiters.settle(resource.queue)
    }

    /// Decides what is open by the number of those who wait.
    fn settle(mut self, queue: u64) -> Self {
        let (surely, perhaps) = (self.surely.len() as u64, self.perhaps.len() as u64);
        if surely >= queue {
            self.perhaps.clear();
        } else if surely + perhaps <= queue {
            self.surely.append(&mut self.perhaps);
            self.surely.sort_by_key(|waiting| (std::cmp::Reverse(waiting.priority), waiting.id));
        }
        self
    }
}

fn could_get(
    waiting: &WaitingOverview,
    resource: &ResourceOverview,
    pool: &PoolOverview,
) -> Answer {
    if resource.state == ResourceState::Retired {
        return Answer::No;
    }
    let answers = waiting.requirements.iter().map(|text| match text.parse() {
        Ok(requirement) => could_serve(&requirement, resource, pool),
        // A later respod may say what this version cannot read.
        Err(_) => Answer::Perhaps,
    });
    answers.max().unwrap_or(Answer::Perhaps)
}

fn could_serve(
    requirement: &Requirement,
    resource: &ResourceOverview,
    pool: &PoolOverview,
) -> Answer {
    let answer = match &requirement.wanted {
        Wanted::Keys(keys) if keys.contains(&resource.name) => Answer::Yes,
        Wanted::Keys(_) => Answer::No,
        // What is in no inventory is there for its key alone.
        Wanted::Matching(_) if resource.ephemeral => Answer::No,
        Wanted::Matching(selector) => matches_what_is_known(selector, resource),
    };
    if requirement.stack.is_none() {
        return answer;
    }
    // Whether the rest of what is asked for is in the same stack is for the server to know.
    let is_in_one = pool.stacks.iter().any(|stack| stack.0.contains(&resource.name));
    if is_in_one { answer.min(Answer::Perhaps) } else { Answer::No }
}

fn matches_what_is_known(selector: &Selector, resource: &ResourceOverview) -> Answer {
    let mut known = selector.clone();
    known.properties.clear();
    known.condition = None;
    for pattern in &mut known.entities {
        pattern.properties.clear();
    }
    if !matches(&known, &as_resource(resource)) {
        Answer::No
    } else if known == *selector {
        Answer::Yes
    } else {
        Answer::Perhaps
    }
}

fn as_resource(resource: &ResourceOverview) -> Resource {
    let entities = resource.entities.iter().map(|(name, entity)| {
        let attributes = entity.attributes.clone();
        (name.clone(), Entity { attributes, properties: BTreeMap::new() })
    });
    Resource {
        location: resource.location.clone(),
        attributes: resource.attributes.clone(),
        entities: entities.collect(),
        ..Resource::new(resource.name.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A pool with a phone in a stack, which so many wait for, and requests that wait for these.
    fn pool(queue: u64, waiting: &[&str]) -> PoolOverview {
        let waiting = waiting.iter().zip(1..).map(|(text, id)| {
            let requirements: Vec<&str> = text.split("; ").collect();
            json!({"id": id, "position": 1, "of": 1, "priority": 0, "since": "2026-11-21T08:15:30Z",
                "selector": "", "requirements": requirements, "candidates_total": 1})
        });
        serde_json::from_value(json!({
            "name": "phones", "revision": 1, "stacks": [["phone-1", "relay-1"]],
            "resources": [{"name": "phone-1", "state": "free", "attributes": ["phone"], "queue": queue,
                "entities": {"sim": {"attributes": ["prepaid"]}}}],
            "waiting": waiting.collect::<Vec<_>>()
        }))
        .unwrap()
    }

    fn who(queue: u64, waiting: &[&str]) -> (Vec<u64>, Vec<u64>) {
        let pool = pool(queue, waiting);
        let waiters = Waiters::of(&pool.resources[0], &pool);
        let ids = |waiting: &[&WaitingOverview]| waiting.iter().map(|one| one.id.0).collect();
        (ids(&waiters.surely), ids(&waiters.perhaps))
    }

    #[test]
    fn what_the_overview_shows_is_decided_by_it() {
        let waiting =
            ["phone-1", "+phone {prepaid}", "+relay; 1 of phone-1,phone-2", "+tv", "relay-1"];
        assert_eq!(who(3, &waiting), (vec![1, 2, 3], vec![]));
    }

    #[test]
    fn what_asks_for_properties_is_open_unless_the_rest_excludes_it() {
        let waiting = ["phone-1", "+phone slots=4", "{prepaid pin=1}", "where=true", "+tv slots=4"];
        assert_eq!(who(2, &waiting), (vec![1], vec![2, 3, 4]));
    }

    #[test]
    fn a_stack_leaves_open_what_its_members_could_get() {
        assert_eq!(who(1, &["+phone @s", "phone-1 @s"]), (vec![], vec![1, 2]));
        let mut pool = pool(1, &["+phone @s"]);
        pool.stacks.clear();
        assert!(Waiters::of(&pool.resources[0], &pool).perhaps.is_empty());
    }

    #[test]
    fn how_many_wait_settles_what_is_open() {
        let waiting = ["where=true", "phone-1", "+phone slots=4"];
        assert_eq!(who(3, &waiting), (vec![1, 2, 3], vec![]));
        assert_eq!(who(1, &waiting), (vec![2], vec![]));
        assert_eq!(who(2, &waiting), (vec![2], vec![1, 3]));
    }

    #[test]
    fn what_cannot_be_read_is_open() {
        assert_eq!(who(1, &["phone-1 of the=future ~", "slots=4"]), (vec![], vec![1, 2]));
    }
}
