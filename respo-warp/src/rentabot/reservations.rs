//! `reservations`: requests that wait in the pool's queue, to be claimed once they are granted.

use std::time::Duration;

use respo::broker::{Session, Ticket, TicketEvent};
use respo::{EndReason, Hold, Refusal, Request, Requirement, Selector, Token, Wait, Wanted};
use serde_json::{Map, Value, json as document};
use tokio::sync::Mutex;
use warp::http::StatusCode;
use warp::reply::Response;

use super::fault::Fault;
use super::input;
use super::looks::Looks;
use super::reservation::{
    CLAIM_WINDOW, Phase, Reservation, ReservationId, Terms, claim_mark, claimed_at,
};
use super::terms;
use super::visit::Visit;
use crate::problem::{Problem, json};

/// Whoever has this claims. The pool has no command that marks a lease only if it has no mark yet, so that whole
/// claims come one after the other; of any pool, since a claim is rare and short.
static CLAIMING: Mutex<()> = Mutex::const_new(());

pub(super) async fn create(visit: &Visit) -> Result<Response, Fault> {
    let (broker, terms) = (&visit.broker, read(visit)?);
    let request = request_of(&terms)?;
    let session = broker.session();
    let ticket = tokio::select! {
        biased;
        () = visit.disconnected.wait() => return Err(Fault::left()),
        ticket = session.submit(request) => ticket.map_err(|refusal| refused(refusal, &terms))?,
    };
    let (request, token) = (ticket.id(), ticket.token().clone());
    let id = ReservationId { request, token: Some(token.clone()) };
    let shown = tokio::select! {
        biased;
        () = visit.disconnected.wait() => Err(Fault::left()),
        shown = show(visit, &id, &token) => shown,
    };
    let mut response = match shown {
        Ok(response) => response,
        Err(fault) => {
            // Nobody is told the token, so that nobody could claim or cancel it.
            if let Err(refusal) = broker.release(request, &token).await {
                tracing::debug!(id = %request, %refusal, "a reservation has ended already");
            }
            return Err(fault);
        }
    };
    follow(session, ticket);
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) async fn list(visit: &Visit) -> Result<Response, Fault> {
    let snapshot = visit.broker.snapshot().await;
    Ok(json(&document!({"reservations": Reservation::all(&snapshot)})))
}

pub(super) async fn one(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = parse(id)?;
    let Some(token) = &id.token else { return Ok(json(&listed(visit, &id).await?)) };
    let reservation = look_up(visit, &id, token).await?;
    if reservation.phase != Phase::Pending {
        return Ok(json(&reservation));
    }
    // After a restart nobody follows it, and it would end before its time.
    let session = visit.broker.session();
    match session.resume(token).await {
        Ok(ticket) => follow(session, ticket),
        Err(Refusal::WrongToken | Refusal::NoRequest(_)) => return Err(no_such(&id)),
        Err(other) => return Err(other.into()),
    }
    show(visit, &id, token).await
}

pub(super) async fn claim(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = parse(id)?;
    let token = own(visit, &id).await?;
    // Of two at once the second sees what the first has done.
    let _claiming = CLAIMING.lock().await;
    let reservation = match look_up(visit, &id, token).await {
        Err(_) if visit.broker.ended(id.request) == Some(EndReason::Expired) => {
            let message = "the reservation was not claimed in time";
            return Err(Fault::new(StatusCode::GONE, message));
        }
        known => known?,
    };
    let message = match reservation.phase {
        Phase::Fulfilled => None,
        Phase::Pending => Some("the reservation is not fulfilled yet"),
        Phase::Claimed => Some("the reservation is claimed already"),
    };
    if let Some(message) = message {
        return Err(conflict(message, &id, &reservation));
    }
    let broker = &visit.broker;
    let gone = |refusal: Refusal| match refusal {
        Refusal::NoRequest(_) => no_such(&id),
        other => other.into(),
    };
    // The mark comes last: what fails before can be claimed again.
    let ttl = Duration::from_secs(reservation.ttl);
    terms::keep_for(broker, id.request, token, ttl).await.map_err(gone)?;
    let at = broker.now();
    let mark = claim_mark(at).map_err(|_| Problem::internal())?;
    let claimed = reservation.claimed(claimed_at(&mark).unwrap_or(at));
    broker.allow(id.request, token, mark).await.map_err(gone)?;
    Ok(json(&claimed))
}

