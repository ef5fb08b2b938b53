//! One client: which topics it has joined, and what each of its messages means (docs/protocol.md §4).

use crate::frame::{CloseCode, Opcode};
use crate::inbox::Room;
use crate::limits::Limits;
use crate::message::{Message, Ref};
use crate::metrics::JoinResult;
use crate::port::{ChannelHandle, Delivery, JoinRequest, Link};
use crate::reply::Answer;
use crate::route::StartChannel;
use crate::transport::Flow;
use bytes::Bytes;
use std::collections::HashMap;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::Arc;
use std::task::{Context, Poll};

pub(crate) struct Connection {
    link: Arc<Link>,
    find_route: fn(&str) -> Option<StartChannel>,
    /// Channels that have ended stay here until they are looked at, or swept at a heartbeat.
    channels: HashMap<Arc<str>, ChannelHandle>,
    /// A message for which there is no room yet. Nothing more is read meanwhile.
    blocked: Option<(Opcode, Bytes)>,
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

    /// Whether the next message can be handled; if not, the task is woken when it can.
    pub(crate) fn poll_ready(&mut self, cx: &Context<'_>) -> Poll<Flow> {
        if let Some((opcode, frame)) = self.blocked.take() {
            let flow = self.handle(opcode, frame, cx);
            if flow.is_break() {
                return Poll::Ready(flow);
            }
        }
        if self.blocked.is_some() { Poll::Pending } else { Poll::Ready(Continue(())) }
    }

    /// Handles one message of a client that is [ready](Self::poll_ready).
    pub(crate) fn handle(&mut self, opcode: Opcode, frame: Bytes, cx: &Context<'_>) -> Flow {
        let message = match self.link.serializer.decode(opcode, &frame) {
            Ok(message) => message,
            Err(error) => {
                self.link.complain(format_args!("closing a connection: {error}"));
                return Break(CloseCode::InternalError);
            }
        };
        if let Some(part) = too_long(&message, self.link.limits()) {
            self.link.complain(format_args!("closing a connection: the {part} of a message is too long"));
            return Break(CloseCode::TooLarge);
        }
        if self.dispatch(message, cx) == Dispatched::Blocked {
            self.blocked = Some((opcode, frame));
        }
        Continue(())
    }

    fn dispatch(&mut self, message: Message<'_>, cx: &Context<'_>) -> Dispatched {
        if message.topic.is("phoenix") && message.event.is("heartbeat") {
            self.sweep();
            self.link.answer(&Ref::NULL, &message.reference, &message.topic, &Answer::empty_ok());
            return Dispatched::Done;
        }
        if message.event.is("phx_join") {
            return self.join(message, cx);
        }
        let channel = message.topic.as_text().and_then(|topic| self.channels.get(topic));
        let Some(channel) = channel.filter(|channel| channel.port.is_open()) else {
            self.answer_unjoined(&message);
            return Dispatched::Done;
        };
        let is_stale = !message.join_ref.is_null() && message.join_ref != *channel.port.join_ref();
        match channel.port.room(cx) {
            Room::Free => {}
            Room::Full => return Dispatched::Blocked,
            Room::Ended => {
                self.answer_unjoined(&message);
                return Dispatched::Done;
            }
        }
        let Message { join_ref, reference, event, payload, .. } = message;
        let delivery = if event.is("phx_leave") {
            Delivery::Leave { join_ref, reference, is_stale }
        } else {
            let Some(claim) = self.link.claim(&payload, cx) else { return Dispatched::Blocked };
            let event = event.as_text().map(Box::from);
            Delivery::Push { reference, event, payload, claim, is_stale }
        };
        if let Some(late) = channel.port.deliver(delivery) {
            self.link.answer_late(&late, &message.topic);
        }
        Dispatched::Done
    }

    /// A message other than a join to a topic that is not joined.
    fn answer_unjoined(&self, message: &Message<'_>) {
        let Message { join_ref, reference, topic, event, .. } = message;
        if event.is("phx_leave") {
            self.link.answer(join_ref, reference, topic, &Answer::empty_ok());
        } else {
            self.link.answer_unmatched(reference, topic);
        }
    }

    fn join(&mut self, message: Message<'_>, cx: &Context<'_>) -> Dispatched {
        let name = message.topic.as_text();
        let Some((name, start_channel)) = name.and_then(|name| Some((name, (self.find_route)(name)?))) else {
            self.link.metrics().joined(JoinResult::Refused);
            self.link.complain(format_args!("no channel of the socket serves the topic {}", message.topic));
            self.answer_unjoined(&message);
            return Dispatched::Done;
        };
        if !self.has_room_for(name) {
            self.link.metrics().joined(JoinResult::Refused);
            let limit = self.link.limits().max_channels;
            self.link.complain(format_args!("too many channels joined: the limit is {limit}"));
            let reply = Answer::refusal("too many channels joined");
            self.link.answer(&message.join_ref, &message.reference, &message.topic, &reply);
            return Dispatched::Done;
        }
        let Some(claim) = self.link.claim(&message.payload, cx) else { return Dispatched::Blocked };
        let (name, previous) = match self.channels.remove_entry(name) {
            Some((name, previous)) => (name, Some(previous).filter(|previous| previous.port.is_open())),
            None => (Arc::from(name), None),
        };
        let channel = start_channel.start(JoinRequest {
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

/// The part of a message that is longer than it may be.
fn too_long(message: &Message<'_>, limits: &Limits) -> Option<&'static str> {
    let parts = [
        ("join_ref", ref_length(&message.join_ref), limits.max_ref_bytes),
        ("ref", ref_length(&message.reference), limits.max_ref_bytes),
        ("topic", message.topic.len(), limits.max_topic_bytes),
        ("event", message.event.len(), limits.max_event_bytes),
    ];
    parts.into_iter().find(|(_, length, limit)| length > limit).map(|(part, ..)| part)
}

/// The quotes of a string are not part of it.
fn ref_length(reference: &Ref) -> usize {
    let json = reference.as_json();
    json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(json).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Name;
    use crate::payload::Payload;

    #[test]
    fn names_and_refs_are_bounded() {
        let limits = Limits::default();
        let too_long = |join_ref, reference, topic, event| {
            let text = |length| "x".repeat(length);
            let (join_ref, reference) = (Ref::text(&text(join_ref)), Ref::text(&text(reference)));
            let (topic, event) = (Name::from(text(topic)), Name::from(text(event)));
            let payload = Payload::empty();
            too_long(&Message { join_ref, reference, topic, event, payload }, &limits)
        };
        assert_eq!(too_long(255, 255, 1024, 255), None);
        assert_eq!(too_long(256, 255, 1024, 255), Some("join_ref"));
        assert_eq!(too_long(255, 256, 1024, 255), Some("ref"));
        assert_eq!(too_long(255, 255, 1025, 255), Some("topic"));
        assert_eq!(too_long(255, 255, 1024, 256), Some("event"));
    }
}
