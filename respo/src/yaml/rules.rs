//! Reading what a pool allows, and how it is fair.

use std::time::Duration;

use serde_json::Number;

use super::check::Checker;
use super::entries::{ALLOWANCE, Entry, KeyRule};
use super::node::{Content, Meaning, Node};
use super::path::{Path, quoted};
use crate::rules::GroupTag;
use crate::{Allowance, DurationError, HumanDuration, Label, Rules};

impl Checker {
    /// Reads `entry` of a pool into `rules`, if it is one of them.
    pub(super) fn rule(&mut self, path: &Path<'_>, entry: &Entry<'_>, rules: &mut Rules) -> bool {
        let value = entry.value;
        match entry.key {
            "ephemeral" => rules.ephemeral = self.boolean(path, value).unwrap_or_default(),
            "hold_back_after" => {
                rules.hold_back_after = self.duration(path, value).unwrap_or_default();
            }
            "max_leases" => rules.max_leases = self.allowance(path, value),
            "max_resources" => rules.max_resources = self.allowance(path, value),
            "group_tag" => {
                let remedy = "write the name of a tag, such as pipeline";
                let tag = self.text(path, value, remedy, |text| Label::new(text));
                rules.group_tag = tag.map(GroupTag).unwrap_or_default();
            }
            _ => return false,
        }
        true
    }

    fn boolean(&mut self, path: &Path<'_>, node: &Node) -> Option<bool> {
        if let Content::Scalar(_, Meaning::Boolean(boolean)) = &*node.content {
            return Some(*boolean);
        }
        self.wrong_type(path, node, "a boolean", "write true or false");
        None
    }

    fn duration(&mut self, path: &Path<'_>, node: &Node) -> Option<Duration> {
        let remedy = "write seconds (90) or units (30s, 5m, 1h30m)";
        let (text, parsed) = match &*node.content {
            Content::Scalar(text, Meaning::Text) => (text, text.parse()),
            Content::Scalar(text, Meaning::Number(number)) => {
                let seconds = whole(number).map(|seconds| seconds.to_string());
                (text, seconds.as_deref().unwrap_or(text).parse())
            }
            _ => {
                self.wrong_type(path, node, "a duration", remedy);
                return None;
            }
        };
        let (problem, remedy) = match parsed {
            Ok(HumanDuration(duration)) => return Some(duration),
            Err(DurationError::Malformed(_)) => ("is not a duration", remedy),
            Err(DurationError::TooLong(_)) => {
                ("is longer than the longest duration, 366 days", "write at most 366d")
            }
        };
        self.problems.add(path, node.place, format!("{} {problem}", quoted(text)), remedy);
        None
    }

    fn allowance(&mut self, path: &Path<'_>, node: &Node) -> Allowance {
        let mut allowance = Allowance::default();
        let remedy = "write a map such as {per_holder: 3, per_group: 10}";
        self.each_entry(path, node, KeyRule::Literal, remedy, |checker, path, entry| {
            match entry.key {
                "per_holder" => allowance.per_holder = checker.limit_of(path, entry.value),
                "per_group" => allowance.per_group = checker.limit_of(path, entry.value),
                _ => {
                    checker.unknown_key(path, entry, &ALLOWANCE);
                }
            }
        });
        allowance
    }

    fn limit_of(&mut self, path: &Path<'_>, node: &Node) -> Option<u32> {
        let remedy = "write a whole number from 1 on; without a limit, leave the key out";
        let Content::Scalar(text, Meaning::Number(number)) = &*node.content else {
            self.wrong_type(path, node, "a number", remedy);
            return None;
        };
        let limit = whole(number).and_then(|limit| u32::try_from(limit).ok());
        let limit = limit.filter(|limit| *limit > 0);
        if limit.is_none() {
            let problem = format!("{} is not a whole number from 1 to {}", quoted(text), u32::MAX);
            self.problems.add(path, node.place, problem, remedy);
        }
        limit
    }
}

/// The number, if it is a whole one and not negative, in whichever form it is written: `3`, `3.0`, `3e0`.
fn whole(number: &Number) -> Option<u64> {
    /// Up to this, every whole number has a double of its own: 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let from_float = |float: f64| {
        let is_whole = float.fract() == 0.0 && (0.0..=EXACT).contains(&float);
        // The cast is exact.
        is_whole.then_some(float as u64)
    };
    number.as_u64().or_else(|| number.as_f64().and_then(from_float))
}
