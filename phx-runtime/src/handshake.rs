//! From a request to a connection: the checks of docs/protocol.md §2.2, in its order, for a WebSocket or a session.

use crate::connect_info::ConnectInfo;
use crate::crash::panic_text;
use crate::hub::Hub;
use crate::log::{log, span};
use crate::metrics::{Check, Crashed};
use crate::mount::Mount;
use crate::origin::Origin;
use crate::params::{Params, QueryError};
use crate::refusal::{Because, Refusal};
use crate::subprotocol::InvalidToken;
use crate::transport::{ConnectRequest, Line, Transport};
use crate::way::Way;
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;
use tracing::field::display;
use warp::http::{HeaderMap, Method, StatusCode, Uri, header};

/// What the handshake looks at.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// With scheme and host, where the `Host` header is one.
    pub(crate) uri: Uri,
    /// The named segments of the path, as sent.
    pub(crate) segments: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) peer_addr: Option<SocketAddr>,
}

/// Lets a client in that is to speak `T`, or refuses it.
pub(crate) async fn accept<T: Transport, W: Way>(
    mut request: Request,
    hub: Arc<Hub>,
    mount: Arc<Mount>,
    way: W,
) -> Result<W::Arrived, Refusal> {
    let span = span!(mount.options.log.connect, "connect", path = mount.path, transport = way.name());
    let started = Instant::now();
    let uri = request.uri.clone();
    let segments = std::mem::take(&mut request.segments);
    let (params, outcome) = match read_params(&request, &uri, &segments, &mount, &way) {
        Ok(params) => {
            // The user's code runs in several places: origins, parameters, the socket itself.
            let handshake = AssertUnwindSafe(handshake::<T, W>(request, &params, hub, &mount, way));
            let outcome = handshake.catch_unwind().instrument(span.clone()).await;
            (Some(params), outcome.unwrap_or_else(|panic| Err(crashed(&mount, panic_text(&*panic)))))
        }
        Err(refusal) => (None, Err(refusal)),
    };
    span.in_scope(|| tell(&mount, params.as_ref(), outcome.as_ref().err(), started.elapsed()));
    outcome
}

async fn handshake<T: Transport, W: Way>(
    mut request: Request,
    params: &Params<'_>,
    hub: Arc<Hub>,
    mount: &Arc<Mount>,
    mut way: W,
) -> Result<W::Arrived, Refusal> {
    check_origin(&request, mount)?;
    let auth_token = auth_token(&mut request.headers, mount, &way)?;
    way.agree(&request.headers, mount)?;
    let Request { uri, headers, peer_addr, .. } = request;
    let info = ConnectInfo::new(peer_addr, uri, headers, auth_token, Arc::clone(mount));
    let outbox = Arc::new(way.outbox(mount.options.limits.outbox_bytes));
    let text_only = way.is_text_only();
    let connecting = ConnectRequest { params, info: &info, outbox: &outbox, hub: &hub, mount, text_only };
    let transport = T::connect(&connecting).await.map_err(Refusal::by_transport)?;
    let line = Line { outbox, infos: None, mount: Arc::clone(mount), compression: None };
    way.begin(&info, &hub, transport, line)
}

fn crashed(mount: &Mount, panic: &str) -> Refusal {
    mount.metrics.crashed(Crashed::Handshake);
    log!(mount.options.log.crash, path = mount.path, crash = panic, "a handshake panicked");
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, Check::Crash, "panicked")
}

/// Tells the log and the metrics how a handshake went.
fn tell(mount: &Mount, params: Option<&Params<'_>>, refusal: Option<&Refusal>, duration: Duration) {
    let log = &mount.options.log;
    let params = params.map(|params| display(log.filter_parameters.show_params(params)));
    mount.metrics.connect_seconds.record(duration);
    if let Some(Because { check, reason }) = refusal.map(Refusal::because) {
        mount.metrics.refused(*check);
        log!(log.connect, params, check = check.text(), %reason, ?duration, "refused");
    } else {
        mount.metrics.connects.increment(1);
        log!(log.connect, params, ?duration, "connected");
    }
}

/// Reads the query and puts the named segments of the path over it.
fn read_params<'a, W: Way>(
    request: &Request,
    uri: &'a Uri,
    segments: &'a [(String, String)],
    mount: &Mount,
    way: &W,
) -> Result<Params<'a>, Refusal> {
    if !way.allows_method(&request.method) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Check::Method, "not a GET"));
    }
    let mut params = parse_query(uri, mount)?;
    // A name with an underscore in front is there to match only, as in Phoenix.
    for (name, segment) in segments.iter().filter(|(name, _)| !name.starts_with('_')) {
        params.put_segment(name, segment).map_err(bad_query)?;
    }
    Ok(params)
}

pub(crate) fn parse_query<'a>(uri: &'a Uri, mount: &Mount) -> Result<Params<'a>, Refusal> {
    let query = uri.query().unwrap_or_default();
    if query.len() > mount.options.limits.max_query_bytes {
        let reason = "the query is longer than `max_query_bytes`";
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, Check::Query, reason));
    }
    Params::parse(query).map_err(bad_query)
}

fn bad_query(error: QueryError) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Check::Query, error.to_string())
}

/// Only the first `Origin` header is looked at; without one, the client is no browser.
pub(crate) fn check_origin(request: &Request, mount: &Mount) -> Result<(), Refusal> {
    let Some(header) = request.headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = Origin::parse(&String::from_utf8_lossy(header.as_bytes()));
    // A policy may be the user's code, and polls get here without the guard of a handshake.
    match catch_unwind(AssertUnwindSafe(|| mount.allows_origin(&origin, &request.uri))) {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(Refusal::new(StatusCode::FORBIDDEN, Check::Origin, "a page of this origin may not connect"))
        }
        Err(panic) => Err(crashed(mount, panic_text(&*panic))),
    }
}

/// The token, if the mount reads one.
fn auth_token<W: Way>(headers: &mut HeaderMap, mount: &Mount, way: &W) -> Result<Option<String>, Refusal> {
    if !mount.options.auth_token {
        return Ok(None);
    }
    way.auth_token(headers).map_err(|InvalidToken| {
        let reason = "the auth token is no text, or no base64 of one";
        Refusal::new(StatusCode::FORBIDDEN, Check::AuthToken, reason)
    })
}
