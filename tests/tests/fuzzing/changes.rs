//! Random changes to good inputs.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The longest that an input becomes by repeating, in bytes.
const LONGEST: usize = 16_384;

/// A change to an input. Places are counted round and round.
#[derive(Debug, Clone)]
enum Change {
    /// One bit is the other one.
    Flip { at: Index, bit: u8 },
    /// One byte is another.
    Set { at: Index, to: u8 },
    /// A piece of some good input takes the place of a stretch of this one.
    Splice { at: Index, removed: usize, from: Vec<u8>, start: Index, taken: usize },
    /// A stretch is gone.
    Delete { at: Index, removed: usize },
    /// A stretch is there many times.
    Repeat { at: Index, repeated: usize, times: usize },
}

/// One of these inputs, with up to six changes.
pub(crate) fn changed(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(corpus.clone()), vec(change(corpus), 1..=6)).prop_map(|(mut input, changes)| {
        for change in changes {
            change.apply(&mut input);
        }
        input
    })
}

fn change(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8u8).prop_map(|(at, bit)| Change::Flip { at, bit }),
        (at(), any::<u8>()).prop_map(|(at, to)| Change::Set { at, to }),
        (at(), 0..16usize, select(corpus), at(), 1..40usize).prop_map(
            |(at, removed, from, start, taken)| Change::Splice { at, removed, from, start, taken }
        ),
        (at(), 1..24usize).prop_map(|(at, removed)| Change::Delete { at, removed }),
        (at(), 1..24usize, prop_oneof![9 => 2..8usize, 1 => 8..400usize])
            .prop_map(|(at, repeated, times)| Change::Repeat { at, repeated, times }),
    ]
}

impl Change {
    fn apply(self, input: &mut Vec<u8>) {
        match self {
            Self::Flip { at, bit } => {
                if !input.is_empty() {
                    *at.get_mut(input) ^= 1 << bit;
                }
            }
            Self::Set { at, to } => {
                if !input.is_empty() {
                    *at.get_mut(input) = to;
                }
            }
            Self::Splice { at, removed, from, start, taken } => {
                let piece = from[stretch(&from, start, taken)].to_vec();
                let place = stretch(input, at, removed);
                drop(input.splice(place, piece));
            }
            Self::Delete { at, removed } => drop(input.drain(stretch(input, at, removed))),
            Self::Repeat { at, repeated, times } => {
                let place = stretch(input, at, repeated);
                let piece = input[place.clone()].repeat(times);
                drop(input.splice(place, piece));
                input.truncate(LONGEST);
            }
        }
    }
}

/// At most so many bytes from some place on.
fn stretch(input: &[u8], at: Index, length: usize) -> std::ops::Range<usize> {
    let start = at.index(input.len() + 1);
    start..(start + length).min(input.len())
}
