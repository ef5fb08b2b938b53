//! Not public API. Used by the fuzz targets.
#![allow(missing_docs, clippy::missing_errors_doc)]

use crate::frame::{Frame, Opcode};
use crate::longpoll;
use crate::message::Outgoing;
use crate::params::Params;
use crate::payload::EncodeError;
use crate::serializer::Serializer;
use crate::term;
use bytes::Bytes;
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed};
use std::borrow::Cow;
use warp::http::{HeaderMap, HeaderValue, header};

/// The whole WebSocket frame.
pub fn encode(serializer: &dyn Serializer, message: &Outgoing<'_>) -> Result<Vec<u8>, EncodeError> {
    Frame::message(0, |buffer| serializer.encode(message, buffer)).map(|frame| frame.as_bytes().to_vec())
}

/// The text of `name`, and what `connect` would get if its parameters were of the type of `seed`, each if there is such;
/// `None` for a bad request.
pub fn params<P>(
    query: &str,
    segment: Option<(&str, &str)>,
    name: &str,
    seed: impl for<'de> DeserializeSeed<'de, Value = P>,
) -> Option<(Option<String>, Option<P>)> {
    let mut params = Params::parse(query).ok()?;
    if let Some((name, segment)) = segment {
        params.put_segment(name, segment).ok()?;
    }
    Some((params.text(name).map(Cow::into_owned), params.decode_seed(seed).ok()))
}

/// The messages that a POST of long polling brings, or what is wrong with it.
pub fn posted(content_type: &[u8], body: Bytes, max_batch: usize) -> Result<Vec<(Opcode, Bytes)>, String> {
    let mut headers = HeaderMap::new();
    if let Ok(content_type) = HeaderValue::from_bytes(content_type) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    longpoll::messages(&headers, body, max_batch).map(Vec::from).map_err(|error| error.to_string())
}

/// The value that an Erlang term is, or what is wrong with it.
pub fn read_term<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    term::open(bytes).and_then(|term| term::read(&term)).map_err(|error| error.to_string())
}

/// The Erlang term of a value, or why there is none.
pub fn write_term<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let term = term::write(value).and_then(|term| term::check(&term).map(|()| term));
    Ok([&[term::VERSION], &*term.map_err(|error| error.to_string())?].concat())
}
