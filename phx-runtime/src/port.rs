//! How the rest of the server reaches a running channel, whatever its type.

use crate::broadcast::Broadcast;
use crate::budget::Budget;
use crate::channel::{Channel, Info};
use crate::context;
use crate::frame::Frame;
use crate::hub::Hub;
use crate::inbox::{Inbox, Room};
use crate::limits::Limits;
use crate::log::{Log, log};
use crate::message::{Name, Outgoing, Ref};
use crate::metrics::Metrics;
use crate::mount::Mount;
use crate::outbound::Outbound;
use crate::outbox::Outbox;
use crate::payload::{EncodeError, Payload};
use crate::pubsub::PubSub;
use crate::reply::Answer;
use crate::serializer::SerializerHandle;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Context;
use tokio::task::JoinHandle;
use tracing::Level;

/// What the channels of one connection share.
pub(crate) struct Link {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) serializer: SerializerHandle,
    /// The user's socket; each channel knows its type.
    pub(crate) socket: Arc<dyn Any + Send + Sync>,
    pub(crate) hub: Arc<Hub>,
    mount: Arc<Mount>,
    /// What waits for the channels.
    budget: Budget,
    running: AtomicUsize,
    complaints: AtomicUsize,
}

/// Complaints about one client that go to the log as the mount wants; what follows is for debugging only, so that a
/// client cannot fill the log.
const MAX_COMPLAINTS: usize = 10;

impl Link {
    pub(crate) fn new(
        outbox: Arc<Outbox>,
        serializer: SerializerHandle,
        socket: Arc<dyn Any + Send + Sync>,
        hub: Arc<Hub>,
        mount: Arc<Mount>,
    ) -> Self {
        let budget = Budget::new(mount.options.limits.inbox_bytes);
        Self {
            outbox,
            serializer,
            socket,
            hub,
            mount,
            budget,
            running: AtomicUsize::new(0),
            complaints: AtomicUsize::new(0),
        }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.mount.options.limits
    }

    /// Sets room aside for a message that has to wait; if there is none, the task is woken when there is.
    pub(crate) fn claim(self: &Arc<Self>, payload: &Payload, cx: &Context<'_>) -> Option<Claim> {
        let cost = self.budget.claim(payload.as_bytes().len(), cx)?;
        Some(Claim { link: Arc::clone(self), cost })
    }

    pub(crate) fn log(&self) -> &Log {
        &self.mount.options.log
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.mount.metrics
    }

    /// Where the socket is mounted.
    pub(crate) fn path(&self) -> &str {
        &self.mount.path
    }

    /// Logs what a client did wrong.
    pub(crate) fn complain(&self, complaint: std::fmt::Arguments<'_>) {
        let is_early = self.complaints.fetch_add(1, Ordering::Relaxed) < MAX_COMPLAINTS;
        let level = self.log().client_error.map(|level| if is_early { level } else { Level::DEBUG });
        log!(level, path = self.path(), "{complaint}");
    }

    /// How many channel tasks the connection has, those included that wait for the one they replace.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Queues a message for the client.
    pub(crate) fn send(&self, message: &Outgoing<'_>) -> Result<(), EncodeError> {
        self.outbox.push(self.serializer.encode(message)?);
        Ok(())
    }

    /// Queues one of the protocol's own messages, which every serializer should be able to write.
    pub(crate) fn tell(&self, message: &Outgoing<'_>) {
        if let Err(error) = self.send(message) {
            self.complain(format_args!("a client is left without an answer: {error}"));
        }
    }

    /// Answers a message that came too late for its channel, as if it had come to a topic that is not joined.
    pub(crate) fn answer_late(&self, delivery: &Delivery, topic: &Name<'_>) {
        match delivery {
            Delivery::Leave { join_ref, reference, .. } => {
                self.answer(join_ref, reference, topic, &Answer::empty_ok());
            }
            Delivery::Push { reference, .. } => self.answer_unmatched(reference, topic),
        }
    }

    /// Answers anything but a leave that came to a topic that is not joined.
    pub(crate) fn answer_unmatched(&self, reference: &Ref, topic: &Name<'_>) {
        self.answer(&Ref::NULL, reference, topic, &Answer::refusal("unmatched topic"));
    }

