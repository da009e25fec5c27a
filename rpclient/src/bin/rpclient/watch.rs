//! `rpclient watch`: what happens, as it happens.

use rpclient::{EventId, Happening, Label, Name, PublicEvent, RequestId, Watched};

use crate::arguments::CommonArguments;
use crate::failure::{Failure, plain_text};
use crate::lock::held::in_words;
use crate::output;

pub(crate) async fn run(common: &CommonArguments, after: Option<EventId>) -> Result<(), Failure> {
    let mut events = common.client()?.events(after).await?;
    loop {
        match events.next().await? {
            Watched::Happened(event) => {
                let line = if common.json { output::json_line(&event)? } else { line(&event) };
                if !output::print_to_reader(&line)? {
                    return Ok(());
                }
            }
            Watched::Missed => output::say("some of what happened cannot be told any more"),
            Watched::Away { cause } => {
                output::say(&format!("respod is away: {}", plain_text(&cause.to_string())));
            }
            Watched::Back => output::say("respod is back"),
            _ => {}
        }
    }
}

fn line(PublicEvent { time, pool, what, .. }: &PublicEvent) -> String {
    // Nothing that somebody calls themselves can play with the terminal.
    let text: String = in_sentence(what).chars().filter(|it| !it.is_control()).collect();
    format!("{time} {pool}: {text}\n")
}

fn in_sentence(what: &Happening) -> String {
    match what {
        Happening::Queued { request, holder, requirements, .. } => {
            format!("{} asks for {} (request {request})", name(holder), requirements.join("; "))
        }
        Happening::Granted { lease, holder, resources, .. } => {
            let resources: Vec<&Name> = resources.iter().flatten().collect();
            format!("{} has {} (lease {lease})", name(holder), in_words(&resources))
        }
        Happening::Withdrawn { request, holder, reason } => {
            let why = reason.explanation();
            format!("{} waits no more: {why} (request {request})", name(holder))
        }
        Happening::Ended { lease, holder, resources, reason } => {
            let resources = in_words(&resources.iter().collect::<Vec<_>>());
            let why = reason.explanation();
            format!("{} no longer has {resources}: {why} (lease {lease})", name(holder))
        }
        Happening::PartlyReleased { lease, resources } => {
            let resources = in_words(&resources.iter().collect::<Vec<_>>());
            format!("{resources} given back (lease {lease})")
        }
        Happening::Transferred { lease, from, to } => {
            format!("{} has passed lease {lease} on to {to}", name(from))
        }
        other => of_lease(other),
    }
}

/// What is said of a lease by its id alone, or of the inventory.
fn of_lease(what: &Happening) -> String {
    let may =
        |who: &Label, lease: &RequestId, not: &str| format!("{who} may{not} act on lease {lease}");
    match what {
        Happening::Extended { lease, expires } => format!("lease {lease} goes on until {expires}"),
        Happening::Allowed { lease, who } => may(who, lease, ""),
        Happening::Disallowed { lease, who } => may(who, lease, " no longer"),
        Happening::Orphaned { id, until } => {
            format!("the client of {id} is away, and may come back until {until}")
        }
        Happening::Resumed { id } => format!("the client of {id} is back"),
        Happening::Inventory { revision } => {
            format!("revision {revision} of the inventory is in force")
        }
        other => other.code().to_owned(),
    }
}

fn name(holder: &Option<Label>) -> String {
    holder.as_ref().map_or_else(|| "somebody".to_owned(), ToString::to_string)
}
