//! Mounts sockets, finds collisions, is a warp filter.

use crate::context::EventName;
use crate::handshake::Request;
use crate::hub::Hub;
use crate::mount::{Mount, MountOptions};
use crate::outbound::Outbound;
use crate::payload::{EncodeError, Payload, ToPayload};
use crate::pubsub::DISCONNECT;
use crate::server::{Accepted, ServeError, Server};
use crate::socket::{ConnectInfo, Socket};
use crate::subscription::Subscription;
use hyper::upgrade::OnUpgrade;
use std::convert::Infallible;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use warp::http::uri::PathAndQuery;
use warp::http::{HeaderMap, Method, Uri};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection};

/// Everything that realtime clients connect to: sockets at paths, and the topics they share.
///
/// Cloning is cheap; all clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) mounts: Arc<[Arc<Mount>]>,
    pub(crate) hub: Arc<Hub>,
}

/// Collects sockets; made by [`Endpoint::builder`].
#[derive(Default)]
#[must_use = "an endpoint is made by `build`"]
pub struct EndpointBuilder {
    mounts: Vec<Arc<Mount>>,
}

impl Endpoint {
    /// Starts an endpoint without sockets.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     type Params = NoParams;
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> EndpointBuilder {
        EndpointBuilder::default()
    }

    /// The filter that serves the mounted sockets, to combine with your own and run with [`serve`](Self::serve) or
    /// with `warp::serve`. Requests for other paths are rejected, so that `.or(…)` can handle them.
    ///
    /// Under `warp::serve`, connections have no header timeout, and its graceful shutdown does not know of the
    /// WebSockets: call [`drain`](Self::drain) before it and [`close`](Self::close) after it.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// use warp::Filter;
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder().build()?;
    /// let routes = endpoint.routes().or(warp::path!("health").map(|| "ok"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn routes(
        &self,
    ) -> impl Filter<Extract = (Response,), Error = Rejection> + Clone + Send + Sync + 'static {
        let endpoint = self.clone();
        warp::any()
            .and_then(move || std::future::ready(Ok::<_, Rejection>(endpoint.clone())))
            .and(warp::method())
            .and(warp::path::full())
            .and(warp::query::raw().map(Some).or(warp::any().map(|| None)).unify())
            .and(warp::header::headers_cloned())
            .and(connection())
            .and_then(answer)
    }

    /// Sends an event to everyone who has joined `topic`, from outside any channel.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// endpoint.broadcast("room:lobby", "announcement", &serde_json::json!({"text": "back in 5 minutes"}))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the payload is neither a JSON object nor binary; nothing is sent then. A topic without subscribers is no error.
    pub fn broadcast<P: ToPayload + ?Sized>(
        &self,
        topic: &str,
        event: impl EventName<P>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        let payload = payload.to_payload()?;
        payload.check_object()?;
        self.hub.pubsub.broadcast(Outbound::new(topic, event.name(), &payload));
        Ok(())
    }

    /// As [`broadcast`](Self::broadcast), but not to the subscription `from`.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// let mut mine = endpoint.subscribe("cache");
    /// endpoint.broadcast_from(&mine, "cache", "cleared", &())?;
    /// endpoint.broadcast("cache", "filled", &())?;
    /// assert_eq!(mine.recv().await?.event(), "filled");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`broadcast`](Self::broadcast).
    pub fn broadcast_from<P: ToPayload + ?Sized>(
        &self,
        from: &Subscription,
        topic: &str,
        event: impl EventName<P>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        let payload = payload.to_payload()?;
        payload.check_object()?;
        self.hub.pubsub.broadcast_from(from.place(), Outbound::new(topic, event.name(), &payload));
        Ok(())
    }

    /// As [`broadcast`](Self::broadcast), but only to those who are connected to this node. So far there is no other.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// endpoint.local_broadcast("room:lobby", "node_stops", &serde_json::json!({"in_seconds": 30}))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`broadcast`](Self::broadcast).
    pub fn local_broadcast<P: ToPayload + ?Sized>(
        &self,
        topic: &str,
        event: impl EventName<P>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        let payload = payload.to_payload()?;
        payload.check_object()?;
        self.hub.pubsub.local_broadcast(Outbound::new(topic, event.name(), &payload));
        Ok(())
    }

    /// Closes every connection whose [`Socket::id`] is `id`, with 1001. Their channels end with
    /// [`Reason::Closed`](crate::Reason::Closed) and the clients hear of no channel's end. phoenix.js connects again:
    /// [`Socket::connect`] must refuse those who are to stay away.
    ///
    /// The same as `endpoint.broadcast(id, "disconnect", &())`, as one writes it in Phoenix.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// endpoint.disconnect("user_socket:jose");
    /// # Ok(())
    /// # }
    /// ```
    pub fn disconnect(&self, id: &str) {
        self.hub.pubsub.broadcast(Outbound::new(id, DISCONNECT, &Payload::empty()));
    }

    /// How many connections are open.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// assert_eq!(endpoint.connections(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connections(&self) -> usize {
        self.hub.connections()
    }

    /// How many channels are joined or joining.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// assert_eq!(endpoint.channels(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn channels(&self) -> usize {
        self.hub.channels()
    }

    /// How many topics have a subscriber.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// assert_eq!(endpoint.topics(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn topics(&self) -> usize {
        self.hub.pubsub.topics()
    }

    /// Binds `addr`, serves `routes` there and returns after ctrl-c or SIGTERM, when every connection has been
    /// closed, as [`Server::run`] does. For more control, see [`bind`](Self::bind).
    ///
    /// ```no_run
    /// # use phx_runtime::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// endpoint.serve(([127, 0, 0, 1], 4000), endpoint.routes()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn serve<F>(&self, addr: impl Into<SocketAddr>, routes: F) -> Result<(), ServeError>
    where
        F: Filter + Clone + Send + Sync + 'static,
        F::Extract: warp::Reply,
        F::Error: Into<Rejection>,
    {
        self.bind(addr).await?.run(routes).await;
        Ok(())
    }

    /// Binds `addr` and returns a server that is ready to run. Port 0 picks a free port.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
    /// println!("listening on http://{}", server.local_addr());
    /// # let stop = async {};
    /// server.max_connections(20_000).run_until(endpoint.routes(), stop).await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(&self, addr: impl Into<SocketAddr>) -> Result<Server, ServeError> {
        Server::bind(addr.into(), self.clone()).await
    }
}

