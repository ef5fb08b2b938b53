//! What can be wrong with an endpoint: the text says what to do, the data where.

use crate::topic::Pattern;
use std::fmt;
use std::panic::Location;

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
    pub(crate) fn new(problems: Vec<EndpointProblem>) -> Self {
        Self { problems }
    }

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
/// use phx_runtime::{Endpoint, EndpointProblem};
///
/// let built = Endpoint::builder().url_host("https://example.com").build();
/// for problem in built.err().iter().flat_map(|error| error.problems()) {
///     assert_eq!(*problem, EndpointProblem::InvalidUrlHost("https://example.com".into()));
///     let text = "`https://example.com` is not a host: write it like `example.com`, without scheme and port";
///     assert_eq!(problem.to_string(), text);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointProblem {
    /// A path that no request can have.
    #[error("`{0}` is not a path to mount a socket at: write it like `/socket` or `/socket/{{tenant}}`")]
    InvalidPath(String),
    /// [`MountOptions::websocket_path`](crate::MountOptions::websocket_path) is none.
    #[error("`{0}` is not a path for WebSockets: write it like `websocket` or `{{room}}/ws`")]
    InvalidWebSocketPath(String),
    /// [`LongPoll::path`](crate::LongPoll::path) is none.
    #[error("`{0}` is not a path for long polling: write it like `longpoll` or `{{room}}/poll`")]
    InvalidLongPollPath(String),
    /// [`LongPoll::path`](crate::LongPoll::path) leads to where the mount's WebSockets are.
    #[error("long polling and the WebSockets of one mount are both at `{0}`: give each a path of its own")]
    LongPollPathTaken(String),
    /// A setting of [`LongPoll`](crate::LongPoll) that is zero.
    #[error("`{0}` of long polling is zero, with which no client can use it: leave it out for the default")]
    ZeroInLongPoll(&'static str),
    /// [`EndpointBuilder::secret_key_base`](crate::EndpointBuilder::secret_key_base), or an old one, is easy to guess.
    #[error("the `secret_key_base` has fewer than 64 bytes: make one with `openssl rand -base64 48`")]
    ShortSecret,
    /// [`EndpointBuilder::old_secret_key_base`](crate::EndpointBuilder::old_secret_key_base) without a new one.
    #[error(
        "there are old secrets, but no `secret_key_base` to sign with: give `EndpointBuilder::secret_key_base` one"
    )]
    OnlyOldSecrets,
    /// A mount with [`MountOptions::session`](crate::MountOptions::session) in an endpoint without a secret.
    #[error(
        "the session cookies of `{0}` cannot be read without a secret: give `EndpointBuilder::secret_key_base` the one \
         that they are signed with"
    )]
    SessionWithoutSecret(String),
    /// A mount that any page may connect to with its user's [session](crate::MountOptions::session).
    #[error(
        "any page may connect to `{0}` with the session of its user: `check_origin` allows all pages, and \
         `SessionCookie::check_csrf` is off. Turn one of the two checks on"
    )]
    SessionForAnyPage(String),
    /// Two segments of a path with one name.
    #[error("two segments of `{path}` are named `{name}`: give each a name of its own")]
    RepeatedName {
        /// The whole path of the WebSocket.
        path: String,
        /// The name.
        name: String,
    },
    /// Two sockets at one path; the names of its segments make no difference.
    #[error("two sockets are mounted at `{path}`, {first} and {second}: give each a path of its own")]
    PathTaken {
        /// The path of the second.
        path: String,
        /// The socket that is there already.
        first: Site,
        /// The socket that cannot be there too.
        second: Site,
    },
    /// One socket twice at one path.
    #[error("one socket is mounted twice at `{path}`, {first} and {second}: remove one of the two")]
    MountedTwice {
        /// The path of the second.
        path: String,
        /// The first mount.
        first: Site,
        /// The second mount.
        second: Site,
    },
    /// A channel that no client of its socket, which is mounted, can join.
    #[error(
        "no line of `{socket}` leads to its channel {channel}: write `channel!(\"topic:*\", {});` in `#[socket]`, or \
         remove the channel",
        channel.short_name()
    )]
    ChannelWithoutRoute {
        /// The channel.
        channel: Site,
        /// The name of the type that the channel declares with `socket = …`.
        socket: &'static str,
    },
    /// A `channel!` line none of whose topics its channel accepts.
    #[error(
        "no `#[join]` of `{channel}` accepts a topic matching {:?}, as a `channel!` line of `{socket}` has it: \
         add one, or change the line", pattern.source()
    )]
    LineWithoutJoin {
        /// The name of the socket's type.
        socket: &'static str,
        /// That of the line.
        pattern: Pattern,
        /// The name of the channel's type.
        channel: &'static str,
    },
    /// A `#[join]` that none of the socket's `channel!` lines sends a topic.
    #[error(
        "no topic gets to `#[join({:?})]` of `{channel}`: the `channel!` lines of `{socket}` send none there, so \
         widen one or remove the join", pattern.source()
    )]
    JoinWithoutLine {
        /// The name of the socket's type.
        socket: &'static str,
        /// That of the join.
        pattern: Pattern,
        /// The name of the channel's type.
        channel: &'static str,
    },
    /// Two methods of a channel for one event, of which the second is never called.
    #[error("event {event:?} is handled twice by `{channel}`: remove one of the two")]
    EventHandledTwice {
        /// The name of the channel's type.
        channel: &'static str,
        /// The event.
        event: &'static str,
    },
    /// [`serve`](crate::serve) found no socket that declares its mount.
    #[error(
        "there is no socket to serve: give one a path by writing `#[socket(\"/socket\")]` above it. A crate that is \
         not named is not linked: if there is one in another crate, write `use that_crate as _;` in this one"
    )]
    NothingDeclared,
    /// A serializer for versions that cannot be read.
    #[error("`{0}` is not what versions a serializer is for: write it like `~> 3.0.0`")]
    InvalidVersions(String),
    /// An entry of [`CheckOrigin::list`](crate::CheckOrigin::list) that no origin can match.
    #[error("`{0}` is not an origin with a host: write it like `https://example.com` or `//*.example.com`")]
    InvalidOrigin(String),
    /// [`EndpointBuilder::url_host`](crate::EndpointBuilder::url_host) is no host.
    #[error("`{0}` is not a host: write it like `example.com`, without scheme and port")]
    InvalidUrlHost(String),
    /// An entry of [`MountOptions::subprotocols`](crate::MountOptions::subprotocols) that cannot stand in a header.
    #[error(
        "`{0}` cannot be the name of a subprotocol: letters, digits and some signs, no spaces and commas"
    )]
    InvalidSubprotocol(String),
}

