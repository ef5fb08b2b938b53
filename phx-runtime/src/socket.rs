//! The trait behind `#[socket]`.

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

    /// A name for everything this user has connected, or `None` (the default).
    ///
    /// Nothing uses it yet: closing every connection of a name, as Phoenix does on a `disconnect` broadcast, is to come.
    fn id(&self) -> Option<String> {
        None
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
