//! Random cases. A step says what it means, as in "addressed to an earlier join", so that it still means
//! something when proptest has removed the steps before it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What one connection does, from its start on.
pub(super) type Case = Vec<Step>;

/// Topics with a channel, then one without a route.
pub(super) const TOPICS: usize = 4;
pub(super) const UNROUTED: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) action: Action,
    /// Its ref is a number of its own, or null.
    pub(super) has_ref: bool,
    pub(super) then: Then,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Heartbeat,
    Join(usize, JoinAs, Wish),
    Leave(usize, Addressed),
    Push(usize, Addressed, Event),
}

/// What the client does between a step and the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Keeps the message, to send it together with the next.
    Gather,
    Send,
    /// Waits until the topic has nothing left to do.
    Settle,
}

/// The `join_ref` of a join.
#[derive(Debug, Clone, Copy)]
pub(super) enum JoinAs {
    /// The same as its ref, as phoenix.js does.
    Ref,
    Null,
    /// Neither, and the same for all such joins.
    Other,
}

/// The `join_ref` of another message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Addressed {
    /// That of the topic's last join, as sent.
    Right,
    Null,
    /// Another that a join of the topic had something to do with.
    Stale,
    /// The right one as a number instead of a string.
    Number,
}

/// What a join asks of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Ok,
    Slow,
    Refuse,
    Panic,
    BadPayload,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Echo,
    SlowEcho,
    Error,
    NoReply,
    BadPayload,
    /// Names that no handler takes, some of which mean something elsewhere.
    Unmatched(&'static str),
    Push,
    Broadcast,
    Whisper,
    Stop,
    StopReply,
    StopError,
    Panic,
    PushList,
}

pub(super) fn case() -> impl Strategy<Value = Case> {
    vec(step(), 1..24)
}

fn step() -> impl Strategy<Value = Step> {
    let has_ref = prop_oneof![9 => Just(true), 1 => Just(false)];
    let then = prop_oneof![5 => Just(Then::Gather), 3 => Just(Then::Send), 2 => Just(Then::Settle)];
    (action(), has_ref, then).prop_map(|(action, has_ref, then)| Step { action, has_ref, then })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        1 => Just(Action::Heartbeat),
        6 => (topic(), join_as(), wish()).prop_map(|(topic, join_as, wish)| Action::Join(topic, join_as, wish)),
        2 => (topic(), addressed()).prop_map(|(topic, addressed)| Action::Leave(topic, addressed)),
        12 => (topic(), addressed(), event())
            .prop_map(|(topic, addressed, event)| Action::Push(topic, addressed, event)),
    ]
}

/// One topic gets half of the messages, so that much happens on it.
fn topic() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 2 => Just(1), 2 => Just(2), 1 => Just(UNROUTED)]
}

fn join_as() -> impl Strategy<Value = JoinAs> {
    prop_oneof![4 => Just(JoinAs::Ref), 2 => Just(JoinAs::Null), 1 => Just(JoinAs::Other)]
}

fn addressed() -> impl Strategy<Value = Addressed> {
    prop_oneof![
        6 => Just(Addressed::Right),
        2 => Just(Addressed::Null),
        2 => Just(Addressed::Stale),
        1 => Just(Addressed::Number),
    ]
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        6 => Just(Wish::Ok),
        2 => Just(Wish::Slow),
        1 => Just(Wish::Refuse),
        1 => Just(Wish::Panic),
        1 => Just(Wish::BadPayload),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let lives_on = vec![
        Event::Echo,
        Event::SlowEcho,
        Event::Error,
        Event::NoReply,
        Event::BadPayload,
        Event::Push,
        Event::Broadcast,
        Event::Whisper,
    ];
    let ends = vec![Event::Stop, Event::StopReply, Event::StopError, Event::Panic, Event::PushList];
    let unmatched = select(vec!["dance", "heartbeat", "phx_reply", "phx_close"]).prop_map(Event::Unmatched);
    prop_oneof![8 => select(lives_on), 2 => select(ends), 1 => unmatched]
}
