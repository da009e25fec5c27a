//! What is to happen when, in simulated time.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Things that are to happen, the earliest first; of those at one moment, the first that was entered.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: BinaryHeap<Entry<T>>,
    entered: u64,
}

#[derive(Debug)]
struct Entry<T> {
    at: u64,
    number: u64,
    what: T,
}

impl<T> Agenda<T> {
    pub(super) fn new() -> Self {
        Self { entries: BinaryHeap::new(), entered: 0 }
    }

    /// Enters something for this moment, in microseconds.
    pub(super) fn enter(&mut self, at: u64, what: T) {
        self.entered += 1;
        self.entries.push(Entry { at, number: self.entered, what });
    }

    /// Takes what comes next, and when that is.
    pub(super) fn next(&mut self) -> Option<(u64, T)> {
        self.entries.pop().map(|entry| (entry.at, entry.what))
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        // The heap gives its largest first.
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Entry<T> {}
