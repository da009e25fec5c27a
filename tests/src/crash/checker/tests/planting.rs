//! What mutations are made of: finding a place in a history, and changing it there.

use std::time::Duration;

use crate::crash::checker::lives::Life;
use crate::crash::dice::Dice;
use crate::crash::history::{Event, History, Moment, Record, Step};

/// The grace of the model.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// When the server was started that ran at this moment.
pub(super) fn last_start(history: &History, moment: Moment) -> Moment {
    let count = history.0.partition_point(|record| record.at <= moment);
    let mut before = history.0[..count].iter().rev();
    let start = before.find(|record| matches!(record.event, Event::ServerStarted { .. }));
    start.expect("there was one").at
}

/// When the server before the one that was started at `start` was started.
pub(super) fn start_before(history: &History, start: Moment) -> Moment {
    last_start(history, Moment(start.0 - 1))
}

/// The only release of a request, and when it was confirmed.
pub(super) fn release_confirmed<'h>(life: &'h Life<'h>) -> Option<(&'h Life<'h>, Moment)> {
    let sent = life.steps.iter().filter(|(_, step)| matches!(step, Step::ReleaseSent)).count();
    let answer =
        life.steps.iter().find(|(_, step)| **step == Step::ReleaseAnswered { status: 204 });
    answer.filter(|_| sent == 1).map(|(at, _)| (life, *at))
}

/// The same history with other steps; the function is given the time and the client and turn of each.
pub(super) fn map_steps(
    history: &History,
    mut change: impl FnMut((Moment, (u32, u64)), Step) -> Step,
) -> History {
    let mut history = history.clone();
    for Record { at, event } in &mut history.0 {
        if let Event::Client { client, turn, step } = event {
            *step = change((*at, (*client, *turn)), step.clone());
        }
    }
    history
}

/// The same with another fence for this lease.
pub(super) fn with_fence(history: &History, life: &Life<'_>, other: u64) -> History {
    map_steps(history, |(_, key), step| match step {
        Step::Granted { id, resource, token, .. } if key == (life.client, life.turn) => {
            Step::Granted { id, fence: other, resource, token }
        }
        step => step,
    })
}

/// The same with another resource for this lease, which it had asked for, too.
pub(super) fn with_resource(history: &History, life: &Life<'_>, other: &str) -> History {
    map_steps(history, |(_, key), step| match step {
        Step::Granted { id, fence, token, .. } if key == (life.client, life.turn) => {
            Step::Granted { id, fence, resource: other.to_owned(), token }
        }
        Step::Asked(mut asked) if key == (life.client, life.turn) => {
            asked.candidates.push(other.to_owned());
            Step::Asked(asked)
        }
        step => step,
    })
}

/// The same without what this client did on this turn from `at` on, with `last` in its place.
pub(super) fn cut(history: &History, life: &Life<'_>, at: Moment, last: Option<Step>) -> History {
    let gone = |record: &Record| {
        let Event::Client { client, turn, .. } = &record.event else { return false };
        (*client, *turn) == (life.client, life.turn) && record.at >= at
    };
    let kept = history.0.iter().filter(|record| !gone(record)).cloned().collect();
    let Some(last) = last else { return History(kept) };
    insert(&History(kept), life, at, [last])
}

/// The same with these steps of this client right after `at`.
pub(super) fn insert<const N: usize>(
    history: &History,
    life: &Life<'_>,
    at: Moment,
    steps: [Step; N],
) -> History {
    let mut history = history.clone();
    let place = history.0.partition_point(|record| record.at <= at);
    let Life { client, turn, .. } = *life;
    let events = steps.into_iter().map(|step| Event::Client { client, turn, step });
    let times = (1..).map(|nanos| Moment(at.0 + nanos));
    let records = times.zip(events).map(|(at, event)| Record { at, event });
    history.0.splice(place..place, records);
    history
}

/// One of these, if there are any.
pub(super) fn any<'a, T>(choices: &'a [T], dice: &mut Dice) -> Option<&'a T> {
    (!choices.is_empty()).then(|| dice.pick(choices))
}

/// Two of these that fit together.
pub(super) fn any_pair<T: Copy>(
    all: &[T],
    dice: &mut Dice,
    fit: impl Fn(&T, &T) -> bool,
) -> Option<(T, T)> {
    let mut pairs = Vec::new();
    for first in all {
        pairs
            .extend(all.iter().filter(|second| fit(first, second)).map(|second| (*first, *second)));
    }
    any(&pairs, dice).copied()
}
