//! Channels over server-sent events, a transport of this program's own: messages come down one long answer, and go up
//! with a POST each. `cargo run --example sse`, and then, with two terminals:
//!
//! ```text
//! $ curl -N 'http://127.0.0.1:4000/socket/sse?vsn=2.0.0'
//! event:session
//! data:Yp3…
//! $ curl http://127.0.0.1:4000/socket/sse/Yp3… -d '["1","1","room:lobby","phx_join",{}]'
//! $ curl http://127.0.0.1:4000/socket/sse/Yp3… -d '["1","2","room:lobby","shout",{"text":"hi"}]'
//! ```
//!
//! Whoever comes by WebSocket to the same address is in the same room. `transport.mjs` makes phoenix.js come this way.

#[path = "../page/port.rs"]
mod port;
mod room;
mod sessions;

use futures_util::{Stream, StreamExt, stream};
use phx_runtime::prelude::*;
use phx_runtime::{Arrival, CheckOrigin, Opcode, peer_addr};
use sessions::{Place, Sessions};
use std::convert::Infallible;
use std::net::SocketAddr;
use warp::http::{HeaderMap, StatusCode};
use warp::reply::{Reply, Response};
use warp::sse::{Event, keep_alive};
use warp::{Filter, Rejection};

/// The largest message. A session has its own limit besides, which ends it.
const MAX_BODY_BYTES: u64 = 64 * 1024;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let port = port::port()?;
    let endpoint = Endpoint::builder().check_origin(CheckOrigin::same_as_request()).build()?;
    let routes = endpoint.routes().or(sse(&endpoint));
    let server = endpoint.bind(([127, 0, 0, 1], port)).await?;
    println!("listening on http://{}", server.local_addr());
    server.run(routes).await;
    Ok(())
}

/// GET opens a session, POST brings it a message.
fn sse(endpoint: &Endpoint) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + use<> {
    let (endpoint, sessions) = (endpoint.clone(), Sessions::default());
    let opened_in = sessions.clone();
    let open = warp::path!("socket" / "sse")
        .and(warp::get())
        .and(warp::query::raw().or_else(async |_| Ok::<_, Rejection>((String::new(),))))
        .and(warp::header::headers_cloned())
        .and(peer_addr())
        .then(move |query, headers, peer_addr| {
            open(endpoint.clone(), opened_in.clone(), query, headers, peer_addr)
        });
    let bring = warp::path!("socket" / "sse" / String)
        .and(warp::post())
        .and(warp::body::content_length_limit(MAX_BODY_BYTES))
        .and(warp::header::optional("content-type"))
        .and(warp::body::bytes())
        .then(move |id, content_type, message| bring(sessions.clone(), id, content_type, message));
    open.or(bring).unify()
}

async fn open(
    endpoint: Endpoint,
    sessions: Sessions,
    query: String,
    headers: HeaderMap,
    peer_addr: Option<SocketAddr>,
) -> Response {
    let mut arrival = Arrival::new("/socket", query);
    arrival.headers = headers;
    arrival.peer_addr = peer_addr;
    arrival.transport = "sse";
    arrival.text_only = true;
    // Every check of a WebSocket is made here too, the one of the page's origin among them.
    match endpoint.connect(arrival).await {
        Ok(session) => warp::sse::reply(keep_alive().stream(events(sessions.put(session)))).into_response(),
        Err(refusal) => refusal,
    }
}

/// First the name of the session, then what it is sent. When the client goes, the stream is dropped, and so is the session.
fn events(place: Place) -> impl Stream<Item = Result<Event, Infallible>> {
    let name = Event::default().event("session").data(place.id());
    let messages = stream::unfold(place, async |place| {
        let delivery = place.session().recv().await.ok()?;
        let texts = delivery.messages().map(|(_, text)| String::from_utf8_lossy(text).into_owned());
        let events: Vec<_> = texts.map(|text| Event::default().data(text)).collect();
        // What follows is sent in one go, or the client is gone.
        delivery.delivered();
        Some((stream::iter(events), place))
    });
    stream::iter([name]).chain(messages.flatten()).map(Ok)
}

async fn bring(
    sessions: Sessions,
    id: String,
    content_type: Option<String>,
    message: bytes::Bytes,
) -> Response {
    let Some(session) = sessions.find(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let is_binary = content_type.as_deref() == Some("application/octet-stream");
    let opcode = if is_binary { Opcode::Binary } else { Opcode::Text };
    match session.send(opcode, message).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => warp::reply::with_status(error.to_string(), StatusCode::GONE).into_response(),
    }
}
