//! What an event is called, and what it carries.

use crate::broadcast::Broadcast;
use crate::not_inferred::NotInferred;
use crate::payload::{FromPayload, PayloadError};
use std::fmt;
use std::marker::PhantomData;

/// The name of an event together with the type of its payload, as an associated constant of a channel.
///
/// Whoever sends it can neither misspell it nor send something else along, and `#[handle_in]` and `#[handle_out]` take
/// the constant in place of the name. What is pushed or broadcast must be a JSON object or
/// [`Binary`](crate::Binary), as with a string: an `Event<u64>` can only come in.
///
/// ```
/// use phx_runtime::prelude::*;
/// use serde::{Deserialize, Serialize};
/// # struct UserSocket;
/// # #[socket] impl Socket for UserSocket {
/// #     channel!("room:*", Room);
/// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
/// # }
///
/// #[derive(Serialize, Deserialize)]
/// struct NewMsg { body: String }
///
/// struct Room;
///
/// #[channel(socket = UserSocket)]
/// impl Room {
///     pub const NEW_MSG: Event<NewMsg> = Event::new("new_msg");
///
///     #[join("room:{id}")]
///     fn join(id: u64) -> Result<Self, Refused> { let _ = id; Ok(Room) }
///
///     #[handle_in(Self::NEW_MSG)]
///     fn new_msg(&mut self, msg: NewMsg, ctx: &mut Context<Self>) {
///         ctx.broadcast(Self::NEW_MSG, &msg);
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let endpoint = Endpoint::builder().socket::<UserSocket>("/socket").build()?;
/// endpoint.broadcast(Room::topic(7), Room::NEW_MSG, &NewMsg { body: "from outside".into() })?;
/// # Ok(())
/// # }
/// ```
///
/// Something else along with it does not compile:
///
/// ```compile_fail,E0308
/// # use phx_runtime::{Event, prelude::*};
/// # fn send(endpoint: &Endpoint) {
/// # #[derive(serde::Serialize)] struct NewMsg { body: String }
/// const NEW_MSG: Event<NewMsg> = Event::new("new_msg");
/// let _ = endpoint.broadcast("room:7", NEW_MSG, "hello");
/// # }
/// ```
pub struct Event<P: ?Sized> {
    name: &'static str,
    payload: PhantomData<fn(&P)>,
}

impl<P: ?Sized> Event<P> {
    /// The event that is called `name` on the wire.
    ///
    /// # Panics
    /// If the name begins with `phx_`, which belongs to the protocol. In a constant, that is a compile error.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        assert!(
            !matches!(name.as_bytes(), [b'p', b'h', b'x', b'_', ..]),
            "event names that start with `phx_` belong to the protocol"
        );
        Self { name, payload: PhantomData }
    }

    /// The event's name on the wire.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The same, for who takes a `T` of what it carries. `#[channel]` asks for it.
    #[must_use]
    pub const fn name_for<T: CarriedBy<P> + ?Sized>(&self) -> &'static str {
        self.name
    }
}

impl<P: FromPayload> Event<P> {
    /// What a broadcast carries, decoded, or `None` if it is of another event.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # struct UserSocket;
    /// # #[socket] impl Socket for UserSocket {
    /// #     async fn connect(_: NoParams, _: &ConnectInfo) -> Result<Self, Refused> { Ok(Self) }
    /// # }
    /// # #[derive(serde::Serialize, serde::Deserialize)] struct Moved { to: u8 }
    /// # struct Board;
    /// #[channel(socket = UserSocket)]
    /// impl Board {
    ///     const MOVED: Event<Moved> = Event::new("moved");
    /// #   #[join("board:*")] fn join() -> Result<Self, Refused> { Ok(Board) }
    ///
    ///     // Of a topic that the channel has subscribed to.
    ///     #[handle_info]
    ///     fn elsewhere(&mut self, broadcast: Broadcast) {
    ///         if let Some(Ok(moved)) = Self::MOVED.read(&broadcast) {
    ///             println!("somebody moved to {}", moved.to);
    ///         }
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn read(&self, broadcast: &Broadcast) -> Option<Result<P, PayloadError>> {
        (broadcast.event() == self.name).then(|| P::from_payload(broadcast.payload().clone()))
    }
}

/// Implemented by the `P` that an [`Event<P>`](Event) carries, and by nothing else.
#[diagnostic::on_unimplemented(
    message = "this event does not carry a `{Self}`",
    label = "it carries a `{P}`",
    note = "take what the constant says, a `{P}`, or a `Payload` to decode it yourself"
)]
pub trait CarriedBy<P: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<P: ?Sized> CarriedBy<P> for P {}

// Or rustc would infer what the event carries from what somebody takes of it, and report that the constant is another.
#[diagnostic::do_not_recommend]
impl<P: ?Sized> CarriedBy<NotInferred<P>> for P {}

impl<P: ?Sized> Clone for Event<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: ?Sized> Copy for Event<P> {}

impl<P: ?Sized> fmt::Debug for Event<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Event").field(&self.name).finish()
    }
}

/// What names an event to send with a payload `P`: any string, which goes with any payload, or an [`Event<P>`].
///
/// ```
/// use phx_runtime::{Event, EventName};
///
/// assert_eq!(EventName::<()>::name(&"new_msg"), "new_msg");
/// assert_eq!(EventName::<()>::name(&format!("{}_msg", "new")), "new_msg");
/// assert_eq!(EventName::<u64>::name(&Event::<u64>::new("counted")), "counted");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name an event with the payload `{P}`",
    label = "not an event with this payload",
    note = "an event is named by a string, which goes with any payload, or by a constant of type `Event<{P}>`"
)]
pub trait EventName<P: ?Sized> {
    /// The event's name on the wire.
    fn name(&self) -> &str;
}

#[diagnostic::do_not_recommend]
impl<P: ?Sized, S: AsRef<str>> EventName<P> for S {
    fn name(&self) -> &str {
        self.as_ref()
    }
}

impl<P: ?Sized> EventName<P> for Event<P> {
    fn name(&self) -> &str {
        self.name
    }
}
