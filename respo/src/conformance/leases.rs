//! A history of what can happen to leases between their grant and their end, and of idempotency keys.

use std::sync::Arc;
use std::time::Duration;

use super::{good, samples};
use crate::engine::Record;
use crate::idempotency::{MAX_SPENT_KEYS, MadeWith, SPENT_KEY_AGE};
use crate::inventory::Inventory;
use crate::lease::EndReason;
use crate::names::{Label, MAX_NAME_CHARS, Name};
use crate::request::{Fence, Hold, Request, RequestId, Requirement};
use crate::selector::Selector;
use crate::time::Timestamp;
use crate::token::{Token, TokenDigest};

/// Its records, in batches.
pub(super) fn batches() -> Vec<Vec<Record>> {
    let mut batches = vec![vec![Record::InventoryReplaced {
        revision: 1,
        inventory: samples::inventory(4),
        at: at(0),
    }]];
    batches.extend(extensions());
    batches.extend(parts());
    batches.extend(guests());
    batches.extend(holders());
    batches
}

fn extensions() -> Vec<Vec<Record>> {
    let extended = |id, expires: Option<u64>, until: Option<u64>, micros| Record::Extended {
        id: RequestId(id),
        expires: expires.map(at),
        until: until.map(at),
        at: at(micros),
    };
    vec![
        vec![queued(1, Some(7), 1), granted(1, 1, vec![vec![bench(0)]], Some(60_000), 1)],
        vec![queued(2, None, 2)],
        vec![granted(2, 2, vec![vec![bench(1)]], None, 3)],
        vec![extended(1, Some(90_000), None, 4)],
        vec![extended(2, None, Some(80_000), 5)],
        // Both ends, and again in one batch; what is not there is passed over.
        vec![extended(1, Some(91_000), Some(81_000), 6), extended(99, Some(1), Some(1), 7)],
        vec![Record::ClockSet { from: at(10), to: at(5_000_000_010) }],
        vec![extended(1, Some(5_000_100_000), Some(5_000_090_000), 5_000_000_020)],
        vec![Record::ClockSet { from: at(5_000_000_030), to: at(30) }],
        // A request that still waits is not extended, and one that was is granted as any other.
        vec![queued(3, None, 31)],
        vec![ended(1, EndReason::Expired, 40), ended(2, EndReason::Released, 41)],
        vec![granted(3, 3, vec![vec![bench(0)]], Some(60_000), 42)],
        vec![ended(3, EndReason::MaxDuration, 43)],
    ]
}

fn parts() -> Vec<Vec<Record>> {
    let released = |id, resources: Vec<Name>, micros| Record::PartlyReleased {
        id: RequestId(id),
        resources,
        at: at(micros),
    };
    let lease = vec![vec![key(1), bench(3), bench(1)], vec![key(2)], vec![bench(0), bench(2)]];
    vec![
        vec![queued(10, None, 100)],
        vec![granted(10, 10, lease, None, 101)],
        // The rest stays in its order, and when the bench was used is remembered.
        vec![released(10, vec![bench(1)], 102)],
        // A requirement of which nothing is left keeps its place, and the key is forgotten.
        vec![released(10, vec![key(2)], 103)],
        // What is not held, or by nobody, is passed over.
        vec![released(10, vec![bench(1)], 104), released(99, vec![bench(3)], 105)],
        vec![Record::ClockSet { from: at(106), to: at(6_000_000_106) }],
        vec![released(10, vec![key(1), bench(2)], 6_000_000_107)],
        vec![Record::ClockSet { from: at(6_000_000_108), to: at(108) }],
        // What was given back is granted again.
        vec![queued(11, None, 109), granted(11, 11, vec![vec![key(1), bench(1)]], None, 109)],
        // A bench is retired, so that it goes when it is given back.
        vec![Record::InventoryReplaced { revision: 2, inventory: few(), at: at(110) }],
        vec![released(10, vec![bench(3)], 111)],
        vec![ended(10, EndReason::Released, 112), ended(11, EndReason::Released, 113)],
    ]
}

fn guests() -> Vec<Vec<Record>> {
    // In the order of the names, which is that of their bytes.
    let names = ["Zoë, \"the other\" = a", "ann", "ann b", "éric", "\u{1F50C}"];
    let longest = "é".repeat(MAX_NAME_CHARS);
    let allowed = |id, who: &str, token, micros| Record::Allowed {
        id: RequestId(id),
        who: label(who),
        token: digest(token),
        at: at(micros),
    };
    let disallowed = |id, who: &str, micros| Record::Disallowed {
        id: RequestId(id),
        who: label(who),
        at: at(micros),
    };
    let all = names.iter().rev().zip(0..).map(|(name, token)| allowed(20, name, token, 203));
    vec![
        vec![queued(20, None, 200), granted(20, 20, vec![vec![bench(0)]], None, 200)],
        vec![queued(21, None, 201), granted(21, 21, vec![vec![key(1)]], None, 201)],
        all.collect(),
        vec![allowed(21, "ann", 9, 204), allowed(21, &longest, 10, 205)],
        // Another token in the place of the first.
        vec![allowed(20, "ann", 11, 206)],
        // Of one lease, not of the other; and what is not there is passed over.
        vec![disallowed(20, "ann b", 207), disallowed(21, "éric", 208)],
        vec![allowed(99, "ann", 12, 209)],
        vec![disallowed(99, "ann", 210)],
        // They go with the lease.
        vec![ended(20, EndReason::Revoked, 211)],
        vec![disallowed(21, "ann", 212), disallowed(21, &longest, 213)],
        vec![ended(21, EndReason::Released, 214)],
    ]
}