/// What the HTTP server knows of the connection: ours tells more than `warp::serve`.
fn connection()
-> impl Filter<Extract = ((Option<OnUpgrade>, Option<Accepted>, Option<SocketAddr>),), Error = Infallible> + Copy
{
    warp::ext::optional::<OnUpgrade>()
        .and(warp::ext::optional::<Accepted>())
        .and(warp::addr::remote())
        .map(|on_upgrade, accepted, peer| (on_upgrade, accepted, peer))
}

async fn answer(
    endpoint: Endpoint,
    method: Method,
    path: FullPath,
    query: Option<String>,
    headers: HeaderMap,
    (on_upgrade, accepted, warp_peer): (Option<OnUpgrade>, Option<Accepted>, Option<SocketAddr>),
) -> Result<Response, Rejection> {
    // Under another server than ours nobody else says that serving has begun.
    endpoint.hub.background.start(&endpoint);
    let path = path.as_str();
    let Some(mount) = endpoint.mounts.iter().find(|mount| is_websocket_path(&mount.path, path)) else {
        return Err(warp::reject::not_found());
    };
    let uri = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let uri: Uri = uri.parse().map_err(|_| warp::reject::not_found())?;
    let peer_addr = accepted.as_ref().map(|accepted| accepted.peer).or(warp_peer);
    let permit = accepted.map(|accepted| accepted.permit);
    let request = Request { method, headers, info: ConnectInfo { peer_addr, uri }, on_upgrade, permit };
    Ok(mount.accept(request, Arc::clone(&endpoint.hub)).await)
}

