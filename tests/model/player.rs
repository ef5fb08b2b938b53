//! Plays a case against the server, and compares each frame that comes with the model at once.

use super::case::{Action, Addressed, Event, JoinAs, Step, TOPICS, Then, UNROUTED, Wish};
use super::protocol::{Body, Message, Topic};
use crate::support::{Over, TestServer};
use phx_runtime::testing::{Connection, ConnectionError, Version};
use proptest::test_runner::TestCaseError;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message as Frame;

const HEARTBEATS: usize = TOPICS;
/// A `join_ref` for a topic that has had no join.
const NEVER_JOINED: &str = r#""0""#;

/// A frame of the server, of which the ref and the topic are looked at.
type PartsV2 = (IgnoredAny, Value, String, IgnoredAny, IgnoredAny);

#[derive(Deserialize)]
struct PartsV1 {
    r#ref: Value,
    topic: String,
}

pub(super) struct Player {
    connection: Connection,
    version: Version,
    /// The topics of the case, then that of the heartbeats.
    topics: Vec<Topic>,
    /// The `join_ref` and the ref of each topic's joins.
    joins: Vec<Vec<(String, String)>>,
    sent: usize,
    /// How long a frame may take.
    patience: Duration,
    transcript: String,
}

impl Player {
    /// `number` tells the topics of this case from those of all others.
    pub(super) async fn connect(over: Over, server: &TestServer, number: usize, patience: Duration) -> Self {
        let version = over.version();
        let topic = |topic| match topic {
            UNROUTED => Topic::new(format!("nope:{number}"), false, version),
            HEARTBEATS => Topic::new("phoenix".to_owned(), true, version),
            _ => Topic::new(format!("model:{number}:{topic}"), true, version),
        };
        Self {
            connection: server.connect(over).await.into_connection(),
            version,
            topics: (0..=HEARTBEATS).map(topic).collect(),
            joins: vec![Vec::new(); TOPICS],
            sent: 0,
            patience,
            transcript: String::new(),
        }
    }

    pub(super) async fn play(mut self, case: &[Step]) -> Result<(), TestCaseError> {
        for step in case {
            let topic = self.take_step(step).await?;
            match step.then {
                Then::Gather => {}
                Then::Send => self.flush().await?,
                Then::Settle => self.settle(topic).await?,
            }
        }
        for topic in 0..self.topics.len() {
            self.settle(topic).await?;
            // What a channel has sent to itself may come after the first fence, but not after a second.
            if !self.topics[topic].may_come().is_empty() {
                self.settle(topic).await?;
            }
        }
        self.close().await
    }

    async fn take_step(&mut self, step: &Step) -> Result<usize, TestCaseError> {
        let (topic, body) = match step.action {
            Action::Heartbeat => (HEARTBEATS, Body::Heartbeat),
            Action::Join(topic, _, wish) => (topic, Body::Join(wish)),
            Action::Leave(topic, _) => (topic, Body::Leave),
            Action::Push(topic, _, event) => (topic, Body::Push(event)),
        };
        let own = self.next_ref();
        let reference = if step.has_ref { own.clone() } else { "null".to_owned() };
        let join_ref = match step.action {
            Action::Heartbeat => own,
            Action::Join(_, join_as, _) => {
                let join_ref = match join_as {
                    JoinAs::Ref => own,
                    JoinAs::Null => "null".to_owned(),
                    JoinAs::Other => r#""777""#.to_owned(),
                };
                self.joins[topic].push((join_ref.clone(), reference.clone()));
                join_ref
            }
            Action::Leave(_, addressed) | Action::Push(_, addressed, _) => self.join_ref(topic, addressed),
        };
        self.send(topic, join_ref, reference, body).await?;
        Ok(topic)
    }

    fn join_ref(&self, topic: usize, addressed: Addressed) -> String {
        let joins = &self.joins[topic];
        let right = joins.last().map_or(NEVER_JOINED, |(join_ref, _)| join_ref);
        let mut others = joins.iter().rev().flat_map(|(join_ref, reference)| [join_ref, reference]);
        match addressed {
            Addressed::Right => right,
            Addressed::Null => "null",
            Addressed::Stale => {
                others.find(|other| *other != "null" && *other != right).map_or(NEVER_JOINED, |other| other)
            }
            Addressed::Number => right.trim_matches('"'),
        }
        .to_owned()
    }

    /// Waits until the topic has nothing left to do, but for broadcasts that the channel has sent to itself. Channels
    /// that are about to end must have done so: until then nothing that is sent is sure of an answer. From then on an
    /// echo is, from the channel or as unmatched; so is a heartbeat.
    async fn settle(&mut self, topic: usize) -> Result<(), TestCaseError> {
        self.flush().await?;
        while self.topics[topic].has_end_to_come() {
            self.receive().await?;
        }
        let body = if topic == HEARTBEATS { Body::Heartbeat } else { Body::Push(Event::Echo) };
        let fence = self.next_ref();
        self.send(topic, "null".to_owned(), fence.clone(), body).await?;
        self.flush().await?;
        while self.receive().await?.as_ref() != Some(&fence) {}
        Ok(())
    }

