//! What names a topic to send to or to listen to.

/// Any string: the topic of a broadcast or a subscription.
///
/// ```
/// use phx_runtime::TopicName;
///
/// assert_eq!("room:7".name(), "room:7");
/// assert_eq!(format!("room:{}", 7).name(), "room:7");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a topic",
    label = "not a topic",
    note = "a topic is a string, and stands before the event; what builds one of text returns a `Result`: write `?` after it"
)]
pub trait TopicName {
    /// The topic.
    fn name(&self) -> &str;
}

#[diagnostic::do_not_recommend]
impl<S: AsRef<str>> TopicName for S {
    fn name(&self) -> &str {
        self.as_ref()
    }
}
