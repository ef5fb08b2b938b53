//! The bytes of terms, as Erlang writes them, and what is refused.

mod compounds;
mod refused;
mod scalars;

use super::*;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Debug};

/// The bytes of `value` are these, and are read as it.
fn assert_both_ways<T>(value: &T, bytes: &[u8])
where
    T: Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(write(value).as_deref(), Ok(bytes), "{value:?}");
    assert_eq!(check(bytes), Ok(()), "{value:?}");
    assert_eq!(read::<T>(bytes).as_ref(), Ok(value));
}

fn assert_reads<T: serde::de::DeserializeOwned + PartialEq + Debug>(bytes: &[u8], value: T) {
    assert_eq!(check(bytes), Ok(()), "{value:?}");
    assert_eq!(read::<T>(bytes), Ok(value));
}

fn why<T: serde::de::DeserializeOwned + Debug>(bytes: &[u8]) -> String {
    read::<T>(bytes).map_or_else(|error| error.to_string(), |value| format!("it is {value:?}"))
}

/// What is ignored may be anything.
#[derive(Debug)]
struct Ignored;

impl PartialEq for Ignored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
