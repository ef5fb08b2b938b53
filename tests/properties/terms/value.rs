//! Whatever a term can be to serde.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// Tuples are lists here, and atoms are texts.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Value {
    Nil,
    Bool(bool),
    Natural(u128),
    Negative(i128),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// With the pairs of all maps in one order.
    #[must_use]
    pub fn sorted(self) -> Self {
        match self {
            Self::List(list) => Self::List(list.into_iter().map(Self::sorted).collect()),
            Self::Map(map) => {
                let pairs = map.into_iter().map(|(key, value)| (key.sorted(), value.sorted()));
                let mut pairs: Vec<_> = pairs.collect();
                pairs.sort_by_cached_key(|(key, _)| format!("{key:?}"));
                Self::Map(pairs)
            }
            other => other,
        }
    }

    /// Whether a map in it has a key twice, which no term has.
    #[must_use]
    pub fn has_repeated_key(&self) -> bool {
        match self {
            Self::List(list) => list.iter().any(Self::has_repeated_key),
            Self::Map(map) => {
                let keys = || map.iter().map(|(key, _)| key.clone().sorted());
                let is_repeated =
                    keys().enumerate().any(|(index, key)| keys().skip(index + 1).any(|other| other == key));
                let inside = |(key, value): &(Self, Self)| key.has_repeated_key() || value.has_repeated_key();
                is_repeated || map.iter().any(inside)
            }
            _ => false,
        }
    }

    /// Whether JSON has it too.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Self::Nil | Self::Bool(_) | Self::Float(_) | Self::Text(_) => true,
            Self::Natural(number) => u64::try_from(*number).is_ok(),
            Self::Negative(number) => i64::try_from(*number).is_ok(),
            Self::Bytes(_) => false,
            Self::List(list) => list.iter().all(Self::is_json),
            Self::Map(map) => map.iter().all(|(key, value)| matches!(key, Self::Text(_)) && value.is_json()),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Natural(number) => serializer.serialize_u128(*number),
            Self::Negative(number) => serializer.serialize_i128(*number),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(map) => serializer.collect_map(map.iter().map(|(key, value)| (key, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Natural(number.into()))
    }

    fn visit_u128<E>(self, number: u128) -> Result<Value, E> {
        Ok(Value::Natural(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Negative(number.into()))
    }

    fn visit_i128<E>(self, number: i128) -> Result<Value, E> {
        Ok(Value::Negative(number))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = access.next_element()? {
            list.push(value);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = access.next_entry()? {
            map.push(pair);
        }
        Ok(Value::Map(map))
    }
}
