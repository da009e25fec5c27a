//! `reservations`: requests that wait in the pool's queue, to be claimed once they are granted.

use std::time::Duration;

use respo::broker::{Session, Ticket, TicketEvent};
use respo::{EndReason, Hold, Refusal, Request, Requirement, Selector, Wait, Wanted};
use serde_json::{Map, Value, json as document};
use warp::http::StatusCode;
use warp::reply::Response;

use super::fault::Fault;
use super::input;
use super::reservation::{CLAIM_WINDOW, Phase, Reservation, ReservationId, Terms, claim_mark};
use super::terms;
use super::visit::Visit;
use crate::problem::{Problem, json};

pub(super) async fn create(visit: &Visit) -> Result<Response, Fault> {
    let (broker, terms) = (&visit.broker, read(visit)?);
    let request = request_of(&terms)?;
    let session = broker.session();
    let ticket = tokio::select! {
        biased;
        () = visit.disconnected.wait() => return Err(Fault::left()),
        ticket = session.submit(request) => ticket.map_err(|refusal| refused(refusal, &terms))?,
    };
    let id = ReservationId { request: ticket.id(), token: Some(ticket.token().clone()) };
    follow(session, ticket);
    let mut response = show(visit, &id).await?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) async fn list(visit: &Visit) -> Result<Response, Fault> {
    let snapshot = visit.broker.snapshot().await;
    Ok(json(&document!({"reservations": Reservation::all(&snapshot)})))
}

pub(super) async fn one(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = own(visit, id).await?;
    let reservation = find(visit, &id).await?;
    if let (Phase::Pending, Some(token)) = (reservation.phase, &id.token) {
        // After a restart nobody follows it, and it would end before its time.
        let session = visit.broker.session();
        match session.resume(token).await {
            Ok(ticket) => follow(session, ticket),
            Err(Refusal::WrongToken | Refusal::NoRequest(_)) => return Err(no_such(&id)),
            Err(other) => return Err(other.into()),
        }
        return show(visit, &id).await;
    }
    Ok(json(&reservation))
}

pub(super) async fn claim(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = match own(visit, id).await {
        Err(_) if has_expired(visit, id) => {
            let message = "the reservation was not claimed in time";
            return Err(Fault::new(StatusCode::GONE, message));
        }
        known => known?,
    };
    let reservation = find(visit, &id).await?;
    let message = match reservation.phase {
        Phase::Fulfilled => None,
        Phase::Pending => Some("the reservation is not fulfilled yet"),
        Phase::Claimed => Some("the reservation is claimed already"),
    };
    if let Some(message) = message {
        return Err(conflict(message, &id, &reservation));
    }
    let (broker, token) = (&visit.broker, id.token.as_ref().ok_or_else(secret_needed)?);
    let mark = claim_mark(broker.now()).map_err(|_| Problem::internal())?;
    let gone = |refusal: Refusal| match refusal {
        Refusal::NoRequest(_) => no_such(&id),
        other => other.into(),
    };
    broker.allow(id.request, token, mark).await.map_err(gone)?;
    let ttl = Duration::from_secs(reservation.ttl);
    terms::keep_for(broker, id.request, token, ttl).await.map_err(gone)?;
    show(visit, &id).await
}

pub(super) async fn cancel(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = own(visit, id).await?;
    let token = id.token.as_ref().ok_or_else(secret_needed)?;
    let reservation = find(visit, &id).await?;
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

/// The id, whose token, if it has one, is good.
async fn own(visit: &Visit, id: &str) -> Result<ReservationId, Fault> {
    let id = ReservationId::parse(id)
        .ok_or_else(|| Fault::new(StatusCode::NOT_FOUND, "there is no such reservation"))?;
    if let Some(token) = &id.token {
        match visit.broker.look_up(id.request, token).await {
            Ok(_) => {}
            Err(Refusal::NoRequest(_)) => return Err(no_such(&id)),
            Err(Refusal::WrongToken) => return Err(secret_needed()),
            Err(other) => return Err(other.into()),
        }
    }
    Ok(id)
}

async fn find(visit: &Visit, id: &ReservationId) -> Result<Reservation, Fault> {
    let snapshot = visit.broker.snapshot().await;
    Reservation::find(&snapshot, id).ok_or_else(|| no_such(id))
}

async fn show(visit: &Visit, id: &ReservationId) -> Result<Response, Fault> {
    Ok(json(&find(visit, id).await?))
}

/// Whether it was granted, and was not claimed in time.
fn has_expired(visit: &Visit, id: &str) -> bool {
    let id = ReservationId::parse(id).map(|id| id.request);
    id.and_then(|id| visit.broker.ended(id)) == Some(EndReason::Expired)
}
