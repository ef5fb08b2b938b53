//! One socket at one path: its settings, and how a request becomes a connection to it.

use crate::handshake::{self, Request};
use crate::hub::Hub;
use crate::limits::Limits;
use crate::socket::Socket;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use warp::reply::Response;

/// Settings of one mount; see [`EndpointBuilder::socket_with`](crate::EndpointBuilder::socket_with).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct MountOptions {
    /// What each connection may use.
    pub limits: Limits,
}

type Accept = fn(Request, Arc<Hub>, Arc<Mount>) -> BoxFuture<'static, Response>;

/// A mounted socket, shared by its connections.
pub(crate) struct Mount {
    pub(crate) path: String,
    pub(crate) options: MountOptions,
    accept: Accept,
}

impl Mount {
    pub(crate) fn new<S: Socket>(path: &str, options: MountOptions) -> Self {
        let accept: Accept = |request, hub, mount| Box::pin(handshake::accept::<S>(request, hub, mount));
        Self { path: path.to_owned(), options, accept }
    }

    /// Answers a request for the socket.
    pub(crate) async fn accept(self: &Arc<Self>, request: Request, hub: Arc<Hub>) -> Response {
        (self.accept)(request, hub, Arc::clone(self)).await
    }
}
