//! What the stories are told with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use respo::{
    Authority, Command, Hold, Inventory, Label, Limits, Name, Request, RequestId, Requirement,
    Resource, Rules, Selector, SessionId, Stack, Text, Timestamp, Wait,
};
use tests::random_histories::token;
use tests::specification::{Happened, Specification};

/// A pool as the specification has it, with sessions 1 to 9, at time 0.
pub(crate) struct Story(pub(crate) Specification);

pub(crate) fn names(text: &str) -> BTreeSet<Name> {
    text.split_whitespace().map(|name| Name::new(name).unwrap()).collect()
}

/// An inventory of resources about which nothing is said but their names.
pub(crate) fn inventory(resources: &str, stacks: &[&str], rules: Rules) -> Inventory {
    let inventory = Inventory::new(names(resources).into_iter().map(Resource::new)).unwrap();
    let stacks = stacks.iter().map(|stack| Stack(names(stack)));
    inventory.with_stacks(stacks).unwrap().with_rules(rules)
}

/// So many of any resources.
pub(crate) fn any(count: u16) -> Requirement {
    Requirement { count, ..Requirement::one(Selector::any()) }
}

/// One of the resources of these names.
pub(crate) fn one_of(text: &str) -> Requirement {
    Requirement::one(Selector { names: names(text), ..Selector::any() })
}

/// So many of these keys.
pub(crate) fn keys(count: u16, text: &str) -> Requirement {
    Requirement::keys(count, names(text))
}

/// From the stack with this label.
pub(crate) fn on(label: &str, requirement: Requirement) -> Requirement {
    Requirement { stack: Some(Label::new(label).unwrap()), ..requirement }
}

pub(crate) fn all(requirements: impl IntoIterator<Item = Requirement>) -> Request {
    Request::new(requirements.into_iter().collect()).unwrap()
}

pub(crate) fn without_waiting(mut request: Request) -> Request {
    request.wait = Wait::No;
    request
}

pub(crate) fn first_of_all(mut request: Request) -> Request {
    request.priority = respo::Priority::new(1).unwrap();
    request
}

pub(crate) fn held_by(holder: &str, mut request: Request) -> Request {
    request.holder = Some(Label::new(holder).unwrap());
    request
}

pub(crate) fn tagged(tag: &str, value: &str, mut request: Request) -> Request {
    request.tags.insert(Label::new(tag).unwrap(), Text::new(value).unwrap());
    request
}

pub(crate) const SECOND: u64 = 1_000_000;

/// It lives for so many seconds without being renewed.
pub(crate) fn renewed_every(seconds: u64, mut request: Request) -> Request {
    request.hold = Hold::Ttl { ttl: Duration::from_secs(seconds) };
    request
}

/// Whoever has the first token of a request.
pub(crate) fn holder_of(id: u64) -> Authority {
    Authority::Token(token(id, 0))
}

impl Story {
    pub(crate) fn new(resources: &str) -> Self {
        Self::of(inventory(resources, &[], Rules::default()))
    }

    pub(crate) fn with_stacks(resources: &str, stacks: &[&str]) -> Self {
        Self::of(inventory(resources, stacks, Rules::default()))
    }

    pub(crate) fn with_rules(resources: &str, rules: Rules) -> Self {
        Self::of(inventory(resources, &[], rules))
    }

    pub(crate) fn of(inventory: Inventory) -> Self {
        Self::with_limits(inventory, Limits::default())
    }

    pub(crate) fn with_limits(inventory: Inventory, limits: Limits) -> Self {
        let mut story = Self(Specification::new(limits));
        story.command(Command::ReplaceInventory(Arc::new(inventory)));
        for session in 1..=9 {
            story.command(Command::OpenSession(SessionId(session)));
        }
        story
    }

    /// What follows from a command now, in words.
    pub(crate) fn command(&mut self, command: Command) -> String {
        let happened = self.0.handle(self.0.now(), &command);
        in_words(&happened)
    }

    /// A session asks for all of this.
    pub(crate) fn ask(&mut self, session: u64, requirements: &[Requirement]) -> String {
        self.submit(session, all(requirements.iter().cloned()))
    }

