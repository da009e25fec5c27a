//! The validated strings: what a resource, an attribute, a pool or a holder may be called.
//!
//! Each is checked once, where it enters, and trusted from there on. Cloning one copies a pointer.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest [`Name`], [`Word`] or [`Label`], in characters.
pub const MAX_NAME_CHARS: usize = 128;
/// The longest [`Text`], in characters.
pub const MAX_TEXT_CHARS: usize = 1024;

/// Why a string is not a valid name. Fits after "failed to …: " and says what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or only white space.
    #[error("{what} must not be empty")]
    Empty {
        /// What the string was to be, such as "a name".
        what: &'static str,
    },
    /// More characters than allowed.
    #[error("{what} has at most {most} characters, this one has {has}")]
    TooLong {
        /// What the string was to be.
        what: &'static str,
        /// How many characters it may have.
        most: usize,
        /// How many it has.
        has: usize,
    },
    /// A character that is not allowed.
    #[error("{what} consists of {allowed}; {found:?} is not one of them")]
    Character {
        /// What the string was to be.
        what: &'static str,
        /// The characters it may consist of.
        allowed: &'static str,
        /// The first character that is not allowed.
        found: char,
    },
}

macro_rules! validated_string {
    ($(#[$doc:meta])* $name:ident, $what:literal, $most:expr, $allowed:literal, $is_allowed:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` and takes it.
            ///
            /// # Errors
            /// [`NameError`] says which rule it breaks.
            pub fn new(text: impl AsRef<str>) -> Result<Self, NameError> {
                let text = text.as_ref();
                check(text, $what, $most, $allowed, $is_allowed)?;
                Ok(Self(Arc::from(text)))
            }

            /// The string itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Checked(|text: &str| Self::new(text)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.as_ref().to_owned()
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

/// Reads a text and checks it, without a copy of its own.
struct Checked<F>(F);

impl<T, F: Fn(&str) -> Result<T, NameError>> Visitor<'_> for Checked<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

fn check(
    text: &str,
    what: &'static str,
    most: usize,
    allowed: &'static str,
    is_allowed: fn(char) -> bool,
) -> Result<(), NameError> {
    if text.trim().is_empty() {
        return Err(NameError::Empty { what });
    }
    let has = text.chars().count();
    if has > most {
        return Err(NameError::TooLong { what, most, has });
    }
    match text.chars().find(|&c| !is_allowed(c)) {
        Some(found) => Err(NameError::Character { what, allowed, found }),
        None => Ok(()),
    }
}

validated_string!(
    /// The name of a resource or an entity: 1–128 characters of ASCII letters, digits and `._-:/`.
    ///
    /// ```
    /// use respo::Name;
    /// assert!(Name::new("office1/bench-3:dut").is_ok());
    /// assert_eq!(
    ///     Name::new("bench 3").unwrap_err().to_string(),
    ///     "a name consists of letters, digits, '.', '_', '-', ':' and '/'; ' ' is not one of them",
    /// );
    /// ```
    Name,
    "a name",
    MAX_NAME_CHARS,
    "letters, digits, '.', '_', '-', ':' and '/'",
    |c| c.is_ascii_alphanumeric() || "._-:/".contains(c)
);

validated_string!(
    /// An attribute: 1–128 visible characters other than commas, brackets, braces and quotes.
    Word,
    "an attribute",
    MAX_NAME_CHARS,
    "visible characters other than ',', '[', ']', '{', '}' and quotes",
    |c| !c.is_whitespace() && !c.is_control() && !",[]{}\"'`".contains(c)
);

validated_string!(
    /// What a pool, a location, a holder or a tag is called: 1–128 printable characters.
    Label,
    "a label",
    MAX_NAME_CHARS,
    "printable characters",
    |c| !c.is_control()
);

validated_string!(
    /// A description: 1–1024 printable characters on one line.
    Text,
    "a text",
    MAX_TEXT_CHARS,
    "printable characters on one line",
    |c| !c.is_control()
);

impl Name {
    /// The order in which people list names: numbers in them count by their value, so `bench-2` comes
    /// before `bench-10`.
    ///
    /// ```
    /// use respo::Name;
    /// let (two, ten) = (Name::new("bench-2")?, Name::new("bench-10")?);
    /// assert!(two.natural_cmp(ten.as_str()).is_lt());
    /// # Ok::<(), respo::NameError>(())
    /// ```
    #[must_use]
    pub fn natural_cmp(&self, other: &str) -> Ordering {
        let (mut left, mut right) = (self.as_str(), other);
        loop {
            let (text_left, text_right) = (take_text(&mut left), take_text(&mut right));
            let (number_left, number_right) = (take_number(&mut left), take_number(&mut right));
            // A longer number without leading zeros is a larger one.
            let by_value =
                || number_left.len().cmp(&number_right.len()).then(number_left.cmp(number_right));
            let order = text_left.cmp(text_right).then_with(by_value);
            if order.is_ne() || (left.is_empty() && right.is_empty()) {
                return order.then_with(|| self.as_str().cmp(other));
            }
        }
    }
}

/// Takes what comes before the next digit.
fn take_text<'a>(rest: &mut &'a str) -> &'a str {
    let (text, tail) = rest.split_at(rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len()));
    *rest = tail;
    text
}

/// Takes the digits at the start, and drops their leading zeros.
fn take_number<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, tail) = rest.split_at(end);
    *rest = tail;
    number.trim_start_matches('0')
}
