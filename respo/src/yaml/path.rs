//! Where in an inventory something stands, as people write it.

use std::fmt;

/// The most characters of a key or value that are repeated in a message.
const MAX_EXCERPT_CHARS: usize = 64;

/// The way from the document to one of its values. It borrows the way to the parent, so walking an
/// inventory without mistakes costs no allocation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path<'a> {
    /// The document itself.
    Document,
    /// The value of a key.
    Key(&'a Path<'a>, &'a str),
    /// An item of a list, counted from 0.
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    pub(super) fn key<'a>(&'a self, key: &'a str) -> Path<'a> {
        Path::Key(self, key)
    }

    pub(super) fn item(&self, index: usize) -> Path<'_> {
        Path::Item(self, index)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Path::Document => Ok(()),
            Path::Key(parent, key) => {
                parent.fmt(f)?;
                if !matches!(parent, Path::Document) {
                    f.write_str(".")?;
                }
                let separates =
                    |c: char| c.is_whitespace() || c.is_control() || ".[]\"'".contains(c);
                if key.is_empty() || key.contains(separates) {
                    f.write_str(&quoted(key))
                } else {
                    f.write_str(&shortened(key))
                }
            }
            Path::Item(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// `text` in double quotes on one line, cut short if it is long.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_EXCERPT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_dot_is_quoted() {
        let pool = Path::Document.key("pool").to_string();
        let pool_path = Path::Document.key("pool");
        let name = pool_path.key("a.b");
        assert_eq!(pool, "pool");
        assert_eq!(name.key("tags").item(1).to_string(), "pool.\"a.b\".tags[1]");
    }

    #[test]
    fn a_name_with_a_slash_or_a_colon_is_not_quoted() {
        assert_eq!(Path::Document.key("office1/bench-3:dut").to_string(), "office1/bench-3:dut");
    }

    #[test]
    fn a_long_key_is_cut_short() {
        let key = "ä".repeat(100_000);
        assert_eq!(Path::Document.key(&key).to_string().chars().count(), MAX_EXCERPT_CHARS + 1);
    }
}
