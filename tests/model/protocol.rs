//! Protocol §4 and §5 for one topic of a connection, as a small machine that does one thing at a time: the connection
//! reads the next message, or the channel handles the next one that waits for it. Which of the two comes first is the
//! server's business, so a frame is right if it is the next one in some order of these steps. Nothing else is left
//! open: whatever the order, the machine says every byte of what the client gets.
//!
//! That is what makes overtaking exact. An echo sent right after a panic is either lost with the channel, and then
//! nothing comes; or it is read when the topic is free again, and then "unmatched topic" comes after the `phx_error`,
//! never before, and for all that follows as well. A join either overtakes what waits in the old channel, all of which
//! is then lost, or comes after it.

use super::case::{Event, Wish};
use super::effects::{CLOSE, ERROR, Effect, OK, UNMATCHED_TOPIC, effects, outcome};
use phx_runtime::testing::Version;
use std::collections::{BTreeSet, VecDeque};

/// A message to the server. The refs are JSON.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) join_ref: String,
    pub(super) reference: String,
    pub(super) body: Body,
    /// The payload of a push, which may come back.
    pub(super) payload: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Heartbeat,
    Join(Wish),
    Leave,
    Push(Event),
}

/// A topic, and all the states it may be in after what the client has sent and seen so far.
pub(super) struct Topic {
    name: String,
    is_routed: bool,
    version: Version,
    sent: Vec<Message>,
    states: BTreeSet<State>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    /// How many of the messages the connection has read.
    read: usize,
    channel: Option<Channel>,
    /// Messages on their way to the client, as they are in version 2.
    out: VecDeque<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Channel {
    /// The join, as a place in `Topic::sent`.
    join: usize,
    inbox: VecDeque<Mail>,
    /// It handles no more, and tells the client of its end with this event next.
    end: Option<&'static str>,
}

/// What waits for a channel, as a place in `Topic::sent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mail {
    Message(usize),
    /// The intercepted broadcast that a message has caused.
    Broadcast(usize),
}

