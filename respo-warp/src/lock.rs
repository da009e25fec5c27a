//! `POST /lock`: asks for resources, and answers with the stream that holds them.

use std::sync::Arc;

use respo::broker::{Session, Ticket};
use respo::query::LockAction;
use respo::{LockQuery, Refusal};
use warp::reply::Response;

use crate::api::Api;
use crate::call::Call;
use crate::lock_request;
use crate::lock_stream::LockStream;
use crate::problem::{Kind, Problem};

pub(crate) async fn lock(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let LockQuery { pool, action } = lock_request::read(&api, &mut call).await?;
    let broker = api.pools.select(pool.as_ref().map(AsRef::as_ref))?;
    let disconnected = call.disconnected();
    let ends_with_connection = ends_with_connection(&action);

    let session = broker.session();
    // A client that has left gets nothing, not even for a moment.
    let ticket = tokio::select! {
        biased;
        () = disconnected.wait() => return Err(left()),
        ticket = submit(&session, action) => ticket?,
    };
    let stream = LockStream {
        broker: broker.clone(),
        session,
        first_token: Some(ticket.token().clone()),
        ticket,
        disconnected,
        ends_with_connection,
        heartbeat: api.heartbeat,
    };
    Ok(stream.into_response())
}

async fn submit(session: &Session, action: LockAction) -> Result<Ticket, Refusal> {
    match action {
        LockAction::Request(request) => session.submit(request).await,
        LockAction::Resume(token) => session.resume(&token).await,
    }
}

/// Whether nothing of it stays when the connection ends. Of a resumed request that is not known here.
fn ends_with_connection(action: &LockAction) -> bool {
    match action {
        LockAction::Request(request) => request.linger().is_zero(),
        LockAction::Resume(_) => false,
    }
}

/// For a client that closed its sending half at once: it can still read this.
fn left() -> Problem {
    Problem::new(
        Kind::Malformed,
        "the client closed its side of the connection, which counts as leaving; keep it open for as \
         long as the lease is needed",
    )
}
