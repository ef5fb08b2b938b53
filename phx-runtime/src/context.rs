//! What a callback can do.

use crate::broadcast::Broadcast;
use crate::channel::{Channel, Info};
use crate::deferred::Deferred;
use crate::event::EventName;
use crate::message::Ref;
use crate::outbound::Outbound;
use crate::payload::{EncodeError, Payload, ToPayload};
use crate::port::{InfoHandler, Shared};
use crate::presence::{Holding, NotTracked};
use crate::pubsub::{Crowd, Subscription};
use crate::reply::Answer;
use crate::sender::Sender;
use crate::sources::{Sources, TooMany};
use crate::timers::Timer;
use crate::topic_name::TopicName;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

/// What the callbacks of a joined channel can do.
///
/// Effects appear on the wire in the order of the calls; the callback's own answer comes after them.
pub struct Context<C: Channel> {
    pub(crate) shared: Arc<Shared<C>>,
    /// The place among the topic's subscribers.
    subscription: Option<Subscription>,
    sources: Sources<C>,
    /// What the channel has tracked; boxed as most track nothing. Set by `&self`, so that a key can be borrowed from the
    /// socket.
    holding: OnceLock<Box<Holding>>,
    /// The ref of the message that is being handled.
    reference: Ref,
    owed_turns: usize,
    stop: Option<Stop>,
    /// What ends the channel after the callback that is running; boxed as it is rare.
    failure: OnceLock<Box<Failure>>,
}

/// How a channel stops itself; see [`Context::stop_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// In good order: the client gets `phx_close` and does not come back by itself.
    Normal,
    /// Since something larger ends, for the client as `Normal`; `#[terminate]` can tell them apart.
    Shutdown,
    /// With an error: the client gets `phx_error` and joins again.
    Error,
}

/// What a callback did that ends its channel.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error(transparent)]
    NotTracked(#[from] NotTracked),
}

