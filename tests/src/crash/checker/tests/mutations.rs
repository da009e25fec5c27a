//! Violations planted at random into legal histories are all found, and named for what they are.

use super::expect_legal;
use super::model::legal_history;
use super::planting::{GRACE, any, any_pair, cut, insert, last_start, map_steps};
use super::planting::{release_confirmed, start_before, with_fence, with_resource};
use super::violated;
use crate::crash::checker::Property;
use crate::crash::checker::lives::{Held, Life, follow};
use crate::crash::dice::Dice;
use crate::crash::history::{Asked, History, Moment, Step};

/// Plants a violation somewhere; `None` where this history has no place for it.
type Mutation = fn(&History, &mut Dice) -> Option<History>;

const MUTATIONS: [(&str, Property, Mutation); 15] = [
    ("two hold one resource", Property::Exclusion, share_a_resource),
    ("a resource is given away in the grace", Property::Exclusion, give_away_in_the_grace),
    ("two fences on one resource are swapped", Property::Exclusion, swap_fences_on_one_resource),
    ("a fence is used twice", Property::Fences, use_a_fence_twice),
    ("a fence falls", Property::Fences, lower_a_fence),
    ("a lease is lost", Property::Kept, lose_a_lease),
    ("a waiting request is lost", Property::Kept, lose_a_waiting_request),
    ("a release finds nothing", Property::Kept, release_nothing),
    ("a lease is ended without a cause", Property::Kept, end_a_lease),
    ("a lease comes back with another fence", Property::Identities, change_the_fence),
    ("a lease comes back with another resource", Property::Identities, change_the_resource),
    ("an id is used twice", Property::Identities, use_an_id_twice),
    ("a released lease is there again", Property::EndedForGood, revive),
    ("a waiter is overtaken", Property::Order, overtake),
    ("a client never hears again", Property::Liveness, silence),
];

#[test]
fn the_model_is_legal_and_exercises_everything() {
    let mut resumed = 0;
    for seed in 0..30 {
        let history = legal_history(seed);
        expect_legal(&format!("seed {seed}"), &history);
        let (lives, _) = follow(&history);
        resumed += lives.iter().filter(|life| life.still_waited().is_some()).count();
    }
    assert!(resumed > 50, "{resumed} waiting requests were resumed");
}

#[test]
fn every_planted_violation_is_found_and_named() {
    let histories: Vec<History> = (0..20).map(legal_history).collect();
    for (what, property, mutation) in MUTATIONS {
        let mut planted = 0;
        for (seed, history) in (0..).zip(&histories) {
            for attempt in 0..6 {
                let Some(mutant) = mutation(history, &mut Dice::of(seed, &[attempt])) else {
                    continue;
                };
                planted += 1;
                let violated = violated(&mutant);
                assert!(
                    violated.contains(&property),
                    "{what}, seed {seed}, {attempt}: {violated:?}"
                );
            }
        }
        assert!(planted >= 20, "{what}: planted only {planted} times");
    }
}

/// A lease that was told, and for how long its client was connected and meant to hold it.
#[derive(Clone, Copy)]
struct Hold<'h> {
    life: &'h Life<'h>,
    fence: u64,
    resource: &'h str,
    /// When its client had sent what it was then told of.
    attached: Moment,
    from: Moment,
    /// The first thing after that which is not a repetition.
    until: Moment,
}

