//! One client: which topics it has joined, and what each of its messages means (docs/protocol.md §4).

use crate::frame::CloseCode;
use crate::inbox::Room;
use crate::message::{Message, Ref, Topic};
use crate::port::{ChannelHandle, Delivery, JoinRequest, Link};
use crate::reply::Answer;
use crate::route::StartChannel;
use crate::serializer::DecodeError;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll};

pub(crate) struct Connection {
    link: Arc<Link>,
    find_route: fn(&str) -> Option<StartChannel>,
    /// Channels that have ended stay here until they are looked at, or swept at a heartbeat.
    channels: HashMap<Arc<str>, ChannelHandle>,
    /// A message for which there is no room yet. Nothing more is read meanwhile.
    blocked: Option<Bytes>,
}

/// What became of a message.
#[derive(PartialEq, Eq)]
enum Dispatched {
    Done,
    /// It has to wait for room; the task is woken when there may be some.
    Blocked,
}

impl Connection {
    pub(crate) fn new(link: Arc<Link>, find_route: fn(&str) -> Option<StartChannel>) -> Self {
        Self { link, find_route, channels: HashMap::new(), blocked: None }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Whether a message waits for room in a channel.
    pub(crate) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Whether the next message can be handled; if not, the task is woken when it can. An error closes the connection.
    pub(crate) fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<Result<(), CloseCode>> {
        if let Some(frame) = self.blocked.take() {
            self.handle_text(frame, cx)?;
        }
        if self.is_blocked() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }

    /// Handles one message of a client that is [ready](Self::poll_ready). An error closes the connection.
    pub(crate) fn handle_text(&mut self, frame: Bytes, cx: &Context<'_>) -> Result<(), CloseCode> {
        match self.link.outbox.serializer().decode(&frame, self.link.limits()) {
            Ok(message) => {
                if self.dispatch(message, cx) == Dispatched::Blocked {
                    self.blocked = Some(frame);
                }
                Ok(())
            }
            Err(error) => {
                self.link.complain(format_args!("closing a connection that sent no message: {error}"));
                Err(match error {
                    DecodeError::TooLong(_) => CloseCode::TooLarge,
                    DecodeError::Json(_) | DecodeError::LoneSurrogate => CloseCode::InternalError,
                })
            }
        }
    }

    fn dispatch(&mut self, message: Message<'_>, cx: &Context<'_>) -> Dispatched {
        if message.topic.is("phoenix") && message.event.is("heartbeat") {
            self.sweep();
            let topic = Topic::Text("phoenix");
            self.link.reply(&Ref::NULL, &message.reference, topic, &Answer::empty_ok());
            return Dispatched::Done;
        }
        if message.event.is("phx_join") {
            return self.join(message, cx);
        }
        let channel = message.topic.text.as_deref().and_then(|topic| self.channels.get(topic));
        let Some(channel) = channel.filter(|channel| channel.port.is_open()) else {
            self.answer_unjoined(&message);
            return Dispatched::Done;
        };
        let is_stale = !message.join_ref.is_null() && message.join_ref != *channel.port.join_ref();
        if is_stale {
            return Dispatched::Done;
        }
        match channel.port.room(cx) {
            Room::Free => {}
            Room::Full => return Dispatched::Blocked,
            Room::Ended => {
                self.answer_unjoined(&message);
                return Dispatched::Done;
            }
        }
        let Message { join_ref, reference, event, payload, .. } = message;
        if event.is("phx_leave") {
            channel.port.deliver(Delivery::Leave { join_ref, reference });
            return Dispatched::Done;
        }
        let Some(claim) = self.link.claim(&payload, cx) else { return Dispatched::Blocked };
        let event = event.text.map(|event| Box::from(&*event));
        channel.port.deliver(Delivery::Push { reference, event, payload, claim });
        Dispatched::Done
    }

    /// A message other than a join to a topic that is not joined.
    fn answer_unjoined(&self, message: &Message<'_>) {
        let topic = Topic::Json(message.topic.json);
        if message.event.is("phx_leave") {
            self.link.reply(&message.join_ref, &message.reference, topic, &Answer::empty_ok());
        } else {
            self.link.reply(&Ref::NULL, &message.reference, topic, &Answer::refusal("unmatched topic"));
        }
    }

    fn join(&mut self, message: Message<'_>, cx: &Context<'_>) -> Dispatched {
        let name = message.topic.text.as_deref();
        let Some((name, start)) = name.and_then(|name| Some((name, (self.find_route)(name)?))) else {
            self.link
                .complain(format_args!("no channel of the socket serves the topic {}", message.topic.json));
            self.answer_unjoined(&message);
            return Dispatched::Done;
        };
        if !self.has_room_for(name) {
            let limit = self.link.limits().max_channels;
            self.link.complain(format_args!("too many channels joined: the limit is {limit}"));
            let topic = Topic::Json(message.topic.json);
            let reply = Answer::refusal("too many channels joined");
            self.link.reply(&message.join_ref, &message.reference, topic, &reply);
            return Dispatched::Done;
        }
        let Some(claim) = self.link.claim(&message.payload, cx) else { return Dispatched::Blocked };
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
            claim,
            previous,
        });
        self.channels.insert(name, channel);
        Dispatched::Done
    }

    /// Whether one more channel may start. Joining a joined topic takes no further place, but the new channel's task
    /// waits for the old one's end, and tasks that wait must not pile up either.
    fn has_room_for(&mut self, topic: &str) -> bool {
        let limit = self.link.limits().max_channels;
        if self.channels.len() >= limit && !self.channels.contains_key(topic) {
            self.sweep();
        }
        let has_place = self.channels.len() < limit || self.channels.contains_key(topic);
        has_place && self.link.running() < limit.saturating_mul(2)
    }

    /// Forgets the channels that have ended.
    fn sweep(&mut self) {
        self.channels.retain(|_, channel| channel.port.is_open());
    }
}
