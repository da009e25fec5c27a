//! The tokens that calls carry.

use respo::{Token, TokenDigest};
use warp::http::HeaderMap;
use warp::http::header::AUTHORIZATION;

use crate::problem::{Kind, Problem};

/// The token of `Authorization: Bearer TOKEN`, if there is exactly one such header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Token> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Token::presented(token))
}

/// On whose authority a call is made.
pub(crate) enum Credential {
    /// On nobody's.
    None,
    /// On that of whoever has this token.
    Token(Token),
    /// On that of the administrator.
    Administrator,
}

/// What a call on a lease or a request shows.
pub(crate) fn credential(headers: &HeaderMap, administrator: Option<&TokenDigest>) -> Credential {
    match bearer(headers) {
        None => Credential::None,
        Some(token) if administrator == Some(&token.digest()) => Credential::Administrator,
        Some(token) => Credential::Token(token),
    }
}

/// The token of a call that needs that of a lease or a request.
pub(crate) fn lease_token(headers: &HeaderMap) -> Result<Token, Problem> {
    bearer(headers).ok_or_else(no_token)
}

/// For a call without the token of a lease or a request, which it needs.
pub(crate) fn no_token() -> Problem {
    Problem::new(
        Kind::WrongToken,
        "this needs the token of the lease or request, as Authorization: Bearer TOKEN",
    )
}

/// Refuses a call without the administrator's token, if there is one.
pub(crate) fn check_admin(
    headers: &HeaderMap,
    expected: Option<&TokenDigest>,
) -> Result<(), Problem> {
    let Some(expected) = expected else {
        return Ok(());
    };
    match bearer(headers) {
        Some(token) if token.digest() == *expected => Ok(()),
        Some(_) => Err(Problem::new(Kind::Unauthorized, "this is not the administrator's token")),
        None => Err(Problem::new(
            Kind::Unauthorized,
            "this needs the administrator's token, as Authorization: Bearer TOKEN",
        )),
    }
}