fn holds<'h>(lives: &'h [Life<'h>]) -> Vec<Hold<'h>> {
    let hold = |life: &'h Life<'h>| {
        let first = life.tellings.iter().find(|telling| telling.held.is_some())?;
        let (from, held) = (first.at, first.held?);
        let resumed = life.tellings.iter().filter(|telling| telling.at <= from);
        let attached =
            resumed.filter_map(|telling| telling.resumed).next_back().unwrap_or(life.sent);
        let next = life.steps.iter().find(|(at, _)| *at > from);
        let until = next.map_or(Moment::NEVER, |(at, _)| *at);
        // What was granted while the release was under way was never held for sure.
        let given_up = life.given_up.is_some_and(|(at, _)| at < from);
        let Held { fence, resource } = held;
        let hold = Hold { life, fence, resource, attached, from, until };
        (!given_up).then_some(hold)
    };
    lives.iter().filter_map(hold).collect()
}

fn share_a_resource(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let (first, second) = any_pair(&holds, dice, |first, second| {
        // Both were told by the server that they had asked: neither can have been given up on.
        let run = last_start(history, second.from);
        let told_in_time = [first, second].iter().all(|hold| hold.attached > run);
        let meanwhile = first.from < second.from && second.from < first.until;
        told_in_time && meanwhile && first.resource != second.resource
    })?;
    Some(with_resource(history, second.life, first.resource))
}

fn give_away_in_the_grace(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let (first, second) = any_pair(&holds, dice, |first, second| {
        let [.., (lost, Step::Lost), (_, Step::Vanished)] = first.life.steps[..] else {
            return false;
        };
        let restarted = last_start(history, second.from);
        // One restart, so that the grace is counted from that one.
        let one_restart =
            last_start(history, lost + GRACE) == restarted && restarted < lost + GRACE;
        let in_time = second.from > lost && second.from < restarted + GRACE;
        one_restart && in_time && first.resource != second.resource
    })?;
    Some(with_resource(history, second.life, first.resource))
}

fn swap_fences_on_one_resource(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let (first, second) = any_pair(&holds, dice, |first, second| {
        first.from < second.from && first.resource == second.resource
    })?;
    let swapped = with_fence(history, first.life, second.fence);
    Some(with_fence(&swapped, second.life, first.fence))
}

fn use_a_fence_twice(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let (first, second) = any_pair(&holds, dice, |first, second| first.fence < second.fence)?;
    Some(with_fence(history, second.life, first.fence))
}

fn lower_a_fence(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let (first, second) = any_pair(&holds, dice, |first, second| first.from < second.life.sent)?;
    // Room for a fence that nobody else has.
    let (life, fence) = (second.life, first.fence * 2 - 1);
    let spread = map_steps(history, |_, step| match step {
        Step::Granted { id, fence, resource, token } => {
            Step::Granted { id, fence: fence * 2, resource, token }
        }
        other => other,
    });
    Some(with_fence(&spread, life, fence))
}

fn lose_a_lease(history: &History, dice: &mut Dice) -> Option<History> {
    lose(history, dice, |step| matches!(step, Step::Granted { .. }))
}

fn lose_a_waiting_request(history: &History, dice: &mut Dice) -> Option<History> {
    lose(history, dice, |step| matches!(step, Step::Queued { .. }))
}

/// Refuses a resume that was answered with what is `wanted`.
fn lose(history: &History, dice: &mut Dice, wanted: fn(&Step) -> bool) -> Option<History> {
    let (lives, _) = follow(history);
    let mut places = Vec::new();
    for life in &lives {
        for pair in life.steps.windows(2) {
            let [(_, Step::ResumeSent), (at, step)] = pair else { continue };
            let told = life.tellings.iter().filter(|telling| telling.at < *at);
            let attached =
                told.filter_map(|telling| telling.resumed).next_back().unwrap_or(life.sent);
            // There was one restart since it was last attached for sure, and less than the grace ago.
            let start = last_start(history, *at);
            let one_restart =
                start > attached && last_start(history, attached) == start_before(history, start);
            if wanted(step) && one_restart && *at < start + GRACE {
                places.push((life, *at));
            }
        }
    }
    let (life, at) = *any(&places, dice)?;
    let code = "wrong_token".to_owned();
    Some(cut(history, life, at, Some(Step::ResumeRefused { status: 403, code })))
}

fn release_nothing(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let mut places: Vec<_> = lives.iter().filter_map(release_confirmed).collect();
    // Where the server that was asked is the one that it was attached to, it cannot have been given up on.
    places.retain(|(life, at)| last_start(history, *at) == last_start(history, life.attached));
    let (life, at) = *any(&places, dice)?;
    Some(cut(history, life, at, Some(Step::ReleaseAnswered { status: 404 })))
}

fn end_a_lease(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let hold = any(&holds, dice)?;
    let (id, reason) = (hold.life.id()?, "orphaned".to_owned());
    Some(insert(history, hold.life, hold.from, [Step::Ended { id, reason }]))
}

fn change_the_fence(history: &History, dice: &mut Dice) -> Option<History> {
    change_when_resumed(history, dice, |fence, resource| (fence + 1000, resource))
}

fn change_the_resource(history: &History, dice: &mut Dice) -> Option<History> {
    change_when_resumed(history, dice, |fence, _| (fence, "elsewhere".to_owned()))
}

/// Changes what a resume tells of a lease that was told before.
fn change_when_resumed(
    history: &History,
    dice: &mut Dice,
    change: fn(u64, String) -> (u64, String),
) -> Option<History> {
    let (lives, _) = follow(history);
    let mut places = Vec::new();
    for life in &lives {
        let Some((first, _)) = life.told_held() else { continue };
        let again = life.tellings.iter().filter(|it| it.at > first && it.resumed.is_some());
        places.extend(again.map(|telling| (life, telling.at)));
    }
    let (life, at) = *any(&places, dice)?;
    let key = (life.client, life.turn);
    Some(map_steps(history, |place, step| match step {
        Step::Granted { id, fence, resource, token } if place == (at, key) => {
            let (fence, resource) = change(fence, resource);
            Step::Granted { id, fence, resource, token }
        }
        other => other,
    }))
}

fn use_an_id_twice(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let told: Vec<&Life<'_>> = lives.iter().filter(|life| life.id().is_some()).collect();
    let (first, second) = any_pair(&told, dice, |first, second| first.sent < second.sent)?;
    let (other, key) = (first.id()?, (second.client, second.turn));
    Some(map_steps(history, |(_, this), step| match step {
        Step::Queued { position, token, .. } if this == key => {
            Step::Queued { id: other, position, token }
        }
        Step::Granted { fence, resource, token, .. } if this == key => {
            Step::Granted { id: other, fence, resource, token }
        }
        step => step,
    }))
}

fn revive(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let places: Vec<_> = lives.iter().filter_map(release_confirmed).collect();
    let (life, at) = *any(&places, dice)?;
    let told =
        |(_, step): &&(Moment, &Step)| matches!(step, Step::Granted { .. } | Step::Queued { .. });
    let last = life.steps.iter().rev().find(told)?.1.clone();
    Some(insert(history, life, at, [Step::ResumeSent, last]))
}

fn overtake(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let holds = holds(&lives);
    let (first, second) = any_pair(&holds, dice, |first, second| {
        let waited = first.life.told_waiting().is_some_and(|told| told < second.life.sent);
        let Asked { candidates, priority, .. } = first.life.asked;
        let before = *priority >= second.life.asked.priority && first.fence < second.fence;
        waited && before && candidates.iter().any(|candidate| candidate == second.resource)
    })?;
    let swapped = with_fence(history, first.life, second.fence);
    Some(with_fence(&swapped, second.life, first.fence))
}

fn silence(history: &History, dice: &mut Dice) -> Option<History> {
    let (lives, _) = follow(history);
    let told: Vec<_> =
        lives.iter().filter(|life| life.steps.len() > 1 && life.id().is_some()).collect();
    let life = *any(&told, dice)?;
    Some(cut(history, life, life.steps[1].0, None))
}
