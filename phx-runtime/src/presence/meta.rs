//! What one entry of a presence says, as the JSON text that clients get, and the refs by which they tell entries apart
//! (docs/protocol.md §10).

use super::roster::Holder;
use crate::payload::{EncodeError, Payload};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

const BEFORE_REF: &str = r#"{"phx_ref":""#;
const BEFORE_PREVIOUS: &str = r#"","phx_ref_prev":""#;

/// Twelve bytes in base64.
const REF_LEN: usize = 16;

/// Lists and objects in each other, in a meta or in what stands beside it. Readers of JSON stop at 128 by default, and
/// one who reads a diff is not to fail because of what somebody has tracked.
const MAX_DEPTH: usize = 64;

/// What the server writes itself.
const RESERVED_IN_META: &[&str] = &["phx_ref", "phx_ref_prev"];
const RESERVED_BESIDE_METAS: &[&str] = &["metas"];

/// The members of a JSON object without its braces, each with a comma before it, to stand behind others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields(Arc<str>);

impl Fields {
    /// Of a meta: without those that the server writes itself.
    pub(super) fn of_meta(meta: &Payload) -> Result<Self, EncodeError> {
        Self::without(RESERVED_IN_META, meta)
    }

    /// Of what stands beside the metas of a key.
    pub(super) fn of_extra(extra: &Payload) -> Result<Self, EncodeError> {
        Self::without(RESERVED_BESIDE_METAS, extra)
    }