impl<C: Channel> Context<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>, subscription: Subscription, sources: Sources<C>) -> Self {
        Self {
            shared,
            subscription: Some(subscription),
            sources,
            holding: OnceLock::new(),
            reference: Ref::NULL,
            owed_turns: 0,
            stop: None,
            failure: OnceLock::new(),
        }
    }

    /// The topic the client has joined.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.shared.topic
    }

    /// The socket of the connection.
    #[must_use]
    pub fn socket(&self) -> &C::Socket {
        &self.shared.socket
    }

    /// What the `channel!` line that the topic came by gives the channel: its third argument, of the type that
    /// `#[channel(socket = …, data = …)]` declares. One channel may stand in several lines, with different data.
    ///
    /// ```
    /// use phx_runtime::prelude::*;
    ///
    /// struct RoomConfig { max_length: usize }
    ///
    /// struct UserSocket;
    ///
    /// #[socket]
    /// impl Socket for UserSocket {
    ///     channel!("room:*", Room, RoomConfig { max_length: 1_000 });
    ///     channel!("memo:*", Room, RoomConfig { max_length: 100 });
    /// #   async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// }
    ///
    /// struct Room;
    ///
    /// #[channel(socket = UserSocket, data = RoomConfig)]
    /// impl Room {
    /// #   #[join("*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    ///     #[handle_in("say")]
    ///     fn say(&mut self, text: String, ctx: &mut Context<Self>) -> Result<(), Refused> {
    ///         if text.len() > ctx.data().max_length { return Err(Refused::new("too long")); }
    ///         ctx.broadcast("said", &serde_json::json!({"text": text}));
    ///         Ok(())
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn data(&self) -> &'static C::Data {
        self.shared.data
    }

    /// Sends an event to this client.
    ///
    /// The payload must be a JSON object or [`Binary`](crate::Binary): Phoenix clients expect nothing else. What the
    /// client's serializer cannot write ends the channel with `phx_error` after this callback, whose further effects
    /// are dropped.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("roll")]
    /// fn roll(&mut self, ctx: &mut Context<Self>) {
    ///     ctx.push("rolled", &serde_json::json!({"eyes": 4}));
    /// }
    /// # }
    /// ```
    pub fn push<P: ToPayload + ?Sized>(&mut self, event: impl EventName<P>, payload: &P) {
        let Some(payload) = self.encode(payload) else {
            return;
        };
        if let Err(failure) = self.shared.push(event.name(), &payload) {
            self.fail(failure);
        }
    }

    /// Sends an event to everyone who has joined the topic, this client included. The payload is as for
    /// [`push`](Self::push). It is encoded once, however many listen.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("say")]
    /// fn say(&mut self, message: Payload, ctx: &mut Context<Self>) {
    ///     ctx.broadcast("said", &message);
    /// }
    /// # }
    /// ```
    pub fn broadcast<P: ToPayload + ?Sized>(&mut self, event: impl EventName<P>, payload: &P) {
        self.send(None, event, payload, |ctx, broadcast| match &ctx.subscription {
            Some(subscription) => subscription.broadcast(broadcast),
            None => ctx.shared.pubsub().broadcast(broadcast),
        });
    }

    /// Sends an event to everyone who has joined the topic but this client.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("typing")]
    /// fn typing(&mut self, ctx: &mut Context<Self>) {
    ///     ctx.broadcast_from("typing", &());
    /// }
    /// # }
    /// ```
    pub fn broadcast_from<P: ToPayload + ?Sized>(&mut self, event: impl EventName<P>, payload: &P) {
        self.send(None, event, payload, |ctx, broadcast| match &ctx.subscription {
            Some(subscription) => subscription.broadcast_from(broadcast, ctx.sources.subscriptions()),
            // The channel has ended, so it is not among the subscribers.
            None => ctx.shared.pubsub().broadcast(broadcast),
        });
    }

    /// Sends an event to everyone who has joined another topic, or to a [`Subscription`](crate::Subscription) to it. The
    /// payload is as for [`push`](Self::push). Phoenix: `MyAppWeb.Endpoint.broadcast`.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #[join("room:{id}")]
    /// fn join(id: u64) -> Result<Self, Refused> {
    ///     if id == 0 { Err(Refused::new("no room")) } else { Ok(Room) }
    /// }
    ///
    /// #[handle_in("knock")]
    /// fn knock(&mut self, at: u64, ctx: &mut Context<Self>) {
    ///     ctx.broadcast_to(Self::topic(at), "knock", &());
    /// }
    /// # }
    /// ```
    pub fn broadcast_to<P: ToPayload + ?Sized>(
        &mut self,
        topic: impl TopicName,
        event: impl EventName<P>,
        payload: &P,
    ) {
        self.send(Some(topic.name()), event, payload, |ctx, broadcast| {
            ctx.shared.pubsub().broadcast(broadcast)
        });
    }

    /// Sends the channel itself a message, for its `#[handle_info]`, after what already waits.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("count")]
    /// fn count(&mut self, from: u8, ctx: &mut Context<Self>) {
    ///     ctx.notify(from);
    /// }
    ///
    /// #[handle_info]
    /// fn counted(&mut self, number: u8, ctx: &mut Context<Self>) {
    ///     ctx.push("count", &serde_json::json!({"number": number}));
    ///     if number > 0 { ctx.notify(number - 1); }
    /// }
    /// # }
    /// ```
    pub fn notify<M: Info<C>>(&mut self, message: M) {
        self.shared.notify(message);
    }

    /// Sends the channel itself a message after this delay, for its `#[handle_info]`. Phoenix: `Process.send_after`.
    ///
    /// The timer belongs to the channel and ends with it. Timers fire in the order in which they are due, after the
    /// callback that runs then, and take turns with what waits for the channel otherwise. A channel that sets more
    /// than [`Limits::timers`](crate::Limits::timers) at a time ends with `phx_error` after this callback.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// use std::time::Duration;
    ///
    /// struct Clock;
    /// struct Tick;
    ///
    /// #[channel(socket = UserSocket)]
    /// impl Clock {
    ///     #[join("clock")]
    ///     fn join(ctx: &mut Joining<Self>) -> Result<Self, Refused> {
    ///         ctx.notify(Tick);
    ///         Ok(Clock)
    ///     }
    ///
    ///     // Once a second: each tick asks for the next.
    ///     #[handle_info]
    ///     fn tick(&mut self, _: Tick, ctx: &mut Context<Self>) {
    ///         ctx.push("tick", &());
    ///         ctx.send_after(Duration::from_secs(1), Tick);
    ///     }
    /// }
    /// ```
    pub fn send_after<M: Info<C>>(&mut self, delay: Duration, message: M) -> Timer {
        self.sources.send_after(&self.shared, delay, message).unwrap_or_else(|failure| {
            self.fail(failure);
            Timer::none()
        })
    }

    /// A way to send the channel messages from other tasks, for its `#[handle_info]`.
    #[must_use]
    pub fn sender(&self) -> Sender<C> {
        Sender::new(&self.shared)
    }

    /// Brings the broadcasts of another topic to the channel's `#[handle_info]`, as [`Broadcast`]s. Phoenix:
    /// `MyAppWeb.Endpoint.subscribe`.
    ///
    /// Whoever subscribes twice gets each broadcast twice. A channel that subscribes to its own topic gets its
    /// broadcasts here as well. The end of the channel ends its subscriptions. A channel with more than
    /// [`Limits::subscriptions`](crate::Limits::subscriptions) ends with `phx_error` after this callback.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// use phx_runtime::Broadcast;
    ///
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("follow")]
    /// fn follow(&mut self, room: String, ctx: &mut Context<Self>) {
    ///     ctx.subscribe(format!("room:{room}"));
    /// }
    ///
    /// #[handle_in("unfollow")]
    /// fn unfollow(&mut self, room: String, ctx: &mut Context<Self>) {
    ///     ctx.unsubscribe(format!("room:{room}"));
    /// }
    ///
    /// #[handle_info]
    /// fn elsewhere(&mut self, broadcast: Broadcast, ctx: &mut Context<Self>) {
    ///     ctx.push("elsewhere", &serde_json::json!({"room": broadcast.topic(), "event": broadcast.event()}));
    /// }
    /// # }
    /// ```
    pub fn subscribe(&mut self, topic: impl TopicName)
    where
        Broadcast: Info<C>,
    {
        if let Err(failure) = self.sources.subscribe(&self.shared, topic.name()) {
            self.fail(failure);
        }
    }

    /// Ends all that [`subscribe`](Self::subscribe) did for this topic. Broadcasts that wait for the channel already
    /// still reach it, and being joined to a topic is another matter.
    pub fn unsubscribe(&mut self, topic: impl TopicName) {
        self.sources.unsubscribe(topic.name());
    }

    /// Takes the right to answer the current message later, from any task, any number of times. Return `()` from the
    /// callback then.
    #[must_use]
    pub fn defer(&mut self) -> Deferred {
        let answer = {
            let shared = Arc::clone(&self.shared);
            let reference = self.reference.clone();
            move |answer: &Answer| shared.reply(&reference, answer)
        };
        Deferred::new(answer)
    }

    /// Ends the channel in good order after this callback, whose answer goes out first.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("bye")]
    /// fn bye(&mut self, ctx: &mut Context<Self>) -> Result<&'static str, Refused> {
    ///     ctx.stop();
    ///     Ok("see you")
    /// }
    /// # }
    /// ```
    pub fn stop(&mut self) {
        self.stop_with(Stop::Normal);
    }

    /// Ends the channel in this way after this callback, whose answer goes out first.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # struct Room;
    /// # #[channel(socket = UserSocket)]
    /// # impl Room {
    /// #     #[join("room:*")] fn join() -> Result<Self, Refused> { Ok(Room) }
    /// #[handle_in("check")]
    /// fn check(&mut self, ctx: &mut Context<Self>) {
    ///     ctx.stop_with(phx_runtime::Stop::Error);
    /// }
    /// # }
    /// ```
    pub fn stop_with(&mut self, stop: Stop) {
        self.stop = Some(stop);
    }

    /// Sends a broadcast of another topic, or of the channel's own, in this way.
    fn send<P: ToPayload + ?Sized>(
        &mut self,
        topic: Option<&str>,
        event: impl EventName<P>,
        payload: &P,
        deliver: impl FnOnce(&Self, Outbound<'_>) -> Crowd,
    ) {
        let Some(payload) = self.encode(payload) else {
            return;
        };
        let topic = topic.unwrap_or(&self.shared.topic);
        match self.shared.outbound(topic, event.name(), &payload) {
            Ok(broadcast) => {
                let crowd = deliver(self, broadcast);
                self.owe(crowd);
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn encode<P: ToPayload + ?Sized>(&mut self, payload: &P) -> Option<Payload> {
        if self.has_failed() {
            return None;
        }
        match payload.to_payload() {
            Ok(payload) => Some(payload),
            Err(failure) => {
                self.fail(failure);
                None
            }
        }
    }

    /// Ends the channel after this callback. The first failure counts.
    pub(crate) fn fail(&self, failure: impl Into<Failure>) {
        self.failure.get_or_init(|| Box::new(failure.into()));
    }

    /// What the channel has tracked, if anything yet.
    pub(crate) fn holding(&self) -> Option<&Holding> {
        self.holding.get().map(|holding| &**holding)
    }

    pub(crate) fn holding_or_new(&self) -> &Holding {
        let presence = &self.shared.link.hub.presence;
        self.holding.get_or_init(|| Box::new(presence.holding(&self.shared.topic)))
    }

    /// Whether the channel hears its topic, as it does until its end.
    pub(crate) fn is_subscribed(&self) -> bool {
        self.subscription.is_some()
    }

    pub(crate) fn begin(&mut self, reference: Ref) {
        self.reference = reference;
    }

    pub(crate) fn reference(&self) -> &Ref {
        &self.reference
    }

    /// Whether others are to run first, who have much to do because of this channel's broadcasts.
    pub(crate) fn owes_turn(&self) -> bool {
        self.owed_turns > 0 || self.waits()
    }

    /// Whether too much that it has changed of its presence has yet to be told.
    fn waits(&self) -> bool {
        self.holding().is_some_and(Holding::waits)
    }

    pub(crate) async fn give_turn(&mut self) {
        if let Some(holding) = self.holding()
            && holding.waits()
        {
            // Boxed: idle channels are to be small.
            return Box::pin(holding.told()).await;
        }
        self.owed_turns = self.owed_turns.saturating_sub(1);
        tokio::task::yield_now().await;
    }

    fn owe(&mut self, crowd: Crowd) {
        self.owed_turns = self.owed_turns.max(crowd.turns());
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.get().is_some()
    }

    pub(crate) fn take_failure(&mut self) -> Option<Box<Failure>> {
        self.failure.take()
    }

    pub(crate) fn take_stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    pub(crate) fn has_timers(&self) -> bool {
        self.sources.has_timers()
    }

    pub(crate) fn poll_timers(&mut self, cx: &mut std::task::Context<'_>) -> Poll<InfoHandler<C>> {
        self.sources.poll_timers(cx)
    }

    /// Gives up everything that could still bring something: no broadcast reaches the client from here on. Then others
    /// are told that the channel is present no more, perhaps after a while if it may return.
    pub(crate) fn end(&mut self, may_return: bool) {
        self.subscription = None;
        self.sources = Sources::new();
        if let Some(holding) = self.holding.take() {
            holding.leave(may_return);
        }
    }
}

impl<C: Channel> fmt::Debug for Context<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("topic", &self.topic()).finish_non_exhaustive()
    }
}
