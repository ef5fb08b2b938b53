//! What a POST brings: its body, and the messages in it (docs/protocol.md §9.5).

use crate::frame::Opcode;
use crate::longpoll::LongPoll;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;
use tokio::time::timeout;
use warp::http::HeaderMap;
use warp::http::header::CONTENT_TYPE;

/// Why a POST brings nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPost {
    #[error("its body is larger than `max_body_bytes`")]
    TooLarge,
    #[error("its body takes longer than `body_timeout`")]
    TooSlow,
    #[error("its body breaks off")]
    Broken,
    #[error("it has more messages than `max_batch`")]
    TooMany,
    #[error("a line of it is neither JSON nor base64")]
    Base64,
}

/// Reads a body to its end. What is beyond the limit is read too, since a client that is cut off while it sends does not
/// see the answer, but it is not kept.
pub(crate) async fn read<E>(
    body: impl Stream<Item = Result<impl Buf, E>>,
    longpoll: &LongPoll,
) -> Result<Bytes, BadPost> {
    read_up_to(longpoll.max_body_bytes, body, longpoll.body_timeout).await
}

/// Reads a body to its end and keeps nothing of it.
pub(crate) async fn discard<E>(body: impl Stream<Item = Result<impl Buf, E>>, longpoll: &LongPoll) {
    let _ = read_up_to(0, body, longpoll.body_timeout).await;
}

async fn read_up_to<E>(
    limit: usize,
    body: impl Stream<Item = Result<impl Buf, E>>,
    body_timeout: Duration,
) -> Result<Bytes, BadPost> {
    let read = async {
        let mut body = pin!(body);
        let mut bytes = Vec::new();
        let mut is_too_large = false;
        while let Some(part) = body.next().await {
            let mut part = part.map_err(|_| BadPost::Broken)?;
            is_too_large |= bytes.len() + part.remaining() > limit;
            if is_too_large {
                bytes = Vec::new();
                continue;
            }
            while part.has_remaining() {
                bytes.extend_from_slice(part.chunk());
                part.advance(part.chunk().len());
            }
        }
        if is_too_large { Err(BadPost::TooLarge) } else { Ok(Bytes::from(bytes)) }
    };
    timeout(body_timeout, read).await.unwrap_or(Err(BadPost::TooSlow))
}

/// The messages: a line each, if the body says that it has lines, else all of it is one text.
pub(crate) fn messages(
    headers: &HeaderMap,
    body: Bytes,
    max_batch: usize,
) -> Result<VecDeque<(Opcode, Bytes)>, BadPost> {
    if !has_lines(headers) {
        return Ok([(Opcode::Text, body)].into());
    }
    let lines = || {
        let lines = body.split(|byte| *byte == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty())
    };
    // Before any is looked at.
    if lines().nth(max_batch).is_some() {
        return Err(BadPost::TooMany);
    }
    lines().map(|line| message(&body, line)).collect()
}

/// JSON is text, anything else the base64 of a binary message.
fn message(body: &Bytes, line: &[u8]) -> Result<(Opcode, Bytes), BadPost> {
    if line.starts_with(b"[") || line.starts_with(b"{") {
        return Ok((Opcode::Text, body.slice_ref(line)));
    }
    let bytes = STANDARD.decode(line).map_err(|_| BadPost::Base64)?;
    Ok((Opcode::Binary, bytes.into()))
}

fn has_lines(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/x-ndjson")
}
