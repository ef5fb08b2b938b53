//! The same test over each transport and in each version of the protocol.

use super::version::Version;
use std::error::Error;
use std::fmt;
use std::thread;
use tokio::runtime::{Builder, Handle};

/// What a test returns: any error fails it with its text.
pub type TestResult = Result<(), Box<dyn Error>>;

/// How a client is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Over {
    /// Without a network, in version 2.
    InProcess,
    /// A WebSocket, in version 1.
    WebSocketV1,
    /// A WebSocket, in version 2, as phoenix.js comes by default.
    WebSocketV2,
    /// Long polling, in version 1.
    LongPollV1,
    /// Long polling, in version 2.
    LongPollV2,
}

impl Over {
    /// Each of them. Long polling is for mounts that have it: others answer 404.
    pub const ALL: [Self; 5] =
        [Self::InProcess, Self::WebSocketV1, Self::WebSocketV2, Self::LongPollV1, Self::LongPollV2];

    /// The version of the protocol.
    #[must_use]
    pub fn version(self) -> Version {
        match self {
            Self::WebSocketV1 | Self::LongPollV1 => Version::V1,
            Self::InProcess | Self::WebSocketV2 | Self::LongPollV2 => Version::V2,
        }
    }

    /// The name of the transport in the log, which is also the last segment of its path, if it has one.
    #[must_use]
    pub fn transport(self) -> &'static str {
        match self {
            Self::InProcess => "custom",
            Self::WebSocketV1 | Self::WebSocketV2 => "websocket",
            Self::LongPollV1 | Self::LongPollV2 => "longpoll",
        }
    }

    /// Whether there is no network.
    #[must_use]
    pub fn is_in_process(self) -> bool {
        self == Self::InProcess
    }

    /// Runs a test with a runtime of its own: in process in paused time, where no test waits, and over a network in real
    /// time.
    ///
    /// # Errors
    /// That of the test.
    ///
    /// # Panics
    /// If the test does, or where a runtime runs already, as in `#[tokio::test]`.
    pub fn run(self, test: impl AsyncFnOnce(Self) -> TestResult) -> TestResult {
        assert!(
            Handle::try_current().is_err(),
            "`over_each` and `Over::run` have runtimes of their own: write `#[test] fn` in place of \
             `#[tokio::test] async fn`"
        );
        let runtime =
            Builder::new_current_thread().enable_all().start_paused(self.is_in_process()).build()?;
        let _tells = Tells(self);
        runtime.block_on(test(self)).map_err(|error| Failed { over: self, error }.into())
    }
}

/// The error of a test, with what it ran over.
#[derive(thiserror::Error)]
#[error("{over}: {error}")]
struct Failed {
    over: Over,
    #[source]
    error: Box<dyn Error>,
}

/// As `Display`, so that a test that returns the error shows it to be read.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For a failure.
impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InProcess => "in process",
            Self::WebSocketV1 => "WebSocket, version 1",
            Self::WebSocketV2 => "WebSocket, version 2",
            Self::LongPollV1 => "long polling, version 1",
            Self::LongPollV2 => "long polling, version 2",
        })
    }
}

/// Runs a test over each transport, one after the other: [`Over::run`] for each of [`Over::ALL`].
///
/// ```
/// use phx_runtime::prelude::*;
/// use phx_runtime::testing::{TestResult, TestServer, over_each};
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     channel!("room:*", Room);
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # #[channel(socket = UserSocket)] impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Self) }
/// #     #[handle_in("ping")] fn ping(&mut self, ping: Payload) -> Result<Payload, Refused> { Ok(ping) }
/// # }
///
/// # fn main() -> TestResult {
/// over_each(async |over| {
///     let endpoint = Endpoint::builder()
///         .secret_key_base("only for tests, but long enough for anybody: 64 bytes of it, or more")
///         .socket_with::<UserSocket>("/socket", |options| options.longpoll = Some(Default::default()))
///         .build()?;
///     let server = TestServer::start(&endpoint, over).await?;
///     let client = server.connect("/socket", &()).await?;
///     let (room, _) = client.join("room:lobby", &()).await?;
///     let ping = room.push("ping", &serde_json::json!({"n": 1})).await;
///     room.assert_reply(&ping, "ok", &serde_json::json!({"n": 1})).await;
///     server.stop().await;
///     Ok(())
/// })
/// # }
/// ```
///
/// # Errors
/// That of the first test that fails, and over what it ran.
///
/// # Panics
/// As [`Over::run`].
pub fn over_each(test: impl AsyncFn(Over) -> TestResult) -> TestResult {
    Over::ALL.into_iter().try_for_each(|over| over.run(&test))
}

/// A test that panics does not say over what it ran.
struct Tells(Over);

impl Drop for Tells {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the test failed over this: {}", self.0);
        }
    }
}
