//! The parameters of a request: its query and the named segments of its path, as docs/protocol.md §2.4 has them.

use form_urlencoded::byte_serialize;
use percent_encoding::percent_decode;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_qs::{Config, DuplicateKeyBehavior};
use std::borrow::Cow;
use std::marker::PhantomData;
use std::str::Utf8Error;

/// How many brackets the name of a parameter may have: `a[b][c]` has two, and phoenix.js sends one for each level of its
/// `params`. Each is a call on the decoder's stack, which has room for many times more.
const MAX_DEPTH: usize = 32;

/// Names and values in the order they came, percent-decoded.
#[derive(Debug)]
pub(crate) struct Params<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Why a query cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("a parameter is not UTF-8: {0}")]
    Utf8(#[from] Utf8Error),
    #[error("the name of a parameter has more than {MAX_DEPTH} brackets")]
    Depth,
}

impl<'a> Params<'a> {
    pub(crate) fn parse(query: &'a str) -> Result<Self, QueryError> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name)?;
            let brackets = name.bytes().filter(|&byte| byte == b'[').count();
            if brackets > MAX_DEPTH { Err(QueryError::Depth) } else { Ok((name, decode(value)?)) }
        });
        Ok(Self { pairs: pairs.collect::<Result<_, _>>()? })
    }

    /// Adds a named segment of the path, given as sent. It takes the place of what the query has under that name.
    pub(crate) fn put_segment(&mut self, name: &'a str, segment: &'a str) -> Result<(), QueryError> {
        let value = percent_decode(segment.as_bytes()).decode_utf8()?;
        self.pairs.retain(|(key, _)| root(key) != name);
        self.pairs.push((Cow::Borrowed(name), value));
        Ok(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The last value given for `name`, as in Phoenix. A list or a map is no text, which is empty then.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        let (key, value) = self.pairs.iter().rfind(|(key, _)| root(key) == name)?;
        Some(if key == name { Cow::Borrowed(value) } else { Cow::Borrowed("") })
    }

    /// Makes the user's type of it: `a[b]=1` is a map in a map, `a[]=1` a list, and of several values of one name the
    /// last counts.
    pub(crate) fn decode<P: DeserializeOwned>(&self) -> Result<P, serde_qs::Error> {
        self.decode_seed(PhantomData)
    }

    /// For a type that is known at run time only.
    pub(crate) fn decode_seed<P, S>(&self, seed: S) -> Result<P, serde_qs::Error>
    where
        S: for<'de> DeserializeSeed<'de, Value = P>,
    {
        let query = self.rewritten();
        let config = Config::new().duplicate_key_behavior(DuplicateKeyBehavior::TakeLast);
        let config = config.use_form_encoding(true).max_depth(MAX_DEPTH);
        seed.deserialize(serde_qs::Deserializer::with_config(config, query.as_bytes())?)
    }

    /// The query that the decoder reads as Phoenix reads the client's. Names encoded in lower case and `%zz` would be
    /// others to it, and a number with zeros in front would lose them.
    fn rewritten(&self) -> String {
        let mut query = String::new();
        for (name, value) in &self.pairs {
            for key in name.split_inclusive(['[', ']']) {
                let zero =
                    key.strip_prefix('0').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
                query.push_str(if zero.is_some() { "%30" } else { "" });
                query.extend(byte_serialize(zero.unwrap_or(key).as_bytes()));
            }
            query.push('=');
            query.extend(byte_serialize(value.as_bytes()));
            query.push('&');
        }
        query
    }
}

/// `a` of `a[b][c]`.
fn root(name: &str) -> &str {
    name.split_once('[').map_or(name, |(root, _)| root)
}

/// As in HTML forms: `+` is a space. A `%` that begins no escape stands for itself.
fn decode(text: &str) -> Result<Cow<'_, str>, Utf8Error> {
    if text.contains('+') {
        let text = text.replace('+', " ");
        Ok(Cow::Owned(percent_decode(text.as_bytes()).decode_utf8()?.into_owned()))
    } else {
        percent_decode(text.as_bytes()).decode_utf8()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_number_as_a_name_keeps_its_zeros() -> Result<(), Box<dyn std::error::Error>> {
        let params = Params::parse("007=a&7=b&0=c&0x=d")?;
        let decoded: BTreeMap<String, String> = params.decode()?;
        assert_eq!(decoded, [("0", "c"), ("007", "a"), ("0x", "d"), ("7", "b")].map(owned).into());
        let decoded: BTreeMap<String, BTreeMap<String, String>> =
            Params::parse("a[00]=1&a[0]=2")?.decode()?;
        assert_eq!(decoded, [("a".to_owned(), [("0", "2"), ("00", "1")].map(owned).into())].into());
        Ok(())
    }

    fn owned((name, value): (&str, &str)) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }
}