fn holders() -> Vec<Vec<Record>> {
    let transferred = |id, holder: &str, token: u8, micros| Record::Transferred {
        id: RequestId(id),
        request: Arc::new(held_by(holder)),
        token: digest(token.into()),
        // The party is another each time.
        party: RequestId(token.into()),
        at: at(micros),
    };
    let allowed =
        Record::Allowed { id: RequestId(30), who: label("ann"), token: digest(1), at: at(303) };
    vec![
        vec![queued(30, Some(30), 300), granted(30, 30, vec![vec![key(1)]], None, 300)],
        vec![queued(31, Some(31), 301)],
        vec![allowed],
        // The guests go, and the key is spent, once.
        vec![transferred(30, "night shift", 2, 304)],
        vec![transferred(30, "day \"shift\"", 3, 305), transferred(99, "nobody", 4, 306)],
        vec![Record::ClockSet { from: at(307), to: at(1_000_000_307) }],
        // One that ends in the batch in which it came.
        vec![queued(32, Some(32), 1_000_000_308), ended(32, EndReason::Released, 1_000_000_308)],
        vec![ended(31, EndReason::WaitExpired, 1_000_000_309)],
        vec![ended(30, EndReason::Released, 1_000_000_310)],
    ]
}

/// Batches after each of which another number of keys is remembered, at the bounds of [`SPENT_KEY_AGE`] and
/// [`MAX_SPENT_KEYS`]; and how many that is.
pub(super) fn spent_keys() -> Vec<(Vec<Record>, usize)> {
    let age = SPENT_KEY_AGE.as_micros() as u64;
    let spent = |id, micros| spent_at(id, at(micros));
    let many = |ids: std::ops::Range<u64>, micros| ids.flat_map(move |id| spent(id, micros));
    let epoch = Timestamp::from_micros;
    vec![
        (many(1..3, 0).collect(), 2),
        (spent(3, 1).into(), 3),
        // The first are as old as they may be, then a microsecond older; the third is not.
        (spent(4, age).into(), 4),
        (spent(5, age + 1).into(), 3),
        // As much time is between them on another clock.
        (vec![Record::ClockSet { from: at(age + 2), to: at(2) }], 3),
        (spent(6, 2).into(), 3),
        // On a clock that starts anew, times that were days apart are one: what was forgotten stays so.
        (vec![Record::ClockSet { from: at(3), to: epoch(5) }], 3),
        (spent_at(7, epoch(6)).into(), 4),
        (vec![Record::ClockSet { from: epoch(7), to: at(7) }], 4),
        // All at one moment, and one more.
        (many(100..100 + MAX_SPENT_KEYS as u64, 2 * age).collect(), MAX_SPENT_KEYS),
        (spent(99_999, 2 * age).into(), MAX_SPENT_KEYS),
        // What has no key spends none.
        (vec![queued(100_000, None, 2 * age), ended(100_000, EndReason::Released, 2 * age)], {
            MAX_SPENT_KEYS
        }),
        (spent(100_001, 4 * age).into(), 1),
    ]
}

/// A request with a key of its own that ends when it comes in.
fn spent_at(id: u64, at: Timestamp) -> [Record; 2] {
    let ended = Record::Ended { id: RequestId(id), reason: EndReason::Released, at };
    [queued_at(id, Some(id), at), ended]
}

/// A request with a ttl, and a key if it is given one.
fn queued(id: u64, key: Option<u64>, micros: u64) -> Record {
    queued_at(id, key, at(micros))
}

fn queued_at(id: u64, key: Option<u64>, at: Timestamp) -> Record {
    let salt = u128::from(id | 1 << 63).to_be_bytes();
    Record::Queued {
        id: RequestId(id),
        request: Arc::new(request()),
        token: digest(u128::from(id)),
        party: RequestId(id),
        made_with: key.map(|key| MadeWith { key: digest(u128::from(key) << 64), salt }),
        at,
    }
}

fn held_by(holder: &str) -> Request {
    let mut request = request();
    request.holder = Some(label(holder));
    request
}

fn request() -> Request {
    let mut request = Request::one(Selector::any());
    let keys = Requirement::keys(1, [key(1), key(2)]);
    let any = || Requirement::one(Selector::any());
    good(request.set_requirements(vec![any(), keys, any()]), "requirements");
    request.hold = Hold::Ttl { ttl: Duration::from_micros(1_000_001) };
    request
}

fn granted(
    id: u64,
    fence: u64,
    resources: Vec<Vec<Name>>,
    expires: Option<u64>,
    micros: u64,
) -> Record {
    let (id, fence, expires) = (RequestId(id), Fence(fence), expires.map(at));
    Record::Granted { id, fence, resources, at: at(micros), expires }
}

fn ended(id: u64, reason: EndReason, micros: u64) -> Record {
    Record::Ended { id: RequestId(id), reason, at: at(micros) }
}

/// An inventory without bench-2 and bench-3.
fn few() -> Arc<Inventory> {
    samples::inventory(2)
}

fn bench(number: u64) -> Name {
    samples::bench(number)
}

fn key(number: u64) -> Name {
    good(Name::new(format!("key-{number}")), "a name")
}

fn label(text: &str) -> Label {
    good(Label::new(text), "a label")
}

fn digest(number: u128) -> TokenDigest {
    Token::from_random(number.to_be_bytes()).digest()
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + micros)
}
