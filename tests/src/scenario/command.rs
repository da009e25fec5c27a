//! The language of the stories.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use respo::yaml::InventoryDocument;
use respo::{
    Hold, HumanDuration, Inventory, Label, Name, Priority, Request, RequestId, Requirement, Text,
    Wait,
};

/// What is done next.
#[derive(Debug, Clone)]
pub enum Action {
    /// `inventory`, and below it, indented, what stands under `pool:` in an inventory file.
    Inventory(Arc<Inventory>),
    /// `alice asks for 2 +can ; relay-1`, or with a requirement on each of the indented lines below. In
    /// braces after the name: `alice (wait=10m priority=5 linger=30s max_duration=1h group=ci) asks for …`;
    /// `name=` says as whom she asks, and every other key is a tag.
    Ask {
        /// Which client: it has a session of this name, which begins with the first thing that it does.
        client: String,
        /// For what.
        request: Box<Request>,
    },
    /// `alice releases 1`: her session ends her request or lease.
    Release(String, RequestId),
    /// `alice disconnects`: her session closes.
    Disconnect(String),
    /// `alice resumes 1`: with its token.
    Resume(String, RequestId),
    /// `alice renews 1`, or `alice renews 1 for 10m`.
    Renew(String, RequestId, Option<Duration>),
    /// `alice extends 1 by 1h`.
    Extend(String, RequestId, Duration),
    /// `alice gives back bench-1 bench-2 of 1`.
    GiveBack(String, RequestId, Vec<Name>),
    /// `alice passes 1 on to bob`, who has its token then.
    PassOn(String, RequestId, Label),
    /// `alice allows bob to use 1`.
    Allow(String, RequestId, Label),
    /// `an administrator ends 1`.
    Revoke(RequestId),
    /// `time passes 10m`.
    TimePasses(Duration),
    /// `the server stops`, and keeps everything for its next start.
    Stop,
    /// `the server restarts`, whether it was stopped or killed.
    Restart,
    /// `the server drains`: it is about to stop and keeps nothing.
    Drain,
    /// `show`: how every resource stands, and who waits.
    Show,
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, block) = text.split_once('\n').unwrap_or((text, ""));
        match first {
            "inventory" => return inventory(block).map(Self::Inventory),
            "show" => return Ok(Self::Show),
            "the server stops" => return Ok(Self::Stop),
            "the server restarts" => return Ok(Self::Restart),
            "the server drains" => return Ok(Self::Drain),
            _ => {}
        }
        if let Some(duration) = first.strip_prefix("time passes ") {
            return parse::<HumanDuration>(duration).map(|passed| Self::TimePasses(passed.0));
        }
        if let Some(id) = first.strip_prefix("an administrator ends ") {
            return parse(id).map(|id| Self::Revoke(RequestId(id)));
        }
        if let Some((who, wanted)) = first.split_once(" asks for") {
            return ask(who, wanted, block);
        }
        match first.split(' ').collect::<Vec<_>>()[..] {
            [client, "releases", id] => Ok(Self::Release(client.to_owned(), RequestId(parse(id)?))),
            [client, "resumes", id] => Ok(Self::Resume(client.to_owned(), RequestId(parse(id)?))),
            [client, "renews", id] => {
                Ok(Self::Renew(client.to_owned(), RequestId(parse(id)?), None))
            }
            [client, "renews", id, "for", ttl] => {
                let ttl = parse::<HumanDuration>(ttl)?.0;
                Ok(Self::Renew(client.to_owned(), RequestId(parse(id)?), Some(ttl)))
            }
            [client, "extends", id, "by", more] => {
                let more = parse::<HumanDuration>(more)?.0;
                Ok(Self::Extend(client.to_owned(), RequestId(parse(id)?), more))
            }
            [client, "gives", "back", ref names @ .., "of", id] => {
                let names: Result<Vec<Name>, String> =
                    names.iter().map(|name| parse(name)).collect();
                Ok(Self::GiveBack(client.to_owned(), RequestId(parse(id)?), names?))
            }
            [client, "passes", id, "on", "to", other] => {
                let other = Label::new(other).map_err(|error| error.to_string())?;
                Ok(Self::PassOn(client.to_owned(), RequestId(parse(id)?), other))
            }
            [client, "allows", other, "to", "use", id] => {
                let other = Label::new(other).map_err(|error| error.to_string())?;
                Ok(Self::Allow(client.to_owned(), RequestId(parse(id)?), other))
            }
            [client, "disconnects"] => Ok(Self::Disconnect(client.to_owned())),
            _ => Err("there is no such command; `scenario::Action` lists them".to_owned()),
        }
    }
}

fn parse<T: FromStr<Err: ToString>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| format!("{text:?}: {}", error.to_string()))
}

fn inventory(block: &str) -> Result<Arc<Inventory>, String> {
    let document = InventoryDocument::parse(&format!("pool:\n  name: lab\n{block}\n"));
    let mut pools = document.map_err(|problems| problems.to_string())?.pools;
    let (_, inventory) = pools.pop().ok_or("no pool")?;
    Ok(Arc::new(inventory))
}

fn ask(who: &str, wanted: &str, block: &str) -> Result<Action, String> {
    let (client, options) = match who.split_once(" (") {
        Some((client, options)) => (client, options.strip_suffix(')').ok_or("no closing brace")?),
        None => (who, ""),
    };
    let on_lines = block.lines().map(str::trim);
    let parts: Vec<&str> = match wanted.trim() {
        "" => on_lines.collect(),
        wanted => wanted.split(" ; ").collect(),
    };
    let requirements: Result<Vec<Requirement>, String> = parts.into_iter().map(parse).collect();
    let mut request = Request::new(requirements?).map_err(|error| error.to_string())?;
    request.holder = Some(Label::new(client).map_err(|error| error.to_string())?);
    for option in options.split_whitespace() {
        let (key, value) = option.split_once('=').ok_or(format!("{option:?} has no ="))?;
        set(&mut request, key, value)?;
    }
    Ok(Action::Ask { client: client.to_owned(), request: Box::new(request) })
}

fn set(request: &mut Request, key: &str, value: &str) -> Result<(), String> {
    let label = |text: &str| Label::new(text).map_err(|error| error.to_string());
    match key {
        "wait" => request.wait = parse::<Wait>(value)?,
        "priority" => request.priority = parse::<Priority>(value)?,
        "linger" => request.hold = Hold::Connection { linger: parse::<HumanDuration>(value)?.0 },
        "ttl" => request.hold = Hold::Ttl { ttl: parse::<HumanDuration>(value)?.0 },
        "max_duration" => request.max_duration = Some(parse::<HumanDuration>(value)?.0),
        "name" => request.holder = Some(label(value)?),
        tag => {
            let text = Text::new(value).map_err(|error| error.to_string())?;
            request.tags.insert(label(tag)?, text);
        }
    }
    Ok(())
}
