//! A whole HTTP response.

use respo::wire::Problem;
use serde_json::Value;

/// The status line and the headers of a response.
#[derive(Debug, Clone)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The names in lower case, and the values.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// Reads a status line and headers, without the empty line that ends them.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut lines = text.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
            .collect();
        let status = status.unwrap_or_else(|| panic!("no status in {status_line:?}"));
        Self { status, headers }
    }

    /// The first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a header that is a list of words has this one.
    #[must_use]
    pub fn header_lists(&self, name: &str, word: &str) -> bool {
        let listed = self.header(name).unwrap_or_default();
        listed.split(',').any(|item| item.trim().eq_ignore_ascii_case(word))
    }
}

/// A response with its body.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status line and headers.
    pub head: Head,
    /// The body, whole and decoded.
    pub body: Vec<u8>,
}

impl Reply {
    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    /// The media type, without its parameters.
    #[must_use]
    pub fn media_type(&self) -> &str {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is UTF-8")
    }

    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}) in {self:?}: {}", self.text()))
    }

    /// The body as a problem document, which must be one in every respect.
    #[must_use]
    pub fn problem(&self) -> Problem {
        assert_eq!(self.media_type(), "application/problem+json", "{}", self.text());
        let problem: Problem = serde_json::from_value(self.json()).expect("a problem document");
        assert_eq!(problem.status, self.status(), "the document and the status line agree");
        assert_eq!(problem.kind, format!("urn:respo:problem:{}", problem.code));
        assert!(
            !problem.title.is_empty() && !problem.detail.is_empty(),
            "{problem:?} says nothing"
        );
        problem
    }

    /// The problem document of a refusal, after a check of its status and code.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Problem {
        assert_eq!(self.status(), status, "{}", self.text());
        let problem = self.problem();
        assert_eq!(problem.code, code, "{}", problem.detail);
        problem
    }

    /// The reply itself, after a check of its status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status(), status, "{}", self.text());
        self
    }
}
