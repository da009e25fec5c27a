//! `GET /ws`: the HTTP side of the WebSocket. Whoever runs the server does the upgrade; the route here answers
//! what is no valid request for one.

use std::sync::Arc;

use warp::http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING,
    UPGRADE,
};
use warp::http::uri::Authority;
use warp::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};
use warp::reply::Response;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::origin;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem};

/// The one version of the protocol (RFC 6455).
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// The `Sec-WebSocket-Key` of a request that may be answered with `101 Switching Protocols`.
///
/// Everything else is for the [`routes`](crate::routes), which say what is wrong with it: a page of another
/// site that tries to use its visitor's browser, for instance.
#[must_use]
pub fn upgrade_key<B>(request: &Request<B>) -> Option<HeaderValue> {
    let headers = request.headers();
    let has_body = headers.contains_key(TRANSFER_ENCODING)
        || headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    let is_plain = request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && request.uri().path() == "/ws"
        && request.uri().query().is_none_or(str::is_empty)
        && !has_body;
    if !is_plain {
        return None;
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok()?.parse::<Authority>().ok()?,
        _ => return None,
    };
    check(headers, Some(&host)).ok()
}

/// A WebSocket
///
/// Many requests on one connection: see `docs/protocol.md` for its messages. The connection must be upgraded; what is
/// said here is what a call is told that is no valid request for that.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "Leases",
    responses((status = 101, description = "The connection speaks WebSocket from now on.")),
    extensions(("x-problems" = json!(["cross_origin", "upgrade_required"]))),
)]
pub(crate) async fn open_websocket(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    Parameters::parse(&call.query, &[])?;
    body::expect_none(&api, &mut call).await?;
    check(&call.headers, call.host.as_ref())?;
    Err(upgrade_required("it needs HTTP/1.1, and a server that takes the connection over"))
}

fn check(headers: &HeaderMap, host: Option<&Authority>) -> Result<HeaderValue, Problem> {
    if !lists(headers, UPGRADE, "websocket") || !lists(headers, CONNECTION, "upgrade") {
        return Err(upgrade_required(
            "it needs HTTP/1.1 with Connection: Upgrade, Upgrade: websocket, Sec-WebSocket-Version: 13 and a \
             Sec-WebSocket-Key, which WebSocket clients send",
        ));
    }
    if headers.get_all(SEC_WEBSOCKET_VERSION).iter().ne([VERSION]) {
        return Err(upgrade_required("it is version 13 of the protocol, which RFC 6455 describes"));
    }
    origin::check_page(headers, host)?;
    let mut keys = headers.get_all(SEC_WEBSOCKET_KEY).iter();
    match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key.as_bytes()) => Ok(key.clone()),
        _ => Err(Problem::new(
            Kind::Malformed,
            "Sec-WebSocket-Key must be there once, and be 16 bytes in base64",
        )),
    }
}

/// Sixteen bytes in base64: 22 characters, and two that fill up.
fn is_key(key: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    matches!(key.strip_suffix(b"=="), Some(bits) if bits.len() == 22 && bits.iter().all(is_base64))
}

/// Whether a header's comma-separated lists contain `value`.
fn lists(headers: &HeaderMap, name: HeaderName, value: &str) -> bool {
    let mut lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.any(|list| list.split(',').any(|item| item.trim().eq_ignore_ascii_case(value)))
}

fn upgrade_required(what: &str) -> Problem {
    Problem::new(Kind::UpgradeRequired, format!("this path speaks WebSocket: {what}"))
        .with_header(UPGRADE, HeaderValue::from_static("websocket"))
        .with_header(CONNECTION, HeaderValue::from_static("Upgrade"))
        .with_header(SEC_WEBSOCKET_VERSION, VERSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A browser's request, with some headers changed; an empty value takes one away.
    fn request(changes: &[(&'static str, &str)]) -> Request<()> {
        let mut headers = vec![
            ("host", "127.0.0.1:7373"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("origin", "http://127.0.0.1:7373"),
        ];
        headers.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        headers.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let mut request = Request::builder().uri("/ws");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(()).unwrap()
    }

    #[test]
    fn a_valid_request_is_let_through() {
        let key = upgrade_key(&request(&[]));
        assert_eq!(key.unwrap(), "dGhlIHNhbXBsZSBub25jZQ==");
        assert!(upgrade_key(&request(&[("origin", "")])).is_some());
        assert!(upgrade_key(&request(&[("content-length", "0")])).is_some());
    }

    #[test]
    fn everything_else_is_left_to_the_routes() {
        for changes in [
            [("host", "")],
            [("host", "a b")],
            [("connection", "keep-alive")],
            [("upgrade", "h2c")],
            [("sec-websocket-version", "8")],
            [("sec-websocket-key", "")],
            [("sec-websocket-key", "dGhlIHNhbXBsZSBub25j")],
            [("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=!")],
            [("origin", "http://evil.example")],
            [("origin", "null")],
            [("content-length", "1")],
            [("transfer-encoding", "chunked")],
        ] {
            assert_eq!(upgrade_key(&request(&changes)), None, "{changes:?}");
        }
        // DNS rebinding: the page's own name was made to resolve to this host.
        let rebound = [("host", "evil.example"), ("origin", "http://evil.example")];
        assert_eq!(upgrade_key(&request(&rebound)), None);
        for (method, target) in [("POST", "/ws"), ("GET", "/ws/"), ("GET", "/ws?a=b")] {
            let mut wrong = request(&[]);
            *wrong.method_mut() = method.parse().unwrap();
            *wrong.uri_mut() = target.parse().unwrap();
            assert_eq!(upgrade_key(&wrong), None, "{method} {target}");
        }
        let mut old = request(&[]);
        *old.version_mut() = Version::HTTP_10;
        assert_eq!(upgrade_key(&old), None);
    }
}
