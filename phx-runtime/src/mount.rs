//! One socket at one path: its settings, and how a request becomes a connection to it.

use crate::complaints::Complaints;
use crate::compression::Compression;
use crate::draft::{Draft, Mountable};
use crate::drain::Drain;
use crate::endpoint::Endpoint;
use crate::endpoint_error::{EndpointProblem, Site};
use crate::handshake::Request;
use crate::hub::Hub;
use crate::keys::Secrets;
use crate::limits::Limits;
use crate::log::Log;
use crate::longpoll::{LongPoll, Polling};
use crate::metrics::Metrics;
use crate::origin::{CheckOrigin, Origin};
use crate::path::PathPattern;
use crate::refusal::Refusal;
use crate::serializer::Serializers;
use crate::session::Session;
use crate::session_cookie::SessionCookie;
use crate::subprotocol;
use crate::way::{BySession, ByWebSocket};
use std::sync::Arc;
use warp::http::{Extensions, HeaderMap, Uri};
use warp::reply::Response;

/// Settings of one mount; see [`EndpointBuilder::socket_with`](crate::EndpointBuilder::socket_with).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MountOptions {
    /// What each connection may use.
    pub limits: Limits,
    /// The encodings that clients may ask for with the parameter `vsn`. Default: [`V1`](crate::V1) and [`V2`](crate::V2).
    pub serializers: Serializers,
    /// What goes to the log, and at which level.
    pub log: Log,
    /// How the connections are closed when the server stops. `None` closes them all at once, when those of the other
    /// mounts have been closed.
    pub drain: Option<Drain>,
    /// How messages are compressed for clients that offer it. Default `None`: they are not, as in Phoenix.
    pub compress: Option<Compression>,
    /// Which pages may connect. Default `None`: what [`EndpointBuilder::check_origin`] says for all sockets.
    ///
    /// [`EndpointBuilder::check_origin`]: crate::EndpointBuilder::check_origin
    pub check_origin: Option<CheckOrigin>,
    /// Where under the mount's path WebSockets connect. Default `websocket`, which phoenix.js appends to the path it is
    /// given. Named segments are parameters, as in the mount's path: `{room}/ws`. Phoenix: `path`.
    pub websocket_path: String,
    /// Whether and how clients may come by long polling too. Default `None`: they may not, as in Phoenix.
    pub longpoll: Option<LongPoll>,
    /// The WebSocket subprotocols to answer with, the favourite first. Default `None`: what the client offers is
    /// ignored. With a list, a client that offers none of it is refused with 403; one that offers nothing is not.
    pub subprotocols: Option<Vec<String>>,
    /// Whether to read the token that phoenix.js sends as `authToken`, which keeps it out of the URL and of logs.
    /// [`ConnectInfo::auth_token`](crate::ConnectInfo::auth_token) has it then, and `phoenix` is the first of the
    /// [subprotocols](Self::subprotocols). Default false.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// struct UserSocket;
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    ///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
    ///         if info.auth_token() == Some("secret") { Ok(Self) } else { Err(Refused::new("unauthorized")) }
    ///     }
    /// }
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder()
    ///     .socket_with::<UserSocket>("/socket", |options| options.auth_token = true)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub auth_token: bool,
    /// Where to find the session of a user of the same site's pages: the cookie of a Phoenix application, or of any other
    /// that uses Plug. Default `None`: [`ConnectInfo::session`](crate::ConnectInfo::session) has none then. See
    /// [`SessionCookie`].
    pub session: Option<SessionCookie>,
    connect_data: Extensions,
}

impl MountOptions {
    /// Gives [`Socket::connect`](crate::Socket::connect) a value, which it finds by its type in [`ConnectInfo::data`]. One of each type; the
    /// last counts.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// #[derive(Clone)]
    /// struct Region(&'static str);
    ///
    /// struct UserSocket;
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    ///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
    ///         let Region(name) = info.data().ok_or(Refused::new("no region"))?;
    ///         println!("connected in {name}");
    ///         Ok(Self)
    ///     }
    /// }
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder()
    ///     .socket_with::<UserSocket>("/socket", |options| options.connect_data(Region("eu")))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`ConnectInfo::data`]: crate::ConnectInfo::data
    pub fn connect_data<T: Clone + Send + Sync + 'static>(&mut self, value: T) {
        self.connect_data.insert(value);
    }

    pub(crate) fn data(&self) -> &Extensions {
        &self.connect_data
    }
}

impl Default for MountOptions {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            serializers: Serializers::default(),
            log: Log::default(),
            drain: Some(Drain::default()),
            compress: None,
            check_origin: None,
            websocket_path: "websocket".to_owned(),
            longpoll: None,
            subprotocols: None,
            auth_token: false,
            session: None,
            connect_data: Extensions::new(),
        }
    }
}

