//! Queries, and the named segments of a path (docs/protocol.md §2.2, §2.4).

use phx_runtime::__fuzz;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// How many brackets a name may have.
const MAX_DEPTH: usize = 32;

/// The input is lines: a query, then perhaps the name of a segment and the segment. A request is a bad one exactly if a
/// part is not UTF-8 or a name has too many brackets. The last value of a name counts, a segment before all of the query,
/// and names with brackets make the maps and lists they describe.
///
/// # Panics
/// If that does not hold.
pub fn query_strings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let query = lines.next().unwrap_or_default();
    // Mounts have no segments of other names.
    let is_name =
        |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let segment = lines.next().filter(is_name).map(|name| (name, lines.next().unwrap_or_default()));

    let pairs = read(query, segment);
    // All would take too long with some thousand names, since each reads the query anew.
    let names = pairs.iter().flatten().map(|(name, _)| root(name)).take(8);
    for name in names.chain(["vsn"]) {
        let found = __fuzz::params(query, segment, name, Shape(None));
        assert_eq!(found.is_some(), pairs.is_some(), "{query:?} {segment:?}");
        let (Some((text, _)), Some(pairs)) = (found, &pairs) else { return };
        let last = pairs.iter().rfind(|(key, _)| root(key) == name);
        let expected = last.map(|(key, value)| if key == name { value.as_str() } else { "" });
        assert_eq!(text.as_deref(), expected, "{name:?} in {query:?}");
    }
    let Some(map) = pairs.as_deref().and_then(map) else { return };
    let with_lists = map.iter().map(|(name, value)| (name.clone(), lists(value.clone()))).collect();
    for value in [Value::Object(map), Value::Object(with_lists)] {
        let found = __fuzz::params(query, segment, "vsn", Shape(Some(&value)));
        assert_eq!(found.and_then(|(_, found)| found).as_ref(), Some(&value), "{query:?} {segment:?}");
    }
}

/// The names and values, those of the segment last.
fn read(query: &str, segment: Option<(&str, &str)>) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let [name, value] = [name, value].map(|text| unescape(&text.replace('+', " ")));
        let (name, value) = (name?, value?);
        if name.matches('[').count() > MAX_DEPTH {
            return None;
        }
        pairs.push((name, value));
    }
    if let Some((name, value)) = segment {
        pairs.retain(|(key, _)| root(key) != name);
        pairs.push((name.to_owned(), unescape(value)?));
    }
    Some(pairs)
}

/// A `%` and two hexadecimal digits are a byte.
fn unescape(text: &str) -> Option<String> {
    let digit =
        |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut rest = text.as_bytes();
    let mut bytes = Vec::new();
    while let Some(&byte) = rest.first() {
        let escaped = digit(rest.get(1)).zip(digit(rest.get(2))).filter(|_| byte == b'%');
        bytes.push(escaped.map_or(byte, |(high, low)| high << 4 | low));
        rest = &rest[if escaped.is_some() { 3 } else { 1 }..];
    }
    String::from_utf8(bytes).ok()
}

fn root(name: &str) -> &str {
    name.split('[').next().unwrap_or_default()
}

/// What the pairs describe, unless there is a name that phoenix.js would not write, or one that stands for two kinds of
/// things.
fn map(pairs: &[(String, String)]) -> Option<Map<String, Value>> {
    let mut map = Map::new();
    for (name, value) in pairs {
        let root = root(name);
        let mut keys = vec![root];
        let mut rest = &name[root.len()..];
        while !rest.is_empty() {
            let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
            keys.push(key);
            rest = after;
        }
        let is_list = keys.len() > 1 && keys.pop_if(|key| key.is_empty()).is_some();
        if keys.iter().any(|key| key.is_empty() || key.contains(['[', ']'])) {
            return None;
        }
        put(&mut map, &keys, is_list, value)?;
    }
    Some(map)
}

fn put(map: &mut Map<String, Value>, keys: &[&str], is_list: bool, value: &str) -> Option<()> {
    let (key, keys) = keys.split_first()?;
    let kind = if !keys.is_empty() {
        Value::Object(Map::new())
    } else if is_list {
        Value::Array(Vec::new())
    } else {
        Value::from("")
    };
    match (map.entry(*key).or_insert(kind), keys) {
        (Value::Object(map), [_, ..]) => put(map, keys, is_list, value),
        (Value::Array(list), []) if is_list => {
            list.push(Value::from(value));
            Some(())
        }
        (Value::String(text), []) if !is_list => {
            value.clone_into(text);
            Some(())
        }
        _ => None,
    }
}

/// With a list for each map that phoenix.js makes of one.
fn lists(value: Value) -> Value {
    let Value::Object(mut map) = value else { return value };
    if (0..map.len()).all(|index| map.contains_key(&index.to_string())) {
        (0..map.len()).filter_map(|index| map.remove(&index.to_string())).map(lists).collect()
    } else {
        map.into_iter().map(|(name, value)| (name, lists(value))).collect()
    }
}

/// The type of parameters that a value could be of, and `None` for a type that takes anything.
#[derive(Clone, Copy)]
struct Shape<'v>(Option<&'v Value>);

impl<'de> DeserializeSeed<'de> for Shape<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.0 {
            Some(Value::Object(_)) => deserializer.deserialize_map(self),
            Some(Value::Array(_)) => deserializer.deserialize_seq(self),
            Some(_) => String::deserialize(deserializer).map(Value::String),
            None => Value::deserialize(deserializer),
        }
    }
}

impl<'de> Visitor<'de> for Shape<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "something like {:?}", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let shape = Shape(self.0.and_then(|value| value.get(&key)));
            map.insert(key, entries.next_value_seed(shape)?);
        }
        Ok(Value::Object(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let shape = Shape(self.0.and_then(|value| value.get(list.len())));
            match elements.next_element_seed(shape)? {
                Some(element) => list.push(element),
                None => return Ok(Value::Array(list)),
            }
        }
    }
}
