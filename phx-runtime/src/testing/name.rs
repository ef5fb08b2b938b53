//! What names an event that is not looked into.

use crate::event::Event;

/// The name of an event: any string, or an [`Event`], whatever it carries.
///
/// ```
/// use phx_runtime::Event;
/// use phx_runtime::testing::AnyEvent;
///
/// assert_eq!("said".any_name(), "said");
/// assert_eq!(Event::<u64>::new("counted").any_name(), "counted");
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` does not name an event", label = "not an event")]
pub trait AnyEvent {
    /// The event's name on the wire.
    fn any_name(&self) -> &str;
}

#[diagnostic::do_not_recommend]
impl<S: AsRef<str>> AnyEvent for S {
    fn any_name(&self) -> &str {
        self.as_ref()
    }
}

impl<P: ?Sized> AnyEvent for Event<P> {
    fn any_name(&self) -> &str {
        self.name()
    }
}
