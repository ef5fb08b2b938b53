//! The accept loop: HTTP connections in, graceful shutdown out.

use crate::endpoint::Endpoint;
use crate::endpoint_error::EndpointError;
use crate::http_stream::HttpStream;
use crate::longpoll::Newcomers;
use crate::receipt::Unsent;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use warp::{Filter, Rejection};

/// What the HTTP server reads of a request before somebody takes it: room for the longest path and query that it knows,
/// 64 KiB, and as much again for the other headers. A client that stops in the middle of a body holds as much.
const READ_BUFFER: usize = 128 * 1024;

/// How long to wait before accepting again when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An address that is bound and ready to serve; made by [`Endpoint::bind`](crate::Endpoint::bind).
///
/// ```no_run
/// # use phx_runtime::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let endpoint = Endpoint::builder().build()?;
/// let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
/// println!("listening on http://{}", server.local_addr());
/// server.run(endpoint.routes()).await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a server does nothing until it is run"]
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    endpoint: Endpoint,
    header_timeout: Duration,
    write_timeout: Duration,
    shutdown_timeout: Duration,
    max_connections: usize,
}

/// Why a server could not start.
///
/// ```
/// # use phx_runtime::{ServeError, prelude::*};
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let endpoint = Endpoint::builder().build()?;
/// let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let error = endpoint.bind(taken.local_addr()?).await.err();
/// assert!(matches!(error, Some(ServeError::AddressInUse(_))));
/// # Ok(())
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Another program listens there.
    #[error("cannot listen on {0}: another program does; stop it or choose another port")]
    AddressInUse(SocketAddr),
    /// Any other reason.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address asked for.
        addr: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The sockets do not make an endpoint; only [`serve`](crate::serve) says so.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// As `Display`, so that a `main` that returns the error shows it to be read.
impl fmt::Debug for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the server tells a request about its TCP connection.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub(crate) peer: SocketAddr,
    /// The connection's share of `max_connections`, which a WebSocket keeps when HTTP is done with it.
    pub(crate) permit: Arc<OwnedSemaphorePermit>,
    /// The sessions that came by it.
    pub(crate) newcomers: Newcomers,
}

impl Server {
    pub(crate) async fn bind(addr: SocketAddr, endpoint: Endpoint) -> Result<Self, ServeError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::AddressInUse(addr),
            _ => ServeError::Bind { addr, source },
        };
        let listener = TcpListener::bind(addr).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(|source| ServeError::Bind { addr, source })?;
        Ok(Self {
            listener,
            local_addr,
            endpoint,
            header_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(20),
            shutdown_timeout: Duration::from_secs(30),
            max_connections: 100_000,
        })
    }

    /// The address that is bound, with the port that was picked for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// How long a client may take to send the headers of a request, from its connection or the end of the answer
    /// before it. Default 10 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.header_timeout = timeout;
        self
    }

    /// How long an answer may wait for a client that does not read. For HTTP only; a WebSocket has
    /// [`Limits::outbox_bytes`](crate::Limits::outbox_bytes). Default 20 s.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How long a shutdown may wait for connections and channels to end, after the [drain](crate::Drain), which has a
    /// limit of its own. Default 30 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.shutdown_timeout = timeout;
        self
    }

    /// How many TCP connections may be open, WebSockets included; further ones wait in the operating system's queue.
    /// Default 100,000. The process's limit of open files applies besides.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// Serves `routes` until ctrl-c or SIGTERM, then shuts down as [`run_until`](Self::run_until) does. A second one
    /// during the [drain](crate::Drain) ends that early: everything is closed at once. One after the drain ends the
    /// wait for what is left.
    pub async fn run<F>(self, routes: F)
    where
        F: Filter + Clone + Send + Sync + 'static,
        F::Extract: warp::Reply,
        F::Error: Into<Rejection>,
    {
        self.serve(routes, asked_to_stop(), asked_to_stop).await;
    }

    /// Serves `routes` until `stop` is done. Then WebSockets are closed with 1012, which makes phoenix.js reconnect:
    /// first in [batches](crate::Drain), while new ones are still accepted; then nothing new is accepted and the rest
    /// is closed. This returns when all connections and channels have ended and what ran in the
    /// [background](crate::Socket::background) is dropped, or after the [shutdown timeout](Self::shutdown_timeout).
    ///
    /// That is the end of the whole [`Endpoint`](crate::Endpoint): if it is served at several addresses, the
    /// connections of all are closed, and further ones are closed at once.
    pub async fn run_until<F>(self, routes: F, stop: impl Future<Output = ()> + Send)
    where
        F: Filter + Clone + Send + Sync + 'static,
        F::Extract: warp::Reply,
        F::Error: Into<Rejection>,
    {
        self.serve(routes, stop, std::future::pending).await;
    }

    /// As [`run_until`](Self::run_until). The batches end early when a `hurry` is done, and so does the wait after them.
    async fn serve<F, H>(self, routes: F, stop: impl Future<Output = ()> + Send, hurry: impl Fn() -> H)
    where
        F: Filter + Clone + Send + Sync + 'static,
        F::Extract: warp::Reply,
        F::Error: Into<Rejection>,
        H: Future<Output = ()>,
    {
        let Self {
            listener, endpoint, header_timeout, write_timeout, shutdown_timeout, max_connections, ..
        } = self;
        endpoint.hub.background.start(&endpoint);
        let permits = Arc::new(Semaphore::new(max_connections.min(Semaphore::MAX_PERMITS)));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(header_timeout).max_buf_size(READ_BUFFER);
        // Every HTTP connection holds a receiver: it hears of the shutdown there, and is done when it has dropped it.
        let (shutdown, is_shut_down) = watch::channel(());

        let stop = async {
            stop.await;
            tokio::select! {
                () = endpoint.drain() => {}
                () = hurry() => {}
            }
        };
        let mut stop = pin!(stop);
        loop {
            let (stream, accepted) = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = accept(&listener, &permits) => accepted,
            };
            let service = TowerToHyperService::new(warp::service(routes.clone()));
            let unsent = Unsent::default();
            let stream = TokioIo::new(HttpStream::new(stream, write_timeout, unsent.clone()));
            let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(accepted.clone());
                let answer = service.call(request);
                let unsent = unsent.clone();
                async move {
                    let answer = answer.await?;
                    if let Some(receipt) = answer.extensions().get() {
                        unsent.put(receipt);
                    }
                    Ok::<_, Infallible>(answer)
                }
            });
            let connection = http.serve_connection(stream, service).with_upgrades();
            let mut is_shut_down = is_shut_down.clone();
            tokio::spawn(async move {
                let mut connection = pin!(connection);
                let result = tokio::select! {
                    result = &mut connection => result,
                    _ = is_shut_down.changed() => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = result {
                    tracing::debug!(%error, "HTTP connection ended early");
                }
            });
        }

        drop((listener, is_shut_down));
        // Fails when there is no connection to tell.
        let _ = shutdown.send(());
        let impatience = async {
            tokio::select! {
                () = tokio::time::sleep(shutdown_timeout) => {}
                () = hurry() => {}
            }
        };
        endpoint.close_after(shutdown.closed(), impatience).await;
    }
}

