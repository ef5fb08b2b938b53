//! A mount as it was asked for, not yet checked.

use crate::channels::Channels;
use crate::endpoint::Endpoint;
use crate::endpoint_error::{EndpointProblem, Site};
use crate::handshake::{self, Request};
use crate::hub::Hub;
use crate::mount::{Mount, MountOptions};
use crate::route_check;
use crate::socket::Socket;
use crate::transport::Transport;
use futures_util::future::BoxFuture;
use std::any::{TypeId, type_name};
use std::panic::Location;
use std::sync::Arc;
use warp::reply::Response;

/// A type that connections are made of, without its name at compile time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mountable {
    pub(crate) id: TypeId,
    pub(crate) accept: fn(Request, Arc<Hub>, Arc<Mount>) -> BoxFuture<'static, Response>,
    pub(crate) background: fn(Endpoint) -> BoxFuture<'static, ()>,
    /// What is wrong with its table.
    pub(crate) problems: fn() -> Vec<EndpointProblem>,
    name: fn() -> &'static str,
}

impl Mountable {
    pub(crate) const fn socket<S: Socket>() -> Self {
        Self {
            problems: route_check::problems::<S>,
            name: type_name::<S>,
            ..Self::transport::<Channels<S>>()
        }
    }

    pub(crate) const fn transport<T: Transport>() -> Self {
        Self {
            id: TypeId::of::<T>(),
            accept: |request, hub, mount| Box::pin(handshake::accept::<T>(request, hub, mount)),
            background: |endpoint| Box::pin(T::background(endpoint)),
            problems: Vec::new,
            name: type_name::<T>,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

/// What is to be mounted where, and who asked for it.
pub(crate) struct Draft {
    pub(crate) what: Mountable,
    pub(crate) path: String,
    pub(crate) options: MountOptions,
    pub(crate) location: &'static Location<'static>,
}

impl Draft {
    /// The path of its WebSockets.
    pub(crate) fn websocket_path(&self) -> String {
        format!("{}/{}", self.path, self.options.websocket_path)
    }

    pub(crate) fn site(&self) -> Site {
        Site::new(self.what.name(), self.location)
    }
}
