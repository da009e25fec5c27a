//! One request as the routes see it, and the frame in which each is answered.

use std::future::Future;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use warp::http::header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use warp::http::uri::Authority;
use warp::http::{HeaderMap, HeaderValue, Method};
use warp::hyper::body::Body as _;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::origin;
use crate::peer::{Disconnected, Peer};
use crate::problem::Problem;

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The query string without `?`, as it was sent.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    /// The host that the client thinks it speaks to. `None` if it did not say, or not validly.
    pub(crate) host: Option<Authority>,
    pub(crate) peer: Option<Peer>,
    pub(crate) body: BoxStream<'static, Result<Bytes, warp::Error>>,
}

impl Call {
    /// Tells when the client has left.
    pub(crate) fn disconnected(&self) -> Disconnected {
        self.peer.as_ref().map_or_else(Disconnected::never, |peer| peer.disconnected.clone())
    }

    fn check(&self, methods: &'static [Method]) -> Result<(), Problem> {
        if !methods.contains(&self.method) {
            return Err(Problem::method_not_allowed(&self.method, methods));
        }
        origin::check(&self.method, &self.headers, self.host.as_ref())
    }
}

/// Takes the request apart. It never rejects.
pub(crate) fn call() -> impl Filter<Extract = (Call,), Error = Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let host = warp::host::optional().or(warp::any().map(|| None)).unify();
    warp::method()
        .and(query)
        .and(warp::header::headers_cloned())
        .and(host)
        .and(warp::ext::optional::<Peer>())
        .and(warp::body::stream())
        .map(|method, query, headers, host, peer, body| {
            let body = StreamExt::map(body, copy_chunk).boxed();
            Call { method, query, headers, host, peer, body }
        })
}

fn copy_chunk(chunk: Result<impl Buf, warp::Error>) -> Result<Bytes, warp::Error> {
    chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
}

/// Answers a call to a path that has `methods` with what `handle` says, or with its problem.
pub(crate) async fn answer<F>(
    call: Call,
    methods: &'static [Method],
    handle: impl FnOnce(Call) -> F,
) -> Response
where
    F: Future<Output = Result<Response, Problem>>,
{
    let is_head = call.method == Method::HEAD;
    let result = match call.check(methods) {
        Ok(()) => handle(call).await,
        Err(problem) => Err(problem),
    };
    let response = secured(result.unwrap_or_else(Problem::into_response));
    if is_head { without_body(response) } else { response }
}

/// Answers a call to a path that does not exist.
pub(crate) async fn not_found(call: Call) -> Response {
    let response = secured(Problem::not_found().into_response());
    if call.method == Method::HEAD { without_body(response) } else { response }
}

/// Nothing here may be kept, for it is out of date at once, or read as something that it is not.
fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What `HEAD` gets: the headers of `GET`, the length among them.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, Default::default())
}
