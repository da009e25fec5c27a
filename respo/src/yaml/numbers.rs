//! Reading whole numbers: limits and ids.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde_json::Number;

use super::check::Checker;
use super::node::{Content, Meaning, Node};
use super::path::{Path, quoted};

/// The ids that resources of one pool have, each with the line on which it was first given.
pub(super) type Ids = BTreeMap<NonZeroU32, u32>;

impl Checker {
    /// Reads a limit.
    pub(super) fn limit_of(&mut self, path: &Path<'_>, node: &Node) -> Option<u32> {
        let remedy = "write a whole number from 1 on; without a limit, leave the key out";
        self.counting_number(path, node, remedy).map(NonZeroU32::get)
    }

    /// Reads the id of a resource, which no other may have.
    pub(super) fn id(&mut self, path: &Path<'_>, node: &Node, ids: &mut Ids) -> Option<NonZeroU32> {
        let remedy = "write a whole number from 1 on; without one, leave the key out";
        let id = self.counting_number(path, node, remedy)?;
        if let Some(line) = ids.get(&id) {
            let problem = format!("the resource on line {line} has the same id");
            self.problems.add(path, node.place, problem, "give each resource an id of its own");
            return None;
        }
        ids.insert(id, node.place.line);
        Some(id)
    }

    fn counting_number(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        remedy: &str,
    ) -> Option<NonZeroU32> {
        let Content::Scalar(text, Meaning::Number(number)) = &*node.content else {
            self.wrong_type(path, node, "a number", remedy);
            return None;
        };
        let number = whole(number).and_then(|number| u32::try_from(number).ok());
        let number = number.and_then(NonZeroU32::new);
        if number.is_none() {
            let problem = format!("{} is not a whole number from 1 to {}", quoted(text), u32::MAX);
            self.problems.add(path, node.place, problem, remedy);
        }
        number
    }
}

/// The number, if it is a whole one and not negative, in whichever form it is written: `3`, `3.0`, `3e0`.
pub(super) fn whole(number: &Number) -> Option<u64> {
    /// Up to this, every whole number has a double of its own: 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let from_float = |float: f64| {
        let is_whole = float.fract() == 0.0 && (0.0..=EXACT).contains(&float);
        // The cast is exact.
        is_whole.then_some(float as u64)
    };
    number.as_u64().or_else(|| number.as_f64().and_then(from_float))
}
