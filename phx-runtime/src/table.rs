//! What a channel takes and sends, as data: for the checks at compile time, and for tools.

use crate::const_text::{ConstText, is_same};
use crate::event::Event;
use crate::topic::Pattern;
use std::any::type_name;
use std::fmt;

/// What a channel takes and sends: [`Channel::TABLE`](crate::Channel::TABLE), which `#[channel]` writes.
///
/// ```
/// use phx_runtime::{Event, prelude::*};
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
///
/// #[derive(serde::Serialize)] struct Counted { by: u64 }
///
/// struct Counter { count: u64 }
///
/// #[channel(socket = UserSocket)]
/// impl Counter {
///     const COUNTED: Event<Counted> = Event::new("counted");
///
///     #[join("counter:{start}")]
///     fn join(start: u64) -> Result<Self, Refused> { Ok(Self { count: start }) }
///
///     #[handle_in("add")]
///     fn add(&mut self, number: u64) -> Result<u64, Refused> { self.count += number; Ok(self.count) }
/// }
///
/// let [join] = Counter::TABLE.joins else { panic!() };
/// assert_eq!((join.pattern.source(), join.captures[0].name), ("counter:{start}", "start"));
///
/// let [add] = Counter::TABLE.events_in else { panic!() };
/// assert_eq!((add.event, add.payload.map(|ty| ty.name())), ("add", Some("u64")));
///
/// let [counted] = Counter::TABLE.events_out else { panic!() };
/// assert_eq!(counted.event, "counted");
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Table {
    /// The `#[join]` methods, in the order in which they are tried.
    pub joins: &'static [Join],
    /// The `#[handle_in]` methods, in the order written.
    pub events_in: &'static [EventIn],
    /// The constants of the `#[channel]` block whose type is written `Event<…>`, and the events of its `#[handle_out]`
    /// methods. A constant that only a `#[handle_in]` uses is among them, since it may be sent as well. What is sent by
    /// other names is not known.
    pub events_out: &'static [EventOut],
    /// The events whose broadcasts go through [`handle_out`](crate::Channel::handle_out) instead of straight to the
    /// client.
    pub intercepts: &'static [&'static str],
}

impl Table {
    /// The table of a channel that may be joined so, and takes and sends nothing that it could tell of.
    #[must_use]
    pub const fn new(joins: &'static [Join]) -> Self {
        Self { joins, events_in: &[], events_out: &[], intercepts: &[] }
    }

    /// With these events from the client.
    #[must_use]
    pub const fn events_in(self, events_in: &'static [EventIn]) -> Self {
        Self { events_in, ..self }
    }

    /// With these events to the client.
    #[must_use]
    pub const fn events_out(self, events_out: &'static [EventOut]) -> Self {
        Self { events_out, ..self }
    }

    /// With these events intercepted.
    #[must_use]
    pub const fn intercepts(self, intercepts: &'static [&'static str]) -> Self {
        Self { intercepts, ..self }
    }

    /// An event that two `#[handle_in]`, or two `#[handle_out]`, are for.
    pub(crate) const fn repeated_event(&self) -> Option<&'static str> {
        let (events, intercepts) = (self.events_in, self.intercepts);
        let mut i = 0;
        while i < events.len() {
            let mut earlier = 0;
            while earlier < i {
                if is_same(events[i].event, events[earlier].event) {
                    return Some(events[i].event);
                }
                earlier += 1;
            }
            i += 1;
        }
        let mut i = 0;
        while i < intercepts.len() {
            let mut earlier = 0;
            while earlier < i {
                if is_same(intercepts[i], intercepts[earlier]) {
                    return Some(intercepts[i]);
                }
                earlier += 1;
            }
            i += 1;
        }
        None
    }
}

/// Refuses a channel that handles an event twice, while the program compiles. `#[channel]` writes the call where it cannot
/// see the names of all events.
///
/// # Panics
/// If it does.
#[track_caller]
pub const fn refuse_repeated_events(table: &Table, channel: &str) {
    if let Some(event) = table.repeated_event() {
        let text = ConstText::new().and("event \"").and(event).and("\" is handled twice by `");
        panic!("{}", text.and(channel).and("`").as_str())
    }
}

/// One `#[join]` method.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Join {
    /// The name of the method.
    pub method: &'static str,
    /// The topics that it decides on.
    pub pattern: Pattern,
    /// What it takes of the topic, in the order of the pattern.
    pub captures: &'static [Capture],
    /// What it takes of the message; `None` if nothing.
    pub payload: Option<TypeInfo>,
    /// What it answers.
    pub replies: Replies,
}

