//! The body of a POST of long polling (docs/protocol.md §9.5).

use bytes::Bytes;
use phx_runtime::{__fuzz, Opcode};

/// The most messages; small, so that inputs go beyond it.
const MAX_BATCH: usize = 4;

/// The input is a line with a content type, and then a body. What it brings is what a plain reader finds in it.
///
/// # Panics
/// If that does not hold.
pub fn posts(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
    let content_type = parts.next().unwrap_or_default();
    let body = parts.next().unwrap_or_default();
    let messages = __fuzz::posted(content_type, Bytes::copy_from_slice(body), MAX_BATCH);
    assert_eq!(messages, expected(content_type, body), "{}", String::from_utf8_lossy(bytes));
}

/// The messages, or what is wrong.
fn expected(content_type: &[u8], body: &[u8]) -> Result<Vec<(Opcode, Bytes)>, String> {
    let is_text = content_type.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7E));
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if !(is_text && media_type.eq_ignore_ascii_case(b"application/x-ndjson")) {
        return Ok(vec![(Opcode::Text, Bytes::copy_from_slice(body))]);
    }
    let lines = body.split(|byte| *byte == b'\n');
    if lines.filter(|line| !matches!(*line, b"" | b"\r")).count() > MAX_BATCH {
        return Err("it has more messages than `max_batch`".to_owned());
    }
    let mut messages = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = if line.ends_with(b"\r") { &line[..line.len() - 1] } else { line };
        match line.first() {
            None => {}
            Some(b'[' | b'{') => messages.push((Opcode::Text, Bytes::copy_from_slice(line))),
            Some(_) => {
                let bytes = base64(line).ok_or("a line of it is neither JSON nor base64")?;
                messages.push((Opcode::Binary, bytes.into()));
            }
        }
    }
    Ok(messages)
}

/// Standard base64 with its padding, and no bits beyond the last byte.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let unpadded = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for digit in unpadded {
        let value = ALPHABET.iter().position(|known| known == digit)?;
        bits = (bits << 6) | u32::try_from(value).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    (bits == 0 && count < 6).then_some(bytes)
}
