//! Reading what a pool allows, and how it is fair.

use std::time::Duration;

use super::check::Checker;
use super::entries::{ALLOWANCE, Entry, KeyRule};
use super::node::{Content, Meaning, Node};
use super::numbers::whole;
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
}