/// The next connection. Errors of one connection are its own, and a lack of file descriptors passes.
async fn accept(listener: &TcpListener, permits: &Arc<Semaphore>) -> (TcpStream, Accepted) {
    loop {
        // The semaphore is never closed.
        let Ok(permit) = Arc::clone(permits).acquire_owned().await else {
            continue;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and wait for nothing. Failing is as good as a connection that is gone.
                let _ = stream.set_nodelay(true);
                let newcomers = Newcomers::default();
                return (stream, Accepted { peer, permit: Arc::new(permit), newcomers });
            }
            Err(error) => {
                drop(permit);
                let of_the_connection = [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset];
                if !of_the_connection.contains(&error.kind()) {
                    tracing::error!(%error, "cannot accept connections for the moment");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Done on ctrl-c or SIGTERM.
async fn asked_to_stop() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = ctrl_c => {}
        () = terminate => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Semaphore;

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn who_is_asked_to_stop_again_waits_no_longer_for_half_a_request() -> Result<(), Box<dyn Error>> {
        let endpoint = Endpoint::builder().build()?;
        let server = endpoint.bind(([127, 0, 0, 1], 0)).await?.header_timeout(HOUR).shutdown_timeout(HOUR);
        let addr = server.local_addr();
        let (stop, hurry) = (Semaphore::new(0), Semaphore::new(0));
        let is_told = async |signal: &Semaphore| drop(signal.acquire().await);
        let mut serving = pin!(server.serve(endpoint.routes(), is_told(&stop), || is_told(&hurry)));
        let asking = async {
            let mut half = TcpStream::connect(addr).await?;
            half.write_all(b"GET / HTTP/1.1\r\nhost: ").await?;
            // Accepted after it, so that the server knows of both when this one has its answer.
            let mut whole = TcpStream::connect(addr).await?;
            whole.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
            whole.read_to_end(&mut Vec::new()).await?;
            stop.add_permits(1);
            // Refused as soon as the server waits for what is left.
            while TcpStream::connect(addr).await.is_ok() {}
            Ok::<_, io::Error>(half)
        };
        let half = tokio::select! {
            () = &mut serving => return Err("it did not wait".into()),
            half = asking => half?,
        };
        hurry.add_permits(1);
        tokio::time::timeout(Duration::from_secs(10), serving).await?;
        drop(half);
        Ok(())
    }
}
