//! What the JSON serializers share: reading the parts of a message, and writing strings and refs.

use super::DecodeError;
use crate::frame::FrameBuffer;
use crate::message::{Name, Ref};
use crate::payload::Payload;
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A payload out of a frame. A small one is copied: it must not keep a large frame, or the buffer that the frame was
/// read into, in memory.
pub(super) fn decode_payload(frame: &Bytes, raw: &RawValue) -> Result<Payload, DecodeError> {
    let json = raw.get().as_bytes();
    if has_lone_surrogate(json) {
        return Err(DecodeError::LoneSurrogate);
    }
    Ok(Payload::from_trusted(keep(frame, json)))
}

/// A part of a frame, to be kept for longer.
pub(super) fn keep(frame: &Bytes, part: &[u8]) -> Bytes {
    const SMALL: usize = 4096;
    if part.len() < SMALL || part.len() < frame.len() / 2 {
        Bytes::copy_from_slice(part)
    } else {
        frame.slice_ref(part)
    }
}

/// Refs are kept as JSON; a string is written anew if it has escapes, so that equal strings compare equal.
pub(super) fn decode_ref(raw: &RawValue) -> Result<Ref, DecodeError> {
    let json = raw.get();
    if json.starts_with('"') && json.contains('\\') {
        let text: String = serde_json::from_str(json)?;
        return Ok(Ref::text(&text));
    }
    if has_lone_surrogate(json.as_bytes()) {
        return Err(DecodeError::LoneSurrogate);
    }
    Ok(Ref::from_json(json))
}

pub(super) fn decode_name(raw: &RawValue) -> Result<Name<'_>, DecodeError> {
    let json = raw.get();
    if json.starts_with('"') {
        let unquoted = json.get(1..json.len() - 1).unwrap_or_default();
        return Ok(Name::Text(if unquoted.contains('\\') {
            Cow::Owned(serde_json::from_str(json)?)
        } else {
            Cow::Borrowed(unquoted)
        }));
    }
    if has_lone_surrogate(json.as_bytes()) {
        return Err(DecodeError::LoneSurrogate);
    }
    Ok(Name::Json(Cow::Borrowed(json)))
}

/// Whether valid JSON escapes half of a UTF-16 surrogate pair, which stands for no character. Skipping over a raw
/// value does not notice, and what we pass on must be readable to every client.
fn has_lone_surrogate(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let escape = &rest[at + 1..];
        if escape.first() != Some(&b'u') {
            rest = escape.get(1..).unwrap_or_default();
            continue;
        }
        rest = escape.get(5..).unwrap_or_default();
        match code_unit(&escape[1..]) {
            Some(0xDC00..=0xDFFF) => return true,
            Some(0xD800..=0xDBFF) => {
                let low = rest.strip_prefix(br"\u").and_then(code_unit);
                if !matches!(low, Some(0xDC00..=0xDFFF)) {
                    return true;
                }
                rest = rest.get(6..).unwrap_or_default();
            }
            _ => {}
        }
    }
    false
}

/// The number that four hexadecimal digits stand for.
fn code_unit(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

pub(super) fn write_name(buffer: &mut FrameBuffer, name: &Name<'_>) {
    match name {
        Name::Text(text) => write_string(buffer, text),
        Name::Json(json) => buffer.extend_from_slice(json.as_bytes()),
    }
}

pub(super) fn write_string(buffer: &mut FrameBuffer, text: &str) {
    // Writing a string to memory has no way to fail.
    let _ = serde_json::to_writer(buffer, text);
}

pub(super) fn write_ref(buffer: &mut FrameBuffer, reference: &Ref) {
    buffer.extend_from_slice(reference.as_json().as_bytes());
}

/// `{"response":…,"status":…}`
pub(super) fn write_answer(buffer: &mut FrameBuffer, status: &str, response: &str) {
    buffer.extend_from_slice(br#"{"response":"#);
    buffer.extend_from_slice(response.as_bytes());
    buffer.extend_from_slice(br#","status":"#);
    write_string(buffer, status);
    buffer.extend_from_slice(b"}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap_or(RawValue::NULL)
    }

    #[test]
    fn refs_are_compared_as_the_values_they_stand_for() {
        let same = |a, b| decode_ref(raw(a)).ok().zip(decode_ref(raw(b)).ok()).is_some_and(|(a, b)| a == b);
        assert!(same(r#""1""#, r#""\u0031""#));
        assert!(same(r#""\"""#, r#""\u0022""#));
        assert!(!same(r#""1""#, "1"));
        assert!(same("null", "null"));
    }

    #[test]
    fn a_large_part_shares_its_frame_and_a_small_one_does_not() {
        let frame = Bytes::from(vec![b'x'; 10_000]);
        assert_eq!(keep(&frame, &frame[..9_000]).as_ptr(), frame.as_ptr());
        assert_ne!(keep(&frame, &frame[..4_095]).as_ptr(), frame.as_ptr());
        assert_ne!(keep(&frame, &frame[..4_999]).as_ptr(), frame.as_ptr());
    }
}
