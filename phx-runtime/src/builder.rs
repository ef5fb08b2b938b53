//! Sets an endpoint up: which socket where, which pages may connect, and what is wrong with that.

use crate::declared::{self, DeclaredSocket};
use crate::draft::{Draft, Mountable};
use crate::endpoint::Endpoint;
use crate::endpoint_error::{EndpointError, EndpointProblem};
use crate::keys::Secrets;
use crate::longpoll::Polling;
use crate::mount::{Mount, MountOptions, Paths};
use crate::origin::{CheckOrigin, Origin};
use crate::path::{PathError, PathPattern};
use crate::presence;
use crate::random::random;
use crate::socket::Socket;
use crate::subprotocol;
use crate::transport::Transport;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::HashSet;
use std::fmt;
use std::net::Ipv6Addr;
use std::panic::Location;

/// As in Phoenix, where cookies are signed with it too.
const MIN_SECRET_BYTES: usize = 64;

/// Collects sockets; made by [`Endpoint::builder`].
#[must_use = "an endpoint is made by `build`"]
pub struct EndpointBuilder {
    mounts: Vec<Draft>,
    with_declared: bool,
    check_origin: CheckOrigin,
    url_host: Option<String>,
    secret_key_base: Option<String>,
    pub(crate) presence: presence::Settings,
    old_secrets: Vec<String>,
}

impl Default for EndpointBuilder {
    fn default() -> Self {
        Self {
            mounts: Vec::new(),
            with_declared: true,
            check_origin: CheckOrigin::host(),
            url_host: Some("localhost".to_owned()),
            secret_key_base: None,
            presence: presence::Settings::default(),
            old_secrets: Vec::new(),
        }
    }
}

impl EndpointBuilder {
    /// Mounts the socket `S` at `path`; clients connect to `{path}/websocket`, which phoenix.js appends itself.
    ///
    /// Sockets that [declare their mount](macro@crate::socket#declaring-the-mount) need no call.
    #[track_caller]
    pub fn socket<S: Socket>(self, path: &str) -> Self {
        self.socket_with::<S>(path, |_| ())
    }

    /// Mounts the socket `S` at `path` with options of its own. If it declares this mount, it is mounted once, with the
    /// declared options as changed by `configure`.
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
    #[track_caller]
    pub fn socket_with<S: Socket>(self, path: &str, configure: impl FnOnce(&mut MountOptions)) -> Self {
        self.mount(Mountable::socket::<S>(), path, configure)
    }

    /// Mounts a protocol of your own at `path`, without channels; clients connect to `{path}/websocket`. See
    /// [`Transport`].
    #[track_caller]
    pub fn transport<T: Transport>(self, path: &str) -> Self {
        self.transport_with::<T>(path, |_| ())
    }

    /// Mounts a protocol of your own with options of its own. Those that are about channels and serializers mean
    /// nothing to it.
    #[track_caller]
    pub fn transport_with<T: Transport>(self, path: &str, configure: impl FnOnce(&mut MountOptions)) -> Self {
        self.mount(Mountable::transport::<T>(), path, configure)
    }

    #[track_caller]
    fn mount(mut self, what: Mountable, path: &str, configure: impl FnOnce(&mut MountOptions)) -> Self {
        let declared = declared::sockets().find(|socket| socket.is_of(&what, path));
        let mut options = declared.map_or_else(MountOptions::default, DeclaredSocket::options);
        configure(&mut options);
        self.mounts.push(Draft { what, path: path.to_owned(), options, location: Location::caller() });
        self
    }

    /// Leaves out the sockets that declare their mount, but for those mounted by [`socket`](Self::socket): for a program
    /// with several endpoints, and for tests.
    ///
    /// ```standalone_crate
    /// use phx_runtime::prelude::*;
    ///
    /// struct UserSocket;
    ///
    /// #[socket("/socket", auth_token)]
    /// impl Socket for UserSocket {
    ///     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// }
    ///
    /// struct AdminSocket;
    ///
    /// #[socket("/admin")]
    /// impl Socket for AdminSocket {
    ///     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// }
    ///
    /// # fn main() -> Result<(), EndpointError> {
    /// // For the port that everybody can reach. The declared options of the socket hold here too.
    /// let public = Endpoint::builder().without_declared().socket::<UserSocket>("/socket").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn without_declared(mut self) -> Self {
        self.with_declared = false;
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

