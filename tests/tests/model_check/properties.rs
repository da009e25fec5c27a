//! What must always be true, and what must be possible.

use stateright::{Model, Property};

use super::durable::Durable;
use super::engines::Message;
use super::lab::Lab;
use super::world::World;

pub(crate) const EXCLUSION: &str = "no two clients believe that they hold the same resource";
pub(crate) const TOLD: &str = "nothing is told before it is durable, or forgotten after";
pub(crate) const TRUTH: &str = "what a client believes to hold is durably its own";

pub(crate) fn all() -> Vec<Property<Lab>> {
    vec![
        Property::always(EXCLUSION, |_, world: &World| {
            let [one, other] = &world.clients;
            match (one.holds(), other.holds()) {
                (Some((_, one)), Some((_, other))) => one.names.is_disjoint(&other.names),
                _ => true,
            }
        }),
        Property::always(TRUTH, |_, world: &World| {
            let believed = world.clients.iter().filter_map(|client| client.holds());
            believed.into_iter().all(|(id, held)| world.stored.held(id).as_ref() == Some(held))
        }),
        Property::always(TOLD, |_, world: &World| world.wrong.is_none()),
        Property::always(
            "in the end everybody has had a turn and nothing is held",
            |lab: &Lab, world: &World| {
                let mut actions = Vec::new();
                lab.actions(world, &mut actions);
                let process = world.process.as_ref();
                let is_idle = process.is_some_and(|process| process.core.sessions.is_empty());
                let has_asked = world.clients.iter().all(|client| client.asks_left == 0);
                !actions.is_empty()
                    || (is_idle && has_asked && world.stored.state().requests.is_empty())
            },
        ),
        Property::sometimes("both clients hold something", |_, world: &World| {
            world.clients.iter().all(|client| client.holds().is_some())
        }),
        Property::sometimes(
            "one holds both resources while the other waits",
            |_, world: &World| {
                let [one, other] = &world.clients;
                let has_both = one.holds().is_some_and(|(_, held)| held.names.len() == 2);
                has_both && other.known().is_some() && other.holds().is_none()
            },
        ),
        Property::sometimes("a lease is held while the server is away", |_, world: &World| {
            world.process.is_none() && world.clients.iter().any(|client| client.holds().is_some())
        }),
    ]
}

/// Whether what a message says has been committed: it is so, or it was and has ended since.
pub(crate) fn is_durable(message: &Message, stored: &Durable) -> bool {
    let is_over = |id| !stored.state().requests.contains_key(id) && *id <= stored.state().last_id;
    match message {
        Message::Waits(id) => *id <= stored.state().last_id,
        Message::Holds(id, held) => {
            stored.held(*id).as_ref() == Some(held)
                || (is_over(id) && held.fence <= stored.state().last_fence.0)
        }
        Message::Ended(id) => is_over(id),
        Message::Refused => true,
    }
}
