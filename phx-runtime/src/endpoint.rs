//! The endpoint: mounted sockets as a warp filter, and what they share.

use crate::arrival::Arrival;
use crate::builder::EndpointBuilder;
use crate::desk::Life;
use crate::event::EventName;
use crate::handshake::Request;
use crate::hub::Hub;
use crate::longpoll::{self, Newcomers, Polling};
use crate::mount::Mount;
use crate::outbound::Outbound;
use crate::payload::{EncodeError, Payload, ToPayload};
use crate::pubsub::DISCONNECT;
use crate::refusal::Refusal;
use crate::server::{Accepted, ServeError, Server};
use crate::session::Session;
use crate::subscription::Subscription;
use crate::topic_name::TopicName;
use crate::way::{BySession, ByWebSocket};
use bytes::Buf;
use futures_util::Stream;
use hyper::upgrade::OnUpgrade;
use std::convert::Infallible;
use std::fmt;
use std::future::ready;
use std::net::SocketAddr;
use std::sync::Arc;
use warp::http::uri::{Authority, Scheme};
use warp::http::{HeaderMap, Method, StatusCode, Uri, header};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Rejection, Reply};

/// Everything that realtime clients connect to: sockets at paths, and the topics they share.
///
/// Cloning is cheap; all clones are the same endpoint.
#[derive(Clone)]
pub struct Endpoint {
    pub(crate) mounts: Arc<[Arc<Mount>]>,
    pub(crate) hub: Arc<Hub>,
}

