//! One socket at one path: its settings, and how a request becomes a connection to it.

use crate::drain::Drain;
use crate::endpoint::Endpoint;
use crate::handshake::{self, Request};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::serializer::Serializers;
use crate::socket::Socket;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use warp::reply::Response;

/// Settings of one mount; see [`EndpointBuilder::socket_with`](crate::EndpointBuilder::socket_with).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MountOptions {
    /// What each connection may use.
    pub limits: Limits,
    /// The encodings that clients may ask for with the parameter `vsn`. Default: [`V1`](crate::V1) and [`V2`](crate::V2).
    pub serializers: Serializers,
    /// How the connections are closed when the server stops. `None` closes them all at once, when those of the other
    /// mounts have been closed.
    pub drain: Option<Drain>,
}

impl Default for MountOptions {
    fn default() -> Self {
        Self { limits: Limits::default(), serializers: Serializers::default(), drain: Some(Drain::default()) }
    }
}

type Accept = fn(Request, Arc<Hub>, Arc<Mount>) -> BoxFuture<'static, Response>;

type Background = fn(Endpoint) -> BoxFuture<'static, ()>;

/// A mounted socket, shared by its connections.
#[derive(Debug)]
pub(crate) struct Mount {
    pub(crate) path: String,
    pub(crate) options: MountOptions,
    accept: Accept,
    background: Background,
}

impl Mount {
    pub(crate) fn new<S: Socket>(path: &str, options: MountOptions) -> Self {
        let accept: Accept = |request, hub, mount| Box::pin(handshake::accept::<S>(request, hub, mount));
        let background: Background = |endpoint| Box::pin(S::background(endpoint));
        Self { path: path.to_owned(), options, accept, background }
    }

    /// Answers a request for the socket.
    pub(crate) async fn accept(self: &Arc<Self>, request: Request, hub: Arc<Hub>) -> Response {
        (self.accept)(request, hub, Arc::clone(self)).await
    }

    /// Runs the socket's background task.
    pub(crate) async fn background(&self, endpoint: Endpoint) {
        (self.background)(endpoint).await;
    }
}
