//! The overview as a page for a browser: one file, no script, nothing loaded from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use maud::{DOCTYPE, Markup, PreEscaped, html};
use respo::wire::{
    EntityOverview, Overview, PoolOverview, ResourceOverview, ResourceState, WaitingOverview,
};
use respo::{Holding, Name, Text, Timestamp, Word};

use crate::elapsed::elapsed;
use crate::overview_words::{asks_for, join, only_for, state_words, summary};

/// How often the page reloads itself, in seconds.
const REFRESH_SECONDS: u8 = 5;

const STYLE: &str = include_str!("overview_page.css");

/// Writes the overview as a page. Everything that clients or the inventory say is escaped.
pub(crate) fn render(overview: &Overview) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(REFRESH_SECONDS);
                link rel="icon" href="data:,";
                title { (title(overview)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @for pool in &overview.pools { (pool_section(pool, overview.time)) }
                footer {
                    "respo " (overview.version) ", " (time(overview.time)) ". As data: "
                    code { "curl -H 'Accept: application/json'" } "."
                }
            }
        }
    };
    page.into_string()
}

fn title(overview: &Overview) -> String {
    let resources = overview.pools.iter().flat_map(|pool| &pool.resources);
    let free = resources.filter(|one| one.state == ResourceState::Free).count();
    format!("{free} free: {}", join(overview.pools.iter().map(|pool| &pool.name), ", "))
}

fn pool_section(pool: &PoolOverview, now: Timestamp) -> Markup {
    html! {
        section {
            h1 { (pool.name) }
            p.summary { (summary(pool)) }
            div.scroll {
                table {
                    thead {
                        tr {
                            th { "Resource" } th { "State" } th { "Holder" } th { "For" }
                            th { "Since" } th { "Queue" } th { "Location" } th { "Attributes" }
                            th { "Entities" }
                        }
                    }
                    tbody { @for resource in &pool.resources { (resource_row(resource, now)) } }
                }
            }
            @if !pool.waiting.is_empty() { (waiting_table(&pool.waiting, now)) }
        }
    }
}

fn resource_row(resource: &ResourceOverview, now: Timestamp) -> Markup {
    // Nobody holds a collateral itself.
    let is_held = resource.state != ResourceState::Collateral;
    let lease = resource.lease.as_ref().filter(|_| is_held);
    let only_for = only_for(resource);
    html! {
        tr {
            td {
                strong { (resource.name) }
                @if resource.ephemeral { " " span.word title="in no inventory; there while it is asked for or held" { "ephemeral" } }
                @if let Some(description) = &resource.description { small { (description) } }
                @if let Some(endpoint) = &resource.endpoint { small { (link(endpoint)) } }
            }
            td {
                span class={ "state " (resource.state.code()) } { (state_words(resource.state)) }
                @if !only_for.is_empty() { small { (kept_words(resource.state)) " " (only_for) } }
            }
            td { @if let Some(holder) = lease.and_then(|lease| lease.holder.as_ref()) { (holder) } }
            td { @if let Some(text) = lease.and_then(|lease| lease.description.as_ref()) { (text) } }
            td { @if let Some(lease) = lease { (since(lease, now)) } }
            td.number { @if resource.queue > 0 { (resource.queue) } }
            td { @if let Some(location) = &resource.location { (location) } }
            td { (words(&resource.attributes)) }
            td { (entities(&resource.entities)) }
        }
    }
}

/// What comes before the name of whom a resource is kept for.
fn kept_words(state: ResourceState) -> &'static str {
    match state {
        ResourceState::HeldBack => "for",
        _ => "a stack-mate is held by",
    }
}

fn since(lease: &Holding, now: Timestamp) -> Markup {
    html! {
        span title=(lease.since) { (elapsed(lease.since, now)) }
        @if let Some(until) = lease.orphaned_until {
            small { "away, may return for " (elapsed(now, until)) }
        } @else if let Some(expires) = lease.expires {
            small { "for at most " (elapsed(now, expires)) " more" }
        }
    }
}

fn entities(entities: &BTreeMap<Name, EntityOverview>) -> Markup {
    html! {
        @for (name, entity) in entities {
            div { (name) " " (words(&entity.attributes)) }
        }
    }
}

