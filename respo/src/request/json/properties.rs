//! Reading the properties that are asked for: maps in maps become paths with dots.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use super::values::Refuse;
use crate::property::{PropertyValue, WantedProperties};
use crate::request::draft::insert_property;
use crate::request::text::path_of;
use crate::selector::MAX_SELECTOR_ITEMS;

/// A map of properties.
pub(super) struct Properties;

impl<'de> DeserializeSeed<'de> for Properties {
    type Value = WantedProperties;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut found = WantedProperties::new();
        deserializer.deserialize_map(Level { path: "", found: &mut found })?;
        Ok(found)
    }
}

/// A map of properties at the top, or below a path.
struct Level<'a> {
    path: &'a str,
    found: &'a mut WantedProperties,
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of properties, such as {\"platform\": \"android\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return map.next_value_seed(Refuse("it is given twice".to_owned()));
            }
            let path =
                if self.path.is_empty() { key.clone() } else { format!("{}.{key}", self.path) };
            // Its length is checked before anything below it is read: so the depth is bounded.
            match path_of(&path) {
                Ok(_) => map.next_value_seed(At { path: &path, found: self.found })?,
                Err(problem) => map.next_value_seed(Refuse(problem))?,
            }
            keys.insert(key);
        }
        Ok(())
    }
}

/// What stands at a path.
struct At<'a> {
    path: &'a str,
    found: &'a mut WantedProperties,
}

impl At<'_> {
    fn insert<E: Error>(self, value: &Value) -> Result<(), E> {
        let value = PropertyValue::of(value).map_err(E::custom)?;
        self.insert_value(value)
    }

    fn insert_value<E: Error>(self, value: PropertyValue) -> Result<(), E> {
        let path = path_of(self.path).map_err(E::custom)?;
        insert_property(self.found, path, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false, null, a list of these, or a map")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.insert(&Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.insert(&Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.insert(&value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.insert(&value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.insert(&float(value)?)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.insert(&value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut items = BTreeSet::new();
        let mut count = 0;
        while let Some(item) = list.next_element_seed(Item)? {
            match PropertyValue::of(&item).map_err(A::Error::custom)? {
                PropertyValue::Equal(scalar) => items.insert(scalar),
                PropertyValue::Contains(_) => return Err(A::Error::custom(Item::EXPECTED)),
            };
            count += 1;
            if count > MAX_SELECTOR_ITEMS {
                let problem =
                    format_args!("a property's list has at most {MAX_SELECTOR_ITEMS} items");
                return Err(A::Error::custom(problem));
            }
        }
        self.insert_value(PropertyValue::Contains(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let before = self.found.len();
        Level { path: self.path, found: &mut *self.found }.visit_map(map)?;
        if self.found.len() == before {
            return Err(A::Error::custom("an empty map asks for nothing; leave it out"));
        }
        Ok(())
    }
}

/// One of a list that a property must contain.
struct Item;

impl Item {
    const EXPECTED: &str = "a text, a number, true, false or null";
}

impl<'de> DeserializeSeed<'de> for Item {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Item {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        float(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}

/// JSON has only finite numbers; other formats may bring others.
fn float<E: Error>(value: f64) -> Result<Value, E> {
    let number = Number::from_f64(value).map(Value::Number);
    number.ok_or_else(|| E::custom("a property is compared with finite numbers only"))
}
