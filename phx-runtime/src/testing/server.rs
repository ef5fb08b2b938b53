//! A server for clients of a test, over any transport.

use super::client::TestClient;
use super::clock;
use super::connect_error::ConnectError;
use super::over::Over;
use super::place::Place;
use crate::arrival::Arrival;
use crate::endpoint::Endpoint;
use crate::server::ServeError;
use serde::Serialize;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a client may take to go when its server stops without a network. Over one, the server knows.
const PATIENCE: Duration = Duration::from_secs(30);

/// An endpoint that clients come to over a transport that the test chooses: the same test runs without a network and
/// with one. See [`over_each`](super::over_each).
///
/// Over a network a real server listens at a free port of 127.0.0.1, in the runtime of the test; its time must be real,
/// since paused time runs ahead whenever all wait for the network. Dropping it has that server shut down; without a network
/// there is none, and clients stay connected.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     channel!("room:*", Room);
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # #[channel(socket = UserSocket)] impl Room {
/// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Self) }
/// # }
/// use phx_runtime::testing::{Over, TestServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> phx_runtime::testing::TestResult {
/// let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
/// let server = TestServer::start(&endpoint, Over::WebSocketV2).await?;
/// let client = server.connect("/socket", &()).await?;
/// let (room, _) = client.join("room:lobby", &()).await?;
/// server.stop().await;
/// client.assert_closed(1012).await;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping it drops the server"]
pub struct TestServer {
    place: Place,
    serving: Option<Serving>,
}

struct Serving {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl TestServer {
    /// Serves an endpoint to clients that come over this.
    ///
    /// # Errors
    /// When no address can be bound.
    ///
    /// # Panics
    /// If the time of the runtime is paused and there is a network.
    #[track_caller]
    pub fn start(
        endpoint: &Endpoint,
        over: Over,
    ) -> impl Future<Output = Result<Self, ServeError>> + Send + use<> {
        // At the line of the caller, which is lost once this is awaited.
        assert!(
            over.is_in_process() || !clock::is_paused(),
            "a test over a network ({over}) needs real time, and this one has paused it: \
             leave `start_paused = true` out, or use `Over::InProcess`"
        );
        Self::serve(endpoint.clone(), over)
    }

    async fn serve(endpoint: Endpoint, over: Over) -> Result<Self, ServeError> {
        let mut place = Place { endpoint, over, addr: None };
        if over.is_in_process() {
            return Ok(Self { place, serving: None });
        }
        let endpoint = &place.endpoint;
        let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
        place.addr = Some(server.local_addr());
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run_until(endpoint.routes(), async {
            // Dropped with this value, it stops too.
            let _ = stopped.await;
        }));
        Ok(Self { place, serving: Some(Serving { stop, task }) })
    }

    /// The endpoint that is served.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.place.endpoint
    }

    /// Over what clients come.
    #[must_use]
    pub fn over(&self) -> Over {
        self.place.over
    }

    /// Where the server listens; `None` without a network.
    #[must_use]
    pub fn addr(&self) -> Option<SocketAddr> {
        self.place.addr
    }

    /// Connects a client, as [`TestClient::connect`] does.
    ///
    /// # Errors
    /// When the server refuses the client, or cannot be reached.
    pub async fn connect<P: Serialize>(&self, path: &str, params: &P) -> Result<TestClient, ConnectError> {
        self.connect_with(path, params, |_| ()).await
    }

    /// As [`connect`](Self::connect), with what there is to an arrival besides, such as
    /// [headers](Arrival::headers). Over a network the address of the client is its own.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with<P: Serialize>(
        &self,
        path: &str,
        params: &P,
        configure: impl FnOnce(&mut Arrival),
    ) -> Result<TestClient, ConnectError> {
        TestClient::arrive(self.place.clone(), path, params, configure).await
    }

    /// Shuts down in good order: clients are closed with 1012, and this returns when all connections and channels have
    /// ended.
    ///
    /// # Panics
    /// If the server has.
    pub async fn stop(self) {
        if let Some(Serving { stop, task }) = self.serving {
            // Fails when the server has ended already, which its task tells.
            let _ = stop.send(());
            if let Err(error) = task.await {
                panic!("the server has failed: {error}");
            }
        } else {
            self.place.endpoint.drain().await;
            self.place.endpoint.close(PATIENCE).await;
        }
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { over, addr, .. } = &self.place;
        f.debug_struct("TestServer").field("over", over).field("addr", addr).finish_non_exhaustive()
    }
}
