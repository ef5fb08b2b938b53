//! The endpoint: mounted sockets as a warp filter, and what they share.

use crate::arrival::Arrival;
use crate::builder::EndpointBuilder;
use crate::event::EventName;
use crate::hub::Hub;
use crate::incoming;
use crate::keys::Secrets;
use crate::mount::Mount;
use crate::outbound::Outbound;
use crate::payload::{EncodeError, Payload, ToPayload};
use crate::presence;
use crate::pubsub::DISCONNECT;
use crate::server::{ServeError, Server};
use crate::session::Session;
use crate::subscription::Subscription;
use crate::token::Token;
use crate::token_error::TokenError;
use crate::topic_name::TopicName;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Weak};
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

/// An endpoint, for as long as somebody else keeps it.
pub(crate) struct WeakEndpoint {
    mounts: Weak<[Arc<Mount>]>,
    hub: Weak<Hub>,
}

impl WeakEndpoint {
    pub(crate) fn upgrade(&self) -> Option<Endpoint> {
        Some(Endpoint { mounts: self.mounts.upgrade()?, hub: self.hub.upgrade()? })
    }
}

impl Endpoint {
    pub(crate) fn new(
        mounts: Vec<Mount>,
        presence: presence::Settings,
        secrets: Option<Arc<Secrets>>,
    ) -> Self {
        let mounts = mounts.into_iter().map(Arc::new).collect();
        let endpoint = Self { mounts, hub: Hub::new(presence, secrets) };
        endpoint.hub.presence.belongs_to(&endpoint);
        endpoint
    }

    /// For what belongs to the endpoint and must not keep it.
    pub(crate) fn downgrade(&self) -> WeakEndpoint {
        WeakEndpoint { mounts: Arc::downgrade(&self.mounts), hub: Arc::downgrade(&self.hub) }
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
        incoming::filter(self.clone())
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

    /// Tokens that are made with the endpoint's [secret](EndpointBuilder::secret_key_base), for the purpose that `salt`
    /// names. The keys are kept, so that this is cheap for any but the first of a purpose.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let secret = "s".repeat(64);
    /// let endpoint = Endpoint::builder().secret_key_base(secret).build()?;
    /// let token = endpoint.token("user auth")?.sign(&7)?;
    /// assert_eq!(endpoint.token("user auth")?.verify(&token), Ok(7));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TokenError::NoSecret`] if it has none.
    pub fn token(&self, salt: impl Into<String>) -> Result<Token, TokenError> {
        let secrets = self.hub.secrets.as_ref().ok_or(TokenError::NoSecret)?;
        Ok(Token::of(Arc::clone(secrets), salt))
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
        incoming::connect(self, arrival).await
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

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.mounts.iter().map(|mount| &mount.path).collect();
        f.debug_struct("Endpoint").field("mounts", &paths).finish_non_exhaustive()
    }
}
