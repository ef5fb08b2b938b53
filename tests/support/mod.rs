//! A server to talk to, and a client in which a test reads like a transcript.

pub(crate) mod app;
pub(crate) mod bytes;
pub(crate) mod client;
pub(crate) mod deflate_client;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod over;
pub(crate) mod signals;

pub(crate) use client::Client;
pub(crate) use macro_rules_attribute::apply;
pub(crate) use over::{At, Over, each_transport, each_transport_of_v2, each_websocket};

use app::TestSocket;
use phx_runtime::{Endpoint, EndpointBuilder, Limits, LongPoll, MountOptions, ServeError, Server, Socket};
use std::net::SocketAddr;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What a test returns: any error fails it with its text.
pub(crate) type TestResult = Result<(), Box<dyn std::error::Error>>;

/// Without one of its own, an endpoint with long polling warns.
pub(crate) const SECRET: &str = "of the tests, and as long as it has to be: 64 bytes, which these are";

/// Lets clients of every transport come to a mount.
pub(crate) fn with_longpoll(options: &mut MountOptions) {
    options.longpoll = Some(LongPoll::default());
}

/// A server with the channels of [`app`] at `/socket`, over every transport.
pub(crate) struct TestServer {
    pub(crate) endpoint: Endpoint,
    pub(crate) addr: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl TestServer {
    pub(crate) async fn start() -> Result<Self, ServeError> {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(limits: impl FnOnce(&mut Limits)) -> Result<Self, ServeError> {
        Self::start_with_options(|options| limits(&mut options.limits)).await
    }

    pub(crate) async fn start_with_options(
        configure: impl FnOnce(&mut MountOptions),
    ) -> Result<Self, ServeError> {
        Self::start_socket::<TestSocket>(configure).await
    }

    /// With the channels of another socket than [`app`]'s.
    pub(crate) async fn start_socket<S: Socket>(
        configure: impl FnOnce(&mut MountOptions),
    ) -> Result<Self, ServeError> {
        Self::build(Self::builder::<S>(configure)).await
    }

    /// An endpoint with the channels of a socket, to add more to.
    pub(crate) fn builder<S: Socket>(configure: impl FnOnce(&mut MountOptions)) -> EndpointBuilder {
        Endpoint::builder().secret_key_base(SECRET).socket_with::<S>("/socket", |options| {
            with_longpoll(options);
            configure(options);
        })
    }

    /// A server for sockets of the test's own.
    pub(crate) async fn build(endpoint: EndpointBuilder) -> Result<Self, ServeError> {
        Self::serve(endpoint.build()?).await
    }

    pub(crate) async fn serve(endpoint: Endpoint) -> Result<Self, ServeError> {
        Self::serve_with(endpoint, |server| server).await
    }

    pub(crate) async fn serve_with(
        endpoint: Endpoint,
        configure: impl FnOnce(Server) -> Server,
    ) -> Result<Self, ServeError> {
        let server = endpoint.bind(([127, 0, 0, 1], 0)).await?;
        let server = configure(server);
        let addr = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let routes = endpoint.routes();
        let running = tokio::spawn(server.run_until(routes, async {
            let _ = stopped.await;
        }));
        Ok(Self { endpoint, addr, stop, running })
    }

    pub(crate) fn url(&self) -> String {
        self.url_of("2.0.0")
    }

    /// The address for the serializer of a version.
    pub(crate) fn url_of(&self, vsn: &str) -> String {
        format!("ws://{}/socket/websocket?vsn={vsn}", self.addr)
    }

    pub(crate) async fn connect(&self, over: Over) -> Client {
        self.connect_with(over, "").await
    }

    pub(crate) fn at(&self) -> At {
        At { addr: self.addr, endpoint: self.endpoint.clone() }
    }

    /// With more parameters, such as `&id=ann`.
    pub(crate) async fn connect_with(&self, over: Over, params: &str) -> Client {
        self.at().connect(over, "/socket", params).await
    }

    /// A WebSocket of version 2, for tests of what only that has.
    pub(crate) async fn websocket(&self) -> Client {
        self.connect(Over::WebSocketV2).await
    }

    /// Shuts down in good order and waits for the end.
    pub(crate) async fn stop(self) -> TestResult {
        let _ = self.stop.send(());
        self.running.await?;
        Ok(())
    }
}