impl Topic {
    pub(super) fn new(name: String, is_routed: bool, version: Version) -> Self {
        Self { name, is_routed, version, sent: Vec::new(), states: BTreeSet::from([State::default()]) }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn send(&mut self, message: Message) {
        self.sent.push(message);
    }

    /// The client got a frame. Whether it may be the next one.
    pub(super) fn receive(&mut self, frame: &str) -> bool {
        let speaking = self.speaking();
        let is_next = |next: &String| self.version.gets(next) == frame;
        let matching = speaking.into_iter().filter(|state| state.out.front().is_some_and(is_next));
        self.states = matching
            .map(|mut state| {
                state.out.pop_front();
                state
            })
            .collect();
        !self.states.is_empty()
    }

    /// The frames that may come next.
    pub(super) fn may_come(&self) -> BTreeSet<String> {
        self.speaking().into_iter().filter_map(|mut state| state.out.pop_front()).collect()
    }

    /// Whether a channel has yet to end. In all states alike: of the channels that were joined every one but the last
    /// ends, and that one does if it is sent anything that ends it.
    pub(super) fn has_end_to_come(&self) -> bool {
        let mut state = self.states.first().cloned();
        while let Some(mut now) = state {
            if now.out.drain(..).any(|frame| frame.contains(CLOSE) || frame.contains(ERROR)) {
                return true;
            }
            state = self.steps(&now).next();
        }
        false
    }

    /// The states with a frame on its way that can be reached without another frame before it.
    fn speaking(&self) -> BTreeSet<State> {
        let mut seen = self.states.clone();
        let mut found: Vec<_> = seen.iter().cloned().collect();
        while let Some(state) = found.pop() {
            if state.out.is_empty() {
                found.extend(self.steps(&state).filter(|next| seen.insert(next.clone())));
            }
        }
        seen.retain(|state| !state.out.is_empty());
        seen
    }

    /// What may happen next.
    fn steps(&self, state: &State) -> impl Iterator<Item = State> {
        self.read(state.clone()).into_iter().chain(self.handle(state.clone()))
    }

    /// The connection reads a message (§4).
    fn read(&self, mut state: State) -> Option<State> {
        let number = state.read;
        let message = self.sent.get(number)?;
        state.read += 1;
        let is_for = |channel: &Channel| {
            message.join_ref == "null" || message.join_ref == self.sent[channel.join].join_ref
        };
        match (message.body, state.channel.take()) {
            // Rule 1.
            (Body::Heartbeat, _) => state.out.push_back(self.reply("null", message, OK)),
            // Rules 2 and 3. The join of a joined topic ends the old channel in whatever state it is, and what waits
            // in it gets no answer (§5.2). The answer to a join comes before anything else happens on the topic (§5.1).
            (Body::Join(wish), old) if self.is_routed => {
                let (answer, is_joined) = outcome(wish);
                state.out.push_back(self.reply(&message.join_ref, message, answer));
                state.out.extend(old.map(|old| self.end(&old, CLOSE)));
                state.channel =
                    is_joined.then(|| Channel { join: number, inbox: VecDeque::new(), end: None });
            }
            // Rules 4 and 5. What a channel that ends is sent gets no answer (§5.3).
            (_, Some(mut channel)) => {
                if is_for(&channel) && channel.end.is_none() {
                    channel.inbox.push_back(Mail::Message(number));
                }
                state.channel = Some(channel);
            }
            // Rule 6.
            (Body::Leave, None) => state.out.push_back(self.reply(&message.join_ref, message, OK)),
            // Rule 7.
            (Body::Push(_) | Body::Join(_), None) => {
                state.out.push_back(self.reply("null", message, UNMATCHED_TOPIC));
            }
        }
        Some(state)
    }

    /// The channel handles what waits longest, or tells the client that it has ended, whereupon the topic is free
    /// (§5.3 to §5.5).
    fn handle(&self, mut state: State) -> Option<State> {
        let mut channel = state.channel.take()?;
        if let Some(end) = channel.end {
            state.out.push_back(self.end(&channel, end));
            return Some(state);
        }
        let join = &self.sent[channel.join];
        let join_ref = if join.join_ref == "null" { &join.reference } else { &join.join_ref };
        let push =
            |event: &str, payload: &str| format!(r#"[{join_ref},null,"{}","{event}",{payload}]"#, self.name);
        let number = match channel.inbox.pop_front()? {
            Mail::Message(number) => number,
            Mail::Broadcast(number) => {
                state.out.push_back(push("whispered", &self.sent[number].payload));
                state.channel = Some(channel);
                return Some(state);
            }
        };
        let message = &self.sent[number];
        let payload = &message.payload;
        for effect in effects(message.body, self.version) {
            let frame = match effect {
                Effect::Reply(answer) => self.reply(join_ref, message, answer),
                Effect::Return(status) => {
                    self.reply(join_ref, message, &format!(r#"{{"response":{payload},"status":"{status}"}}"#))
                }
                Effect::Push => push("pushed", payload),
                Effect::PushList => push("pushed", "[1]"),
                Effect::Broadcast => format!(r#"[null,null,"{}","said",{payload}]"#, self.name),
                Effect::Whisper => {
                    channel.inbox.push_back(Mail::Broadcast(number));
                    continue;
                }
                Effect::End(end) => {
                    channel.end = Some(end);
                    continue;
                }
            };
            state.out.push_back(frame);
        }
        state.channel = Some(channel);
        Some(state)
    }

    fn reply(&self, join_ref: &str, to: &Message, answer: &str) -> String {
        format!(r#"[{join_ref},{},"{}","phx_reply",{answer}]"#, to.reference, self.name)
    }

    /// Carries the `join_ref` of the join as it was sent, twice.
    fn end(&self, channel: &Channel, end: &str) -> String {
        let join_ref = &self.sent[channel.join].join_ref;
        format!(r#"[{join_ref},{join_ref},"{}",{end}]"#, self.name)
    }
}