pub(super) async fn cancel(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = parse(id)?;
    let token = own(visit, &id).await?;
    let reservation = look_up(visit, &id, token).await?;
    if reservation.phase != Phase::Pending {
        let message = "what is fulfilled is not cancelled, but unlocked";
        return Err(conflict(message, &id, &reservation));
    }
    match visit.broker.release(id.request, token).await {
        Ok(()) => {}
        Err(Refusal::NoRequest(_)) => return Err(no_such(&id)),
        Err(other) => return Err(other.into()),
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Is there for a client that waits without a connection: ends when the request is granted, or has ended.
fn follow(session: Session, mut ticket: Ticket) {
    tokio::spawn(async move {
        while let Some(TicketEvent::Queued(_) | TicketEvent::Draining { .. }) = ticket.next().await
        {
        }
        drop(session);
    });
}

/// The terms that the body states.
fn read(visit: &Visit) -> Result<Terms, Fault> {
    let body = input::map_of(&visit.headers, &visit.body)?;
    let body =
        body.ok_or_else(|| Fault::unprocessable(&["body"], "missing", "there is no body"))?;
    let tags = tags_of(&body)?;
    let positive = |key: &str| match input::number_at(&body, key)? {
        Some(number) if number < 1 => {
            Err(Fault::unprocessable(&["body", key], "greater_than", "this is to be more than 0"))
        }
        number => Ok(number),
    };
    let missing =
        || Fault::unprocessable(&["body", "quantity"], "missing", "this is to be a whole number");
    let quantity = positive("quantity")?.ok_or_else(missing)?;
    let (ttl, wait) = (positive("ttl")?, positive("max_wait_time")?);
    let (broker, usual) = (&visit.broker, terms::usual(&visit.broker, visit.family));
    let ttl = ttl.map_or(Ok(usual), |ttl| terms::checked(broker, ttl))?;
    // What nobody could be given is refused by the pool, whatever the number.
    let quantity = u16::try_from(quantity).unwrap_or(u16::MAX);
    Ok(Terms {
        tags,
        quantity,
        ttl: ttl.as_secs(),
        max_wait_time: wait.map_or(3600, i64::unsigned_abs),
        created_at: broker.now(),
    })
}

fn tags_of(body: &Map<String, Value>) -> Result<Vec<String>, Fault> {
    let malformed = |kind| {
        let problem = "this is to be a list of texts, one at least";
        Fault::unprocessable(&["body", "tags"], kind, problem)
    };
    let tags = match body.get("tags") {
        None => return Err(malformed("missing")),
        Some(Value::Array(tags)) if tags.is_empty() => return Err(malformed("too_short")),
        Some(Value::Array(tags)) => tags,
        Some(_) => return Err(malformed("list_type")),
    };
    let texts = tags.iter().map(|tag| tag.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(|| malformed("string_type"))
}

fn request_of(terms: &Terms) -> Result<Request, Fault> {
    let too_much = |problem: String| about(Fault::new(StatusCode::BAD_REQUEST, problem), terms);
    let words = input::words(terms.tags.iter().map(String::as_str));
    let attributes = words.ok_or_else(|| no_match(terms))?;
    let wanted = Wanted::Matching(Selector { attributes, ..Selector::any() });
    let requirement = Requirement { count: terms.quantity, wanted, stack: None };
    let request = Request::new(vec![requirement]);
    let mut request = request.map_err(|error| too_much(error.to_string()))?;
    request.hold = Hold::Ttl { ttl: CLAIM_WINDOW };
    request.wait = Wait::UpTo(Duration::from_secs(terms.max_wait_time));
    terms.write(&mut request).map_err(|error| too_much(error.to_string()))?;
    Ok(request)
}

fn refused(refusal: Refusal, terms: &Terms) -> Fault {
    match &refusal {
        // There are some, but fewer.
        Refusal::NoSuch { parts } if parts.iter().any(|part| part.part == "count") => {
            about(Fault::new(StatusCode::BAD_REQUEST, refusal.to_string()), terms)
        }
        Refusal::NoSuch { .. } => no_match(terms),
        _ => about(refusal.into(), terms),
    }
}

fn about(fault: Fault, terms: &Terms) -> Fault {
    fault.about("tags", terms.tags.clone()).about("quantity", terms.quantity)
}

fn no_match(terms: &Terms) -> Fault {
    about(Fault::new(StatusCode::NOT_FOUND, "no resource has these tags"), terms)
}

fn conflict(message: &str, id: &ReservationId, reservation: &Reservation) -> Fault {
    let fault = Fault::new(StatusCode::CONFLICT, message).about("reservation_id", id.public());
    fault.about("status", document!(reservation.phase))
}

fn no_such(id: &ReservationId) -> Fault {
    let fault = Fault::new(StatusCode::NOT_FOUND, "there is no such reservation");
    fault.about("reservation_id", id.public())
}

fn secret_needed() -> Fault {
    let message = "this is for who made the reservation: the id in the answer to that says more than the listed one";
    Fault::new(StatusCode::FORBIDDEN, message)
}

fn parse(id: &str) -> Result<ReservationId, Fault> {
    ReservationId::parse(id)
        .ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "there is no such reservation"))
}

/// The token in the id, which only the one of who made the reservation has.
async fn own<'i>(visit: &Visit, id: &'i ReservationId) -> Result<&'i Token, Fault> {
    if let Some(token) = &id.token {
        return Ok(token);
    }
    listed(visit, id).await?;
    Err(secret_needed())
}

/// The reservation as everyone may know it.
async fn listed(visit: &Visit, id: &ReservationId) -> Result<Reservation, Fault> {
    let snapshot = visit.broker.snapshot().await;
    Reservation::find(&snapshot, id.request).ok_or_else(|| no_such(id))
}

/// The reservation as who made it may know it, but for its place in the queue.
async fn look_up(visit: &Visit, id: &ReservationId, token: &Token) -> Result<Reservation, Fault> {
    match visit.broker.look_up(id.request, token).await {
        Ok(standing) => Reservation::of(&standing, id).ok_or_else(|| no_such(id)),
        Err(Refusal::NoRequest(_)) => Err(no_such(id)),
        Err(Refusal::WrongToken) => Err(secret_needed()),
        Err(other) => Err(other.into()),
    }
}

/// The same with its place, as the answer.
async fn show(visit: &Visit, id: &ReservationId, token: &Token) -> Result<Response, Fault> {
    let mut looks = Looks::new(&visit.broker);
    loop {
        let mut reservation = look_up(visit, id, token).await?;
        if reservation.phase != Phase::Pending {
            return Ok(json(&reservation));
        }
        // That it waits is certain. A pool that does not get round to telling its place has none to show.
        let Some(snapshot) = looks.next().await else { return Ok(json(&reservation)) };
        if let Some(waiting) = snapshot.waiting_request(id.request) {
            reservation.position_in_queue = Some(waiting.position);
            return Ok(json(&reservation));
        }
    }
}