/// A socket or a channel, and the place in the source that declares or mounts it.
///
/// ```
/// # use phx_runtime::{EndpointProblem, prelude::*};
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// let line = line!() + 1;
/// let builder = Endpoint::builder().socket::<UserSocket>("/socket").socket::<UserSocket>("/socket");
/// let Err(error) = builder.build() else { panic!("it is mounted twice") };
/// let [EndpointProblem::MountedTwice { second, .. }] = error.problems() else { panic!("{error}") };
/// assert!(second.type_name().ends_with("UserSocket"));
/// assert_eq!((second.file(), second.line()), (file!(), line));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    type_name: &'static str,
    location: &'static Location<'static>,
}

impl Site {
    pub(crate) fn new(type_name: &'static str, location: &'static Location<'static>) -> Self {
        Self { type_name, location }
    }

    /// The whole name of the type, as [`type_name`](std::any::type_name) has it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The file, as the compiler was given it.
    #[must_use]
    pub fn file(&self) -> &'static str {
        self.location.file()
    }

    /// The line in the file; the first is 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.location.line()
    }

    /// The name of the type without the modules it is in.
    fn short_name(&self) -> &'static str {
        let path = self.type_name.split('<').next().unwrap_or_default();
        &self.type_name[path.rfind("::").map_or(0, |colons| colons + 2)..]
    }
}

/// As it stands in the texts of problems: `` `chat::UserSocket` (src/main.rs:12) ``.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` ({}:{})", self.type_name, self.file(), self.line())
    }
}
