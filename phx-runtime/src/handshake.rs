//! The HTTP request that becomes a WebSocket: the checks of docs/protocol.md §2.2, in its order.

use crate::codec::Stream;
use crate::connection::Connection;
use crate::http_stream::HttpStream;
use crate::hub::Hub;
use crate::mount::Mount;
use crate::outbox::Outbox;
use crate::port::Link;
use crate::pubsub::Subscriber;
use crate::reply::Refused;
use crate::route::{self, StartChannel};
use crate::serializer::SerializerHandle;
use crate::socket::{ConnectInfo, Socket};
use crate::websocket;
use bytes::Bytes;
use futures_util::FutureExt;
use headers::{
    Connection as ConnectionHeader, ContentLength, HeaderMapExt, SecWebsocketAccept, SecWebsocketKey, Upgrade,
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use serde_qs::{Config, DuplicateKeyBehavior};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use warp::reply::{Reply, Response};

/// What the handshake looks at.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) info: ConnectInfo,
    pub(crate) on_upgrade: Option<OnUpgrade>,
    /// The connection's share of the server's limit.
    pub(crate) permit: Option<Arc<OwnedSemaphorePermit>>,
}

/// Answers a WebSocket request for the socket `S`.
pub(crate) async fn accept<S: Socket>(request: Request, hub: Arc<Hub>, mount: Arc<Mount>) -> Response {
    match connect::<S>(&request, &mount).await {
        Ok((serializer, socket, id)) => {
            match upgrade(request, serializer, socket, id, route::find::<S>, hub, mount) {
                Ok(response) => response,
                Err(reason) => warp::reply::with_status(reason, StatusCode::BAD_REQUEST).into_response(),
            }
        }
        Err(status) => status.into_response(),
    }
}

type AnySocket = Arc<dyn Any + Send + Sync>;

/// The part that every transport shares: negotiates the serializer and asks the user.
async fn connect<S: Socket>(
    request: &Request,
    mount: &Mount,
) -> Result<(SerializerHandle, AnySocket, Option<String>), StatusCode> {
    if request.method != Method::GET {
        return Err(StatusCode::BAD_REQUEST);
    }
    let query = request.info.uri.query().unwrap_or_default();
    // As in Phoenix, the last of several parameters with one name counts.
    // A list or map of versions is none, but not a missing one.
    let is_vsn = |name: &str| name == "vsn" || name.starts_with("vsn[");
    let vsn = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| is_vsn(name)).last();
    let vsn = vsn.map(|(name, version)| if name == "vsn" { version } else { name });
    let Some(serializer) = mount.options.serializers.negotiate(vsn.as_deref()) else {
        tracing::warn!(vsn = vsn.as_deref().unwrap_or("(none)"), "no serializer for the client's version");
        return Err(StatusCode::FORBIDDEN);
    };
    let config = Config::new().duplicate_key_behavior(DuplicateKeyBehavior::TakeLast).use_form_encoding(true);
    let params = config.deserialize_str::<S::Params>(query).map_err(|error| {
        tracing::debug!(%error, "connect refused: the parameters do not fit");
        StatusCode::FORBIDDEN
    })?;
    let connect = AssertUnwindSafe(async {
        let socket = S::connect(params, &request.info).await?;
        let id = socket.id();
        Ok::<_, Refused>((socket, id))
    });
    match connect.catch_unwind().await {
        Ok(Ok((socket, id))) => Ok((serializer, Arc::new(socket), id)),
        Ok(Err(refused)) => {
            tracing::debug!(reason = refused.reason(), "connect refused");
            Err(StatusCode::FORBIDDEN)
        }
        Err(_) => {
            tracing::error!("connect panicked");
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// Checks the upgrade headers, last as in Phoenix, and starts the connection.
fn upgrade(
    request: Request,
    serializer: SerializerHandle,
    socket: AnySocket,
    id: Option<String>,
    find_route: fn(&str) -> Option<StartChannel>,
    hub: Arc<Hub>,
    mount: Arc<Mount>,
) -> Result<Response, &'static str> {
    let headers = &request.headers;
    if headers.get(header::HOST).is_none_or(HeaderValue::is_empty) {
        return Err("the `host` header is missing");
    }
    if !headers.typed_get::<ConnectionHeader>().is_some_and(|connection| connection.contains(header::UPGRADE))
    {
        return Err("the `connection` header must contain `upgrade`");
    }
    let wanted = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !wanted.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket")) {
        return Err("the `upgrade` header must contain `websocket`");
    }
    let mut versions = headers.get_all(header::SEC_WEBSOCKET_VERSION).iter();
    if versions.next().map(HeaderValue::as_bytes) != Some(b"13") || versions.next().is_some() {
        return Err("the `sec-websocket-version` header must be `13`");
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).filter(|key| !key.is_empty());
    let key = key.and_then(|_| headers.typed_get::<SecWebsocketKey>());
    let key = key.ok_or("the `sec-websocket-key` header is missing")?;
    // The server would take a body for the first bytes of the WebSocket, or the other way round.
    let length = headers.typed_get::<ContentLength>().map_or(0, |length| length.0);
    if length > 0 || headers.contains_key(header::TRANSFER_ENCODING) {
        return Err("a request for a WebSocket has no body");
    }
    let on_upgrade = request.on_upgrade.ok_or("this connection cannot become a WebSocket")?;

    // From here on the connection can be closed from outside, whether the client has its answer yet or not.
    let outbox = Arc::new(Outbox::new(mount.options.limits.outbox_bytes));
    let named = id.map(|id| {
        let subscriber = Subscriber::Connection(Arc::clone(&outbox));
        // Boxed: a connection without a name should not pay for one.
        Box::new(hub.pubsub.subscribe(&id.into(), subscriber, || ()))
    });
    let books = (hub.connected(&outbox, &mount), named, request.permit);
    tokio::spawn(async move {
        // Fails when the client goes before it has our answer.
        let Ok(upgraded) = on_upgrade.await else { return };
        let link = Arc::new(Link::new(outbox, serializer, socket, hub, mount));
        start(upgraded, Connection::new(link, find_route), books);
    });

    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    response.headers_mut().typed_insert(ConnectionHeader::upgrade());
    response.headers_mut().typed_insert(Upgrade::websocket());
    response.headers_mut().typed_insert(SecWebsocketAccept::from(key));
    Ok(response)
}

/// Takes the plain TCP stream back from the HTTP server: going through its layers would cost every connection the
/// several KiB of the HTTP read buffer.
fn start(upgraded: Upgraded, connection: Connection, books: impl Send + 'static) {
    // Our own server.
    let upgraded = match upgraded.downcast::<TokioIo<HttpStream>>() {
        Ok(parts) => {
            return start_tcp(parts.io.into_inner().into_inner(), &parts.read_buf, connection, books);
        }
        Err(upgraded) => upgraded,
    };
    // `warp::serve`.
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => start_tcp(parts.io.into_inner(), &parts.read_buf, connection, books),
        Err(upgraded) => {
            let stream: Box<dyn Stream> = Box::new(TokioIo::new(upgraded));
            websocket::start(stream, Bytes::new(), connection, books);
        }
    }
}

fn start_tcp(stream: TcpStream, already_read: &[u8], connection: Connection, books: impl Send + 'static) {
    // Fails only for a connection that is already gone, which reading will find out.
    let _ = stream.set_nodelay(true);
    // A copy of the few bytes, if any, lets go of the large buffer they lie in.
    websocket::start(stream, Bytes::copy_from_slice(already_read), connection, books);
}
