//! The first look at the text of a condition, before it reaches the parser: its parser is recursive, and
//! what it makes is gone through recursively, so the depth must be bounded beforehand.
//!
//! It knows how texts are written in the language, and refuses the ways that it does not know (raw and
//! triple-quoted texts, comments), so that nothing can hide from it what the parser would see.

use super::{ConditionError, MAX_CONDITION_CHARS, MAX_CONDITION_DEPTH};

/// Checks length, characters, texts and depth.
pub(super) fn scan(text: &str) -> Result<(), ConditionError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > MAX_CONDITION_CHARS {
        return Err(ConditionError::new(format!(
            "a condition has at most {MAX_CONDITION_CHARS} characters, this one has {}",
            chars.len()
        )));
    }
    if chars.iter().all(|c| c.is_whitespace()) {
        return Err(ConditionError::new(
            "a condition is not empty; write one such as \"can\" in attributes",
        ));
    }
    let mut scan = Scan { text, chars: &chars, at: 0, depth: Depth::default() };
    while scan.at < chars.len() {
        scan.token()?;
    }
    Ok(())
}

struct Scan<'t> {
    text: &'t str,
    chars: &'t [char],
    at: usize,
    depth: Depth,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn error(&self, place: usize, what: &str, instead: &str) -> ConditionError {
        ConditionError::at(self.text, place, what, instead)
    }

    fn token(&mut self) -> Result<(), ConditionError> {
        let start = self.at;
        let Some(first) = self.peek(0) else {
            return Ok(());
        };
        match first {
            ' ' | '\t' | '\n' | '\r' => self.at += 1,
            'a'..='z' | 'A'..='Z' | '_' | '0'..='9' => self.word()?,
            '"' | '\'' => self.quoted(first)?,
            _ => {
                let length = self.operator(first)?;
                self.at += length;
            }
        }
        if self.depth.now() > MAX_CONDITION_DEPTH {
            let instead =
                format!("write it with at most {MAX_CONDITION_DEPTH} parts in one another");
            return Err(self.error(start, "the condition is nested too deeply", &instead));
        }
        Ok(())
    }

    /// A name or a number.
    fn word(&mut self) -> Result<(), ConditionError> {
        let start = self.at;
        while self.peek(0).is_some_and(|c| c.is_ascii_alphanumeric() || c == '_') {
            self.at += 1;
        }
        if matches!(self.peek(0), Some('"' | '\'')) {
            let instead = "a text is written in quotes, with nothing before them";
            return Err(self.error(start, "something stands before a text", instead));
        }
        match self.chars[start..self.at].iter().collect::<String>().as_str() {
            "in" => self.depth.link(),
            "and" => return Err(self.error(start, "\"and\" is no operator", "write &&")),
            "or" => return Err(self.error(start, "\"or\" is no operator", "write ||")),
            "not" => return Err(self.error(start, "\"not\" is no operator", "write !")),
            _ => {}
        }
        Ok(())
    }

    fn quoted(&mut self, quote: char) -> Result<(), ConditionError> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek(0) {
                Some('\\') => self.escape()?,
                Some(c) if c == quote => break,
                Some(c) if !matches!(c, '\n' | '\r') => self.at += 1,
                _ => {
                    let instead = format!("put {quote} at its end, on the same line");
                    return Err(self.error(start, "a text is not closed", &instead));
                }
            }
        }
        self.at += 1;
        if matches!(self.peek(0), Some('"' | '\'')) {
            let instead = "put an operator between two texts, and \\ before a quote in one";
            return Err(self.error(self.at, "a text follows another", instead));
        }
        Ok(())
    }

    fn escape(&mut self) -> Result<(), ConditionError> {
        let digits = match self.peek(1) {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\') => 0,
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => return Err(self.bad_escape()),
        };
        let end = self.at + 2 + digits;
        let Some(hex) = self.chars.get(self.at + 2..end) else {
            return Err(self.bad_escape());
        };
        let code = u32::from_str_radix(&hex.iter().collect::<String>(), 16);
        // A sign is no digit.
        let all_digits = hex.iter().all(char::is_ascii_hexdigit);
        if digits > 0 && !(all_digits && code.is_ok_and(|code| char::from_u32(code).is_some())) {
            return Err(self.bad_escape());
        }
        self.at = end;
        Ok(())
    }

    fn bad_escape(&self) -> ConditionError {
        let instead = "after \\ stands one of a b f n r t v \" ' \\, or xHH, uHHHH, UHHHHHHHH";
        self.error(self.at, "this is no escape", instead)
    }

    /// How many characters the operator or bracket has that starts here.
    fn operator(&mut self, first: char) -> Result<usize, ConditionError> {
        let start = self.at;
        match (first, self.peek(1)) {
            ('&', Some('&')) | ('|', Some('|')) => {
                self.depth.restart();
                return Ok(2);
            }
            ('=' | '!' | '<' | '>', Some('=')) => {
                self.depth.link();
                return Ok(2);
            }
            ('/', Some('/')) => {
                return Err(self.error(start, "there are no comments", "leave it out"));
            }
            ('=', _) => return Err(self.error(start, "= compares nothing", "write ==")),
            ('&', _) => return Err(self.error(start, "& is no operator", "write &&")),
            ('|', _) => return Err(self.error(start, "| is no operator", "write ||")),
            _ => {}
        }
        match first {
            '(' | '[' => self.depth.open(),
            ')' | ']' => self.depth.close(),
            ',' => self.depth.next(),
            '?' => self.depth.choice(),
            ':' => {}
            '.' | '+' | '-' | '*' | '/' | '%' | '!' | '<' | '>' => self.depth.link(),
            '{' | '}' => {
                let instead = "lists are written as [a, b]; there are no maps";
                return Err(self.error(start, "braces mean nothing here", instead));
            }
            other => {
                let what = format!("{other:?} means nothing here");
                return Err(self.error(start, &what, "texts are written in quotes"));
            }
        }
        Ok(1)
    }
}

/// An upper bound of how deep the tree is at this point. What stands in one another: brackets; and within one
/// pair of brackets every operator and dot, as each may take all that is before it as its operand. The
/// parser balances `&&` and `||`.
#[derive(Default)]
struct Depth {
    outer: Vec<Links>,
    here: Links,
}

#[derive(Default, Clone, Copy)]
struct Links {
    /// Since the last comma, `&&` or `||`.
    links: usize,
    /// Of the form `a ? b : c`, since the last comma: c may have another one in it.
    choices: usize,
}

impl Links {
    fn all(self) -> usize {
        self.links + self.choices
    }
}

impl Depth {
    fn now(&self) -> usize {
        let outer: usize = self.outer.iter().map(|links| links.all() + 1).sum();
        outer + self.here.all()
    }

    fn link(&mut self) {
        self.here.links += 1;
    }

    fn restart(&mut self) {
        self.here.links = 0;
    }

    fn next(&mut self) {
        self.here = Links::default();
    }

    fn choice(&mut self) {
        self.here = Links { links: 0, choices: self.here.choices + 1 };
    }

    fn open(&mut self) {
        self.outer.push(std::mem::take(&mut self.here));
    }

    /// What was in brackets becomes an operand.
    fn close(&mut self) {
        self.here = self.outer.pop().unwrap_or_default();
        self.here.links += 1;
    }
}
