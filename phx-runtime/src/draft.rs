//! A mount as it was asked for, not yet checked.

use crate::channels::Channels;
use crate::endpoint::Endpoint;
use crate::endpoint_error::{EndpointProblem, Site};
use crate::handshake::{self, Request};
use crate::hub::Hub;
use crate::mount::{Mount, MountOptions};
use crate::refusal::Refusal;
use crate::route_check;
use crate::socket::Socket;
use crate::transport::Transport;
use crate::way::{BySession, ByWebSocket, Way};
use futures_util::future::BoxFuture;
use std::any::{TypeId, type_name};
use std::panic::Location;
use std::sync::Arc;

/// Lets a client in, or refuses it.
type Accept<W> =
    fn(Request, Arc<Hub>, Arc<Mount>, W) -> BoxFuture<'static, Result<<W as Way>::Arrived, Refusal>>;

/// A type that connections are made of, without its name at compile time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mountable {
    pub(crate) id: TypeId,
    pub(crate) accept: Accept<ByWebSocket>,
    pub(crate) open: Accept<BySession>,
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
            accept: |request, hub, mount, way| Box::pin(handshake::accept::<T, _>(request, hub, mount, way)),
            open: |request, hub, mount, way| Box::pin(handshake::accept::<T, _>(request, hub, mount, way)),
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

    /// The path of its long polling, if it has any.
    pub(crate) fn longpoll_path(&self) -> Option<String> {
        self.options.longpoll.as_ref().map(|longpoll| format!("{}/{}", self.path, longpoll.path))
    }

    pub(crate) fn site(&self) -> Site {
        Site::new(self.what.name(), self.location)
    }
}
