//! Reading the values of a request: texts, lists and numbers.
//!
//! What becomes of a value is decided while it is read, so that a mistake is known by its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::names::{Label, Text};
use crate::request::MAX_TAGS;
use crate::request::draft::{COUNT, is_count, parse};
use crate::request::requirement::MAX_REQUESTED;

/// Reads with the first, and hands what was read to the second.
pub(super) struct Then<S, F>(pub(super) S, pub(super) F);

impl<'de, S, F, T> DeserializeSeed<'de> for Then<S, F>
where
    S: DeserializeSeed<'de>,
    F: FnOnce(S::Value) -> Result<T, String>,
{
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        (self.1)(self.0.deserialize(deserializer)?).map_err(Error::custom)
    }
}

/// Refuses whatever there is.
pub(super) struct Refuse(pub(super) String);

impl<'de> DeserializeSeed<'de> for Refuse {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, _: D) -> Result<(), D::Error> {
        Err(Error::custom(self.0))
    }
}

/// A text that is parsed.
pub(super) struct Parsed<T> {
    what: &'static str,
    parsed: PhantomData<T>,
}

impl<T> Parsed<T> {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, parsed: PhantomData }
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> DeserializeSeed<'de> for Parsed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        parse(text).map_err(E::custom)
    }
}

/// A text, or a list of texts, each of which is parsed. A text twice in a list is there once.
pub(super) struct OneOrMany<T> {
    what: &'static str,
    most: usize,
    parsed: PhantomData<T>,
}

impl<T> OneOrMany<T> {
    pub(super) fn new(what: &'static str, most: usize) -> Self {
        Self { what, most, parsed: PhantomData }
    }
}

impl<'de, T: Ord + FromStr<Err: fmt::Display>> DeserializeSeed<'de> for OneOrMany<T> {
    type Value = BTreeSet<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Ord + FromStr<Err: fmt::Display>> Visitor<'de> for OneOrMany<T> {
    type Value = BTreeSet<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or a list of such", self.what)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(BTreeSet::from([parse(text).map_err(E::custom)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = BTreeSet::new();
        let mut count = 0;
        while let Some(item) = list.next_element_seed(Parsed::new(self.what))? {
            items.insert(item);
            count += 1;
            if count > self.most {
                return Err(A::Error::custom(format_args!("at most {} values", self.most)));
            }
        }
        Ok(items)
    }
}

/// A list of at most `most`, each of which is read with a copy of `item`.
pub(super) struct List<S> {
    pub(super) what: &'static str,
    pub(super) item: S,
    pub(super) most: usize,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of {}", self.what)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        // Most lists have one item, and stay for as long as the request does.
        let mut items = Vec::with_capacity(1);
        while let Some(item) = list.next_element_seed(self.item)? {
            items.push(item);
            if items.len() > self.most {
                return Err(A::Error::custom(format_args!("at most {} {}", self.most, self.what)));
            }
        }
        Ok(items)
    }
}

/// How many resources are needed.
pub(super) struct Count;

impl<'de> DeserializeSeed<'de> for Count {
    type Value = u16;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u16, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Count {
    type Value = u16;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from 1 to {MAX_REQUESTED}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u16, E> {
        let count = u16::try_from(number).ok().filter(|_| is_count(number));
        count.ok_or_else(|| E::custom(format_args!("{number} is not a count; {COUNT}")))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u16, E> {
        match whole(number) {
            Some(number) => self.visit_u64(u64::try_from(number).unwrap_or(0)),
            None => Err(E::invalid_type(Unexpected::Float(number), &self)),
        }
    }
}

/// Any whole number; what is out of range becomes the nearest.
pub(super) struct Whole;

impl<'de> DeserializeSeed<'de> for Whole {
    type Value = i64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Whole {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        Ok(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<i64, E> {
        whole(number).ok_or_else(|| E::invalid_type(Unexpected::Float(number), &self))
    }
}

/// The whole number that is written with a fraction of nothing: to JSON, 1.0 is the same as 1.
fn whole(number: f64) -> Option<i64> {
    /// Up to this, every whole number has a double of its own: 2^53.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    // The cast is exact.
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// The tags of a request.
pub(super) struct Tags;

impl<'de> DeserializeSeed<'de> for Tags {
    type Value = BTreeMap<Label, Text>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tags {
    type Value = BTreeMap<Label, Text>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts, such as {\"build\": \"88\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut tags = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let take = |text: Text| {
                if tags.insert(parse::<Label>(&key)?, text).is_some() {
                    return Err("it is given twice".to_owned());
                }
                if tags.len() > MAX_TAGS {
                    return Err(format!("a request has at most {MAX_TAGS} tags"));
                }
                Ok(())
            };
            map.next_value_seed(Then(Parsed::new("a text"), take))?;
        }
        Ok(tags)
    }
}