    /// Answers a message that no channel answers.
    pub(crate) fn answer(&self, join_ref: &Ref, reference: &Ref, topic: &Name<'_>, answer: &Answer) {
        self.tell(&answer.to_reply(join_ref, reference, topic));
    }
}

/// Room for a message that waits, given back when it is dropped.
pub(crate) struct Claim {
    link: Arc<Link>,
    cost: usize,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.link.budget.give_back(self.cost);
    }
}

/// A channel task in the books of its connection and of the endpoint, until it is dropped.
pub(crate) struct Running(Arc<Link>);

impl Running {
    pub(crate) fn new(link: &Arc<Link>) -> Self {
        link.running.fetch_add(1, Ordering::Relaxed);
        link.hub.channel_started();
        link.metrics().channels.increment(1);
        Self(Arc::clone(link))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics().channels.decrement(1);
        self.0.hub.channel_ended();
    }
}

/// A `phx_join` that found its route.
pub(crate) struct JoinRequest {
    pub(crate) link: Arc<Link>,
    pub(crate) topic: Arc<str>,
    pub(crate) join_ref: Ref,
    pub(crate) reference: Ref,
    pub(crate) payload: Payload,
    pub(crate) claim: Claim,
    /// The channel that this join replaces.
    pub(crate) previous: Option<ChannelHandle>,
}

/// A started channel, as its connection keeps it, or the join that replaces it. Whoever drops it is gone, and the
/// channel learns that.
pub(crate) struct ChannelHandle {
    pub(crate) port: Arc<dyn Port>,
    pub(crate) task: JoinHandle<Ended>,
}

impl Drop for ChannelHandle {
    fn drop(&mut self) {
        self.port.disconnect();
    }
}

/// How a channel's task ended, for a join that replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Joined, then replaced: the client has yet to be told.
    Replaced,
    /// Any other way: the client has been told, or was never joined, or is gone.
    Told,
}

/// A message from the client to a channel.
pub(crate) enum Delivery {
    Push { reference: Ref, event: Option<Box<str>>, payload: Payload, claim: Claim, is_stale: bool },
    Leave { join_ref: Ref, reference: Ref, is_stale: bool },
}

/// A channel of any type, as the connection and pub/sub see it.
pub(crate) trait Port: Send + Sync {
    /// The `join_ref` as the client sent it.
    fn join_ref(&self) -> &Ref;
    fn is_open(&self) -> bool;
    /// Asks before [`deliver`](Self::deliver).
    fn room(&self, cx: &Context<'_>) -> Room;
    /// Gives the message back if the channel has ended.
    fn deliver(&self, delivery: Delivery) -> Option<Delivery>;
    /// Gives the channel a broadcast to intercept, and says how many messages wait for it now.
    fn intercept(&self, broadcast: Broadcast) -> usize;
    fn disconnect(&self);
    fn replace(&self);
}

/// What waits in a channel's inbox.
pub(crate) enum Mail<C: Channel> {
    Client(Delivery),
    Broadcast(Broadcast),
    Info(InfoHandler<C>),
    /// As `Info`, but it has not waited in the inbox.
    Timer(InfoHandler<C>),
}

impl<C: Channel> Mail<C> {
    /// Whether it is none of the client's messages.
    pub(crate) fn is_from_elsewhere(&self) -> bool {
        !matches!(self, Self::Client(_))
    }
}

/// A message for `#[handle_info]` of whatever type, with the way to the method that takes it.
pub(crate) type InfoHandler<C> =
    Box<dyn for<'a> FnOnce(&'a mut C, &'a mut context::Context<C>) -> BoxFuture<'a, ()> + Send>;

pub(crate) fn info<C: Channel, M: Info<C>>(message: M) -> InfoHandler<C> {
    Box::new(move |channel, ctx| Box::pin(message.give(channel, ctx)))
}

/// What the channel's task, its context and its ports share.
pub(crate) struct Shared<C: Channel> {
    pub(crate) link: Arc<Link>,
    pub(crate) socket: Arc<C::Socket>,
    /// What the `channel!` line gives.
    pub(crate) data: &'static C::Data,
    pub(crate) inbox: Inbox<Mail<C>>,
    pub(crate) topic: Arc<str>,
    /// As sent, possibly null.
    pub(crate) join_ref: Ref,
    /// The ref of the join message, which stands in for a null `join_ref` in pushes and replies.
    pub(crate) join_reference: Ref,
}

impl<C: Channel> Shared<C> {
    pub(crate) fn pubsub(&self) -> &Arc<PubSub> {
        &self.link.hub.pubsub
    }

