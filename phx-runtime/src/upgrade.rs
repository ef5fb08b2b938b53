//! From an HTTP request to the TCP stream it came on: the upgrade of RFC 6455 §4.2.

use crate::codec::Stream;
use crate::http_stream::HttpStream;
use crate::transport::{Line, Transport};
use crate::websocket;
use bytes::Bytes;
use headers::{
    Connection as ConnectionHeader, ContentLength, HeaderMapExt, SecWebsocketAccept, SecWebsocketKey,
    Upgrade as UpgradeHeader,
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::net::TcpStream;
use warp::http::{HeaderMap, HeaderValue, StatusCode, header};
use warp::reply::{Reply, Response};

/// A request that has all it takes to become a WebSocket.
pub(crate) struct Upgrade {
    key: SecWebsocketKey,
    on_upgrade: OnUpgrade,
}

impl Upgrade {
    /// Checks the headers of a GET.
    ///
    /// # Errors
    /// What is missing, for a person to read.
    pub(crate) fn of(headers: &HeaderMap, on_upgrade: Option<OnUpgrade>) -> Result<Self, &'static str> {
        if headers.get(header::HOST).is_none_or(HeaderValue::is_empty) {
            return Err("the `host` header is missing");
        }
        if !headers
            .typed_get::<ConnectionHeader>()
            .is_some_and(|connection| connection.contains(header::UPGRADE))
        {
            return Err("the `connection` header must contain `upgrade`");
        }
        let wanted = headers.get_all(header::UPGRADE).iter().filter_map(|value| value.to_str().ok());
        let mut wanted = wanted.flat_map(|value| value.split(','));
        if !wanted.any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket")) {
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
        // The HTTP server offers it to requests of this version that have the header.
        let on_upgrade = on_upgrade.ok_or("a WebSocket needs HTTP/1.1")?;
        Ok(Self { key, on_upgrade })
    }

    /// The answer that makes the client change over; `transport` starts when it has. `books` is dropped when the
    /// connection has ended, or if the client goes before it begins.
    pub(crate) fn accept<T: Transport>(
        self,
        subprotocol: Option<HeaderValue>,
        extension: Option<HeaderValue>,
        transport: T,
        line: Line<T::Info>,
        books: impl Send + 'static,
    ) -> Response {
        let Self { key, on_upgrade } = self;
        tokio::spawn(async move {
            // Fails when the client goes before it has our answer.
            let Ok(upgraded) = on_upgrade.await else { return };
            start(upgraded, transport, line, books);
        });

        let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
        let headers = response.headers_mut();
        headers.typed_insert(ConnectionHeader::upgrade());
        headers.typed_insert(UpgradeHeader::websocket());
        headers.typed_insert(SecWebsocketAccept::from(key));
        if let Some(subprotocol) = subprotocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        if let Some(extension) = extension {
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, extension);
        }
        response
    }
}

/// Takes the plain TCP stream back from the HTTP server: going through its layers would cost every connection the
/// several KiB of the HTTP read buffer.
fn start<T: Transport>(upgraded: Upgraded, transport: T, line: Line<T::Info>, books: impl Send + 'static) {
    // Our own server.
    let upgraded = match upgraded.downcast::<TokioIo<HttpStream>>() {
        Ok(parts) => {
            let stream = parts.io.into_inner().into_inner();
            return start_tcp(stream, &parts.read_buf, transport, line, books);
        }
        Err(upgraded) => upgraded,
    };
    // `warp::serve`.
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => start_tcp(parts.io.into_inner(), &parts.read_buf, transport, line, books),
        Err(upgraded) => {
            let stream: Box<dyn Stream> = Box::new(TokioIo::new(upgraded));
            websocket::start(stream, Bytes::new(), transport, line, books);
        }
    }
}

fn start_tcp<T: Transport>(
    stream: TcpStream,
    already_read: &[u8],
    transport: T,
    line: Line<T::Info>,
    books: impl Send + 'static,
) {
    // Fails only for a connection that is already gone, which reading will find out.
    let _ = stream.set_nodelay(true);
    // A copy of the few bytes, if any, lets go of the large buffer they lie in.
    websocket::start(stream, Bytes::copy_from_slice(already_read), transport, line, books);
}