impl Endpoint {
    pub(crate) fn new(mounts: Vec<Mount>) -> Self {
        Self { mounts: mounts.into_iter().map(Arc::new).collect(), hub: Hub::new() }
    }

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
            .and_then(move || ready(Ok::<_, Rejection>(endpoint.clone())))
            .and(warp::method())
            .and(warp::path::full())
            .and(warp::query::raw().map(Some).or(warp::any().map(|| None)).unify())
            .and(warp::header::headers_cloned())
            .and(connection())
            .and_then(|endpoint, method, path, query, headers, connection| {
                ready(find(endpoint, method, path, query, headers, connection))
            })
            // Not before it is known that the request is for a socket: a body is there once.
            .and(warp::body::stream())
            .and_then(async |found: Found, body| Ok::<_, Rejection>(found.answer(body).await))
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
        topic: impl TopicName,
        event: impl EventName<P>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        let payload = payload.to_payload()?;
        payload.check_object()?;
        self.hub.pubsub.broadcast(Outbound::new(topic.name(), event.name(), &payload));
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
        topic: impl TopicName,
        event: impl EventName<P>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        let payload = payload.to_payload()?;
        payload.check_object()?;
        self.hub.pubsub.broadcast_from(from.place(), Outbound::new(topic.name(), event.name(), &payload));
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
        topic: impl TopicName,
        event: impl EventName<P>,
        payload: &P,
    ) -> Result<(), EncodeError> {
        let payload = payload.to_payload()?;
        payload.check_object()?;
        self.hub.pubsub.local_broadcast(Outbound::new(topic.name(), event.name(), &payload));
        Ok(())
    }

    /// Closes every connection whose [`Socket::id`](crate::Socket::id) is `id`, with 1001. Their channels end with
    /// [`Reason::Closed`](crate::Reason::Closed) and the clients hear of no channel's end. phoenix.js connects again:
    /// [`Socket::connect`](crate::Socket::connect) must refuse those who are to stay away.
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
    pub fn disconnect(&self, id: impl AsRef<str>) {
        self.hub.pubsub.broadcast(Outbound::new(id.as_ref(), DISCONNECT, &Payload::empty()));
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

    /// Connects a client that arrives by a transport of your own, such as server-sent events or a local socket: the same
    /// checks are made as for a WebSocket, in the same order, and [`Socket::connect`](crate::Socket::connect) decides.
    /// See [`Session`], and the example `sse`. How many clients may connect so is for the transport to bound: no limit of a
    /// mount does.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// use phx_runtime::{Arrival, Session};
    ///
    /// async fn arrives(endpoint: &Endpoint, headers: warp::http::HeaderMap) -> Result<Session, warp::reply::Response> {
    ///     let mut arrival = Arrival::new("/socket", "vsn=2.0.0");
    ///     arrival.headers = headers;
    ///     endpoint.connect(arrival).await
    /// }
    /// ```
    ///
    /// # Errors
    /// The HTTP answer that turns the client away: 403 for most reasons, 404 if nothing is mounted at the path.
    pub async fn connect(&self, arrival: Arrival) -> Result<Session, Response> {
        self.hub.background.start(self);
        let Arrival { path, query, headers, peer_addr, transport, text_only } = arrival;
        let found =
            self.mounts.iter().rev().find_map(|mount| Some((mount, mount.paths.base.captures(&path)?)));
        let not_found = || StatusCode::NOT_FOUND.into_response();
        let (mount, segments) = found.ok_or_else(not_found)?;
        let uri = uri(&path, Some(&query), &headers).map_err(|_| StatusCode::BAD_REQUEST.into_response())?;
        let request = Request { method: Method::GET, uri, segments: owned(segments), headers, peer_addr };
        let life = Life::Messages(mount.options.limits.idle_timeout);
        let way = BySession { name: transport, life, is_text_only: text_only, books: Box::new(()) };
        mount.open(request, Arc::clone(&self.hub), way).await.map_err(Refusal::into_response)
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

/// A filter that gives the address of the TCP peer, for [`Arrival::peer_addr`] and for routes of your own:
/// `warp::addr::remote` knows it under `warp::serve` only.
///
/// ```
/// use warp::Filter;
///
/// let whoami = warp::path!("whoami").and(phx_runtime::peer_addr()).map(|peer| format!("{peer:?}"));
/// ```
#[must_use]
pub fn peer_addr() -> impl Filter<Extract = (Option<SocketAddr>,), Error = Infallible> + Copy {
    warp::ext::optional::<Accepted>()
        .and(warp::addr::remote())
        .map(|accepted: Option<Accepted>, peer| accepted.map(|accepted| accepted.peer).or(peer))
}

/// What the HTTP server knows of the connection: ours tells more than `warp::serve`.
fn connection()
-> impl Filter<Extract = ((Option<OnUpgrade>, Option<Accepted>, Option<SocketAddr>),), Error = Infallible> + Copy
{
    warp::ext::optional::<OnUpgrade>()
        .and(warp::ext::optional::<Accepted>())
        .and(peer_addr())
        .map(|on_upgrade, accepted, peer| (on_upgrade, accepted, peer))
}

/// A request for a socket.
struct Found {
    hub: Arc<Hub>,
    mount: Arc<Mount>,
    request: Request,
    way: HttpWay,
}

enum HttpWay {
    WebSocket(ByWebSocket),
    Polling(Arc<Polling>, Option<Newcomers>),
}

fn find(
    endpoint: Endpoint,
    method: Method,
    path: FullPath,
    query: Option<String>,
    headers: HeaderMap,
    (on_upgrade, accepted, peer_addr): (Option<OnUpgrade>, Option<Accepted>, Option<SocketAddr>),
) -> Result<Found, Rejection> {
    // Under another server than ours nobody else says that serving has begun.
    endpoint.hub.background.start(&endpoint);
    let path = path.as_str();
    // The one declared last wins, as in Phoenix.
    let found = endpoint.mounts.iter().rev().find_map(|mount| {
        if let Some(segments) = mount.paths.websocket.captures(path) {
            let permit = accepted.as_ref().map(|accepted| Arc::clone(&accepted.permit));
            let way = ByWebSocket { on_upgrade: None, permit, subprotocol: None };
            return Some((mount, segments, HttpWay::WebSocket(way)));
        }
        let (pattern, polling) = mount.paths.longpoll.as_ref().zip(mount.polling.as_ref())?;
        let segments = pattern.captures(path)?;
        let newcomers = accepted.as_ref().map(|accepted| accepted.newcomers.clone());
        Some((mount, segments, HttpWay::Polling(Arc::clone(polling), newcomers)))
    });
    let Some((mount, segments, mut way)) = found else {
        return Err(warp::reject::not_found());
    };
    if let HttpWay::WebSocket(way) = &mut way {
        way.on_upgrade = on_upgrade;
    }
    let segments = owned(segments);
    let uri = uri(path, query.as_deref(), &headers).map_err(|_| warp::reject::not_found())?;
    let request = Request { method, uri, segments, headers, peer_addr };
    Ok(Found { hub: Arc::clone(&endpoint.hub), mount: Arc::clone(mount), request, way })
}

impl Found {
    async fn answer<E>(self, body: impl Stream<Item = Result<impl Buf, E>>) -> Response {
        let Self { hub, mount, request, way } = self;
        match way {
            HttpWay::WebSocket(way) => mount.accept(request, hub, way).await,
            HttpWay::Polling(polling, newcomers) => {
                longpoll::answer(request, body, hub, &mount, &polling, newcomers.as_ref()).await
            }
        }
    }
}

fn owned(segments: Vec<(&str, &str)>) -> Vec<(String, String)> {
    segments.into_iter().map(|(name, segment)| (name.to_owned(), segment.to_owned())).collect()
}

/// The whole of what was requested, or the path and query alone if the `Host` header is none.
fn uri(path: &str, query: Option<&str>, headers: &HeaderMap) -> Result<Uri, warp::http::Error> {
    let path_and_query = match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let host = headers.get(header::HOST).and_then(|host| Authority::try_from(host.as_bytes()).ok());
    let uri = Uri::builder().path_and_query(path_and_query);
    match host {
        // Neither our server nor that of warp has TLS.
        Some(host) => uri.scheme(Scheme::HTTP).authority(host).build(),
        None => uri.build(),
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.mounts.iter().map(|mount| &mount.path).collect();
        f.debug_struct("Endpoint").field("mounts", &paths).finish_non_exhaustive()
    }
}
