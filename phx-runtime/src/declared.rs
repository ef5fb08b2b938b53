//! What the macros have found, collected from all crates of the program when it was linked. In no order: nothing may
//! follow from the one it comes in.

use crate::channel::Channel;
use crate::draft::{Draft, Mountable};
use crate::endpoint_error::{EndpointProblem, Site};
use crate::mount::MountOptions;
use crate::path::{self, PathPattern};
use crate::route::{Route, Routes};
use crate::socket::Socket;
use std::any::{TypeId, type_name};
use std::collections::HashSet;
use std::panic::Location;

/// What `#[socket("/path", …)]` declares.
pub struct DeclaredSocket {
    what: Mountable,
    path: &'static str,
    configure: fn(&mut MountOptions),
    location: &'static Location<'static>,
}

inventory::collect!(DeclaredSocket);

impl DeclaredSocket {
    /// Declares that `S` is mounted at `path`, in the place that calls this.
    #[must_use]
    #[track_caller]
    pub const fn new<S: Socket>(path: &'static str, configure: fn(&mut MountOptions)) -> Self {
        Self { what: Mountable::socket::<S>(), path, configure, location: Location::caller() }
    }

    /// Whether this is about `what` at `path`.
    pub(crate) fn is_of(&self, what: &Mountable, path: &str) -> bool {
        self.what.id == what.id && path::is_same(self.path, path)
    }

    pub(crate) fn options(&self) -> MountOptions {
        let mut options = MountOptions::default();
        (self.configure)(&mut options);
        options
    }

    fn draft(&self) -> Draft {
        let Self { what, path, location, .. } = *self;
        Draft { what, path: path.to_owned(), options: self.options(), location }
    }
}

/// Every declared socket.
pub(crate) fn sockets() -> impl Iterator<Item = &'static DeclaredSocket> {
    inventory::iter::<DeclaredSocket>.into_iter()
}

/// Adds the mounts of all declared sockets that the program does not mount itself, and puts those in order which are
/// declared. The last one that fits a request takes it, so one with a literal stands behind one with a capture, and those
/// that only the program knows of stand last, in its order.
pub(crate) fn mounts(explicit: Vec<Draft>, with_declared: bool) -> Vec<Draft> {
    let is_declared = |draft: &Draft| sockets().any(|socket| socket.is_of(&draft.what, &draft.path));
    let (mut declared, explicit): (Vec<_>, Vec<_>) = explicit.into_iter().partition(is_declared);
    if with_declared {
        let is_there =
            |socket: &DeclaredSocket| declared.iter().any(|draft| socket.is_of(&draft.what, &draft.path));
        let missing: Vec<_> =
            sockets().filter(|socket| !is_there(socket)).map(DeclaredSocket::draft).collect();
        declared.extend(missing);
    }
    declared.sort_by_cached_key(|draft| {
        let path = PathPattern::parse(&draft.websocket_path()).ok();
        let order =
            path.map(|path| path.order().iter().map(|part| part.map(str::to_owned)).collect::<Vec<_>>());
        (order, draft.location)
    });
    declared.extend(explicit);
    declared
}

/// What a `#[channel]` of one type declares.
pub struct DeclaredChannel {
    name: fn() -> &'static str,
    socket: Mountable,
    is_routed: fn() -> bool,
    location: &'static Location<'static>,
}

inventory::collect!(DeclaredChannel);

impl DeclaredChannel {
    /// Declares `C` to be a channel, in the place that calls this.
    #[must_use]
    #[track_caller]
    pub const fn new<C: Channel>() -> Self {
        Self {
            name: type_name::<C>,
            socket: Mountable::socket::<C::Socket>(),
            is_routed: || C::Socket::ROUTES.iter().any(Route::leads_to::<C>),
            location: Location::caller(),
        }
    }
}

/// The channels of mounted sockets that no line of their socket leads to.
pub(crate) fn channels_without_route(mounted: &HashSet<TypeId>) -> impl Iterator<Item = EndpointProblem> {
    let channels = inventory::iter::<DeclaredChannel>.into_iter();
    let unreachable =
        channels.filter(|channel| mounted.contains(&channel.socket.id) && !(channel.is_routed)());
    let mut unreachable: Vec<_> = unreachable.collect();
    unreachable.sort_by_key(|channel| channel.location);
    unreachable.into_iter().map(|channel| EndpointProblem::ChannelWithoutRoute {
        channel: Site::new((channel.name)(), channel.location),
        socket: channel.socket.name(),
    })
}
