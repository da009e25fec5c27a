//! A pool to test the broker with.

use respo::broker::{Ticket, TicketEvent};
use respo::{EndReason, Grant, Inventory, Label, Name, Request, Resource, Selector};

pub fn lab() -> Label {
    Label::new("lab").unwrap()
}

pub fn inventory(names: &[&str]) -> Inventory {
    Inventory::new(names.iter().map(|name| Resource::new(Name::new(name).unwrap()))).unwrap()
}

pub fn any() -> Request {
    Request::one(Selector::any())
}

pub fn named(name: &str) -> Request {
    Request::one(Selector::named(Name::new(name).unwrap()))
}

pub async fn granted(ticket: &mut Ticket) -> Grant {
    loop {
        match ticket.next().await {
            Some(TicketEvent::Granted(grant)) => return grant,
            Some(TicketEvent::Queued(_)) => {}
            other => panic!("expected a grant, not {other:?}"),
        }
    }
}

pub async fn ended(ticket: &mut Ticket) -> EndReason {
    loop {
        match ticket.next().await {
            Some(TicketEvent::Ended(reason)) => return reason,
            Some(_) => {}
            None => panic!("expected an end"),
        }
    }
}
