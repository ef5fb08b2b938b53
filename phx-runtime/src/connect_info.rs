//! What `connect` may know of a client besides its parameters.

use crate::mount::Mount;
use crate::token::Token;
use crate::token_error::TokenError;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use warp::http::{HeaderMap, HeaderValue, Uri, header};

/// What is known of a connection besides its parameters. A clone is cheap, and keeps the request's headers alive.
///
/// Nothing has to be asked for beforehand, as in Phoenix's `connect_info`: each method reads the request when it is
/// called.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct LocalSocket;
/// #[socket]
/// impl Socket for LocalSocket {
///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
///         let is_local = info.peer_addr().is_some_and(|peer| peer.ip().is_loopback());
///         if is_local { Ok(Self) } else { Err(Refused::new("only from this machine")) }
///     }
/// }
/// ```
///
/// Header values that are not UTF-8 are given with replacement characters.
#[derive(Clone)]
pub struct ConnectInfo {
    request: Arc<Request>,
}

struct Request {
    peer_addr: Option<SocketAddr>,
    uri: Uri,
    headers: HeaderMap,
    auth_token: Option<String>,
    mount: Arc<Mount>,
}

impl ConnectInfo {
    pub(crate) fn new(
        peer_addr: Option<SocketAddr>,
        uri: Uri,
        headers: HeaderMap,
        auth_token: Option<String>,
        mount: Arc<Mount>,
    ) -> Self {
        Self { request: Arc::new(Request { peer_addr, uri, headers, auth_token, mount }) }
    }

    /// The TCP peer. `None` under a server that does not say. A proxy in front is the peer; what it says of the client
    /// is in the [`x_headers`](Self::x_headers). Phoenix: `peer_data`.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        self.request.peer_addr
    }

    /// What was requested: scheme, host, port, path and query. Scheme and host are missing if the `Host` header is no
    /// host; the scheme is that of the connection to this server, not to a proxy in front of it.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        &self.request.uri
    }

    /// The header `user-agent`.
    #[must_use]
    pub fn user_agent(&self) -> Option<Cow<'_, str>> {
        self.headers().get(header::USER_AGENT).map(text)
    }

    /// Every header whose name begins with `x-`: its name in lower case, and its value. A name may come several times.
    ///
    /// Anyone can send these; trust them only behind a proxy that overwrites them.
    ///
    /// ```
    /// # use phx_runtime::ConnectInfo;
    /// fn client(info: &ConnectInfo) -> Option<String> {
    ///     let (_, address) = info.x_headers().find(|(name, _)| *name == "x-real-ip")?;
    ///     Some(address.into_owned())
    /// }
    /// ```
    pub fn x_headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers_named(|name| name.starts_with("x-"))
    }

    /// Every header whose name begins with `sec-websocket-`, without the [`auth_token`](Self::auth_token).
    pub fn sec_websocket_headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers_named(|name| name.starts_with("sec-websocket-"))
    }

    /// The headers `traceparent` and `tracestate` of W3C Trace Context.
    pub fn trace_context_headers(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers_named(|name| name == "traceparent" || name == "tracestate")
    }

    /// What the client gave as phoenix.js's `authToken`, if the mount reads it: see
    /// [`MountOptions::auth_token`](crate::MountOptions::auth_token).
    #[must_use]
    pub fn auth_token(&self) -> Option<&str> {
        self.request.auth_token.as_deref()
    }

    /// What was put on the mount with [`MountOptions::connect_data`](crate::MountOptions::connect_data).
    #[must_use]
    pub fn data<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.request.mount.options.data().get()
    }

    /// Tokens that are made with the endpoint's secret, as [`Endpoint::token`](crate::Endpoint::token) has them.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// struct UserSocket { user: u64 }
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    ///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
    ///         // Who has no good token is refused.
    ///         let user = info.token("user auth")?.verify(info.auth_token())?;
    ///         Ok(Self { user })
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`TokenError::NoSecret`] if it has none.
    pub fn token(&self, salt: impl Into<String>) -> Result<Token, TokenError> {
        let secrets = self.request.mount.secrets.as_ref().ok_or(TokenError::NoSecret)?;
        Ok(Token::of(Arc::clone(secrets), salt))
    }

    /// The user's session, as the cookie has it that [`MountOptions::session`](crate::MountOptions::session) names: a
    /// map of what a Phoenix application has put into it. See [`SessionCookie`](crate::SessionCookie).
    ///
    /// `None` if the mount names no cookie, or if there is no session that can be trusted: no such cookie, one that is not
    /// signed with the endpoint's secret, a missing or wrong CSRF token. The client is not refused for that: a socket for
    /// users with a session only does it. The log says which of these it was, at `DEBUG`.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// #[derive(serde::Deserialize)]
    /// struct Login { user_id: u64 }
    ///
    /// struct UserSocket { user: u64 }
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    ///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
    ///         let login: Login = info.session()?.ok_or(Refused::new("log in first"))?;
    ///         Ok(Self { user: login.user_id })
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`TokenError::Mismatch`] if it is not of the type that is asked for.
    pub fn session<T: DeserializeOwned>(&self) -> Result<Option<T>, TokenError> {
        let Request { mount, headers, uri, .. } = &*self.request;
        match mount.options.session.as_ref().zip(mount.secrets.as_ref()) {
            Some((cookie, secrets)) => cookie.read(secrets, headers, uri),
            None => Ok(None),
        }
    }

    /// All of them, for the server.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.request.headers
    }

    fn headers_named(&self, is_wanted: fn(&str) -> bool) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let headers = self.headers().iter().map(|(name, value)| (name.as_str(), value));
        headers.filter(move |(name, _)| is_wanted(name)).map(|(name, value)| (name, text(value)))
    }
}

fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// Without the headers: they may hold what a log must not.
impl fmt::Debug for ConnectInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { peer_addr, uri, .. } = &*self.request;
        f.debug_struct("ConnectInfo")
            .field("peer_addr", peer_addr)
            .field("path", &uri.path())
            .finish_non_exhaustive()
    }
}
