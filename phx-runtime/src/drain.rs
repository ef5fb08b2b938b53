//! The end of an endpoint: connections are closed in batches, so that not all clients come back at once
//! (docs/protocol.md §8).

use crate::endpoint::Endpoint;
use crate::frame::CloseCode;
use crate::log::log;
use crate::outbox::Outbox;
use futures_util::future::join_all;
use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::Level;

/// How the connections of a mount are closed when the server stops: a batch, a pause, the next batch. Clients go on to
/// other servers, or come back to the next one, a batch at a time.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # use std::time::Duration;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// use phx_runtime::Drain;
///
/// # fn main() -> Result<(), EndpointError> {
/// let mut drain = Drain::default();
/// drain.batch_size = 500;
/// drain.batch_interval = Duration::from_secs(1);
/// let endpoint = Endpoint::builder()
///     .socket_with::<UserSocket>("/socket", |options| options.drain = Some(drain))
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Drain {
    /// How many connections are closed at a time, at least one. Default 10,000, as in Phoenix: what one server can
    /// take in within a few seconds.
    pub batch_size: usize,
    /// How long to wait between two batches. Default 2 s, as in Phoenix.
    pub batch_interval: Duration,
    /// How long the batches may take together; what is left then is closed at once. Default 30 s, as in Phoenix: most
    /// supervisors kill a process that takes much longer.
    pub shutdown: Duration,
    /// The level at which a drain is logged, or `None` not to log it. Default info, as in Phoenix.
    pub log: Option<Level>,
}

/// A client that polls asks again as soon as it has its last answer; one that has gone must not hold up a shutdown.
const TIME_TO_FETCH: Duration = Duration::from_secs(1);

impl Default for Drain {
    fn default() -> Self {
        Self {
            batch_size: 10_000,
            batch_interval: Duration::from_secs(2),
            shutdown: Duration::from_secs(30),
            log: Some(Level::INFO),
        }
    }
}

impl Endpoint {
    /// Closes the connections that are open now with 1012, in the batches that [`Drain`] says, each mount at its own
    /// pace. Returns when the last batch is told, and clients that poll have fetched what waits for them or have had a
    /// second to do so. Whoever connects meanwhile stays, and channels can still be joined.
    /// Channels end with [`Reason::Draining`](crate::Reason::Draining), and the clients hear of no channel's end.
    ///
    /// Our own [`Server`](crate::Server) does this when it is to stop. Under another server, do it before you stop
    /// that one, and [`close`](Self::close) the endpoint afterwards. Dropping the future keeps open what is open then.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # use std::time::Duration;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// # async fn asked_to_stop() {}
    /// let draining = endpoint.clone();
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// warp::serve(endpoint.routes())
    ///     .incoming(listener)
    ///     .graceful(async move {
    ///         asked_to_stop().await;
    ///         draining.drain().await;
    ///     })
    ///     .run()
    ///     .await;
    /// endpoint.close(Duration::from_secs(30)).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&self) {
        let drains = self.mounts.iter().filter_map(|mount| {
            let drain = mount.options.drain.as_ref()?;
            Some(drain.run(&mount.path, self.hub.connected_to(mount)))
        });
        let drained = async {
            join_all(drains).await;
            // Those who poll have to come for what waits, and cannot once nothing is accepted any more.
            let _ = timeout(TIME_TO_FETCH, self.hub.all_fetched()).await;
        };
        tokio::select! {
            () = drained => {}
            // There is nothing left to spare.
            () = self.hub.closing() => {}
        }
    }

    /// Ends the endpoint for good: closes every connection with 1012, those that are yet to come too, and waits until
    /// they and their channels have ended; then drops what runs in the [background](crate::Socket::background). After
    /// `timeout` it returns although something may be left. A [drain](Self::drain) that is under way ends with it.
    ///
    /// Our own [`Server`](crate::Server) does this at its end.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # use std::time::Duration;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// endpoint.close(Duration::from_secs(30)).await;
    /// assert_eq!(endpoint.connections(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn close(&self, timeout: Duration) {
        self.close_after(ready(()), sleep(timeout)).await;
    }

    /// As [`close`](Self::close), until `impatience` is done; waits for `last_requests` too, which may become
    /// connections.
    pub(crate) async fn close_after(
        &self,
        last_requests: impl Future<Output = ()>,
        impatience: impl Future<Output = ()>,
    ) {
        // The upgrades under way are in the books only when their requests are answered.
        let last = async {
            last_requests.await;
            self.hub.close_all().await;
        };
        let ended = async {
            tokio::join!(last, self.hub.close_all());
            self.hub.background.stop().await;
        };
        tokio::select! {
            () = ended => {}
            () = impatience => {
                let (connections, channels) = (self.connections(), self.channels());
                tracing::warn!(connections, channels, "shutting down although not everything has ended");
            }
        }
        self.hub.background.abort();
    }
}

impl Drain {
    async fn run(&self, path: &str, connections: Vec<Arc<Outbox>>) {
        let mut batches = connections.chunks(self.batch_size.max(1));
        log!(self.log, path, connections = connections.len(), batches = batches.len(), "draining");
        let paced = async {
            while let Some(batch) = batches.next() {
                close(batch);
                if batches.len() > 0 {
                    sleep(self.batch_interval).await;
                }
            }
        };
        if timeout(self.shutdown, paced).await.is_err() {
            log!(self.log, path, batches = batches.len(), "no time is left: closing the rest at once");
            batches.for_each(close);
        }
    }
}

fn close(batch: &[Arc<Outbox>]) {
    for outbox in batch {
        outbox.close(CloseCode::ServiceRestart);
    }
}
