//! Histories that a reader can check by eye.

use crate::crash::history::{Asked, Event, History, Moment, Record, Step};

/// The grace in all stories, in milliseconds.
pub(super) const GRACE_MS: u64 = 1000;

/// Reads a story: a line is the time in milliseconds, who (`server`, or a letter for each client), and
/// what, as [`server`] and [`step`] have it. A first server is there from the start, and in the end
/// nothing is left, unless the story says otherwise.
pub(super) fn story(text: &str) -> History {
    let mut records = vec![
        record(0, Event::Began { seed: 0, clients: 26, grace_ms: GRACE_MS }),
        record(0, Event::ServerStarted { run: 1 }),
    ];
    let (mut run, mut turns) = (1, [0; 26]);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (time, who, what) = (number(words[0]), words[1], &words[2..]);
        let event = match who {
            "server" => server(&mut run, what),
            _ => {
                let client = u32::from(who.as_bytes()[0] - b'a');
                let turn = &mut turns[client as usize];
                *turn += u64::from(what[0] == "asks");
                Event::Client { client: client + 1, turn: *turn, step: step(what) }
            }
        };
        records.push(record(time, event));
    }
    if !records.iter().any(|record| matches!(record.event, Event::Left { .. })) {
        let last = records.last().expect("there are some").at;
        let event = Event::Left { not_free: vec![], waiting: vec![] };
        records.push(Record { at: last, event });
    }
    History(records)
}

fn record(millis: u64, event: Event) -> Record {
    Record { at: Moment(millis * 1_000_000), event }
}

fn server(run: &mut u32, what: &[&str]) -> Event {
    match what {
        ["killed"] => Event::ServerKilled { run: *run },
        ["dead"] => Event::ServerDead { run: *run },
        ["started"] => {
            *run += 1;
            Event::ServerStarted { run: *run }
        }
        ["exited"] => Event::ServerExited { run: *run, how: "code 3".to_owned() },
        ["left", resource] => {
            Event::Left { not_free: vec![(*resource).to_owned()], waiting: vec![] }
        }
        _ => panic!("the server does not know {what:?}"),
    }
}

fn step(what: &[&str]) -> Step {
    match what {
        ["asks", candidates, options @ ..] => Step::Asked(asked(candidates, options)),
        ["queued", id] => {
            Step::Queued { id: number(id), position: 1, token: Some(format!("token-{id}")) }
        }
        ["granted", id, "fence", fence, resource] => Step::Granted {
            id: number(id),
            fence: number(fence),
            resource: (*resource).to_owned(),
            token: format!("token-{id}"),
        },
        ["ended", id, reason] => Step::Ended { id: number(id), reason: (*reason).to_owned() },
        ["lost"] => Step::Lost,
        ["blinks"] => Step::Blinked,
        ["resumes"] => Step::ResumeSent,
        ["resume", "refused", status] => {
            Step::ResumeRefused { status: status.parse().unwrap(), code: "wrong_token".to_owned() }
        }
        ["refused", status] => {
            Step::Refused { status: status.parse().unwrap(), code: "busy".to_owned() }
        }
        ["releases"] => Step::ReleaseSent,
        ["released", status] => Step::ReleaseAnswered { status: status.parse().unwrap() },
        ["release", "unanswered"] => Step::ReleaseUnanswered,
        ["closes"] => Step::Closed,
        ["vanishes"] => Step::Vanished,
        _ => panic!("a client does not know {what:?}"),
    }
}

fn asked(candidates: &str, options: &[&str]) -> Asked {
    let option = |name| {
        let mut pairs = options.chunks_exact(2);
        pairs.find(|pair| pair[0] == name).map(|pair| pair[1])
    };
    Asked {
        selector: candidates.to_owned(),
        candidates: candidates.split(',').map(str::to_owned).collect(),
        priority: option("priority").map_or(0, |priority| priority.parse().unwrap()),
        linger_ms: option("linger").map_or(0, number),
        wait_ms: option("wait").map(number),
        max_duration_ms: option("max").map(number),
    }
}

fn number(word: &str) -> u64 {
    word.parse().unwrap_or_else(|error| panic!("{word}: {error}"))
}