fn words(words: &BTreeSet<Word>) -> Markup {
    html! { @for word in words { span.word { (word) } " " } }
}

/// A link only where it surely leads to a page, and never to a script.
fn link(endpoint: &Text) -> Markup {
    let is_web = ["http://", "https://"].iter().any(|scheme| endpoint.as_str().starts_with(scheme));
    html! {
        @if is_web { a href=(endpoint) rel="noreferrer" { (endpoint) } }
        @else { (endpoint) }
    }
}

fn waiting_table(waiting: &[WaitingOverview], now: Timestamp) -> Markup {
    html! {
        h2 { "Waiting" }
        div.scroll {
            table {
                thead {
                    tr {
                        th { "Request" } th { "Holder" } th { "For" } th { "Since" } th { "Place" }
                        th { "Priority" } th { "Asks for" }
                    }
                }
                tbody {
                    @for request in waiting {
                        tr {
                            td.number { (request.id) }
                            td { @if let Some(holder) = &request.holder { (holder) } }
                            td { @if let Some(text) = &request.description { (text) } }
                            td { span title=(request.since) { (elapsed(request.since, now)) } }
                            td { (request.position) " of " (request.of) }
                            td.number { (request.priority) }
                            td { (needs(request)) }
                        }
                    }
                }
            }
        }
    }
}

/// What a request asks for, what is held back for it, and why else it waits.
fn needs(request: &WaitingOverview) -> Markup {
    html! {
        @for requirement in asks_for(request) { div { code { (requirement) } } }
        @if !request.held_back.is_empty() {
            small { "held back for it: " (join(&request.held_back, ", ")) }
        }
        @if let Some(limit) = &request.limit { small { "its limit is reached: " (limit) } }
    }
}

fn time(time: Timestamp) -> Markup {
    html! { time datetime=(time) { (time) } }
}

#[cfg(test)]
mod tests {
    use respo::wire::WaitingOverview;
    use respo::{Fence, Label, Priority, RequestId};

    use super::*;

    const EVIL: &str = "<script>\"alert('x')\"</script>&";

    fn overview(endpoint: &str) -> Overview {
        let time = Timestamp::from_micros(1_700_000_000_000_000);
        let evil = Label::new(EVIL).unwrap();
        let text = Text::new(EVIL).unwrap();
        let lease = Holding {
            id: RequestId(1),
            fence: Fence(1),
            holder: Some(evil.clone()),
            description: Some(text.clone()),
            since: time,
            expires: None,
            orphaned_until: None,
            allowed: Vec::new(),
        };
        let resource = ResourceOverview {
            name: Name::new("bench-1").unwrap(),
            state: ResourceState::Leased,
            location: Some(evil.clone()),
            attributes: BTreeSet::from([Word::new("<b>&").unwrap()]),
            description: Some(text.clone()),
            endpoint: Some(Text::new(endpoint).unwrap()),
            entities: BTreeMap::new(),
            lease: Some(lease),
            held_back_for: None,
            ephemeral: false,
            queue: 1,
        };
        let waiting = WaitingOverview {
            id: RequestId(2),
            position: 1,
            of: 1,
            priority: Priority::default(),
            holder: Some(evil.clone()),
            description: Some(text),
            since: time,
            selector: EVIL.to_owned(),
            requirements: vec![EVIL.to_owned()],
            candidates_total: 1,
            held_back: Vec::new(),
            limit: Some(EVIL.to_owned()),
        };
        let (resources, waiting) = (vec![resource], vec![waiting]);
        let pool = PoolOverview { name: evil, revision: 1, resources, stacks: Vec::new(), waiting };
        Overview { version: "0".to_owned(), time, pools: vec![pool] }
    }

    #[test]
    fn nothing_that_others_say_becomes_markup() {
        let page = render(&overview("https://x/\"onclick=\"alert(1)"));
        assert!(page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<b>"), "{page}");
        assert!(!page.contains("\"onclick"), "{page}");
    }

    #[test]
    fn only_a_web_address_becomes_a_link() {
        assert!(
            render(&overview("https://bench.example")).contains("href=\"https://bench.example")
        );
        assert!(!render(&overview("javascript:alert(1)")).contains("href=\"javascript"));
        assert!(!render(&overview("192.0.2.1:4000")).contains("href=\"192"));
    }
}
