//! One request as the routes see it, and the frame in which each is answered.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use respo::RequestId;
use warp::http::header::{CACHE_CONTROL, CONTENT_LENGTH, X_CONTENT_TYPE_OPTIONS};
use warp::http::uri::Authority;
use warp::http::{HeaderMap, HeaderValue, Method};
use warp::hyper::body::Body as _;
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

use crate::api::Api;
use crate::origin;
use crate::peer::{Disconnected, Peer};
use crate::problem::Problem;
use crate::routes::{Arguments, Routes};

/// One request.
pub(crate) struct Call {
    pub(crate) method: Method,
    /// The path as it was sent.
    pub(crate) path: String,
    /// What the path says where its template leaves it open.
    arguments: Arguments,
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

    /// What the path says at `{name}` of its template.
    pub(crate) fn argument(&self, name: &str) -> Result<&str, Problem> {
        let argument = self.arguments.get(name).map(String::as_str);
        argument.ok_or_else(|| {
            tracing::error!(
                path = self.path,
                name,
                "a handler asks for what its path does not have"
            );
            Problem::internal()
        })
    }

    /// The request or lease at `{id}` of the path's template.
    pub(crate) fn id(&self) -> Result<RequestId, Problem> {
        let id = self.argument("id")?.parse();
        id.map(RequestId).map_err(|_| Problem::not_found())
    }
}

/// Takes the request apart. It never rejects.
pub(crate) fn call() -> impl Filter<Extract = (Call,), Error = Rejection> + Clone {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let host = warp::host::optional().or(warp::any().map(|| None)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(host)
        .and(warp::ext::optional::<Peer>())
        .and(warp::body::stream())
        .map(|method, path: FullPath, query, headers, host, peer, body| {
            let path = path.as_str().to_owned();
            let arguments = Arguments::new();
            let body = StreamExt::map(body, copy_chunk).boxed();
            Call { method, path, arguments, query, headers, host, peer, body }
        })
}

fn copy_chunk(chunk: Result<impl Buf, warp::Error>) -> Result<Bytes, warp::Error> {
    chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
}

/// Answers a call with what the handler of its path and method says, or with a problem.
pub(crate) async fn answer(routes: Arc<Routes>, api: Arc<Api>, call: Call) -> Response {
    let is_head = call.method == Method::HEAD;
    let result = dispatch(&routes, api, call).await;
    let response = secured(result.unwrap_or_else(Problem::into_response));
    if is_head { without_body(response) } else { response }
}

async fn dispatch(routes: &Routes, api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let (route, arguments) = routes.find(&call.path).ok_or_else(Problem::not_found)?;
    let handler = route.answer(&call.method);
    let handler =
        handler.ok_or_else(|| Problem::method_not_allowed(&call.method, &route.methods()))?;
    origin::check(&call.method, &call.headers, call.host.as_ref())?;
    call.arguments = arguments;
    handler(api, call).await
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
