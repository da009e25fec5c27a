//! `lock`, `unlock` and `extend`.

use std::time::Duration;

use respo::broker::{Ticket, TicketEvent};
use respo::snapshot::{Snapshot, Status};
use respo::{Grant, Hold, Holding, Name, Refusal, Request, RequestId, Resource, Selector};
use respo::{Standing, Timestamp, Token, Wait};
use serde_json::{Value, json as document};
use warp::http::StatusCode;
use warp::reply::Response;

use super::fault::Fault;
use super::input;
use super::looks::Looks;
use super::resources::{self, Shown};
use super::terms;
use super::visit::Visit;
use crate::problem::{Problem, json};

pub(super) async fn lock_by_id(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = input::number_in(&["path", "resource_id"], id)?;
    let ttl = ttl_of(visit)?;
    lock_one(visit, id, ttl).await
}

/// By `id` or `rid`, else by `name`, else by `tag`, of which all must fit.
pub(super) async fn lock_by_criterion(visit: &Visit) -> Result<Response, Fault> {
    let query = &visit.query;
    let id = query.number("id")?.map_or_else(|| query.number("rid"), |id| Ok(Some(id)))?;
    let ttl = ttl_of(visit)?;
    if let Some(id) = id {
        if id < 1 {
            let fault = Fault::new(StatusCode::BAD_REQUEST, "an id is a whole number from 1 on");
            return Err(fault.about("resource_id", id));
        }
        return lock_one(visit, id, ttl).await;
    }
    if let Some(name) = query.last("name").filter(|name| !name.is_empty()) {
        let no_such = || {
            let fault = Fault::new(StatusCode::NOT_FOUND, "there is no such resource");
            fault.about("resource_name", name)
        };
        let selector = Selector::named(Name::new(name).map_err(|_| no_such())?);
        return lock(visit, selector, ttl, |fault| fault.about("resource_name", name)).await;
    }
    let tags: Vec<&str> = query.all("tag").collect();
    if tags.is_empty() {
        let message = "say what to lock: id=, name= or tag=";
        return Err(Fault::new(StatusCode::BAD_REQUEST, message));
    }
    let about = |fault: Fault| fault.about("tags", Value::from(tags.clone()));
    let Some(attributes) = input::words(tags.iter().copied()) else {
        return Err(about(Fault::new(StatusCode::NOT_FOUND, "no resource has these tags")));
    };
    lock(visit, Selector { attributes, ..Selector::any() }, ttl, about).await
}

async fn lock_one(visit: &Visit, id: i64, ttl: Duration) -> Result<Response, Fault> {
    let snapshot = visit.broker.snapshot().await;
    let (resource, _) = resources::find(&snapshot, id).ok_or_else(|| Fault::no_resource(id))?;
    let selector = Selector::named(resource.name.clone());
    lock(visit, selector, ttl, |fault| fault.about("resource_id", id)).await
}

async fn lock(
    visit: &Visit,
    selector: Selector,
    ttl: Duration,
    about: impl Fn(Fault) -> Fault,
) -> Result<Response, Fault> {
    let mut request = Request::one(selector);
    (request.wait, request.hold) = (Wait::No, Hold::Ttl { ttl });
    let session = visit.broker.session();
    // A client that has left gets nothing.
    let ticket = tokio::select! {
        biased;
        () = visit.disconnected.wait() => return Err(Fault::left()),
        ticket = session.submit(request) => ticket.map_err(|refusal| about(refusal.into()))?,
    };
    let token = ticket.token().clone();
    let grant = granted(ticket).await?;
    let Some(resource) = grant.resources.iter().flatten().next() else {
        return Err(Problem::internal().into());
    };
    Ok(json(&document!({
        "message": "Resource locked",
        "lock-token": token.reveal(),
        "resource": locked(visit, resource, &grant, &token),
        "locked-at": with_offset(grant.since),
        "expires-at": grant.expires.map(with_offset),
    })))
}

async fn granted(mut ticket: Ticket) -> Result<Grant, Fault> {
    while let Some(event) = ticket.next().await {
        match event {
            TicketEvent::Granted(grant) => return Ok(grant),
            TicketEvent::Ended(_) | TicketEvent::Restarting { .. } => break,
            _ => {}
        }
    }
    Err(Refusal::Draining.into())
}

/// The resource as whoever has just locked it sees it.
fn locked(visit: &Visit, resource: &Resource, grant: &Grant, token: &Token) -> Shown {
    let holding = Holding {
        id: grant.id,
        fence: grant.fence,
        holder: None,
        description: None,
        since: grant.since,
        expires: grant.expires,
        orphaned_until: None,
        allowed: Vec::new(),
    };
    let mut shown = Shown::new(resource, &Status::Held(holding), &visit.broker, visit.family);
    shown.lock_token = Some(token.reveal().to_owned());
    shown
}

