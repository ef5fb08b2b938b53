//! What a join can do.

use crate::broadcast::Broadcast;
use crate::channel::{Channel, Info};
use crate::port::Shared;
use crate::sender::Sender;
use crate::sources::{Sources, TooMany};
use crate::timers::Timer;
use crate::topic_name::TopicName;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a `#[join]` method can do: the client is not joined yet, so there is nothing to push to.
///
/// ```compile_fail
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// # struct Room;
/// # #[channel(socket = UserSocket)]
/// # impl Room {
/// #[join("room:*")]
/// fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
///     ctx.push("welcome", &()); // there is no `push` here; use `notify`
///     Ok(Room)
/// }
/// # }
/// ```
pub struct Joining<C: Channel> {
    pub(crate) shared: Arc<Shared<C>>,
    sources: Sources<C>,
    failure: Option<TooMany>,
}

impl<C: Channel> Joining<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>) -> Self {
        Self { shared, sources: Sources::new(), failure: None }
    }

    /// The topic the client wants to join.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.shared.topic
    }

    /// The socket of the connection.
    #[must_use]
    pub fn socket(&self) -> &C::Socket {
        &self.shared.socket
    }

    /// What the `channel!` line that the topic came by gives the channel; see [`Context::data`](crate::Context::data).
    #[must_use]
    pub fn data(&self) -> &'static C::Data {
        self.shared.data
    }

    /// Sends the channel a message that its `#[handle_info]` gets once the join is done and answered.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// struct Welcome;
    ///
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #[join("room:{name}")]
    /// fn join(name: String, ctx: &mut Joining<Self>) -> Result<Self, Refused> {
    ///     ctx.notify(Welcome);
    /// #   let _ = name;
    ///     Ok(Room)
    /// }
    ///
    /// #[handle_info]
    /// fn welcome(&mut self, _: Welcome, ctx: &mut Context<Self>) {
    ///     ctx.push("welcome", &serde_json::json!({"text": "hi"}));
    /// }
    /// # }
    /// ```
    pub fn notify<M: Info<C>>(&mut self, message: M) {
        self.shared.notify(message);
    }

    /// Sends the channel a message after this delay, which counts from now; its `#[handle_info]` gets it after the
    /// join's answer at the earliest. See [`Context::send_after`](crate::Context::send_after).
    pub fn send_after<M: Info<C>>(&mut self, delay: Duration, message: M) -> Timer {
        self.sources.send_after(&self.shared, delay, message).unwrap_or_else(|failure| {
            self.failure = Some(failure);
            Timer::none()
        })
    }

    /// A way to send the channel messages from other tasks; it handles them once the join is done and answered.
    #[must_use]
    pub fn sender(&self) -> Sender<C> {
        Sender::new(&self.shared)
    }

    /// Brings the broadcasts of another topic to the channel's `#[handle_info]`, from now on, but after the join's
    /// answer. See [`Context::subscribe`](crate::Context::subscribe).
    pub fn subscribe(&mut self, topic: impl TopicName)
    where
        Broadcast: Info<C>,
    {
        if let Err(failure) = self.sources.subscribe(&self.shared, topic.name()) {
            self.failure = Some(failure);
        }
    }
}

impl<C: Channel> Joining<C> {
    pub(crate) fn take_failure(&mut self) -> Option<TooMany> {
        self.failure.take()
    }

    pub(crate) fn into_sources(self) -> Sources<C> {
        self.sources
    }
}

impl<C: Channel> fmt::Debug for Joining<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joining").field("topic", &self.topic()).finish_non_exhaustive()
    }
}
