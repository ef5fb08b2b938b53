//! The table `#[socket]` writes: which channel a topic belongs to.

use crate::channel::Channel;
use crate::channel_task;
use crate::port::{ChannelHandle, JoinRequest};
use crate::topic::Pattern;
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
    label = "`#[socket]` is missing"
)]
pub trait Routes: Sized + 'static {
    /// In the order written; the first pattern that matches wins.
    const ROUTES: &'static [Route<Self>];
}

pub(crate) type StartChannel = fn(JoinRequest) -> ChannelHandle;

/// One `channel!` line: a pattern and the channel that serves it.
pub struct Route<S> {
    pattern: Pattern,
    start: StartChannel,
    socket: PhantomData<fn() -> S>,
}

impl<S> Route<S> {
    /// Routes the topics of `pattern` to the channel `C`.
    #[must_use]
    pub const fn to<C: Channel<Socket = S>>(pattern: Pattern) -> Self {
        Self { pattern, start: channel_task::start::<C>, socket: PhantomData }
    }

    /// The pattern of this line.
    #[must_use]
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}

/// Finds how to start the channel that serves `topic`.
pub(crate) fn find<S: Routes>(topic: &str) -> Option<StartChannel> {
    S::ROUTES.iter().find(|route| route.pattern.matches(topic)).map(|route| route.start)
}
