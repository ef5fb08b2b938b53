//! The table `#[socket]` writes: which channel a topic belongs to.

use crate::channel::Channel;
use crate::channel_task;
use crate::not_inferred::NotInferred;
use crate::port::{ChannelHandle, JoinRequest};
use crate::table::Table;
use crate::topic::Pattern;
use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::marker::PhantomData;

/// The channels of a socket. `#[socket]` writes this implementation from the `channel!` lines.
///
/// ```
/// use phx_runtime::{Routes, prelude::*};
/// # struct Room;
/// # #[channel(socket = UserSocket)]
/// # impl Room { #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Self) } }
///
/// struct UserSocket;
///
/// #[socket]
/// impl Socket for UserSocket {
///     channel!("room:*", Room);
/// #   async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// }
///
/// assert_eq!(UserSocket::ROUTES[0].pattern().source(), "room:*");
/// ```
#[diagnostic::on_unimplemented(
    message = "the `Socket` impl of `{Self}` has no routes: put `#[socket]` above this impl",
    label = "`#[socket]` is missing",
    note = "if it is there, it cannot find this crate: write `#[socket(crate = its_name)]` if that has been renamed"
)]
pub trait Routes: Sized + 'static {
    /// In the order written; the first pattern that matches wins.
    const ROUTES: &'static [Route<Self>];
}

/// Data of any type; the channel knows which.
pub(crate) type RouteData = &'static (dyn Any + Send + Sync);

/// How to start the channel of one `channel!` line.
#[derive(Clone, Copy)]
pub(crate) struct StartChannel {
    start: fn(JoinRequest, RouteData) -> ChannelHandle,
    channel: TypeId,
    name: fn() -> &'static str,
    data: RouteData,
}

impl StartChannel {
    const fn of<C: Channel>(data: RouteData) -> Self {
        Self { start: channel_task::start::<C>, channel: TypeId::of::<C>(), name: type_name::<C>, data }
    }

    pub(crate) fn start(self, request: JoinRequest) -> ChannelHandle {
        (self.start)(request, self.data)
    }
}

/// One `channel!` line: a pattern, the channel that serves it, and the data it gives the channel.
pub struct Route<S> {
    pattern: Pattern,
    table: &'static Table,
    channel: StartChannel,
    socket: PhantomData<fn() -> S>,
}

impl<S> Route<S> {
    /// Routes the topics of `pattern` to the channel `C`, which takes no data.
    #[must_use]
    pub const fn to<C: Channel<Socket = S>>(pattern: Pattern) -> Self
    where
        C::Data: NoData<C>,
    {
        Self { pattern, table: const { &C::TABLE }, channel: StartChannel::of::<C>(&()), socket: PhantomData }
    }

    /// Routes the topics of `pattern` to the channel `C`, and gives it `data`, which is a [`Channel::Data`].
    ///
    /// ```
    /// use phx_runtime::{Pattern, Route, Segment, prelude::*};
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket, data = u32)]
    /// # impl Room { #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Self) } }
    ///
    /// // What `channel!("lobby", Room, 500)` stands for.
    /// const LOBBY: Route<UserSocket> =
    ///     Route::to_with::<Room, _>(Pattern::exact("lobby", &[Segment::Literal("lobby")]), &500);
    /// ```
    #[must_use]
    pub const fn to_with<C: Channel<Socket = S>, D: Send + Sync>(pattern: Pattern, data: &'static D) -> Self
    where
        &'static D: DataOf<C, C::Data>,
    {
        Self {
            pattern,
            table: const { &C::TABLE },
            channel: StartChannel::of::<C>(data),
            socket: PhantomData,
        }
    }

    /// The pattern of this line.
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// What the channel of this line takes and sends.
    #[must_use]
    pub const fn table(&self) -> &'static Table {
        self.table
    }

    pub(crate) fn channel_name(&self) -> &'static str {
        (self.channel.name)()
    }

    /// Whether both lines lead to one channel.
    pub(crate) fn has_the_channel_of(&self, other: &Self) -> bool {
        self.channel.channel == other.channel.channel
    }

    /// Whether this line leads to the channel `C`.
    pub(crate) fn leads_to<C: Channel>(&self) -> bool {
        self.channel.channel == TypeId::of::<C>()
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

/// Implemented by the data of a channel `C` that takes none.
#[diagnostic::on_unimplemented(
    message = "`{C}` takes data, and this line gives it none",
    label = "its data is missing, a `{Self}`",
    note = "write `channel!(\"topic:*\", {C}, data)`, where `data` is a `{Self}` that is known at compile time"
)]
pub trait NoData<C> {}

#[diagnostic::do_not_recommend]
impl<C> NoData<C> for () {}

/// Implemented by what a line may give to a channel `C` that declares the data `T`: a `T` and nothing else.
#[diagnostic::on_unimplemented(
    message = "`{C}` takes no data",
    label = "data that nobody takes",
    note = "a channel that takes data declares its type: `#[channel(socket = YourSocket, data = YourData)]`"
)]
pub trait DataOf<C, T> {}

#[diagnostic::do_not_recommend]
impl<C, T> DataOf<C, T> for &'static T {}

// Or rustc would infer that what is given is a `()` where a channel takes no data, and report that it is of another type.
#[diagnostic::do_not_recommend]
impl<C> DataOf<C, ()> for &'static NotInferred<()> {}

/// Finds how to start the channel that serves `topic`.
pub(crate) fn find<S: Routes>(topic: &str) -> Option<StartChannel> {
    S::ROUTES.iter().find(|route| route.pattern.matches(topic)).map(|route| route.channel)
}
