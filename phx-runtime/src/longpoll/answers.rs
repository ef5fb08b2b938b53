//! What long polling answers: the status of a request is in the body, whose own is 200 (docs/protocol.md §9.1).

use crate::delivery::Delivery;
use crate::frame::Opcode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use warp::http::{HeaderMap, HeaderValue, header};
use warp::reply::Response;

/// A body with a status alone.
pub(crate) fn status(status: u16) -> Response {
    json(format!(r#"{{"status":{status}}}"#).into())
}

/// The answer to a poll.
pub(crate) fn poll(status: u16, token: &str, delivery: Option<&Delivery>) -> Response {
    let messages = || delivery.into_iter().flat_map(Delivery::messages);
    // Quotes of JSON in JSON are a quarter of many a message.
    let size: usize = messages().map(|(_, message)| message.len() + message.len() / 4 + 4).sum();
    let mut body = Vec::with_capacity(size + token.len() + 60);
    body.extend_from_slice(format!(r#"{{"status":{status},"token":"{token}","messages":["#).as_bytes());
    for (number, (opcode, message)) in messages().enumerate() {
        if number > 0 {
            body.push(b',');
        }
        push_string(&mut body, &in_text(opcode, message));
    }
    body.extend_from_slice(b"]}");
    json(body)
}

fn in_text(opcode: Opcode, message: &[u8]) -> Cow<'_, str> {
    match opcode {
        Opcode::Text => String::from_utf8_lossy(message),
        Opcode::Binary => STANDARD.encode(message).into(),
    }
}

fn push_string(json: &mut Vec<u8>, text: &str) {
    // Neither a string nor writing to memory can fail.
    let _ = serde_json::to_writer(json, text);
}

fn json(body: Vec<u8>) -> Response {
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer to a browser that asks, by OPTIONS, what a page of elsewhere may send: whatever it names.
pub(crate) fn preflight(request: &HeaderMap) -> Response {
    let wanted = request.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter().map(HeaderValue::as_bytes);
    let wanted = HeaderValue::from_bytes(&wanted.collect::<Vec<_>>().join(&b", "[..]));
    let mut response = Response::default();
    let headers = response.headers_mut();
    // What came in headers can go in one.
    headers.extend(wanted.ok().map(|wanted| (header::ACCESS_CONTROL_ALLOW_HEADERS, wanted)));
    let methods = HeaderValue::from_static("get, post, options");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
    response
}

/// Lets pages of elsewhere read an answer: which ones get a good one is what the check of origins decides.
pub(crate) fn for_pages(mut response: Response) -> Response {
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
