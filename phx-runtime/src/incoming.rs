//! From a request to the mount that it is for.

use crate::arrival::{Arrival, peer_addr};
use crate::desk::Life;
use crate::endpoint::Endpoint;
use crate::handshake::Request;
use crate::hub::Hub;
use crate::longpoll::{Newcomers, Polling, Polls};
use crate::mount::Mount;
use crate::refusal::Refusal;
use crate::server::Accepted;
use crate::session::Session;
use crate::way::{BySession, ByWebSocket};
use bytes::Buf;
use futures_util::Stream;
use hyper::upgrade::OnUpgrade;
use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use warp::http::uri::{Authority, Scheme};
use warp::http::{HeaderMap, Method, StatusCode, Uri, header};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

/// The filter that serves the mounts.
pub(crate) fn filter(
    endpoint: Endpoint,
) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
    warp::any()
        .and_then(move || ready(Ok::<_, Rejection>(endpoint.clone())))
        .and(warp::method())
        .and(warp::path::full())
        .and(warp::query::raw().map(Some).or(warp::any().map(|| None)).unify())
        .and(warp::header::headers_cloned())
        .and(connection())
        .and_then(|endpoint, method, path, query, headers, connection| {
            ready(find(endpoint, method, path, query, headers, connection))
        })
        // Not before it is known that the request is for a socket: a body is there once.
        .and(warp::body::stream())
        .and_then(async |found: Found, body| Ok::<_, Rejection>(found.answer(body).await))
}

/// What the HTTP server knows of the connection: ours tells more than `warp::serve`.
fn connection()
-> impl Filter<Extract = ((Option<OnUpgrade>, Option<Accepted>, Option<SocketAddr>),), Error = Infallible> + Copy
{
    warp::ext::optional::<OnUpgrade>()
        .and(warp::ext::optional::<Accepted>())
        .and(peer_addr())
        .map(|on_upgrade, accepted, peer| (on_upgrade, accepted, peer))
}

/// A request for a socket.
struct Found {
    hub: Arc<Hub>,
    mount: Arc<Mount>,
    request: Request,
    way: HttpWay,
}

enum HttpWay {
    WebSocket(ByWebSocket),
    Polling(Arc<Polling>, Option<Newcomers>),
}

fn find(
    endpoint: Endpoint,
    method: Method,
    path: FullPath,
    query: Option<String>,
    headers: HeaderMap,
    (on_upgrade, accepted, peer_addr): (Option<OnUpgrade>, Option<Accepted>, Option<SocketAddr>),
) -> Result<Found, Rejection> {
    // Under another server than ours nobody else says that serving has begun.
    endpoint.hub.background.start(&endpoint);
    let path = path.as_str();
    // The one declared last wins, as in Phoenix.
    let found = endpoint.mounts.iter().rev().find_map(|mount| {
        if let Some(segments) = mount.paths.websocket.captures(path) {
            return Some((mount, segments, None));
        }
        let (pattern, polling) = mount.paths.longpoll.as_ref().zip(mount.polling.as_ref())?;
        Some((mount, pattern.captures(path)?, Some(polling)))
    });
    let Some((mount, segments, polling)) = found else {
        return Err(warp::reject::not_found());
    };
    let way = match polling {
        None => {
            let permit = accepted.map(|accepted| accepted.permit);
            HttpWay::WebSocket(ByWebSocket { on_upgrade, permit, subprotocol: None })
        }
        Some(polling) => HttpWay::Polling(Arc::clone(polling), accepted.map(|accepted| accepted.newcomers)),
    };
    let segments = owned(segments);
    let uri = uri(path, query.as_deref(), &headers).map_err(|_| warp::reject::not_found())?;
    let request = Request { method, uri, segments, headers, peer_addr };
    Ok(Found { hub: Arc::clone(&endpoint.hub), mount: Arc::clone(mount), request, way })
}

impl Found {
    async fn answer<E>(self, body: impl Stream<Item = Result<impl Buf, E>>) -> Response {
        let Self { hub, mount, request, way } = self;
        match way {
            HttpWay::WebSocket(way) => mount.accept(request, hub, way).await,
            HttpWay::Polling(polling, newcomers) => {
                let polls = Polls { hub, mount: &mount, polling: &polling, newcomers: newcomers.as_ref() };
                polls.answer(request, body).await
            }
        }
    }
}

/// Begins a session by a transport of the user's own.
pub(crate) async fn connect(endpoint: &Endpoint, arrival: Arrival) -> Result<Session, Response> {
    endpoint.hub.background.start(endpoint);
    let Arrival { path, query, headers, peer_addr, transport, text_only } = arrival;
    let found =
        endpoint.mounts.iter().rev().find_map(|mount| Some((mount, mount.paths.base.captures(&path)?)));
    let (mount, segments) = found.ok_or_else(|| StatusCode::NOT_FOUND.into_response())?;
    let uri = uri(&path, Some(&query), &headers).map_err(|_| StatusCode::BAD_REQUEST.into_response())?;
    let request = Request { method: Method::GET, uri, segments: owned(segments), headers, peer_addr };
    let life = Life::Messages(mount.options.limits.idle_timeout);
    let way = BySession { name: transport, life, is_text_only: text_only, books: Box::new(()) };
    mount.open(request, Arc::clone(&endpoint.hub), way).await.map_err(Refusal::into_response)
}

fn owned(segments: Vec<(&str, &str)>) -> Vec<(String, String)> {
    segments.into_iter().map(|(name, segment)| (name.to_owned(), segment.to_owned())).collect()
}

/// The whole of what was requested, or the path and query alone if the `Host` header is none.
fn uri(path: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Uri, warp::http::Error> {
    let path_and_query = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let host = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let uri = Uri::builder().path_and_query(path_and_query);
    match host {
        // Neither our server nor that of warp has TLS.
        Some(host) => uri.scheme(Scheme::HTTP).authority(host).build(),
        None => uri.build(),
    }
}