impl Join {
    /// A join that takes nothing of the topic and the message, and of whose answers nothing is known.
    #[must_use]
    pub const fn new(method: &'static str, pattern: Pattern) -> Self {
        Self { method, pattern, captures: &[], payload: None, replies: Replies::Untyped }
    }

    /// With these captures.
    #[must_use]
    pub const fn captures(self, captures: &'static [Capture]) -> Self {
        Self { captures, ..self }
    }

    /// With a payload of this type.
    #[must_use]
    pub const fn payload(self, ty: TypeInfo) -> Self {
        Self { payload: Some(ty), ..self }
    }

    /// With these answers.
    #[must_use]
    pub const fn replies(self, replies: Replies) -> Self {
        Self { replies, ..self }
    }
}

/// What a `#[join]` method takes of the topic.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Capture {
    /// The name between the braces of the pattern.
    pub name: &'static str,
    /// What the text is read as.
    pub ty: TypeInfo,
}

impl Capture {
    /// The capture `name`, read as this type.
    #[must_use]
    pub const fn new(name: &'static str, ty: TypeInfo) -> Self {
        Self { name, ty }
    }
}

/// One `#[handle_in]` method.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventIn {
    /// The event's name on the wire.
    pub event: &'static str,
    /// The name of the method.
    pub method: &'static str,
    /// What it takes of the message; `None` if nothing.
    pub payload: Option<TypeInfo>,
    /// What it answers.
    pub replies: Replies,
}

impl EventIn {
    /// An event that brings nothing and has no answer.
    #[must_use]
    pub const fn new(event: &'static str, method: &'static str) -> Self {
        Self { event, method, payload: None, replies: Replies::None }
    }

    /// With a payload of this type.
    #[must_use]
    pub const fn payload(self, ty: TypeInfo) -> Self {
        Self { payload: Some(ty), ..self }
    }

    /// With these answers.
    #[must_use]
    pub const fn replies(self, replies: Replies) -> Self {
        Self { replies, ..self }
    }
}

/// One event that a channel sends.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct EventOut {
    /// The event's name on the wire.
    pub event: &'static str,
    /// What it carries; `None` if that is not declared.
    pub payload: Option<TypeInfo>,
}

impl EventOut {
    /// What a constant names.
    #[must_use]
    pub const fn of<P: ?Sized>(event: &Event<P>) -> Self {
        Self { event: event.name(), payload: Some(TypeInfo::of::<P>()) }
    }

    /// An event that may carry anything.
    #[must_use]
    pub const fn new(event: &'static str) -> Self {
        Self { event, payload: None }
    }

    /// With a payload of this type.
    #[must_use]
    pub const fn payload(self, ty: TypeInfo) -> Self {
        Self { payload: Some(ty), ..self }
    }
}

/// What a method answers the client, as its return type tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Replies {
    /// Nothing.
    None,
    /// `ok` or `error`, with responses of these types.
    Typed {
        /// The response of an `ok`.
        ok: TypeInfo,
        /// The response of an `error`.
        error: TypeInfo,
    },
    /// Some answer, of which the type tells nothing.
    Untyped,
}

impl Replies {
    /// Those of a `Result<T, E>`.
    #[must_use]
    pub const fn of<T: ?Sized, E: ?Sized>() -> Self {
        Self::Typed { ok: TypeInfo::of::<T>(), error: TypeInfo::of::<E>() }
    }
}

/// A type in a table.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    // The name itself cannot be had in a constant.
    name: fn() -> &'static str,
}

impl TypeInfo {
    /// That of `T`.
    #[must_use]
    pub const fn of<T: ?Sized>() -> Self {
        Self { name: type_name::<T> }
    }

    /// The name with its path, for people to read; see [`std::any::type_name`].
    #[must_use]
    pub fn name(self) -> &'static str {
        (self.name)()
    }
}

/// Every type, as it stands in a table.
///
/// ```
/// use phx_runtime::{TypeInfo, Typed};
///
/// assert_eq!(u64::TYPE, TypeInfo::of::<u64>());
/// ```
pub trait Typed {
    /// This type.
    const TYPE: TypeInfo;
}

impl<T: ?Sized> Typed for T {
    const TYPE: TypeInfo = TypeInfo::of::<T>();
}

impl PartialEq for TypeInfo {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for TypeInfo {}

impl fmt::Debug for TypeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
