//! The HTTP request that becomes a WebSocket: the checks of docs/protocol.md §2.2, in its order.

use crate::connect_info::ConnectInfo;
use crate::crash::panic_text;
use crate::extensions;
use crate::hub::Hub;
use crate::log::{log, span};
use crate::metrics::{Check, Crashed};
use crate::mount::{Mount, MountOptions};
use crate::origin::Origin;
use crate::outbox::Outbox;
use crate::params::{Params, QueryError};
use crate::refusal::{Because, Refusal};
use crate::subprotocol::{self, InvalidToken, NoneInCommon};
use crate::transport::{ConnectRequest, Line, Transport};
use crate::upgrade::Upgrade;
use futures_util::FutureExt;
use hyper::upgrade::OnUpgrade;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;
use tracing::field::display;
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use warp::reply::Response;

/// What the handshake looks at.
pub(crate) struct Request {
    pub(crate) method: Method,
    /// With scheme and host, where the `Host` header is one.
    pub(crate) uri: Uri,
    /// The named segments of the path, as sent.
    pub(crate) segments: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) peer_addr: Option<SocketAddr>,
    pub(crate) on_upgrade: Option<OnUpgrade>,
    /// The connection's share of the server's limit.
    pub(crate) permit: Option<Arc<OwnedSemaphorePermit>>,
}

/// Answers a request for a WebSocket that speaks `T`.
pub(crate) async fn accept<T: Transport>(mut request: Request, hub: Arc<Hub>, mount: Arc<Mount>) -> Response {
    let span = span!(mount.options.log.connect, "connect", path = mount.path, transport = "websocket");
    let started = Instant::now();
    let uri = request.uri.clone();
    let segments = std::mem::take(&mut request.segments);
    let (params, outcome) = match read_params(&request.method, &uri, &segments, &mount) {
        Ok(params) => {
            // The user's code runs in several places: origins, parameters, the socket itself.
            let handshake = AssertUnwindSafe(handshake::<T>(request, &params, hub, &mount));
            let outcome = handshake.catch_unwind().instrument(span.clone()).await;
            (Some(params), outcome.unwrap_or_else(|panic| Err(crashed(&mount, panic_text(&*panic)))))
        }
        Err(refusal) => (None, Err(refusal)),
    };
    span.in_scope(|| tell(&mount, params.as_ref(), outcome.as_ref().err(), started.elapsed()));
    outcome.unwrap_or_else(Refusal::into_response)
}

async fn handshake<T: Transport>(
    mut request: Request,
    params: &Params<'_>,
    hub: Arc<Hub>,
    mount: &Arc<Mount>,
) -> Result<Response, Refusal> {
    check_origin(&request, mount)?;
    let auth_token = take_auth_token(&mut request, mount)?;
    let subprotocol = choose_subprotocol(&request, mount)?;
    let headers = std::mem::take(&mut request.headers);
    let info = ConnectInfo::new(request.peer_addr, request.uri, headers, auth_token, Arc::clone(mount));
    let outbox = Arc::new(Outbox::new(mount.options.limits.outbox_bytes));
    let connecting = ConnectRequest { params, info: &info, outbox: &outbox, hub: &hub, mount };
    let transport = T::connect(&connecting).await.map_err(Refusal::by_transport)?;

    let upgrade = Upgrade::of(info.headers(), request.on_upgrade)
        .map_err(|reason| Refusal::bad_request(Check::Upgrade, reason))?;
    // From here on the connection can be closed from outside, whether the client has its answer yet or not.
    let books = (hub.connected(&outbox, mount), request.permit);
    let compression = mount.compression.clone();
    let agreed = compression.and_then(|settings| Some((extensions::accept(info.headers())?, settings)));
    let (extension, compression) = agreed.unzip();
    let line = Line { outbox, infos: None, mount: Arc::clone(mount), compression };
    Ok(upgrade.accept(subprotocol, extension, transport, line, books))
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

/// Reads the query of a GET and puts the named segments of the path over it.
fn read_params<'a>(
    method: &Method,
    uri: &'a Uri,
    segments: &'a [(String, String)],
    mount: &Mount,
) -> Result<Params<'a>, Refusal> {
    if method != Method::GET {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, Check::Method, "not a GET"));
    }
    let query = uri.query().unwrap_or_default();
    if query.len() > mount.options.limits.max_query_bytes {
        let reason = "the query is longer than `max_query_bytes`";
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, Check::Query, reason));
    }
    let bad_request =
        |error: QueryError| Refusal::new(StatusCode::BAD_REQUEST, Check::Query, error.to_string());
    let mut params = Params::parse(query).map_err(bad_request)?;
    // A name with an underscore in front is there to match only, as in Phoenix.
    for (name, segment) in segments.iter().filter(|(name, _)| !name.starts_with('_')) {
        params.put_segment(name, segment).map_err(bad_request)?;
    }
    Ok(params)
}

/// Only the first `Origin` header is looked at; without one, the client is no browser.
fn check_origin(request: &Request, mount: &Mount) -> Result<(), Refusal> {
    let Some(header) = request.headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = Origin::parse(&String::from_utf8_lossy(header.as_bytes()));
    if mount.allows_origin(&origin, &request.uri) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, Check::Origin, "a page of this origin may not connect"))
}

/// Takes the token out of the headers, if the mount reads one.
fn take_auth_token(request: &mut Request, mount: &Mount) -> Result<Option<String>, Refusal> {
    if !mount.options.auth_token {
        return Ok(None);
    }
    subprotocol::take_token(&mut request.headers).map_err(|InvalidToken| {
        Refusal::new(StatusCode::FORBIDDEN, Check::AuthToken, "the auth token is no base64 of a text")
    })
}

fn choose_subprotocol(request: &Request, mount: &Mount) -> Result<Option<HeaderValue>, Refusal> {
    let MountOptions { subprotocols, auth_token, .. } = &mount.options;
    subprotocol::negotiate(&request.headers, subprotocols.as_deref(), *auth_token).map_err(|NoneInCommon| {
        mount.complain_of_subprotocols(&request.headers);
        Refusal::new(StatusCode::FORBIDDEN, Check::Subprotocol, "none of the subprotocols is supported")
    })
}
