//! Going through a text from the left, and remembering where a mistake is.

/// A mistake, and the byte at which it is.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) at: usize,
    pub(super) problem: String,
}

/// A text, and how far it has been read.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes on at a place where a character begins; in practice one that has been read, or just after.
    pub(super) fn go_back_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Everything that has not been read.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Reads `expected`, if it is next.
    pub(super) fn take(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    pub(super) fn take_rest(&mut self) -> &'t str {
        let rest = self.rest();
        self.at = self.text.len();
        rest
    }

    pub(super) fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// Reads everything up to the next blank.
    pub(super) fn take_word(&mut self) -> &'t str {
        self.take_while(|c| !c.is_whitespace())
    }

    /// Reads a JSON string, whose opening quote is next.
    pub(super) fn take_quoted(&mut self) -> Result<String, Mistake> {
        let start = self.at;
        let literal = self.take_literal().ok_or_else(|| Mistake {
            at: start,
            problem: "the quotes that begin here do not end".to_owned(),
        })?;
        serde_json::from_str(literal).map_err(|_| Mistake {
            at: start,
            problem:
                "this is not a text in quotes as JSON has them; a quote or a backslash in it is \
                      written \\\" or \\\\"
                    .to_owned(),
        })
    }

    fn take_literal(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let mut escaped = true;
        let (end, _) = rest.char_indices().find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        self.at += end + 1;
        Some(&rest[..=end])
    }

    /// Reads a value that may be a list of lists in brackets, with blanks in it.
    pub(super) fn take_bracketed(&mut self) -> Result<&'t str, Mistake> {
        let start = self.at;
        if self.peek() != Some('[') {
            return Ok(self.take_word());
        }
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some('"') => drop(self.take_quoted()?),
                Some(c) => {
                    match c {
                        '[' | '{' => depth += 1,
                        ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.take(c);
                    if depth == 0 {
                        break;
                    }
                }
                None => {
                    let problem = "the list that begins here does not end".to_owned();
                    return Err(Mistake { at: start, problem });
                }
            }
        }
        self.take_word();
        Ok(&self.text[start..self.at])
    }

    /// A mistake at what is next.
    pub(super) fn mistake<T>(&self, problem: impl Into<String>) -> Result<T, Mistake> {
        Err(Mistake { at: self.at, problem: problem.into() })
    }
}
