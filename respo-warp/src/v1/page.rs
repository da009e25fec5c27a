//! Lists page by page: `limit=` and `after=`.
//!
//! A page says where it ends by what its last item is, not by how many there were: what is in the list
//! throughout is told exactly once, whatever comes and goes between two pages.

use std::cmp::Reverse;
use std::str::FromStr;

use respo::{Label, Name, Priority, RequestId};

use crate::parameters::Parameters;
use crate::problem::Problem;

/// The most items that can be asked for at a time.
const MOST: u64 = 1000;

/// The parameters that say which page.
pub(crate) const PARAMETERS: [&str; 2] = ["limit", "after"];

/// Which part of a list is wanted, whose items are in the order of `K`, pool by pool.
#[derive(Debug)]
pub(crate) struct Page<K> {
    limit: Option<usize>,
    after: Option<Cursor<K>>,
}

/// The place of an item in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cursor<K> {
    pool: String,
    key: K,
}

/// What a list is in the order of, written so that it has no `~`.
pub(crate) trait Key: Ord + Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;

    /// Whether it is behind the other in the list.
    fn follows(&self, other: &Self) -> bool {
        self > other
    }
}

impl<K: Key> Page<K> {
    /// Reads what the parameters say. Without any, it is the whole list.
    pub(crate) fn parse(parameters: &Parameters) -> Result<Self, Problem> {
        let limit = match parameters.number("limit")? {
            Some(limit @ 1..=MOST) => usize::try_from(limit).ok(),
            Some(other) => {
                let problem = format!("{other} is not a limit; it is a number from 1 to {MOST}");
                return Err(Problem::malformed_parameter("limit", &problem));
            }
            None => None,
        };
        Ok(Self { limit, after: parameters.parsed("after")? })
    }

    /// Whether this item of this pool comes after the page before.
    pub(crate) fn begins_before(&self, pool: &Label, key: &K) -> bool {
        match &self.after {
            None => true,
            Some(after) if pool.as_str() == after.pool => key.follows(&after.key),
            Some(after) => *pool.as_str() > *after.pool,
        }
    }

    /// Begins to take items, in their order, that come after the page before.
    pub(crate) fn taking<T>(&self) -> Taking<K, T> {
        Taking { limit: self.limit, taken: Vec::new(), last: None, is_full: false }
    }
}

/// A page while it is filled.
#[derive(Debug)]
pub(crate) struct Taking<K, T> {
    limit: Option<usize>,
    taken: Vec<T>,
    last: Option<Cursor<K>>,
    is_full: bool,
}

impl<K: Key, T> Taking<K, T> {
    /// Takes an item, if there is room for it.
    pub(crate) fn take(&mut self, pool: &Label, key: K, item: impl FnOnce() -> T) {
        let Some(limit) = self.limit else {
            self.taken.push(item());
            return;
        };
        if self.taken.len() < limit {
            self.taken.push(item());
            self.last = Some(Cursor { pool: pool.to_string(), key });
        } else {
            self.is_full = true;
        }
    }

    /// Whether there is more than there is room for.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full
    }

    /// What was taken, and where the next page begins, if there is more.
    pub(crate) fn finish(self) -> (Vec<T>, Option<String>) {
        let next = self.last.filter(|_| self.is_full).map(|last| last.write());
        (self.taken, next)
    }
}

impl<K: Key> Cursor<K> {
    fn write(&self) -> String {
        format!("{}~{}", self.key.write(), self.pool)
    }
}

impl<K: Key> FromStr for Cursor<K> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |text: &str| {
            let (key, pool) = text.split_once('~')?;
            Some(Self { key: K::read(key)?, pool: pool.to_owned() })
        };
        read(text).ok_or_else(|| {
            format!("{text:?} is not the next of an earlier page of this list; begin without after")
        })
    }
}

/// Leases are in the order of their ids.
impl Key for RequestId {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

/// Waiting requests are in the order in which they will be served.
impl Key for (Reverse<Priority>, RequestId) {
    fn write(&self) -> String {
        format!("{}_{}", self.0.0, self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (priority, id) = text.split_once('_')?;
        Some((Reverse(priority.parse().ok()?), RequestId(id.parse().ok()?)))
    }
}

/// Resources are in the order of their names, `bench-2` before `bench-10`; those outside of the inventory come
/// last, and letter by letter.
impl Key for (bool, Name) {
    fn write(&self) -> String {
        format!("{}_{}", if self.0 { "outside" } else { "inside" }, self.1)
    }

    fn read(text: &str) -> Option<Self> {
        let (place, name) = text.split_once('_')?;
        let is_outside = match place {
            "outside" => true,
            "inside" => false,
            _ => return None,
        };
        Some((is_outside, Name::new(name).ok()?))
    }

    fn follows(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (false, false) => self.1.natural_cmp(other.1.as_str()).is_gt(),
            _ => self > other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursor<K: Key>(pool: &str, key: K) -> Cursor<K> {
        Cursor { pool: pool.to_owned(), key }
    }

    #[test]
    fn a_cursor_reads_back_whatever_the_pool_is_called() {
        for pool in ["lab", "Büro 1", "a~b_c~", "~"] {
            let lease = cursor(pool, RequestId(7));
            assert_eq!(lease.write().parse(), Ok(lease));
            let request = cursor(pool, (Reverse(Priority::new(-5).unwrap()), RequestId(7)));
            assert_eq!(request.write().parse(), Ok(request));
            let resource = cursor(pool, (true, Name::new("rack_1/bench-1:a").unwrap()));
            assert_eq!(resource.write().parse(), Ok(resource));
        }
    }

    #[test]
    fn what_is_no_cursor_is_not_taken_for_one() {
        for text in ["", "7", "x~lab", "-1~lab", "~lab"] {
            assert!(text.parse::<Cursor<RequestId>>().is_err(), "{text}");
            assert!(text.parse::<Cursor<(bool, Name)>>().is_err(), "{text}");
        }
    }
}