    /// The secret from which every key is derived that the endpoint signs with: those of its [tokens](Endpoint::token),
    /// of [session cookies](MountOptions::session) and of [long polling](crate::LongPoll). At least 64 bytes that nobody can guess; `mix phx.gen.secret` and
    /// `openssl rand -base64 48` make some. Keep it out of the source. Phoenix: `secret_key_base`.
    ///
    /// Without one, an endpoint with long polling makes a secret of its own when it is built, with a warning: nothing
    /// that it signs is known after a restart, or to another node.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// let mut builder = Endpoint::builder();
    /// if let Ok(secret) = std::env::var("SECRET_KEY_BASE") {
    ///     builder = builder.secret_key_base(secret);
    /// }
    /// let endpoint = builder.build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn secret_key_base(mut self, secret: impl Into<String>) -> Self {
        self.secret_key_base = Some(secret.into());
        self
    }

    /// A secret that was the [`secret_key_base`](Self::secret_key_base) until lately: tokens and cookies that were made
    /// with it are still good, and new ones are made with the new one. May be called for several. Once everything made
    /// with it has expired, leave it out.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (old, new) = ("o".repeat(64), "n".repeat(64)); // yours are better
    /// let before = Endpoint::builder().secret_key_base(&*old).build()?;
    /// let after = Endpoint::builder().secret_key_base(new).old_secret_key_base(old).build()?;
    /// let token = before.token("user auth")?.sign("ann")?;
    /// assert_eq!(after.token("user auth")?.verify(&token), Ok("ann".to_owned()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn old_secret_key_base(mut self, secret: impl Into<String>) -> Self {
        self.old_secrets.push(secret.into());
        self
    }

    /// Mounts the [declared](macro@crate::socket#declaring-the-mount) sockets beside the others, checks everything and
    /// makes the endpoint.
    ///
    /// # Errors
    /// With every problem found, not only the first.
    pub fn build(self) -> Result<Endpoint, EndpointError> {
        let Self {
            mounts: explicit,
            with_declared,
            check_origin,
            url_host,
            secret_key_base,
            old_secrets,
            presence,
        } = self;
        let mut problems = Vec::new();
        problems.extend(invalid_origins(&check_origin));
        if let Some(host) = url_host.as_deref().filter(|host| !is_host(host)) {
            problems.push(EndpointProblem::InvalidUrlHost(host.to_owned()));
        }
        if secret_key_base.iter().chain(&old_secrets).any(|secret| secret.len() < MIN_SECRET_BYTES) {
            problems.push(EndpointProblem::ShortSecret);
        }
        if secret_key_base.is_none() && !old_secrets.is_empty() {
            problems.push(EndpointProblem::OnlyOldSecrets);
        }
        let drafts = declared::mounts(explicit, with_declared);
        let mut ids = HashSet::new();
        for what in drafts.iter().map(|draft| draft.what) {
            if ids.insert(what.id) {
                problems.extend((what.problems)());
            }
        }
        let polls = drafts.iter().any(|draft| draft.options.longpoll.is_some());
        let secrets = secret_key_base.map(|secret| Secrets::new(secret, old_secrets));
        // What it makes up is for long polling alone: nothing else that is signed with it would be known for long.
        let made_up = (secrets.is_none() && polls).then(|| Secrets::new(own_secret(), Vec::new()));
        let of_polls = secrets.as_ref().or(made_up.as_ref());
        let mut mounts: Vec<Mount> = Vec::new();
        for draft in drafts {
            problems.extend(invalid_options(&draft.options));
            problems.extend(session_problem(&draft, &check_origin, secrets.is_some()));
            let Some(paths) = paths(&draft, &mut problems) else { continue };
            let rival = mounts.iter().find(|earlier| earlier.paths.meets(&paths));
            problems.extend(rival.map(|earlier| earlier.clash_with(&draft)));
            mounts.push(Mount::new(
                draft,
                paths,
                &check_origin,
                url_host.as_deref(),
                secrets.as_ref(),
                of_polls,
            ));
        }
        problems.extend(declared::channels_without_route(&ids));
        if problems.is_empty() {
            Ok(Endpoint::new(mounts, presence, secrets))
        } else {
            Err(EndpointError::new(problems))
        }
    }
}

