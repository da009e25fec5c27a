//! What the page and the table say in the same words.

use respo::wire::{PoolOverview, ResourceOverview, ResourceState, WaitingOverview};

/// How many resources there are, how many of them are free or kept, and how many requests wait.
pub(crate) fn summary(pool: &PoolOverview) -> String {
    let all = pool.resources.len();
    let noun = if all == 1 { "resource" } else { "resources" };
    let mut text = format!("{all} {noun}");
    for state in [ResourceState::Free, ResourceState::HeldBack, ResourceState::Collateral] {
        let count = pool.resources.iter().filter(|one| one.state == state).count();
        // That nothing is free is worth saying; the other two are rare.
        if count > 0 || state == ResourceState::Free {
            text.push_str(&format!(", {count} {}", state_words(state)));
        }
    }
    text.push_str(&format!(", {} waiting", pool.waiting.len()));
    text
}

/// The name of a state, for people.
pub(crate) fn state_words(state: ResourceState) -> &'static str {
    match state {
        ResourceState::HeldBack => "held back",
        other => other.code(),
    }
}

/// For whom alone a resource is free that is held back, or collateral. Empty for every other.
pub(crate) fn only_for(resource: &ResourceOverview) -> String {
    let named = |holder: Option<&respo::Label>, what: String| match holder {
        Some(holder) => format!("{holder} ({what})"),
        None => what,
    };
    if let Some(waiter) = &resource.held_back_for {
        return named(waiter.holder.as_ref(), format!("request {}", waiter.id));
    }
    match (resource.state, &resource.lease) {
        (ResourceState::Collateral, Some(lease)) => {
            named(lease.holder.as_ref(), format!("lease {}", lease.id))
        }
        _ => String::new(),
    }
}

/// What a waiting request asks for: a text for each requirement.
pub(crate) fn asks_for(request: &WaitingOverview) -> Vec<String> {
    let words = |text: &String| if text == "1" { "anything".to_owned() } else { text.clone() };
    request.requirements.iter().map(words).collect()
}

/// The items, with `separator` between them.
pub(crate) fn join(items: impl IntoIterator<Item = impl ToString>, separator: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(separator)
}
