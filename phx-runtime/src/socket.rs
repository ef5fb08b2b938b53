//! The trait behind `#[socket]`.

use crate::connect_info::ConnectInfo;
use crate::endpoint::Endpoint;
use crate::reply::Refused;
use crate::route::Routes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use warp::Reply;
use warp::http::StatusCode;
use warp::reply::Response;

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
    /// The parameters of the connection, decoded: those of the query, where phoenix.js sends
    /// `new Socket(url, {params: {…}})`, and the named segments of the mount's path, which win over a parameter of the
    /// same name. Every value arrives as text, which also makes a number or a `bool`; `a[b]=1` is a struct or map in
    /// `a`, and both `a[]=1&a[]=2` and the `a[0]=1&a[1]=2` that phoenix.js makes of an array are a `Vec`.
    /// Use [`NoParams`] when there are none.
    type Params: DeserializeOwned + Send;

    /// Decides who may connect. Parameters that do not fit are answered with HTTP 403 and never get here; a panic is
    /// answered with 500.
    ///
    /// # Errors
    /// [`Refused`] turns the client away, with the answer that [`refused`](Self::refused) makes of it.
    fn connect(
        params: Self::Params,
        info: &ConnectInfo,
    ) -> impl Future<Output = Result<Self, Refused>> + Send;

    /// A name for everything this user has connected, or `None` (the default). [`Endpoint::disconnect`] closes every
    /// connection of a name, and so does a broadcast of `disconnect` on it, from a channel
    /// `ctx.broadcast_to(&id, "disconnect", &())`.
    ///
    /// ```
    /// use phx_runtime::prelude::*;
    ///
    /// struct UserSocket { user: u64 }
    ///
    /// impl UserSocket {
    ///     fn id_of(user: u64) -> String { format!("user_socket:{user}") }
    /// }
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    /// #   async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self { user: 7 }) }
    ///     fn id(&self) -> Option<String> { Some(Self::id_of(self.user)) }
    /// }
    ///
    /// fn lock_out(user: u64, endpoint: &Endpoint) {
    ///     endpoint.disconnect(UserSocket::id_of(user));
    /// }
    /// ```
    fn id(&self) -> Option<String> {
        None
    }

    /// The HTTP answer to a client that [`connect`](Self::connect) turned away: by default 403 without a body, which
    /// keeps the reason for the log. Browsers hide all of it from scripts, and phoenix.js tries again whatever it is;
    /// other clients, and proxies, can tell the answers apart. Phoenix: `error_handler`.
    ///
    /// ```
    /// use phx_runtime::prelude::*;
    /// use warp::http::{StatusCode, header};
    /// use warp::reply::{Reply as _, Response, with_header, with_status};
    ///
    /// struct BusySocket;
    ///
    /// #[socket]
    /// impl Socket for BusySocket {
    ///     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> {
    ///         Err(Refused::new("too many"))
    ///     }
    ///
    ///     fn refused(refused: &Refused) -> Response {
    ///         match refused.reason() {
    ///             "too many" => {
    ///                 let answer = with_status("try again later", StatusCode::TOO_MANY_REQUESTS);
    ///                 with_header(answer, header::RETRY_AFTER, 30).into_response()
    ///             }
    ///             _ => StatusCode::FORBIDDEN.into_response(),
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    fn refused(refused: &Refused) -> Response {
        let _ = refused;
        StatusCode::FORBIDDEN.into_response()
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
