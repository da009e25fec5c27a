//! Names, refusals and changes of the inventory in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use respo::{
    InventoryChange, Name, Record, Refusal, RequestId, Resource, Snapshot, Timestamp, UnmatchedPart,
};

use super::events::clock;

/// Who has made which request.
#[derive(Debug, Default)]
pub(super) struct Who(BTreeMap<RequestId, String>);

impl Who {
    /// Takes note of a new request.
    pub(super) fn learn(&mut self, record: &Record) {
        if let Record::Queued { id, request, .. } | Record::Transferred { id, request, .. } = record
        {
            let holder = request.holder.as_ref();
            self.0.insert(*id, holder.map_or_else(|| "somebody".to_owned(), ToString::to_string));
        }
    }

    /// A request with the name of who made it: `alice (1)`.
    pub(super) fn of(&self, id: RequestId) -> String {
        format!("{} ({id})", self.0.get(&id).map_or("nobody", String::as_str))
    }
}

/// The names per requirement, in the manner of a request.
pub(super) fn names(resources: &[Vec<Arc<Resource>>]) -> String {
    let list = |list: &Vec<Arc<Resource>>| {
        let names: Vec<&str> = list.iter().map(|resource| resource.name.as_str()).collect();
        names.join(", ")
    };
    // A requirement of which all has been given back has nothing.
    let held = resources.iter().filter(|list| !list.is_empty());
    held.map(list).collect::<Vec<_>>().join(" ; ")
}

/// Until when something lives that was renewed or extended.
pub(super) fn renewed(expires: Option<Timestamp>) -> String {
    match expires {
        Some(expires) => format!("that is until {}", clock(expires)),
        None => "it needs no renewal while somebody follows it".to_owned(),
    }
}

/// Why something was not done.
pub(super) fn refusal(refusal: &Refusal) -> String {
    let code = refusal.code();
    let Refusal::NoSuch { parts } = refusal else {
        return format!("refused, {code}: {refusal}");
    };
    let part = |part: &UnmatchedPart| match part.requirement {
        Some(number) => format!("requirement {number}: {}", part.detail),
        None => part.detail.clone(),
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    format!("refused, {code}: {}", parts.join("; "))
}

/// What a new inventory changes.
pub(super) fn replaced(revision: u64, change: &InventoryChange, snapshot: &Snapshot) -> String {
    let count = |number: usize, word: &str| {
        format!("{number} {word}{}", if number == 1 { "" } else { "s" })
    };
    let mut parts = vec![count(snapshot.inventory.len(), "resource")];
    match snapshot.inventory.stacks().len() {
        0 => {}
        stacks => parts.push(count(stacks, "stack")),
    }
    let mut text = format!("revision {revision}: {}", parts.join(", "));
    let lists =
        [("changed", &change.changed), ("removed", &change.removed), ("retired", &change.retired)];
    for (word, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
        let names: Vec<&str> = names.iter().map(Name::as_str).collect();
        text.push_str(&format!("; {word}: {}", names.join(", ")));
    }
    if change.rules && revision > 1 {
        text.push_str("; other stacks or rules");
    }
    text
}
