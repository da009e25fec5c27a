//! A reservation: a request whose terms stand in one of its tags.

use std::sync::Arc;
use std::time::Duration;

use respo::snapshot::{HeldLease, Snapshot, WaitingRequest};
use respo::{
    Grant, Label, NameError, Request, RequestId, Resource, Standing, Text, Timestamp, Token,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RentabotPhase)]
pub(super) enum Phase {
    Pending,
    Fulfilled,
    Claimed,
}

/// A reservation as rent-a-bot shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RentabotReservation)]
pub(super) struct Reservation {
    reservation_id: String,
    #[serde(rename = "status")]
    pub(super) phase: Phase,
    tags: Vec<String>,
    quantity: u16,
    pub(super) ttl: u64,
    #[schema(required)]
    pub(super) position_in_queue: Option<u64>,
    created_at: Timestamp,
    expires_at: Timestamp,
    #[schema(required)]
    fulfilled_at: Option<Timestamp>,
    #[schema(required)]
    pub(super) claim_expires_at: Option<Timestamp>,
    #[schema(required)]
    claimed_at: Option<Timestamp>,
    resource_ids: Vec<u64>,
    lock_tokens: Vec<String>,
}

impl Reservation {
    /// That of this id, as everyone may know it.
    pub(super) fn find(snapshot: &Snapshot, id: RequestId) -> Option<Self> {
        let id = ReservationId { request: id, token: None };
        if let Some(waiting) = snapshot.waiting_request(id.request) {
            return Self::waiting(waiting, &id);
        }
        Self::granted(Held::from(snapshot.lease(id.request)?), &id)
    }

    /// That of this id, of which the pool told this to who has its token. It does not tell the place in the queue.
    pub(super) fn of(standing: &Standing, id: &ReservationId) -> Option<Self> {
        match &standing.grant {
            None => Some(Self::new(Terms::read(&standing.request)?, id)),
            Some(grant) => Self::granted(Held::new(standing, grant), id),
        }
    }

    /// The same, claimed at this time.
    pub(super) fn claimed(mut self, at: Timestamp) -> Self {
        self.phase = Phase::Claimed;
        self.claimed_at = Some(at);
        self.claim_expires_at = self.fulfilled_at.map(|since| since.after(CLAIM_WINDOW));
        self
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
            Some((id, Self::granted(Held::from(lease), &public(id))?))
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

    fn granted(held: Held<'_>, id: &ReservationId) -> Option<Self> {
        let mut reservation = Self::new(Terms::read(held.request)?, id);
        let resources = || held.resources.iter().flatten();
        reservation.phase = Phase::Fulfilled;
        reservation.fulfilled_at = Some(held.since);
        reservation.claim_expires_at = held.expires;
        reservation.resource_ids = resources().map(|resource| resource.numeric_id()).collect();
        // One lease has all of them, so each is unlocked with the same token.
        let tokens =
            id.token.iter().flat_map(|token| resources().map(|_| token.reveal().to_owned()));
        reservation.lock_tokens = tokens.collect();
        match held.allowed.iter().find_map(claimed_at) {
            Some(at) => Some(reservation.claimed(at)),
            None => Some(reservation),
        }
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

/// What there is to know of a reservation that has been granted.
struct Held<'h> {
    request: &'h Request,
    resources: &'h [Vec<Arc<Resource>>],
    since: Timestamp,
    expires: Option<Timestamp>,
    allowed: &'h [Label],
}

impl<'h> Held<'h> {
    fn new(standing: &'h Standing, grant: &'h Grant) -> Self {
        Self {
            request: &standing.request,
            resources: &grant.resources,
            since: grant.since,
            expires: grant.expires,
            allowed: &standing.allowed,
        }
    }
}

impl<'h> From<&'h HeldLease> for Held<'h> {
    fn from(lease: &'h HeldLease) -> Self {
        Self {
            request: &lease.request,
            resources: &lease.resources,
            since: lease.holding.since,
            expires: lease.holding.expires,
            allowed: &lease.holding.allowed,
        }
    }
}

/// What marks a lease as claimed at this time.
pub(super) fn claim_mark(at: Timestamp) -> Result<Label, NameError> {
    Label::new(format!("{CLAIMED}{at}"))
}

/// The time in such a mark, which may be less exact than the clock.
pub(super) fn claimed_at(mark: &Label) -> Option<Timestamp> {
    mark.as_str().strip_prefix(CLAIMED)?.parse().ok()
}