/// Where requests for a mount go.
#[derive(Debug)]
pub(crate) struct Paths {
    /// The mount itself.
    pub(crate) base: PathPattern,
    pub(crate) websocket: PathPattern,
    pub(crate) longpoll: Option<PathPattern>,
}

impl Paths {
    /// Whether a request could be meant for both.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.all().any(|one| other.all().any(|other| one.is_same_as(other)))
    }

    fn all(&self) -> impl Iterator<Item = &PathPattern> {
        [&self.websocket].into_iter().chain(&self.longpoll)
    }
}

/// A mounted socket, shared by its connections.
#[derive(Debug)]
pub(crate) struct Mount {
    pub(crate) path: String,
    pub(crate) paths: Paths,
    pub(crate) polling: Option<Arc<Polling>>,
    pub(crate) options: MountOptions,
    pub(crate) metrics: Metrics,
    /// That of the options, to be shared by the connections that agree to it.
    pub(crate) compression: Option<Arc<Compression>>,
    /// Those of the endpoint.
    pub(crate) secrets: Option<Arc<Secrets>>,
    check_origin: CheckOrigin,
    url_host: Option<String>,
    origin_complaints: Complaints,
    subprotocol_complaints: Complaints,
    what: Mountable,
    site: Site,
}

impl Mount {
    pub(crate) fn new(
        draft: Draft,
        paths: Paths,
        check_origin: &CheckOrigin,
        url_host: Option<&str>,
        secrets: Option<&Arc<Secrets>>,
        polling_secrets: Option<&Arc<Secrets>>,
    ) -> Self {
        let site = draft.site();
        let Draft { path, options, what, .. } = draft;
        let polling = options.longpoll.clone().zip(polling_secrets);
        Self {
            metrics: Metrics::new(&path),
            path,
            paths,
            polling: polling.map(|(longpoll, secrets)| Arc::new(Polling::new(longpoll, secrets))),
            check_origin: options.check_origin.as_ref().unwrap_or(check_origin).clone(),
            url_host: url_host.map(str::to_owned),
            compression: options.compress.clone().map(Arc::new),
            options,
            secrets: secrets.cloned(),
            origin_complaints: Complaints::default(),
            subprotocol_complaints: Complaints::default(),
            what,
            site,
        }
    }

    /// The problem that another is to be mounted where this is.
    pub(crate) fn clash_with(&self, other: &Draft) -> EndpointProblem {
        let (path, first, second) = (other.path.clone(), self.site, other.site());
        if self.what.id == other.what.id {
            EndpointProblem::MountedTwice { path, first, second }
        } else {
            EndpointProblem::PathTaken { path, first, second }
        }
    }

    /// Answers a request for a WebSocket.
    pub(crate) async fn accept(
        self: &Arc<Self>,
        request: Request,
        hub: Arc<Hub>,
        way: ByWebSocket,
    ) -> Response {
        (self.what.accept)(request, hub, Arc::clone(self), way).await.unwrap_or_else(Refusal::into_response)
    }

    /// Begins a session.
    pub(crate) async fn open(
        self: &Arc<Self>,
        request: Request,
        hub: Arc<Hub>,
        way: BySession,
    ) -> Result<Session, Refusal> {
        (self.what.open)(request, hub, Arc::clone(self), way).await
    }

    /// Runs the socket's background task.
    pub(crate) async fn background(&self, endpoint: Endpoint) {
        (self.what.background)(endpoint).await;
    }

    /// Whether a page of `origin` may connect by a request to `uri`. Complains if not.
    pub(crate) fn allows_origin(&self, origin: &Origin, uri: &Uri) -> bool {
        if self.check_origin.allows(origin, self.url_host.as_deref(), &Origin::of(uri)) {
            return true;
        }
        if let Some(unsaid) = self.origin_complaints.next() {
            tracing::error!(
                origin = ?shortened(origin.as_str()),
                mount = self.path,
                check_origin = ?self.check_origin,
                url_host = self.url_host,
                unsaid,
                "refused a page from elsewhere. If the page is yours, name its host with \
                 `EndpointBuilder::url_host`, or its origin with `check_origin` on the endpoint or in the mount's \
                 options, for example `CheckOrigin::list([\"https://example.com\"])`"
            );
        }
        false
    }

    /// The client offers none of the mount's subprotocols.
    pub(crate) fn complain_of_subprotocols(&self, headers: &HeaderMap) {
        if let Some(unsaid) = self.subprotocol_complaints.next() {
            tracing::error!(
                offered = ?shortened(&subprotocol::loggable(headers)),
                mount = self.path,
                supported = ?self.options.subprotocols,
                unsaid,
                "refused a WebSocket: the client offers no subprotocol of `MountOptions::subprotocols`"
            );
        }
    }
}

/// Of a text that a client chose, what goes to the log.
fn shortened(text: &str) -> String {
    text.chars().take(MAX_LOGGED).collect()
}

/// Characters; as much as any host name and subprotocol takes.
const MAX_LOGGED: usize = 300;