    fn next_ref(&mut self) -> String {
        self.sent += 1;
        format!(r#""{}""#, self.sent)
    }

    async fn send(
        &mut self,
        topic: usize,
        join_ref: String,
        reference: String,
        body: Body,
    ) -> Result<(), TestCaseError> {
        let payload = match body {
            Body::Join(wish) => payload_of(wish).to_owned(),
            _ => format!(r#"{{"n":{}}}"#, self.sent),
        };
        let name = self.topics[topic].name();
        let text = format!(r#"[{join_ref},{reference},"{name}","{}",{payload}]"#, event_of(body));
        let _ = writeln!(self.transcript, "-> {text}");
        self.topics[topic].send(Message { join_ref, reference, body, payload });
        let frame = Frame::text(self.version.sends(&text).into_owned());
        self.connection.feed(frame).await.map_err(|error| self.failure(error))
    }

    async fn flush(&mut self) -> Result<(), TestCaseError> {
        self.connection.flush().await.map_err(|error| self.failure(error))
    }

    /// Takes a frame, if it is a right one, and returns its ref.
    async fn receive(&mut self) -> Result<Option<String>, TestCaseError> {
        match tokio::time::timeout(self.patience, self.connection.next()).await {
            Ok(Ok(Some(Frame::Text(frame)))) => self.judge(&frame),
            Ok(other) => Err(self.failure(format!("got {other:?} instead of a frame"))),
            Err(_) => Err(self.failure(format!("nothing more came for {:?}", self.patience))),
        }
    }

    fn judge(&mut self, frame: &str) -> Result<Option<String>, TestCaseError> {
        let _ = writeln!(self.transcript, "<- {frame}");
        let (reference, name) = self.parts(frame).map_err(|error| self.failure(error))?;
        let Some(topic) = self.topics.iter_mut().find(|topic| topic.name() == name) else {
            return Err(self.failure("the last frame has a topic that nobody has sent"));
        };
        let may_come = topic.may_come();
        if !topic.receive(frame) {
            let what = format!("the last frame is not what may come next:{}", lines(&may_come));
            return Err(self.failure(what));
        }
        Ok(reference.as_str().map(|reference| format!(r#""{reference}""#)))
    }

    fn parts(&self, frame: &str) -> Result<(Value, String), serde_json::Error> {
        match self.version {
            Version::V1 => {
                serde_json::from_str(frame).map(|PartsV1 { r#ref: reference, topic }| (reference, topic))
            }
            Version::V2 => {
                serde_json::from_str(frame).map(|(_, reference, topic, ..): PartsV2| (reference, topic))
            }
        }
    }

    /// Closes a WebSocket: everything that the server has sent comes before its close frame.
    async fn close(mut self) -> Result<(), TestCaseError> {
        if self.connection.is_longpoll() {
            return Ok(());
        }
        let close = async {
            self.connection.feed(Frame::Close(None)).await?;
            self.connection.flush().await
        };
        close.await.map_err(|error: ConnectionError| self.failure(error))?;
        loop {
            match tokio::time::timeout(self.patience, self.connection.next()).await {
                Ok(Ok(Some(Frame::Text(frame)))) => self.judge(&frame).map(drop)?,
                Ok(Ok(Some(Frame::Close(_)))) => return Ok(()),
                other => return Err(self.failure(format!("got {other:?} instead of a close frame"))),
            }
        }
    }

    fn failure(&self, what: impl std::fmt::Display) -> TestCaseError {
        let waiting = self.topics.iter().map(|topic| lines(&topic.may_come())).collect::<String>();
        let waiting = if waiting.is_empty() { "\n   nothing" } else { &waiting };
        TestCaseError::fail(format!(
            "{what}\nafter:\n{}what may still come on any topic:{waiting}",
            self.transcript
        ))
    }
}

fn lines(frames: &BTreeSet<String>) -> String {
    frames.iter().flat_map(|frame| ["\n   ", frame]).collect()
}

fn payload_of(wish: Wish) -> &'static str {
    match wish {
        Wish::Ok => r#""ok""#,
        Wish::Slow => r#""slow""#,
        Wish::Refuse => r#""refuse""#,
        Wish::Panic => r#""panic""#,
        Wish::BadPayload => "{}",
    }
}

fn event_of(body: Body) -> &'static str {
    let event = match body {
        Body::Heartbeat => return "heartbeat",
        Body::Join(_) => return "phx_join",
        Body::Leave => return "phx_leave",
        Body::Push(event) => event,
    };
    match event {
        Event::Echo => "echo",
        Event::SlowEcho => "slow_echo",
        Event::Error => "error",
        Event::NoReply => "noreply",
        Event::BadPayload => "number",
        Event::Unmatched(event) => event,
        Event::Push => "push",
        Event::Broadcast => "broadcast",
        Event::Whisper => "whisper",
        Event::Stop => "stop",
        Event::StopReply => "stop_reply",
        Event::StopError => "stop_error",
        Event::Panic => "panic",
        Event::PushList => "push_list",
    }
}