    /// The values stay as they are written, which no type for any JSON would leave them.
    fn without(reserved: &'static [&'static str], object: &Payload) -> Result<Self, EncodeError> {
        let json = object.as_json().ok_or(EncodeError::NotAMap("bytes"))?;
        if let Some(kind) = object.kind_unless_object() {
            return Err(EncodeError::NotAMap(kind));
        }
        if depth(json) > MAX_DEPTH {
            return Err(EncodeError::TooDeep(MAX_DEPTH));
        }
        let fields = serde_json::Deserializer::from_str(json).deserialize_map(Members { reserved })?;
        Ok(Self(fields.into()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

struct Members {
    reserved: &'static [&'static str],
}

impl<'de> Visitor<'de> for Members {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<String, A::Error> {
        let mut members = String::new();
        // A name may be written with escapes, and is the same name then.
        while let Some((name, value)) = map.next_entry::<Name<'_>, &RawValue>()? {
            if !self.reserved.contains(&&*name.0) {
                members.push(',');
                write_string(&mut members, &name.0);
                members.push(':');
                members.push_str(value.get());
            }
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Name<'n>(#[serde(borrow)] Cow<'n, str>);

/// How deep lists and objects stand in each other.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// Writes a JSON string.
pub(super) fn write_string(json: &mut String, text: &str) {
    // Any text can be written, and to a string.
    if let Ok(quoted) = serde_json::to_string(text) {
        json.push_str(&quoted);
    }
}

/// A meta as clients get it: `{"phx_ref":"…","phx_ref_prev":"…"` if it replaces another, and what was tracked.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Meta(Arc<str>);

impl Meta {
    pub(super) fn new(reference: &str, fields: &Fields) -> Self {
        Self([BEFORE_REF, reference, "\"", fields.as_str(), "}"].concat().into())
    }

    /// One that takes the place of this one.
    pub(super) fn successor(&self, reference: &str, fields: &Fields) -> Self {
        let parts = [BEFORE_REF, reference, BEFORE_PREVIOUS, self.reference(), "\"", fields.as_str(), "}"];
        Self(parts.concat().into())
    }

    pub(super) fn as_json(&self) -> &str {
        &self.0
    }

    pub(super) fn reference(&self) -> &str {
        &self.0[BEFORE_REF.len()..][..REF_LEN]
    }

    /// Whether it says this, whatever its refs are.
    pub(super) fn says(&self, fields: &Fields) -> bool {
        let rest = &self.0[BEFORE_REF.len() + REF_LEN..];
        let rest = rest.strip_prefix(BEFORE_PREVIOUS).map_or(rest, |previous| &previous[REF_LEN..]);
        rest.strip_prefix('"').and_then(|rest| rest.strip_suffix('}')) == Some(fields.as_str())
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes the refs of a node: no two are alike.
#[derive(Debug, Default)]
pub(super) struct Refs {
    last: AtomicU64,
}

impl Refs {
    /// As Phoenix has them: nanoseconds of the system's clock, 16 bits of who it is for, and 16 of a counter. Here the
    /// first part alone tells the refs of a node apart, whatever the clock does.
    pub(super) fn next(&self, holder: Holder) -> String {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        let after = |last: u64| now.max(last + 1);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last)));
        let unique = after(last.unwrap_or_default());
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&unique.to_be_bytes());
        bytes[8..].copy_from_slice(&holder.hash().to_be_bytes());
        URL_SAFE.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAA";
    const B: &str = "BBBBBBBBBBBBBBBB";

    fn fields(json: &str) -> Result<Fields, Box<dyn std::error::Error>> {
        Ok(Fields::of_meta(&Payload::from_json(json)?)?)
    }

    #[test]
    fn a_meta_is_what_was_tracked_behind_its_ref() -> Result<(), Box<dyn std::error::Error>> {
        let first = Meta::new(A, &fields(r#"{"status":"online"}"#)?);
        assert_eq!(first.as_json(), r#"{"phx_ref":"AAAAAAAAAAAAAAAA","status":"online"}"#);
        let second = first.successor(B, &fields(r#"{"status":"away"}"#)?);
        assert_eq!(
            second.as_json(),
            r#"{"phx_ref":"BBBBBBBBBBBBBBBB","phx_ref_prev":"AAAAAAAAAAAAAAAA","status":"away"}"#
        );
        assert_eq!((first.reference(), second.reference()), (A, B));
        assert_eq!(Meta::new(A, &fields("{}")?).as_json(), r#"{"phx_ref":"AAAAAAAAAAAAAAAA"}"#);
        Ok(())
    }

    /// A client may be behind what is tracked.
    #[test]
    fn nobody_else_can_write_a_ref() -> Result<(), Box<dyn std::error::Error>> {
        let forged = r#"{"phx_ref":"x","a":1,"\u0070hx_ref":2,"phx_ref_prev":null,"phx_\u0072ef_prev":[],"phx_refs":3}"#;
        let meta = Meta::new(A, &fields(forged)?);
        assert_eq!(meta.as_json(), r#"{"phx_ref":"AAAAAAAAAAAAAAAA","a":1,"phx_refs":3}"#);
        Ok(())
    }

    #[test]
    fn values_stay_as_they_are_written() -> Result<(), Box<dyn std::error::Error>> {
        let meta = Meta::new(A, &fields(r#" { "n" : 18446744073709551617.0 , "\n": [ 1 ] } "#)?);
        assert_eq!(meta.as_json(), r#"{"phx_ref":"AAAAAAAAAAAAAAAA","n":18446744073709551617.0,"\n":[ 1 ]}"#);
        Ok(())
    }

    #[test]
    fn a_meta_is_an_object() {
        for (json, kind) in [("[]", "an array"), ("null", "null"), ("\"a\"", "a string"), ("1", "a number")] {
            let failed = Payload::from_json(json).map(|payload| Fields::of_meta(&payload).err());
            let text = failed.ok().flatten().map(|error| error.to_string());
            let expected =
                format!("what is told of somebody who is present must be a JSON object, got {kind}");
            assert_eq!(text, Some(expected));
        }
        let failed = Fields::of_meta(&Payload::from_bytes(vec![b'{', b'}'])).err();
        assert!(matches!(failed, Some(EncodeError::NotAMap("bytes"))));
    }

    #[test]
    fn a_meta_is_so_deep() -> Result<(), Box<dyn std::error::Error>> {
        let nested = |depth: usize| {
            let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
            format!(r#"{{"a":{open}"\"[[[[\\"{close}}}"#)
        };
        fields(&nested(MAX_DEPTH))?;
        let failed = Fields::of_meta(&Payload::from_json(nested(MAX_DEPTH + 1))?).err();
        assert!(matches!(failed, Some(EncodeError::TooDeep(MAX_DEPTH))));
        let wide = format!("{{\"a\":[{}[]]}}", "[],".repeat(1000));
        fields(&wide)?;
        Ok(())
    }

    #[test]
    fn what_a_meta_says_is_told_apart_from_its_refs() -> Result<(), Box<dyn std::error::Error>> {
        let (online, away) = (fields(r#"{"s":1}"#)?, fields(r#"{"s":2}"#)?);
        let first = Meta::new(A, &online);
        assert!(first.says(&online) && !first.says(&away) && !first.says(&fields("{}")?));
        let second = first.successor(B, &away);
        assert!(second.says(&away) && !second.says(&online));
        Ok(())
    }

    #[test]
    fn refs_are_sixteen_characters_and_unique() {
        let refs = Refs::default();
        let mut made: Vec<String> = (0..10_000).map(|n| refs.next(Holder::local(n % 2))).collect();
        assert!(made.iter().all(|made| made.len() == REF_LEN));
        made.sort_unstable();
        made.dedup();
        assert_eq!(made.len(), 10_000);
    }
}