    pub(crate) fn submit(&mut self, session: u64, request: Request) -> String {
        let token = token(self.0.last_id().0 + 1, 0).digest();
        let (session, request) = (SessionId(session), Arc::new(request));
        self.command(Command::Submit { session, request, token })
    }

    pub(crate) fn end(&mut self, id: u64) -> String {
        self.command(Command::End { id: RequestId(id), by: Authority::Token(token(id, 0)) })
    }

    pub(crate) fn close(&mut self, session: u64) -> String {
        self.command(Command::CloseSession(SessionId(session)))
    }

    pub(crate) fn resume(&mut self, session: u64, id: u64) -> String {
        self.command(Command::Resume { session: SessionId(session), token: token(id, 0) })
    }

    pub(crate) fn replace(&mut self, inventory: Inventory) -> String {
        self.command(Command::ReplaceInventory(Arc::new(inventory)))
    }

    /// A client renews, for its own ttl or so many seconds.
    pub(crate) fn renew(&mut self, id: u64, seconds: Option<u64>) -> String {
        let (id, by) = (RequestId(id), holder_of(id));
        self.command(Command::Renew { id, by, ttl: seconds.map(Duration::from_secs) })
    }

    pub(crate) fn extend(&mut self, id: u64, seconds: u64) -> String {
        let (id, by) = (RequestId(id), holder_of(id));
        self.command(Command::Extend { id, by, more: Duration::from_secs(seconds) })
    }

    pub(crate) fn give_back(&mut self, id: u64, resources: &str) -> String {
        let (id, by) = (RequestId(id), holder_of(id));
        let resources = names(resources).into_iter().collect();
        self.command(Command::ReleasePart { id, by, resources })
    }

    /// Passes a lease on; its token is of the next generation then.
    pub(crate) fn pass_on(&mut self, id: u64, generation: u64, to: &str) -> String {
        let by = Authority::Token(token(id, generation));
        let (to, token) = (Label::new(to).unwrap(), token(id, generation + 1).digest());
        self.command(Command::Transfer { id: RequestId(id), by, to, token })
    }

    /// What happens by the time of so many microseconds.
    pub(crate) fn at(&mut self, micros: u64) -> String {
        in_words(&self.0.pass_time(Timestamp::from_micros(micros)))
    }

    /// What is kept for a request.
    pub(crate) fn kept_for(&self, id: u64) -> String {
        let kept = self.0.kept().into_iter().filter(|(_, for_whom)| for_whom.0 == id);
        kept.map(|(name, _)| name.to_string()).collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn waiting(&self) -> Vec<u64> {
        self.0.waiting().into_iter().map(|id| id.0).collect()
    }
}

/// Grants and ends with commas between them; of the answers only refusals are told.
fn in_words(happened: &[Happened]) -> String {
    let words = happened.iter().filter_map(|one| match one {
        Happened::Granted { id, resources, .. } => {
            let requirements = resources
                .iter()
                .map(|names| names.iter().map(Name::as_str).collect::<Vec<_>>().join(" "));
            Some(format!("{id} gets {}", requirements.collect::<Vec<_>>().join(" + ")))
        }
        Happened::Ended { id, reason } => Some(format!("{id} ends: {reason}")),
        Happened::Extended { id, expires } => {
            Some(format!("{id} has until {}", expires.as_micros()))
        }
        Happened::PartlyReleased { id, resources } => {
            let names = resources.iter().map(Name::as_str).collect::<Vec<_>>().join(" ");
            Some(format!("{id} gives back {names}"))
        }
        Happened::Transferred { id, to } => Some(format!("{id} is {to}'s")),
        Happened::Repeated(id) => Some(format!("{id} again")),
        Happened::Renewed(Some(until)) => Some(format!("renewed until {}", until.as_micros())),
        Happened::Renewed(None) => Some("renewed by presence".to_owned()),
        Happened::Found { .. } => Some("found".to_owned()),
        Happened::Submitted(_) | Happened::Done => None,
        Happened::Refused(code) => Some((*code).to_owned()),
    });
    words.collect::<Vec<_>>().join(", ")
}