pub(super) async fn unlock(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = input::number_in(&["path", "resource_id"], id)?;
    let Some(token) = visit.query.last("lock-token") else {
        lease_of(&*visit.broker.snapshot().await, id)?;
        return Err(Fault::wrong_token());
    };
    let token = Token::presented(token);
    let (name, grant) = lock_with(visit, id, &token).await?;
    let released = visit.broker.release_part(grant.id, &[name], &token).await;
    released.map_err(|refusal| of_a_lock(refusal, id))?;
    Ok(json(&document!({"message": "Resource unlocked"})))
}

pub(super) async fn extend(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = input::number_in(&["path", "resource_id"], id)?;
    let required = |name: &str| {
        Fault::unprocessable(&["query", name], "missing", "this parameter is required")
    };
    let token = visit.query.last("lock-token").ok_or_else(|| required("lock-token"))?;
    let seconds =
        visit.query.number("additional-ttl")?.ok_or_else(|| required("additional-ttl"))?;
    let (broker, token) = (&visit.broker, Token::presented(token));
    let (_, grant) = lock_with(visit, id, &token).await?;
    let ttl = terms::checked(broker, seconds).map_err(|fault| fault.about("resource_id", id))?;
    let (total, most) = (broker.now().after(ttl).since(grant.since), terms::longest(broker));
    if total > most {
        let (total, most) = (total.as_secs(), most.as_secs());
        let message = format!("the lock would last {total} s in all, and {most} s is the most");
        let fault = Fault::new(StatusCode::BAD_REQUEST, message).about("resource_id", id);
        return Err(fault.about("total_duration", total).about("max_lock_duration", most));
    }
    let expires = terms::keep_for(broker, grant.id, &token, ttl).await;
    let expires = expires.map_err(|refusal| of_a_lock(refusal, id))?;
    Ok(json(&document!({
        "message": "Lock extended",
        "new-expires-at": expires.map(with_offset),
        "total-lock-duration": expires.map(|expires| expires.since(grant.since).as_secs()),
    })))
}

/// The ttl that the body asks for, or the usual one.
fn ttl_of(visit: &Visit) -> Result<Duration, Fault> {
    let body = input::map_of(&visit.headers, &visit.body)?.unwrap_or_default();
    match input::number_at(&body, "ttl")? {
        Some(seconds) => terms::checked(&visit.broker, seconds),
        None => Ok(terms::usual(&visit.broker, visit.family)),
    }
}

/// The name of the resource of this number, and the lease that has it, whose token this is.
async fn lock_with(visit: &Visit, id: i64, token: &Token) -> Result<(Name, Grant), Fault> {
    let mut looks = Looks::new(&visit.broker);
    let mut fault = Fault::not_locked(id);
    while let Some(snapshot) = looks.next().await {
        let (lease, name) = match lease_of(&snapshot, id) {
            Ok(found) => found,
            Err(none) => {
                fault = none;
                continue;
            }
        };
        let has_it = |grant: &Grant| grant.resources.iter().flatten().any(|it| it.name == name);
        fault = match visit.broker.look_up(lease, token).await {
            Ok(Standing { grant: Some(grant), .. }) if has_it(&grant) => return Ok((name, grant)),
            Ok(_) => Fault::not_locked(id),
            // It may be that of a later lease.
            Err(refusal @ (Refusal::NoRequest(_) | Refusal::WrongToken)) => of_a_lock(refusal, id),
            Err(other) => return Err(of_a_lock(other, id)),
        };
    }
    Err(fault)
}

/// The lease that has the resource of this number, and the resource's name.
///
/// One that is no longer in the inventory, and stays with its holder for now, is known by the number that it
/// had when it was leased.
fn lease_of(snapshot: &Snapshot, id: i64) -> Result<(RequestId, Name), Fault> {
    if let Some((resource, status)) = resources::find(snapshot, id) {
        let holding = status.holding().ok_or_else(|| Fault::not_locked(id))?;
        return Ok((holding.id, resource.name.clone()));
    }
    let is_meant =
        |resource: &Resource| u64::try_from(id).is_ok_and(|id| resource.numeric_id() == id);
    let retired = snapshot.leases.iter().find_map(|lease| {
        let resource = lease.resources.iter().flatten().find(|resource| is_meant(resource))?;
        Some((lease.holding.id, resource.name.clone()))
    });
    retired.ok_or_else(|| Fault::no_resource(id))
}

/// Why nothing was done about the lock of this resource.
fn of_a_lock(refusal: Refusal, id: i64) -> Fault {
    match refusal {
        Refusal::NoRequest(_) | Refusal::NotHeld(_) | Refusal::NotGranted(_) => {
            Fault::not_locked(id)
        }
        other => Fault::from(other).about("resource_id", id),
    }
}

/// The times outside of a resource, which rent-a-bot writes with an offset.
fn with_offset(time: Timestamp) -> String {
    time.to_string().replace('Z', "+00:00")
}
