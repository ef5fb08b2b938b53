//! What can come to a client, and how it is told in a failure.

use super::compare::shown;
use crate::broadcast::Broadcast;
use crate::payload::Payload;
use std::fmt;

/// Something that came.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Push {
        /// The join of the topic that it is a matter of.
        join: Option<u64>,
        topic: String,
        event: String,
        payload: Payload,
    },
    Reply {
        reference: String,
        topic: String,
        event: String,
        status: String,
        response: Payload,
    },
    /// Not to the client, but to those who listen to the topic.
    Broadcast {
        /// The next of the client's refs: a join that has it, or a later one, was not there to hear this.
        before: u64,
        topic: String,
        event: String,
        payload: Payload,
    },
    End {
        join: Option<u64>,
        topic: String,
        end: End,
        payload: Payload,
    },
    /// Of the connection, with the code if there is one.
    Closed {
        code: Option<u16>,
    },
    /// The test has had it lost on its way.
    Lost(String),
    Unreadable(String),
    /// The answer to a fence, which is no matter of the test.
    Fence(String),
}

/// How a channel ended for its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Crashed,
}

impl End {
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Closed => "phx_close",
            Self::Crashed => "phx_error",
        }
    }

    /// What has happened to the channel, as a failure tells it.
    pub(super) fn told(self) -> &'static str {
        match self {
            Self::Closed => "the channel was closed",
            Self::Crashed => "the channel crashed",
        }
    }

    pub(super) fn of(event: &str) -> Option<Self> {
        [Self::Closed, Self::Crashed].into_iter().find(|end| end.event() == event)
    }
}

impl Entry {
    pub(super) fn broadcast(broadcast: &Broadcast, before: u64) -> Self {
        Self::Broadcast {
            before,
            topic: broadcast.topic().to_owned(),
            event: broadcast.event().to_owned(),
            payload: broadcast.payload().clone(),
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push { topic, event, payload, .. } => {
                write!(f, "push {event:?} on {topic:?}: {}", shown(payload))
            }
            Self::Reply { topic, event, status, response, .. } => {
                write!(f, "reply {status} to {event:?} on {topic:?}: {}", shown(response))
            }
            Self::Broadcast { topic, event, payload, .. } => {
                write!(f, "broadcast {event:?} on {topic:?}: {}", shown(payload))
            }
            Self::End { topic, end, payload, .. } => {
                write!(f, "{} on {topic:?}: {}", end.event(), shown(payload))
            }
            Self::Closed { code: Some(code) } => write!(f, "the connection was closed with {code}"),
            Self::Closed { code: None } => f.write_str("the connection ended"),
            Self::Lost(what) => write!(f, "lost on its way, as asked: {what}"),
            Self::Unreadable(error) => write!(f, "a message that cannot be read: {error}"),
            Self::Fence(reference) => f.write_str(reference),
        }
    }
}
