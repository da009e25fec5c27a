//! Where a respod is: the URL that a client was given, checked once.

use std::fmt;

use http::Uri;

use crate::error::UrlError;

const HTTP_PORT: u16 = 80;

/// An `http://` URL: host, port and an optional path under which the server is mounted.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    authority: String,
    host: String,
    port: u16,
    prefix: String,
}

impl BaseUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        let refuse = |problem: &str| UrlError { url: text.to_owned(), problem: problem.to_owned() };
        let uri: Uri = text.trim().parse().map_err(|error| refuse(&format!("{error}")))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => {
                return Err(refuse(
                    "this version speaks plain http:// only; put TLS into a tunnel or a proxy",
                ));
            }
            Some(other) => return Err(refuse(&format!("{other}:// is not a scheme of respod"))),
            None => return Err(refuse("it has no scheme; write http://HOST:PORT")),
        }
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(refuse("a user or password in it has no meaning"));
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(refuse("it may not have a query or a fragment"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(refuse("it names no host"));
        }
        let has_port = authority.as_str().len() > authority.host().len();
        if has_port && authority.port_u16().is_none() {
            return Err(refuse("its port is not a number from 0 to 65535"));
        }
        Ok(Self {
            authority: authority.as_str().to_owned(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(HTTP_PORT),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// `host:port`, as the `Host` header has it.
    pub(crate) fn authority(&self) -> &str {
        &self.authority
    }

    /// What to connect to.
    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    /// The request target for `path`, which starts with `/`.
    pub(crate) fn target(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_host_port_and_the_path_under_which_respod_is_mounted() {
        let url = BaseUrl::parse("http://lab.example:8080/respo/").unwrap();
        assert_eq!(url.address(), ("lab.example", 8080));
        assert_eq!(url.target("/lock?wait=0"), "/respo/lock?wait=0");
        assert_eq!(url.to_string(), "http://lab.example:8080/respo");

        let url = BaseUrl::parse("http://[::1]:7373").unwrap();
        assert_eq!(url.address(), ("::1", 7373));
        assert_eq!(url.authority(), "[::1]:7373");
        assert_eq!(url.target("/"), "/");

        assert_eq!(BaseUrl::parse("http://lab").unwrap().address(), ("lab", 80));
    }

    #[test]
    fn a_url_that_cannot_work_is_refused_with_what_would_be_right() {
        for (url, hint) in [
            ("https://lab", "plain http:// only"),
            ("lab:7373", "write http://HOST:PORT"),
            ("ftp://lab", "not a scheme of respod"),
            ("http://me:secret@lab", "no meaning"),
            ("http://lab/?pool=a", "query"),
            ("http://lab:99999", "port"),
            ("http://:7373", "host"),
            ("", "empty"),
        ] {
            let error = BaseUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains(hint), "{url}: {error}");
        }
    }
}