/// Compares whole segments, without regard to empty ones, as Phoenix does.
fn is_websocket_path(mount: &str, path: &str) -> bool {
    segments(path).eq(segments(mount).chain(["websocket"]))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

impl EndpointBuilder {
    /// Mounts the socket `S` at `path`; clients connect to `{path}/websocket`, which phoenix.js appends itself.
    pub fn socket<S: Socket>(self, path: &str) -> Self {
        self.socket_with::<S>(path, |_| ())
    }

    /// Mounts the socket `S` at `path` with options of its own.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     type Params = NoParams;
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder()
    ///     .socket_with::<UserSocket>("/socket", |options| options.limits.max_channels = 3)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn socket_with<S: Socket>(mut self, path: &str, configure: impl FnOnce(&mut MountOptions)) -> Self {
        let mut options = MountOptions::default();
        configure(&mut options);
        self.mounts.push(Arc::new(Mount::new::<S>(path, options)));
        self
    }

    /// Checks the mounts and makes the endpoint.
    ///
    /// # Errors
    /// With every problem found, not only the first.
    pub fn build(self) -> Result<Endpoint, EndpointError> {
        let mut problems = Vec::new();
        for (index, mount) in self.mounts.iter().enumerate() {
            let path = &mount.path;
            let is_path = path.parse::<PathAndQuery>().is_ok_and(|parsed| parsed.path() == path);
            if !path.starts_with('/') || !is_path {
                problems.push(EndpointProblem::InvalidPath(path.clone()));
            }
            let requirements = mount.options.serializers.mistakes();
            problems.extend(requirements.map(|text| EndpointProblem::InvalidVersions(text.to_owned())));
            let is_taken = |earlier: &Arc<Mount>| segments(&earlier.path).eq(segments(path));
            if self.mounts[..index].iter().any(is_taken) {
                problems.push(EndpointProblem::PathTaken(path.clone()));
            }
        }
        if problems.is_empty() {
            Ok(Endpoint { mounts: self.mounts.into(), hub: Hub::new() })
        } else {
            Err(EndpointError { problems })
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.mounts.iter().map(|mount| &mount.path).collect();
        f.debug_struct("Endpoint").field("mounts", &paths).finish_non_exhaustive()
    }
}

impl fmt::Debug for EndpointBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.mounts.iter().map(|mount| &mount.path).collect();
        f.debug_struct("EndpointBuilder").field("mounts", &paths).finish()
    }
}

/// Why an endpoint could not be built: all problems at once.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// let built = Endpoint::builder().socket::<UserSocket>("socket").socket::<UserSocket>("socket").build();
/// assert_eq!(built.err().map(|error| error.problems().len()), Some(3));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointError {
    problems: Vec<EndpointProblem>,
}

impl EndpointError {
    /// Every problem found.
    #[must_use]
    pub fn problems(&self) -> &[EndpointProblem] {
        &self.problems
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the endpoint has {} problem(s):", self.problems.len())?;
        for problem in &self.problems {
            write!(f, "\n- {problem}")?;
        }
        Ok(())
    }
}

/// As `Display`, so that a `main` that returns the error shows it to be read.
impl fmt::Debug for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for EndpointError {}

/// One mistake in an endpoint's set-up; its text says what to do.
///
/// ```
/// use phx_runtime::EndpointProblem;
///
/// let problem = EndpointProblem::PathTaken("/socket".into());
/// assert_eq!(problem.to_string(), "two sockets are mounted at `/socket`: give each a path of its own");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointProblem {
    /// A path that no request can have.
    #[error("`{0}` is not a path to mount a socket at: write it like `/socket`")]
    InvalidPath(String),
    /// A serializer for versions that cannot be read.
    #[error("`{0}` is not what versions a serializer is for: write it like `~> 3.0.0`")]
    InvalidVersions(String),
    /// Two sockets at one path.
    #[error("two sockets are mounted at `{0}`: give each a path of its own")]
    PathTaken(String),
}
