//! What goes to the log, and at which level.

use crate::filter_parameters::FilterParameters;
use tracing::Level;

/// What a mount tells of its clients in `tracing` spans and events, each at a level of your choice; `None` is silent.
/// See [`observability`](crate::observability) for what each has to say. Phoenix: `log`, `log_join` and
/// `log_handle_in`.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # fn main() -> Result<(), EndpointError> {
/// use tracing::Level;
///
/// let endpoint = Endpoint::builder()
///     .socket_with::<UserSocket>("/socket", |options| {
///         options.log.connect = None;
///         options.log.handle_in = Some(Level::INFO);
///         options.log.filter_parameters.discard("secret");
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Log {
    /// Clients that connect or are refused, with their parameters. Default `INFO`.
    pub connect: Option<Level>,
    /// Joins, whether accepted or refused, with their parameters. Default `INFO`.
    pub join: Option<Level>,
    /// Events handled, with their payloads. Default `DEBUG`.
    pub handle_in: Option<Level>,
    /// Channels that their client has left. Default `DEBUG`.
    pub leave: Option<Level>,
    /// Panics and errors that end a channel, a join or a connection. Default `ERROR`.
    pub crash: Option<Level>,
    /// What a client does wrong, such as joining a topic that no channel serves: the first ten of each connection, the
    /// rest at `DEBUG`. Default `WARN`.
    pub client_error: Option<Level>,
    /// Which parameters are shown.
    pub filter_parameters: FilterParameters,
}

impl Log {
    /// Silent about everything.
    ///
    /// ```
    /// # use phx_runtime::Log;
    /// let log = Log::off();
    /// assert_eq!((log.connect, log.crash), (None, None));
    /// ```
    #[must_use]
    pub fn off() -> Self {
        Self {
            connect: None,
            join: None,
            handle_in: None,
            leave: None,
            crash: None,
            client_error: None,
            filter_parameters: FilterParameters::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            connect: Some(Level::INFO),
            join: Some(Level::INFO),
            handle_in: Some(Level::DEBUG),
            leave: Some(Level::DEBUG),
            crash: Some(Level::ERROR),
            client_error: Some(Level::WARN),
            filter_parameters: FilterParameters::default(),
        }
    }
}

/// An event at a level that is known at run time.
macro_rules! log {
    ($level:expr, $($event:tt)*) => {
        match $level {
            Some(tracing::Level::ERROR) => tracing::error!($($event)*),
            Some(tracing::Level::WARN) => tracing::warn!($($event)*),
            Some(tracing::Level::INFO) => tracing::info!($($event)*),
            Some(tracing::Level::DEBUG) => tracing::debug!($($event)*),
            Some(tracing::Level::TRACE) => tracing::trace!($($event)*),
            None => {}
        }
    };
}

/// A span at a level that is known at run time.
macro_rules! span {
    ($level:expr, $($span:tt)*) => {
        match $level {
            Some(tracing::Level::ERROR) => tracing::error_span!($($span)*),
            Some(tracing::Level::WARN) => tracing::warn_span!($($span)*),
            Some(tracing::Level::INFO) => tracing::info_span!($($span)*),
            Some(tracing::Level::DEBUG) => tracing::debug_span!($($span)*),
            Some(tracing::Level::TRACE) => tracing::trace_span!($($span)*),
            None => tracing::Span::none(),
        }
    };
}

pub(crate) use {log, span};