    /// The `join_ref` in what the channel sends.
    fn sent_join_ref(&self) -> &Ref {
        if self.join_ref.is_null() { &self.join_reference } else { &self.join_ref }
    }

    pub(crate) fn push(&self, event: &str, payload: &Payload) -> Result<(), EncodeError> {
        let (join_ref, reference, topic) = (self.sent_join_ref(), &Ref::NULL, &*self.topic);
        self.link.send(&Outgoing::Message { join_ref, reference, topic, event, payload })
    }

    /// A broadcast, of this topic or another. What the client's own serializer cannot write is an error, unless that one merely has
    /// no words for it: then it still goes to the clients of others.
    pub(crate) fn outbound<'b>(
        &self,
        topic: &'b str,
        event: &'b str,
        payload: &'b Payload,
    ) -> Result<Outbound<'b>, EncodeError> {
        let mut broadcast = Outbound::new(topic, event, payload);
        // Phoenix's serializers can write any object.
        let is_object = !payload.is_binary() && payload.check_object().is_ok();
        if !(is_object && self.link.serializer.is_of_phoenix())
            && let Err(failure) = broadcast.encode(&self.link.serializer)
            && !matches!(failure, EncodeError::Unsupported(_))
        {
            return Err(failure);
        }
        Ok(broadcast)
    }

    pub(crate) fn reply(&self, reference: &Ref, answer: &Answer) -> Result<(), EncodeError> {
        self.link.send(&answer.to_reply(self.sent_join_ref(), reference, &Name::from(&*self.topic)))
    }

    /// The answer to the join, which carries the `join_ref` as it was sent.
    pub(crate) fn encode_join_reply(&self, answer: &Answer) -> Result<Frame, EncodeError> {
        let topic = &Name::from(&*self.topic);
        self.link.serializer.encode(&answer.to_reply(&self.join_ref, &self.join_reference, topic))
    }

    pub(crate) fn refuse_join(&self, answer: &Answer) {
        let topic = &Name::from(&*self.topic);
        self.link.answer(&self.join_ref, &self.join_reference, topic, answer);
    }

    /// Tells the client that the channel of this `join_ref` has ended in good order.
    pub(crate) fn push_closed(&self, join_ref: &Ref) {
        self.push_end(join_ref, "phx_close", &Payload::empty());
    }

    /// Tells the client that the channel has crashed.
    pub(crate) fn push_crashed(&self) {
        let reason = Payload::from_trusted(Bytes::from_static(br#"{"reason":"channel_crash"}"#));
        self.push_end(&self.join_ref, "phx_error", &reason);
    }

    fn push_end(&self, join_ref: &Ref, event: &str, payload: &Payload) {
        let topic = &*self.topic;
        self.link.tell(&Outgoing::Message { join_ref, reference: join_ref, topic, event, payload });
    }

    /// As [`notify`](Self::notify); says how many messages wait now.
    pub(crate) fn notify_of<M: Info<C>>(&self, message: M) -> usize {
        self.inbox.push(Mail::Info(info(message))).unwrap_or_default()
    }

    /// Whether the message was put in.
    pub(crate) fn notify<M: Info<C>>(&self, message: M) -> bool {
        self.inbox.push(Mail::Info(info(message))).is_some()
    }
}

impl<C: Channel> Port for Shared<C> {
    fn join_ref(&self) -> &Ref {
        &self.join_ref
    }

    fn is_open(&self) -> bool {
        self.inbox.is_open()
    }

    fn room(&self, cx: &Context<'_>) -> Room {
        self.inbox.room(cx)
    }

    fn deliver(&self, delivery: Delivery) -> Option<Delivery> {
        match self.inbox.deliver(Mail::Client(delivery)) {
            Some(Mail::Client(delivery)) => Some(delivery),
            _ => None,
        }
    }

    fn intercept(&self, broadcast: Broadcast) -> usize {
        self.inbox.push(Mail::Broadcast(broadcast)).unwrap_or_default()
    }

    fn disconnect(&self) {
        self.inbox.disconnect();
    }

    fn replace(&self) {
        self.inbox.replace();
    }
}
