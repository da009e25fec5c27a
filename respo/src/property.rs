//! What a selector asks of the free-form properties of a resource or an entity.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

/// The most properties that one selector, or one entity pattern, may ask for.
pub const MAX_PROPERTIES: usize = 64;
/// The longest path of a property, and the longest text that one is compared with, in characters.
pub const MAX_PROPERTY_CHARS: usize = 1024;

/// Where a property stands: the keys on the way to it, with dots between them (`gsm.operator`).
///
/// A key may itself have dots in it: `gsm.operator` is found as the key `gsm.operator`, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PropertyPath(Arc<str>);

/// Why something is not what a property can be asked for. Fits after "failed to …: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PropertyError {
    /// The path is empty, or has an empty key in it.
    #[error("{0:?} is not the path of a property; it consists of keys with dots between them")]
    Path(String),
    /// The path or a text is longer than [`MAX_PROPERTY_CHARS`].
    #[error("a property's path and value have at most {MAX_PROPERTY_CHARS} characters each")]
    TooLong,
    /// The value is not one that properties are compared with.
    #[error(
        "a property is compared with a text, a number, true, false, null, or a list of these; not with {0}"
    )]
    Value(&'static str),
}

impl PropertyPath {
    /// Checks a path.
    ///
    /// # Errors
    /// [`PropertyError::Path`] if a key in it is empty; [`PropertyError::TooLong`].
    pub fn new(path: impl AsRef<str>) -> Result<Self, PropertyError> {
        let path = path.as_ref();
        if path.chars().count() > MAX_PROPERTY_CHARS {
            return Err(PropertyError::TooLong);
        }
        if path.split('.').any(str::is_empty) {
            return Err(PropertyError::Path(path.to_owned()));
        }
        Ok(Self(Arc::from(path)))
    }

    /// The path as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Every value that stands there: more than one only where keys have dots in them.
    pub(crate) fn find<'v>(&self, properties: &'v BTreeMap<String, Value>) -> Vec<&'v Value> {
        let mut found = Vec::new();
        for (end, rest) in splits(&self.0) {
            if let Some(value) = properties.get(&self.0[..end]) {
                find_below(value, rest, &mut found);
            }
        }
        found
    }
}

/// Every way to take the first key from a path: where it ends, and what is left after it.
fn splits(path: &str) -> impl Iterator<Item = (usize, Option<&str>)> {
    let dots = path.match_indices('.').map(|(dot, _)| (dot, Some(&path[dot + 1..])));
    dots.chain([(path.len(), None)])
}

/// Each level of recursion takes a key from the path.
fn find_below<'v>(value: &'v Value, path: Option<&str>, found: &mut Vec<&'v Value>) {
    let Some(path) = path else {
        found.push(value);
        return;
    };
    let Value::Object(map) = value else {
        return;
    };
    for (end, rest) in splits(path) {
        if let Some(value) = map.get(&path[..end]) {
            find_below(value, rest, found);
        }
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text, a number, a truth value or nothing. Equal numbers are equal however they are written: `1` and
/// `1.0`. A number is not equal to the text that it is written as.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scalar(
    /// As JSON, in one form only.
    Arc<str>,
);

impl Scalar {
    /// The scalar that `value` is, if it is one.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Number(number) => canonical_number(number),
            Value::Null | Value::Bool(_) | Value::String(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => return None,
        };
        Some(Self(text.into()))
    }

    /// Whether `value` is this.
    pub(crate) fn is(&self, value: &Value) -> bool {
        let text = matches!(value, Value::String(_));
        // Most comparisons end here, before anything is written.
        text == self.0.starts_with('"') && Self::of(value).as_ref() == Some(self)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        // It was made from JSON.
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// Whole numbers without a fraction, in whichever form they were given, as far as integers go.
fn canonical_number(number: &serde_json::Number) -> String {
    /// The range of 64-bit integers, both kinds together: from -2^63 up to 2^64, which is in it no more.
    const INTEGERS: std::ops::Range<f64> =
        -9_223_372_036_854_775_808.0..18_446_744_073_709_551_616.0;
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(whole), ..) => whole.to_string(),
        (None, Some(whole), _) => whole.to_string(),
        (None, None, Some(float)) if float.fract() == 0.0 && INTEGERS.contains(&float) => {
            // The cast is exact, and makes zero of negative zero.
            (float as i128).to_string()
        }
        _ => number.to_string(),
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a property must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PropertyValue {
    /// Equal to this.
    Equal(Scalar),
    /// A list that contains all of these.
    Contains(BTreeSet<Scalar>),
}

impl PropertyValue {
    /// What a JSON value asks for: a scalar to be equal to, or a list of scalars to contain.
    ///
    /// # Errors
    /// [`PropertyError`] for a map, for a list with lists or maps in it, and for texts that are too long.
    pub fn of(value: &Value) -> Result<Self, PropertyError> {
        match value {
            Value::Object(_) => Err(PropertyError::Value("a map")),
            Value::Array(items) => {
                let scalars = items.iter().map(|item| match item {
                    Value::Array(_) => Err(PropertyError::Value("a list of lists")),
                    Value::Object(_) => Err(PropertyError::Value("a list of maps")),
                    scalar => short_scalar(scalar),
                });
                scalars.collect::<Result<_, _>>().map(Self::Contains)
            }
            scalar => short_scalar(scalar).map(Self::Equal),
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Equal(scalar) => scalar.to_json(),
            Self::Contains(scalars) => scalars.iter().map(Scalar::to_json).collect(),
        }
    }

    /// Whether `value` is as wanted.
    pub(crate) fn accepts(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Equal(wanted), value) => wanted.is(value),
            (Self::Contains(wanted), Value::Array(items)) => {
                let present: BTreeSet<Scalar> = items.iter().filter_map(Scalar::of).collect();
                wanted.is_subset(&present)
            }
            (Self::Contains(_), _) => false,
        }
    }
}

fn short_scalar(value: &Value) -> Result<Scalar, PropertyError> {
    if value.as_str().is_some_and(|text| text.chars().count() > MAX_PROPERTY_CHARS) {
        return Err(PropertyError::TooLong);
    }
    Scalar::of(value).ok_or(PropertyError::Value("a list"))
}

impl fmt::Display for PropertyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_json().fmt(f)
    }
}

/// The properties that are asked for, by path. All of them must be as wanted.
pub type WantedProperties = BTreeMap<PropertyPath, PropertyValue>;

/// Whether `properties` has everything that is `wanted`.
#[must_use]
pub fn has_properties(wanted: &WantedProperties, properties: &BTreeMap<String, Value>) -> bool {
    let has = |(path, value): (&PropertyPath, &PropertyValue)| {
        path.find(properties).into_iter().any(|found| value.accepts(found))
    };
    wanted.iter().all(has)
}
