//! A reservation: a request whose terms stand in one of its tags.

use std::time::Duration;

use respo::snapshot::{HeldLease, Snapshot, WaitingRequest};
use respo::{Label, NameError, Request, RequestId, Text, Timestamp, Token};
use serde::{Deserialize, Serialize};

/// How long a client has to claim what was granted.
pub(super) const CLAIM_WINDOW: Duration = Duration::from_secs(60);

/// The tag that has the terms.
const TAG: &str = "rent-a-bot";
/// What the claim is marked with, as one who may act on the lease: durable, and everyone may see it.
const CLAIMED: &str = "rent-a-bot claim ";
/// What the ids begin with.
const PREFIX: &str = "res_";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) tags: Vec<String>,
    pub(super) quantity: u16,
    /// How long it lasts once it is claimed, in seconds.
    pub(super) ttl: u64,
    /// How long it waits, in seconds.
    pub(super) max_wait_time: u64,
    pub(super) created_at: Timestamp,
}

impl Terms {
    /// Writes them down in `request`.
    pub(super) fn write(&self, request: &mut Request) -> Result<(), NameError> {
        let text = serde_json::to_string(self).unwrap_or_default();
        request.tags.insert(Label::new(TAG)?, Text::new(text)?);
        Ok(())
    }

    /// Those of a request, if it is a reservation.
    fn read(request: &Request) -> Option<Self> {
        serde_json::from_str(request.tags.get(TAG)?.as_str()).ok()
    }
}

/// The id that a client knows a reservation by. With the token it is the client's own, who may claim and cancel
/// it; what is listed is without.
pub(super) struct ReservationId {
    pub(super) request: RequestId,
    pub(super) token: Option<Token>,
}

impl ReservationId {
    /// `res_17` or `res_17_TOKEN`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(PREFIX)?;
        let (number, token) = match rest.split_once('_') {
            Some((number, token)) => (number, Some(Token::presented(token))),
            None => (rest, None),
        };
        Some(Self { request: RequestId(number.parse().ok()?), token })
    }

    /// What everyone may know of it.
    pub(super) fn public(&self) -> String {
        format!("{PREFIX}{}", self.request)
    }
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    Pending,
    Fulfilled,
    Claimed,
}

/// A reservation as rent-a-bot shows it.
#[derive(Debug, Serialize)]
pub(super) struct Reservation {
    reservation_id: String,
    #[serde(rename = "status")]
    pub(super) phase: Phase,
    tags: Vec<String>,
    quantity: u16,
    pub(super) ttl: u64,
    position_in_queue: Option<u64>,
    created_at: Timestamp,
    expires_at: Timestamp,
    fulfilled_at: Option<Timestamp>,
    pub(super) claim_expires_at: Option<Timestamp>,
    claimed_at: Option<Timestamp>,
    resource_ids: Vec<u64>,
    lock_tokens: Vec<String>,
}

impl Reservation {
    /// The one of this id. Its tokens are in it if the id has its token, which must have been checked.
    pub(super) fn find(snapshot: &Snapshot, id: &ReservationId) -> Option<Self> {
        if let Some(waiting) = snapshot.waiting_request(id.request) {
            return Self::waiting(waiting, id);
        }
        Self::granted(snapshot.lease(id.request)?, id)
    }

    /// All of them, in the order of their ids, as everyone may know them.
    pub(super) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let public = |request| ReservationId { request, token: None };
        let waiting = snapshot
            .waiting
            .iter()
            .filter_map(|waiting| Some((waiting.id, Self::waiting(waiting, &public(waiting.id))?)));
        let granted = snapshot.leases.iter().filter_map(|lease| {
            let id = lease.holding.id;
            Some((id, Self::granted(lease, &public(id))?))
        });
        let mut all: Vec<(RequestId, Self)> = waiting.chain(granted).collect();
        all.sort_by_key(|(id, _)| *id);
        all.into_iter().map(|(_, reservation)| reservation).collect()
    }

    fn waiting(waiting: &WaitingRequest, id: &ReservationId) -> Option<Self> {
        let mut reservation = Self::new(Terms::read(&waiting.request)?, id);
        reservation.position_in_queue = Some(waiting.position);
        Some(reservation)
    }

    fn granted(lease: &HeldLease, id: &ReservationId) -> Option<Self> {
        let mut reservation = Self::new(Terms::read(&lease.request)?, id);
        let holding = &lease.holding;
        let claimed = holding.allowed.iter().find_map(|who| who.as_str().strip_prefix(CLAIMED));
        let resources = || lease.resources.iter().flatten();
        reservation.phase = if claimed.is_some() { Phase::Claimed } else { Phase::Fulfilled };
        reservation.fulfilled_at = Some(holding.since);
        reservation.claim_expires_at = match claimed {
            Some(_) => Some(holding.since.after(CLAIM_WINDOW)),
            None => holding.expires,
        };
        reservation.claimed_at = claimed.and_then(|at| at.parse().ok());
        reservation.resource_ids = resources().map(|resource| resource.numeric_id()).collect();
        // One lease has all of them, so each is unlocked with the same token.
        let tokens =
            id.token.iter().flat_map(|token| resources().map(|_| token.reveal().to_owned()));
        reservation.lock_tokens = tokens.collect();
        Some(reservation)
    }

    fn new(terms: Terms, id: &ReservationId) -> Self {
        let Terms { tags, quantity, ttl, max_wait_time, created_at } = terms;
        let reservation_id = match &id.token {
            Some(token) => format!("{}_{}", id.public(), token.reveal()),
            None => id.public(),
        };
        Self {
            reservation_id,
            phase: Phase::Pending,
            tags,
            quantity,
            ttl,
            position_in_queue: None,
            created_at,
            expires_at: created_at.after(Duration::from_secs(max_wait_time)),
            fulfilled_at: None,
            claim_expires_at: None,
            claimed_at: None,
            resource_ids: Vec::new(),
            lock_tokens: Vec::new(),
        }
    }
}

/// What marks a lease as claimed at this time.
pub(super) fn claim_mark(at: Timestamp) -> Result<Label, NameError> {
    Label::new(format!("{CLAIMED}{at}"))
}
