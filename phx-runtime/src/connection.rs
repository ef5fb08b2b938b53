//! One client: which topics it has joined, and what each of its messages means (docs/protocol.md §4).

use crate::frame::CloseCode;
use crate::inbox::Rejected;
use crate::message::{Message, Ref, Topic};
use crate::port::{ChannelHandle, Delivery, JoinRequest, Link, Port};
use crate::reply::Answer;
use crate::route::StartChannel;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};

pub(crate) struct Connection {
    link: Arc<Link>,
    find_route: fn(&str) -> Option<StartChannel>,
    /// Channels that have ended stay here until they are looked at, or swept at a heartbeat.
    channels: HashMap<Arc<str>, ChannelHandle>,
    /// A message that waits for room in its channel's inbox. Nothing more is read meanwhile.
    blocked: Option<Blocked>,
}

struct Blocked {
    topic: Arc<str>,
    port: Arc<dyn Port>,
    delivery: Delivery,
}

impl Connection {
    pub(crate) fn new(link: Arc<Link>, find_route: fn(&str) -> Option<StartChannel>) -> Self {
        Self { link, find_route, channels: HashMap::new(), blocked: None }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Whether the next message can be handled; if not, the task is woken when it can.
    pub(crate) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(Blocked { topic, port, delivery }) = self.blocked.take() {
            self.deliver(topic, port, delivery, cx);
        }
        if self.blocked.is_some() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Handles one message of a client that is [ready](Self::poll_ready). An error closes the connection.
    pub(crate) fn handle_text(&mut self, frame: &Bytes, cx: &mut Context<'_>) -> Result<(), CloseCode> {
        use crate::serializer::DecodeError;
        match self.link.outbox.serializer().decode(frame, &self.link.limits) {
            Ok(message) => {
                self.dispatch(message, cx);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "closing a connection that sent something else than a message");
                Err(match error {
                    DecodeError::TooLong(_) => CloseCode::TooLarge,
                    DecodeError::Json(_) | DecodeError::LoneSurrogate => CloseCode::InternalError,
                })
            }
        }
    }

    fn dispatch(&mut self, message: Message<'_>, cx: &mut Context<'_>) {
        if message.topic.is("phoenix") && message.event.is("heartbeat") {
            self.sweep();
            let topic = Topic::Text("phoenix");
            return self.link.reply(&Ref::NULL, &message.reference, topic, &Answer::empty_ok());
        }
        let joined = message.topic.text.as_deref().and_then(|topic| self.channels.get_key_value(topic));
        let joined = joined.filter(|(_, channel)| channel.port.is_open());
        let Some((topic, channel)) = joined else {
            return self.dispatch_unjoined(message);
        };
        if message.event.is("phx_join") {
            return self.join(message);
        }
        let is_stale = !message.join_ref.is_null() && message.join_ref != *channel.port.join_ref();
        if is_stale {
            return;
        }
        let (topic, port) = (Arc::clone(topic), Arc::clone(&channel.port));
        let delivery = if message.event.is("phx_leave") {
            Delivery::Leave { join_ref: message.join_ref, reference: message.reference }
        } else {
            let event = message.event.text.map(|event| Box::from(&*event));
            Delivery::Push { reference: message.reference, event, payload: message.payload }
        };
        self.deliver(topic, port, delivery, cx);
    }

    /// A message to a topic that is not joined.
    fn dispatch_unjoined(&mut self, message: Message<'_>) {
        if message.event.is("phx_join") {
            return self.join(message);
        }
        let topic = Topic::Json(message.topic.json);
        if message.event.is("phx_leave") {
            self.link.reply(&message.join_ref, &message.reference, topic, &Answer::empty_ok());
        } else {
            tracing::debug!(topic = message.topic.json, "message to a topic that is not joined");
            self.link.reply(&Ref::NULL, &message.reference, topic, &Answer::refusal("unmatched topic"));
        }
    }

    fn join(&mut self, message: Message<'_>) {
        let topic = Topic::Json(message.topic.json);
        let Some(name) = message.topic.text.as_deref() else {
            return self.link.reply(
                &Ref::NULL,
                &message.reference,
                topic,
                &Answer::refusal("unmatched topic"),
            );
        };
        let Some(start) = (self.find_route)(name) else {
            tracing::warn!(topic = name, "no channel of the socket serves this topic");
            return self.link.reply(
                &Ref::NULL,
                &message.reference,
                topic,
                &Answer::refusal("unmatched topic"),
            );
        };
        if !self.has_room_for(name) {
            tracing::error!(limit = self.link.limits.max_channels, "too many channels joined");
            let reply = Answer::refusal("too many channels joined");
            return self.link.reply(&message.join_ref, &message.reference, topic, &reply);
        }
        let (name, previous) = match self.channels.remove_entry(name) {
            Some((name, previous)) => (name, Some(previous).filter(|previous| previous.port.is_open())),
            None => (Arc::from(name), None),
        };
        let channel = start(JoinRequest {
            link: Arc::clone(&self.link),
            topic: Arc::clone(&name),
            join_ref: message.join_ref,
            reference: message.reference,
            payload: message.payload,
            previous,
        });
        self.channels.insert(name, channel);
    }

    /// Whether one more channel may start. Joining a joined topic takes no further place, but the new channel's task
    /// waits for the old one's end, and tasks that wait must not pile up either.
    fn has_room_for(&mut self, topic: &str) -> bool {
        let limit = self.link.limits.max_channels;
        if self.channels.len() >= limit && !self.channels.contains_key(topic) {
            self.sweep();
        }
        let has_place = self.channels.len() < limit || self.channels.contains_key(topic);
        has_place && self.link.running() < limit.saturating_mul(2)
    }

    fn deliver(&mut self, topic: Arc<str>, port: Arc<dyn Port>, delivery: Delivery, cx: &mut Context<'_>) {
        match port.deliver(delivery, cx) {
            Ok(()) => {}
            Err(Rejected::Full(delivery)) => self.blocked = Some(Blocked { topic, port, delivery }),
            // It ended since it was looked up: the topic is not joined any more.
            Err(Rejected::Closed(delivery)) => {
                let topic = Topic::Text(&topic);
                match delivery {
                    Delivery::Leave { join_ref, reference } => {
                        self.link.reply(&join_ref, &reference, topic, &Answer::empty_ok());
                    }
                    Delivery::Push { reference, .. } => {
                        self.link.reply(&Ref::NULL, &reference, topic, &Answer::refusal("unmatched topic"));
                    }
                }
            }
        }
    }

    /// Forgets the channels that have ended.
    fn sweep(&mut self) {
        self.channels.retain(|_, channel| channel.port.is_open());
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for channel in self.channels.values() {
            channel.port.disconnect();
        }
    }
}
