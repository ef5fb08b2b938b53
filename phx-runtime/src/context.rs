//! What a callback can do.

use crate::channel::{Channel, Info};
use crate::error::HandleError;
use crate::message::Ref;
use crate::payload::{EncodeError, Payload, ToPayload};
use crate::port::Shared;
use crate::pubsub::Subscription;
use crate::reply::{Answer, IntoReply};
use std::fmt;
use std::sync::Arc;

/// The name of an event to send: any string.
///
/// `P` is the payload that goes with it; a string goes with any.
///
/// ```
/// use phx_runtime::EventName;
///
/// assert_eq!(EventName::<()>::name(&"new_msg"), "new_msg");
/// assert_eq!(EventName::<()>::name(&format!("{}_msg", "new")), "new_msg");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the name of an event",
    label = "not an event",
    note = "an event is named by a string: `ctx.push(\"new_msg\", &payload)`"
)]
pub trait EventName<P: ?Sized> {
    /// The event's name on the wire.
    fn name(&self) -> &str;
}

#[diagnostic::do_not_recommend]
impl<P: ?Sized, S: AsRef<str>> EventName<P> for S {
    fn name(&self) -> &str {
        self.as_ref()
    }
}

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
    shared: Arc<Shared<C>>,
}

impl<C: Channel> Joining<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>) -> Self {
        Self { shared }
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

    /// What the `channel!` line that the topic came by gives the channel; see [`Context::data`].
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
}

impl<C: Channel> fmt::Debug for Joining<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joining").field("topic", &self.topic()).finish_non_exhaustive()
    }
}

/// What the callbacks of a joined channel can do.
///
/// Effects appear on the wire in the order of the calls; the callback's own answer comes after them.
pub struct Context<C: Channel> {
    shared: Arc<Shared<C>>,
    subscription: Option<Subscription>,
    /// The ref of the message that is being handled.
    reference: Ref,
    stop: Option<Stop>,
    failure: Option<EncodeError>,
}

/// How a channel stops itself; see [`Context::stop_with`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// In good order: the client gets `phx_close` and does not come back by itself.
    Normal,
    /// With an error: the client gets `phx_error` and joins again.
    Error,
}

impl<C: Channel> Context<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>, subscription: Subscription) -> Self {
        Self { shared, subscription: Some(subscription), reference: Ref::NULL, stop: None, failure: None }
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
            self.failure = Some(failure);
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
        let Some(payload) = self.encode(payload) else {
            return;
        };
        match (self.shared.outbound(event.name(), &payload), &self.subscription) {
            (Ok(broadcast), Some(subscription)) => subscription.broadcast(broadcast),
            (Ok(broadcast), None) => self.shared.pubsub().broadcast(broadcast),
            (Err(failure), _) => self.failure = Some(failure),
        }
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
        let Some(payload) = self.encode(payload) else {
            return;
        };
        match (self.shared.outbound(event.name(), &payload), &self.subscription) {
            (Ok(broadcast), Some(subscription)) => subscription.broadcast_from(broadcast),
            // The channel has ended, so it is not among the subscribers.
            (Ok(broadcast), None) => self.shared.pubsub().broadcast(broadcast),
            (Err(failure), _) => self.failure = Some(failure),
        }
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

    /// Takes the right to answer the current message later, from any task, any number of times. Return `()` from the
    /// callback then.
    #[must_use]
    pub fn defer(&mut self) -> Deferred {
        let answer = {
            let shared = Arc::clone(&self.shared);
            let reference = self.reference.clone();
            move |answer: &Answer| shared.reply(&reference, answer)
        };
        Deferred { answer: Arc::new(answer) }
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

    fn encode<P: ToPayload + ?Sized>(&mut self, payload: &P) -> Option<Payload> {
        if self.failure.is_some() {
            return None;
        }
        match payload.to_payload() {
            Ok(payload) => Some(payload),
            Err(failure) => {
                self.failure = Some(failure);
                None
            }
        }
    }

    pub(crate) fn begin(&mut self, reference: Ref) {
        self.reference = reference;
    }

    pub(crate) fn reference(&self) -> &Ref {
        &self.reference
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(crate) fn take_failure(&mut self) -> Option<EncodeError> {
        self.failure.take()
    }

    pub(crate) fn take_stop(&mut self) -> Option<Stop> {
        self.stop.take()
    }

    /// Gives up the place among the topic's subscribers: no broadcast reaches the client from here on.
    pub(crate) fn unsubscribe(&mut self) {
        self.subscription = None;
    }
}

impl<C: Channel> fmt::Debug for Context<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("topic", &self.topic()).finish_non_exhaustive()
    }
}

/// The right to answer a message later; see [`Context::defer`].
///
/// ```
/// # use phx_runtime::prelude::*;
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     type Params = NoParams;
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
/// struct Reports;
///
/// #[channel(socket = UserSocket)]
/// impl Reports {
///     #[join("reports")]
///     fn join() -> Result<Self, Refused> { Ok(Reports) }
///
///     #[handle_in("build")]
///     fn build(&mut self, ctx: &mut Context<Self>) {
///         let deferred = ctx.defer();
///         tokio::spawn(async move {
///             // … something that takes long, while the channel goes on …
///             deferred.reply(Ok::<_, Refused>(serde_json::json!({"pages": 12})))
///         });
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Deferred {
    answer: Arc<dyn Fn(&Answer) -> Result<(), EncodeError> + Send + Sync>,
}

impl Deferred {
    /// Answers with anything a `#[handle_in]` method may return. An answer to a client that has gone is dropped.
    ///
    /// # Errors
    /// When the answer cannot be encoded; the client gets nothing.
    pub fn reply(&self, answer: impl IntoReply) -> Result<(), HandleError> {
        if let Some(reply) = answer.into_reply()? {
            (self.answer)(&reply.into_answer()?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}
