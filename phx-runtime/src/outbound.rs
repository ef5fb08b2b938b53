//! A broadcast on its way: encoded once for each serializer that is met, whoever listens.

use crate::broadcast::Broadcast;
use crate::frame::Frame;
use crate::message::Outgoing;
use crate::payload::{EncodeError, Payload};
use crate::serializer::SerializerHandle;
use std::sync::Arc;

/// A broadcast and its encodings, each made when the first client of its serializer is met.
pub(crate) struct Outbound<'b> {
    topic: &'b str,
    event: &'b str,
    payload: &'b Payload,
    /// `None` where a serializer has no way to say it.
    frames: Vec<(SerializerHandle, Option<Frame>)>,
    message: Option<Broadcast>,
}

impl<'b> Outbound<'b> {
    pub(crate) fn new(topic: &'b str, event: &'b str, payload: &'b Payload) -> Self {
        Self { topic, event, payload, frames: Vec::new(), message: None }
    }

    pub(crate) fn topic(&self) -> &'b str {
        self.topic
    }

    pub(crate) fn event(&self) -> &'b str {
        self.event
    }

    /// The encoding for a serializer that has none so far.
    pub(crate) fn encode(&mut self, serializer: &SerializerHandle) -> Result<Frame, EncodeError> {
        let Self { topic, event, payload, .. } = *self;
        let frame = serializer.encode(&Outgoing::Broadcast { topic, event, payload });
        self.frames.push((serializer.clone(), frame.as_ref().ok().cloned()));
        frame
    }

    /// The encoding for a serializer, if it can say it.
    pub(crate) fn frame(&mut self, serializer: &SerializerHandle) -> Option<Frame> {
        if let Some((_, frame)) = self.frames.iter().find(|(known, _)| known == serializer) {
            return frame.clone();
        }
        match self.encode(serializer) {
            Ok(frame) => Some(frame),
            Err(error) => {
                let (topic, event) = (self.topic, self.event);
                tracing::debug!(topic, event, %error, "skipping the clients of a serializer");
                None
            }
        }
    }

    /// As those get it who are no clients.
    pub(crate) fn message(&mut self, topic: &Arc<str>) -> Broadcast {
        let Self { event, payload, .. } = *self;
        self.message.get_or_insert_with(|| Broadcast::new(topic, event, payload)).clone()
    }
}
