//! The trait behind `#[socket]`.

use crate::endpoint::Endpoint;
use crate::reply::Refused;
use crate::route::Routes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::net::SocketAddr;
use warp::http::Uri;

/// Who is connected: one value per connection, shared by all its channels.
///
/// Put `#[socket]` above the implementation and list the channels in it:
///
/// ```
/// use phx_runtime::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Login { token: String }
///
/// struct UserSocket { user: String }
///
/// #[socket]
/// impl Socket for UserSocket {
///     channel!("room:*", RoomChannel);
///
///     type Params = Login;
///
///     async fn connect(login: Login, _info: &ConnectInfo) -> Result<Self, Refused> {
///         let user = login.token.strip_prefix("user-").ok_or(Refused::new("unauthorized"))?;
///         Ok(UserSocket { user: user.to_owned() })
///     }
///
///     fn id(&self) -> Option<String> { Some(format!("user_socket:{}", self.user)) }
/// }
/// # struct RoomChannel;
/// # #[channel(socket = UserSocket)]
/// # impl RoomChannel {
/// #     #[join("room:{name}")]
/// #     async fn join(name: String) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a socket",
    label = "not a socket",
    note = "write `#[socket]` above `impl Socket for {Self} {{ … }}`, with a `channel!(\"topic:*\", YourChannel);` line for each channel"
)]
pub trait Socket: Routes + Sized + Send + Sync + 'static {
    /// The query parameters of the connection, decoded: phoenix.js sends `new Socket(url, {params: {…}})` there.
    /// Use [`NoParams`] when there are none.
    type Params: DeserializeOwned + Send;

    /// Decides who may connect. A refusal answers the handshake with HTTP 403, as do parameters that do not fit.
    ///
    /// # Errors
    /// [`Refused`] turns the client away. Its reason is logged and not sent: browsers hide it from scripts.
    fn connect(
        params: Self::Params,
        info: &ConnectInfo,
    ) -> impl Future<Output = Result<Self, Refused>> + Send;

    /// A name for everything this user has connected, or `None` (the default). It is asked once, after `connect`.
    ///
    /// [`Endpoint::disconnect`] closes every connection of a name, whatever its mount: when an account is locked, say,
    /// or logs out everywhere. As in Phoenix, the name is a topic on which the connection listens for the event
    /// `disconnect`; it closes with 1001 then. phoenix.js connects again after that, so `connect` must refuse by then.
    fn id(&self) -> Option<String> {
        None
    }

    /// What the socket does besides its connections, once per mount: it starts when the endpoint begins to serve, or
    /// under another server with the first request, and is dropped when the endpoint has stopped and the last
    /// connection has ended. The place of Phoenix's `child_spec`; the default does nothing.
    ///
    /// It may end by itself. A panic in it is logged, and ends nothing else.
    ///
    /// ```
    /// use phx_runtime::prelude::*;
    ///
    /// struct UserSocket;
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    /// #   async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    ///     async fn background(endpoint: Endpoint) {
    ///         let mut orders = endpoint.subscribe("orders");
    ///         loop {
    ///             match orders.recv().await {
    ///                 Ok(order) => println!("{}: {:?}", order.event(), order.payload()),
    ///                 Err(missed) => eprintln!("{missed}"),
    ///             }
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use = "the endpoint runs it"]
    fn background(endpoint: Endpoint) -> impl Future<Output = ()> + Send {
        drop(endpoint);
        std::future::ready(())
    }
}

/// For a socket that takes no parameters; accepts whatever the client sends. What `#[socket]` takes for `type Params`
/// when there is none.
///
/// ```
/// use phx_runtime::prelude::*;
///
/// struct AnySocket;
///
/// #[socket]
/// impl Socket for AnySocket {
///     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct NoParams {}

/// What is known of a connection besides its parameters.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct LocalSocket;
/// #[socket]
/// impl Socket for LocalSocket {
///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
///         let is_local = info.peer_addr.is_some_and(|peer| peer.ip().is_loopback());
///         if is_local { Ok(Self) } else { Err(Refused::new("only from this machine")) }
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectInfo {
    /// The TCP peer. `None` under a server that does not say. A proxy in front is the peer.
    pub peer_addr: Option<SocketAddr>,
    /// The request's path and query.
    pub uri: Uri,
}
