//! What can come to a client, and how it is told in a failure.

use super::compare::shown;
use crate::payload::Payload;
use std::fmt;

/// Something that came.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    Push {
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
        topic: String,
        event: String,
        payload: Payload,
    },
    End {
        join_ref: Option<String>,
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

    pub(super) fn of(event: &str) -> Option<Self> {
        [Self::Closed, Self::Crashed].into_iter().find(|end| end.event() == event)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push { topic, event, payload } => {
                write!(f, "push {event:?} on {topic:?}: {}", shown(payload))
            }
            Self::Reply { topic, event, status, response, .. } => {
                write!(f, "reply {status} to {event:?} on {topic:?}: {}", shown(response))
            }
            Self::Broadcast { topic, event, payload } => {
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
