//! Sets an endpoint up: which socket where, which pages may connect, and what is wrong with that.

use crate::channels::Channels;
use crate::endpoint::Endpoint;
use crate::mount::{Declared, Mount, MountOptions};
use crate::origin::{CheckOrigin, Origin};
use crate::path::{PathError, PathPattern};
use crate::socket::Socket;
use crate::subprotocol;
use crate::transport::Transport;
use std::fmt;
use std::net::Ipv6Addr;

/// Collects sockets; made by [`Endpoint::builder`].
#[must_use = "an endpoint is made by `build`"]
pub struct EndpointBuilder {
    mounts: Vec<Declared>,
    check_origin: CheckOrigin,
    url_host: Option<String>,
}

impl Default for EndpointBuilder {
    fn default() -> Self {
        Self { mounts: Vec::new(), check_origin: CheckOrigin::host(), url_host: Some("localhost".to_owned()) }
    }
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
    pub fn socket_with<S: Socket>(self, path: &str, configure: impl FnOnce(&mut MountOptions)) -> Self {
        self.transport_with::<Channels<S>>(path, configure)
    }

    /// Mounts a protocol of your own at `path`, without channels; clients connect to `{path}/websocket`. See
    /// [`Transport`].
    pub fn transport<T: Transport>(self, path: &str) -> Self {
        self.transport_with::<T>(path, |_| ())
    }

    /// Mounts a protocol of your own with options of its own. Those that are about channels and serializers mean
    /// nothing to it.
    pub fn transport_with<T: Transport>(
        mut self,
        path: &str,
        configure: impl FnOnce(&mut MountOptions),
    ) -> Self {
        let mut options = MountOptions::default();
        configure(&mut options);
        self.mounts.push(Declared::new::<T>(path, options));
        self
    }

    /// Which web pages may connect to the sockets that do not say it
    /// [themselves](MountOptions::check_origin). Default [`CheckOrigin::host`], which compares with the
    /// [url host](Self::url_host). Clients that are not browsers always may.
    ///
    /// ```
    /// # use phx_runtime::{CheckOrigin, prelude::*};
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder()
    ///     .check_origin(CheckOrigin::list(["https://example.com", "//*.example.org"]))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn check_origin(mut self, check: CheckOrigin) -> Self {
        self.check_origin = check;
        self
    }

    /// The host in the address of your pages, without scheme and port: `example.com`. Default `localhost`. With `None`,
    /// [`CheckOrigin::host`] accepts every origin that has a host. Phoenix: `url: [host: …]`.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder().url_host("example.com").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn url_host<'a>(mut self, host: impl Into<Option<&'a str>>) -> Self {
        self.url_host = host.into().map(str::to_owned);
        self
    }

    /// Checks the mounts and makes the endpoint.
    ///
    /// # Errors
    /// With every problem found, not only the first.
    pub fn build(self) -> Result<Endpoint, EndpointError> {
        let Self { mounts: declared, check_origin, url_host } = self;
        let mut problems = Vec::new();
        problems.extend(invalid_origins(&check_origin));
        if let Some(host) = url_host.as_deref().filter(|host| !is_host(host)) {
            problems.push(EndpointProblem::InvalidUrlHost(host.to_owned()));
        }
        let mut mounts: Vec<Mount> = Vec::new();
        for declared in declared {
            problems.extend(declared.options.check_origin.iter().flat_map(invalid_origins));
            let requirements = declared.options.serializers.mistakes();
            problems.extend(requirements.map(|text| EndpointProblem::InvalidVersions(text.to_owned())));
            let names =
                declared.options.subprotocols.iter().flatten().filter(|name| !subprotocol::is_name(name));
            problems.extend(names.cloned().map(EndpointProblem::InvalidSubprotocol));
            let Some(websocket) = websocket_pattern(&declared, &mut problems) else { continue };
            if mounts.iter().any(|earlier| earlier.websocket.is_same_as(&websocket)) {
                problems.push(EndpointProblem::PathTaken(declared.path.clone()));
            }
            mounts.push(declared.into_mount(websocket, &check_origin, url_host.as_deref()));
        }
        if problems.is_empty() { Ok(Endpoint::new(mounts)) } else { Err(EndpointError { problems }) }
    }
}

fn invalid_origins(check: &CheckOrigin) -> impl Iterator<Item = EndpointProblem> {
    check.invalid_entries().map(|entry| EndpointProblem::InvalidOrigin(entry.to_owned()))
}

/// Whether an origin can have it, where an IPv6 address stands between brackets.
fn is_host(host: &str) -> bool {
    let is_name = !host.contains('*') && Origin::parse(&format!("//{host}")).host() == Some(host);
    is_name || host.parse::<Ipv6Addr>().is_ok()
}

/// The two parts one by one, so that the problem is where it is said to be.
fn websocket_pattern(declared: &Declared, problems: &mut Vec<EndpointProblem>) -> Option<PathPattern> {
    let Declared { path, options, .. } = declared;
    let is_invalid = |path: &str| matches!(PathPattern::parse(path), Err(PathError::Invalid));
    if !path.starts_with('/') || is_invalid(path) {
        problems.push(EndpointProblem::InvalidPath(path.clone()));
    }
    if is_invalid(&options.websocket_path) {
        problems.push(EndpointProblem::InvalidWebSocketPath(options.websocket_path.clone()));
    }
    let whole = declared.websocket_path();
    match PathPattern::parse(&whole) {
        Ok(pattern) => Some(pattern),
        Err(PathError::Repeated(name)) => {
            problems.push(EndpointProblem::RepeatedName { path: whole, name });
            None
        }
        // Told above.
        Err(PathError::Invalid) => None,
    }
}

impl fmt::Debug for EndpointBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.mounts.iter().map(|mount| &mount.path).collect();
        f.debug_struct("EndpointBuilder").field("mounts", &paths).finish_non_exhaustive()
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
    #[error("`{0}` is not a path to mount a socket at: write it like `/socket` or `/socket/{{tenant}}`")]
    InvalidPath(String),
    /// [`MountOptions::websocket_path`] is none.
    #[error("`{0}` is not a path for WebSockets: write it like `websocket` or `{{room}}/ws`")]
    InvalidWebSocketPath(String),
    /// Two segments of a path with one name.
    #[error("two segments of `{path}` are named `{name}`: give each a name of its own")]
    RepeatedName {
        /// The whole path of the WebSocket.
        path: String,
        /// The name.
        name: String,
    },
    /// Two sockets at one path; the names of its segments make no difference.
    #[error("two sockets are mounted at `{0}`: give each a path of its own")]
    PathTaken(String),
    /// A serializer for versions that cannot be read.
    #[error("`{0}` is not what versions a serializer is for: write it like `~> 3.0.0`")]
    InvalidVersions(String),
    /// An entry of [`CheckOrigin::list`] that no origin can match.
    #[error("`{0}` is not an origin with a host: write it like `https://example.com` or `//*.example.com`")]
    InvalidOrigin(String),
    /// [`EndpointBuilder::url_host`] is no host.
    #[error("`{0}` is not a host: write it like `example.com`, without scheme and port")]
    InvalidUrlHost(String),
    /// An entry of [`MountOptions::subprotocols`] that cannot stand in a header.
    #[error(
        "`{0}` cannot be the name of a subprotocol: letters, digits and some signs, no spaces and commas"
    )]
    InvalidSubprotocol(String),
}