fn invalid_options(options: &MountOptions) -> impl Iterator<Item = EndpointProblem> {
    let versions =
        options.serializers.mistakes().map(|text| EndpointProblem::InvalidVersions(text.to_owned()));
    let names = options.subprotocols.iter().flatten().filter(|name| !subprotocol::is_name(name));
    let names = names.cloned().map(EndpointProblem::InvalidSubprotocol);
    let zeros = options.longpoll.iter().flat_map(Polling::zeros).map(EndpointProblem::ZeroInLongPoll);
    options.check_origin.iter().flat_map(invalid_origins).chain(versions).chain(names).chain(zeros)
}

/// What is wrong with a mount that reads session cookies.
fn session_problem(
    draft: &Draft,
    check_origin: &CheckOrigin,
    has_secret: bool,
) -> impl Iterator<Item = EndpointProblem> {
    let session = draft.options.session.as_ref();
    let check_origin = draft.options.check_origin.as_ref().unwrap_or(check_origin);
    let is_open = session.is_some_and(|session| !session.check_csrf) && check_origin.is_any();
    let path = || draft.path.clone();
    let no_secret = (session.is_some() && !has_secret).then(|| EndpointProblem::SessionWithoutSecret(path()));
    no_secret.into_iter().chain(is_open.then(|| EndpointProblem::SessionForAnyPage(path())))
}

fn invalid_origins(check: &CheckOrigin) -> impl Iterator<Item = EndpointProblem> {
    check.invalid_entries().map(|entry| EndpointProblem::InvalidOrigin(entry.to_owned()))
}

/// Whether an origin can have it, where an IPv6 address stands between brackets.
fn is_host(host: &str) -> bool {
    let is_name = !host.contains('*') && Origin::parse(&format!("//{host}")).host() == Some(host);
    is_name || host.parse::<Ipv6Addr>().is_ok()
}

/// The parts one by one, so that the problem is where it is said to be.
fn paths(draft: &Draft, problems: &mut Vec<EndpointProblem>) -> Option<Paths> {
    let Draft { path, options, .. } = draft;
    let is_invalid = |path: &str| matches!(PathPattern::parse(path), Err(PathError::Invalid));
    if !path.starts_with('/') || is_invalid(path) {
        problems.push(EndpointProblem::InvalidPath(path.clone()));
    }
    if is_invalid(&options.websocket_path) {
        problems.push(EndpointProblem::InvalidWebSocketPath(options.websocket_path.clone()));
    }
    let longpoll_path = options.longpoll.as_ref().map(|longpoll| &longpoll.path);
    if let Some(path) = longpoll_path.filter(|path| is_invalid(path)) {
        problems.push(EndpointProblem::InvalidLongPollPath(path.clone()));
    }
    let mut whole = |path: String| match PathPattern::parse(&path) {
        Ok(pattern) => Some(pattern),
        Err(PathError::Repeated(name)) => {
            problems.push(EndpointProblem::RepeatedName { path, name });
            None
        }
        // Told above.
        Err(PathError::Invalid) => None,
    };
    let websocket = whole(draft.websocket_path())?;
    let longpoll = match draft.longpoll_path() {
        Some(path) => Some(whole(path)?),
        None => None,
    };
    if longpoll.as_ref().is_some_and(|longpoll| longpoll.is_same_as(&websocket)) {
        problems.push(EndpointProblem::LongPollPathTaken(draft.websocket_path()));
    }
    // A part of what has been read.
    let base = PathPattern::parse(path).ok()?;
    Some(Paths { base, websocket, longpoll })
}

/// A secret for an endpoint that is given none, and needs one.
fn own_secret() -> String {
    tracing::warn!(
        "there is no `secret_key_base` to sign the sessions of long polling with, so one is made up: clients start \
         anew after a restart, and other nodes do not know their sessions. Give `EndpointBuilder::secret_key_base` one"
    );
    URL_SAFE_NO_PAD.encode(random::<48>())
}

impl fmt::Debug for EndpointBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.mounts.iter().map(|mount| &mount.path).collect();
        f.debug_struct("EndpointBuilder").field("mounts", &paths).finish_non_exhaustive()
    }
}
