//! Who is present where, for code inside and outside of channels.

mod callbacks;
mod changes;
mod in_channel;
mod meta;
mod presences;
mod roster;
mod settings;
mod teller;
#[cfg(test)]
mod tests;
mod topic;
mod tracked;
mod tracker;

pub use callbacks::PresenceCallbacks;
pub(crate) use in_channel::NotTracked;
pub use presences::{PresenceDiff, Presences, PresencesIter, Present};
pub(crate) use settings::Settings;
pub(crate) use tracked::Holding;
pub use tracked::Tracked;

use crate::endpoint::Endpoint;
use crate::payload::{EncodeError, ToPayload};
use crate::pubsub::PubSub;
use crate::topic_name::TopicName;
use meta::Fields;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tracker::Tracker;

/// Who is present at the topics of an endpoint; from [`Endpoint::presence`] and, in a channel,
/// [`Context::presence`](crate::Context::presence). How a channel becomes present is told at
/// [`Context::track`](crate::Context::track).
///
/// ```
/// # use phx_runtime::prelude::*;
/// # fn main() -> Result<(), EndpointError> {
/// # let endpoint = Endpoint::builder().build()?;
/// let presence = endpoint.presence();
/// println!("{} users in the lobby", presence.count("room:lobby"));
/// if presence.get_by_key("room:lobby", "jose").is_some() {
///     println!("jose is one of them");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Presence {
    tracker: Arc<Tracker>,
}

impl Presence {
    pub(crate) fn new(pubsub: &Arc<PubSub>, settings: Settings) -> Self {
        Self { tracker: Tracker::new(pubsub, settings) }
    }

    /// For a channel that has tracked nothing yet.
    pub(crate) fn holding(&self, topic: &Arc<str>) -> Holding {
        Holding::new(&self.tracker, Arc::clone(topic))
    }

    /// Lets callbacks know their endpoint.
    pub(crate) fn belongs_to(&self, endpoint: &Endpoint) {
        self.tracker.belongs_to(endpoint);
    }

    /// Everyone who is present at a topic.
    ///
    /// Those of whom clients have yet to be told, because [`PresenceCallbacks::fetch`] looks for something, are in it
    /// without, and not in what is [sent](Presences) of it.
    #[must_use]
    pub fn list(&self, topic: impl TopicName) -> Presences {
        let list = self.tracker.read(topic.name(), roster::Roster::list);
        list.unwrap_or_else(|| Presences::new(BTreeMap::new()))
    }

    /// What is known of one key at a topic; `None` if it is not there.
    #[must_use]
    pub fn get_by_key(&self, topic: impl TopicName, key: impl AsRef<str>) -> Option<Present> {
        self.tracker.read(topic.name(), |roster| roster.get(key.as_ref())).flatten().map(Present::new)
    }

    /// How many keys are present at a topic, as [`Presences::len`] of the list, which is not made for it.
    #[must_use]
    pub fn count(&self, topic: impl TopicName) -> usize {
        self.tracker.read(topic.name(), |roster| roster.len()).unwrap_or_default()
    }

    /// Makes something present that is no channel, until the [`Tracked`] that comes back is dropped. Each call adds a
    /// meta of its own.
    ///
    /// A channel that is to be present at another topic than its own can keep one: from
    /// [`Context::presence`](crate::Context::presence), in a field of its own.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// let bot = endpoint.presence().track("room:lobby", "bot", &serde_json::json!({"mood": "helpful"}))?;
    /// bot.update(&serde_json::json!({"mood": "busy"}))?;
    /// drop(bot);
    /// assert_eq!(endpoint.presence().count("room:lobby"), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Where no tokio runtime is, others are told before this returns, and [`PresenceCallbacks`] hear nothing.
    ///
    /// # Errors
    /// When the meta is not a JSON object.
    pub fn track<P: ToPayload + ?Sized>(
        &self,
        topic: impl TopicName,
        key: impl fmt::Display,
        meta: &P,
    ) -> Result<Tracked, EncodeError> {
        let fields = Fields::of_meta(&meta.to_payload()?)?;
        let holding = Holding::new(&self.tracker, topic.name().into());
        Ok(Tracked::new(holding, key.to_string(), &fields))
    }
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence").finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Who is present at the topics of this endpoint.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// # fn main() -> Result<(), EndpointError> {
    /// # let endpoint = Endpoint::builder().build()?;
    /// for present in &endpoint.presence().list("room:lobby") {
    ///     println!("{} is here {} times", present.key(), present.count());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn presence(&self) -> &Presence {
        &self.hub.presence
    }
}
