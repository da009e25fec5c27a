//! `POST /lock`: asks for resources, and answers with the stream that holds them.

use std::sync::Arc;

use respo::broker::{Session, Ticket};
use respo::openapi::{RequirementText, Tag};
use respo::query::LockAction;
use respo::wire::Event;
use respo::{HumanDuration, Label, LockQuery, Name, Priority, Refusal, Request, Text, Wait};
use warp::reply::Response;

use crate::api::Api;
use crate::call::Call;
use crate::lock_request;
use crate::lock_stream::LockStream;
use crate::problem::{Kind, Problem};
use crate::shared_parameters::{PoolToLeaseFrom, Selection};

/// Ask for resources, and hold them for as long as the connection lives
///
/// The answer is a stream of lines, each a JSON object with `event`. What is asked for is in the query string, or, as
/// `application/json`, in the body, beside which there is at most `pool`. The lease ends when the connection does,
/// unless `linger` is given.
#[utoipa::path(
    post,
    path = "/lock",
    tag = "Leases",
    params(
        ("count" = Option<u16>, Query, minimum = 1, maximum = 256, description = "How many resources; 1 if it is \
            left out."),
        Selection,
        ("keys" = Option<Vec<Name>>, Query, description = "These keys, instead of what matches; goes with `count` \
            and `stack` only."),
        ("stack" = Option<Label>, Query, description = "Everything in the request that has the same label comes \
            from one stack."),
        ("requirement" = Option<Vec<RequirementText>>, Query, description = "All of the above in one text, such as \
            `2 location=office1 +can`; a requirement each."),
        ("priority" = Option<Priority>, Query, description = "Who goes first: higher does."),
        ("description" = Option<Text>, Query, description = "What it is for; others see it."),
        ("name" = Option<Label>, Query, description = "Who asks; others see it."),
        ("tag" = Option<Vec<Tag>>, Query, description = "`KEY=VALUE`."),
        ("wait" = Option<Wait>, Query, description = "How long to wait; `forever` if it is left out."),
        ("linger" = Option<HumanDuration>, Query, description = "How long the request and its lease outlive the \
            connection."),
        ("max_duration" = Option<HumanDuration>, Query, description = "The lease ends at the latest this long \
            after its grant."),
        PoolToLeaseFrom,
        ("resume" = Option<String>, Query, pattern = "^[0-9A-Fa-f]{32}$", description = "The token of a request or \
            lease whose connection broke; goes with `pool` only."),
    ),
    request_body(content = Option<Request>, description = "What is asked for. `ttl` has no place here."),
    responses((
        status = 200,
        description = "A line for each event, to the end of the lease.",
        body = Event,
        content_type = "application/x-ndjson"
    )),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_such", "no_such_pool", "busy", "unsupported_media_type", "over_limit",
        "queue_full", "too_many_requests", "draining", "store_unavailable"
    ]))),
)]
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
