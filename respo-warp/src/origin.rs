//! Keeps pages of other sites from using a visitor's browser against respod.

use std::net::IpAddr;

use warp::http::header::{HOST, ORIGIN};
use warp::http::uri::Authority;
use warp::http::{HeaderMap, Method};

use crate::problem::{Kind, Problem};

/// Refuses a call that changes something and that a browser sends from a page that is not this server's.
///
/// A browser names the page's origin in every such call. Other clients send no `Origin`. That origin and
/// host agree is not enough: a page can be loaded under a name of its own that is then made to resolve to
/// this server (DNS rebinding), so the host must be an address or `localhost`.
pub(crate) fn check(
    method: &Method,
    headers: &HeaderMap,
    host: Option<&Authority>,
) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    check_page(headers, host)
}

/// Refuses a call that a browser sends from a page that is not this server's, whatever its method.
pub(crate) fn check_page(headers: &HeaderMap, host: Option<&Authority>) -> Result<(), Problem> {
    for origin in headers.get_all(ORIGIN) {
        let same = origin.to_str().is_ok_and(|origin| is_same(origin, host))
            && host.is_some_and(|host| is_address_or_localhost(host.host()));
        if !same {
            return Err(Problem::new(
                Kind::CrossOrigin,
                "the Origin header names another site than this server, or a name that may only seem \
                 to be this server's; a page may only call the server that it came from, under an IP \
                 address or localhost",
            ));
        }
    }
    Ok(())
}

fn is_same(origin: &str, host: Option<&Authority>) -> bool {
    let (default_port, authority) = if let Some(rest) = origin.strip_prefix("http://") {
        (80, rest)
    } else if let Some(rest) = origin.strip_prefix("https://") {
        (443, rest)
    } else {
        return false;
    };
    let (Ok(origin), Some(host)) = (authority.parse::<Authority>(), host) else {
        return false;
    };
    origin.host().eq_ignore_ascii_case(host.host())
        && origin.port_u16().unwrap_or(default_port) == host.port_u16().unwrap_or(default_port)
}

/// Refuses a call whose `Host` is a name that may have been made to resolve to this machine.
///
/// DNS rebinding needs a name of its own: an address or `localhost` is safe, and so is a client that
/// sends no host at all, for it is not a browser.
pub(crate) fn check_local(headers: &HeaderMap, host: Option<&Authority>) -> Result<(), Problem> {
    let is_local = match host {
        Some(host) => is_address_or_localhost(host.host()),
        None => !headers.contains_key(HOST),
    };
    if is_local {
        return Ok(());
    }
    Err(Problem::new(
        Kind::CrossOrigin,
        "this server listens on a loopback address and gives its inventory only to requests for \
         localhost or an IP address; start it with an administrator token to lift this",
    ))
}

fn is_address_or_localhost(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<IpAddr>().is_ok() || bare.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(origin: &str, host: &str) -> bool {
        is_same(origin, Some(&host.parse().unwrap()))
    }

    #[test]
    fn an_origin_is_the_same_if_host_and_port_are() {
        assert!(same("http://localhost:7373", "localhost:7373"));
        assert!(same("http://Bench.LAB", "bench.lab"));
        assert!(same("http://bench.lab", "bench.lab:80"));
        assert!(same("https://bench.lab", "bench.lab:443"));
        assert!(same("http://[::1]:7373", "[::1]:7373"));
    }

    #[test]
    fn an_origin_is_another_if_host_or_port_differ_or_it_is_opaque() {
        assert!(!same("http://localhost:8080", "localhost:7373"));
        assert!(!same("http://evil.example", "localhost:7373"));
        assert!(!same("http://localhost:7373.evil.example", "localhost:7373"));
        assert!(!same("null", "localhost:7373"));
        assert!(!same("file://localhost:7373", "localhost:7373"));
        assert!(!is_same("http://localhost", None));
    }

    #[test]
    fn only_addresses_and_localhost_are_local() {
        assert!(is_address_or_localhost("127.0.0.1"));
        assert!(is_address_or_localhost("[::1]"));
        assert!(is_address_or_localhost("LOCALHOST"));
        assert!(!is_address_or_localhost("rebound.example"));
        assert!(!is_address_or_localhost("127.0.0.1.rebound.example"));
    }
}
