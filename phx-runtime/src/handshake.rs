//! The HTTP request that becomes a WebSocket: the checks of docs/protocol.md §2.2, in its order.

use crate::connect_info::ConnectInfo;
use crate::hub::Hub;
use crate::mount::{Mount, MountOptions};
use crate::origin::Origin;
use crate::outbox::Outbox;
use crate::params::Params;
use crate::subprotocol::{self, InvalidToken, NoneInCommon};
use crate::transport::{ConnectRequest, Line, Transport};
use crate::upgrade::Upgrade;
use futures_util::FutureExt;
use hyper::upgrade::OnUpgrade;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use warp::reply::{Reply, Response};

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

/// How a request ends that becomes no WebSocket.
enum Refusal {
    /// Without a body.
    Status(StatusCode),
    /// 400, with the reason for a person to read.
    BadRequest(&'static str),
    /// The user's own answer.
    Answer(Box<Response>),
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

impl Reply for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Status(status) => status.into_response(),
            Self::BadRequest(reason) => {
                warp::reply::with_status(reason, StatusCode::BAD_REQUEST).into_response()
            }
            Self::Answer(response) => *response,
        }
    }
}

/// Answers a request for a WebSocket that speaks `T`.
pub(crate) async fn accept<T: Transport>(request: Request, hub: Arc<Hub>, mount: Arc<Mount>) -> Response {
    // The user's code runs in several places: origins, parameters, the socket itself.
    match AssertUnwindSafe(handshake::<T>(request, hub, mount)).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.into_response(),
        Err(_) => {
            tracing::error!("a handshake panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn handshake<T: Transport>(
    mut request: Request,
    hub: Arc<Hub>,
    mount: Arc<Mount>,
) -> Result<Response, Refusal> {
    if request.method != Method::GET {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let uri = request.uri.clone();
    let segments = std::mem::take(&mut request.segments);
    let params = read_params(&uri, &segments, &mount)?;
    check_origin(&request, &mount)?;
    let auth_token = take_auth_token(&mut request, &mount)?;
    let subprotocol = choose_subprotocol(&request, &mount)?;
    let headers = std::mem::take(&mut request.headers);
    let info = ConnectInfo::new(request.peer_addr, request.uri, headers, auth_token, Arc::clone(&mount));
    let outbox = Arc::new(Outbox::new(mount.options.limits.outbox_bytes));
    let connecting =
        ConnectRequest { params: &params, info: &info, outbox: &outbox, hub: &hub, mount: &mount };
    let transport = T::connect(&connecting).await.map_err(|response| Refusal::Answer(Box::new(response)))?;

    let upgrade = Upgrade::of(info.headers(), request.on_upgrade).map_err(Refusal::BadRequest)?;
    // From here on the connection can be closed from outside, whether the client has its answer yet or not.
    let books = (hub.connected(&outbox, &mount), request.permit);
    Ok(upgrade.accept(subprotocol, transport, Line { outbox, infos: None, mount }, books))
}

/// Reads the query and puts the named segments of the path over it.
fn read_params<'a>(
    uri: &'a Uri,
    segments: &'a [(String, String)],
    mount: &Mount,
) -> Result<Params<'a>, StatusCode> {
    let query = uri.query().unwrap_or_default();
    if query.len() > mount.options.limits.max_query_bytes {
        return Err(StatusCode::URI_TOO_LONG);
    }
    let bad_request = |error| {
        tracing::debug!(%error, "bad request: the parameters cannot be read");
        StatusCode::BAD_REQUEST
    };
    let mut params = Params::parse(query).map_err(bad_request)?;
    // A name with an underscore in front is there to match only, as in Phoenix.
    for (name, segment) in segments.iter().filter(|(name, _)| !name.starts_with('_')) {
        params.put_segment(name, segment).map_err(bad_request)?;
    }
    Ok(params)
}

/// Only the first `Origin` header is looked at; without one, the client is no browser.
fn check_origin(request: &Request, mount: &Mount) -> Result<(), StatusCode> {
    let Some(header) = request.headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = Origin::parse(&String::from_utf8_lossy(header.as_bytes()));
    if mount.allows_origin(&origin, &request.uri) { Ok(()) } else { Err(StatusCode::FORBIDDEN) }
}

/// Takes the token out of the headers, if the mount reads one.
fn take_auth_token(request: &mut Request, mount: &Mount) -> Result<Option<String>, StatusCode> {
    if !mount.options.auth_token {
        return Ok(None);
    }
    subprotocol::take_token(&mut request.headers).map_err(|InvalidToken| {
        tracing::debug!("refused: the auth token is no base64 of a text");
        StatusCode::FORBIDDEN
    })
}

fn choose_subprotocol(request: &Request, mount: &Mount) -> Result<Option<HeaderValue>, StatusCode> {
    let MountOptions { subprotocols, auth_token, .. } = &mount.options;
    subprotocol::negotiate(&request.headers, subprotocols.as_deref(), *auth_token).map_err(|NoneInCommon| {
        mount.complain_of_subprotocols(&request.headers);
        StatusCode::FORBIDDEN
    })
}
