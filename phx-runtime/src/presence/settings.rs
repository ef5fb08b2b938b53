//! How presence is set up.

use super::callbacks::{AnyCallbacks, PresenceCallbacks};
use crate::builder::EndpointBuilder;
use std::sync::Arc;
use std::time::Duration;

/// Longer than anybody waits for anybody.
const MAX_GRACE: Duration = Duration::from_hours(24);

pub(crate) struct Settings {
    pub(super) callbacks: Option<Arc<dyn AnyCallbacks>>,
    pub(super) grace: Duration,
    pub(super) timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { callbacks: None, grace: Duration::ZERO, timeout: Duration::from_secs(5) }
    }
}

impl EndpointBuilder {
    /// What the application adds to presence: see [`PresenceCallbacks`]. Presence works without, too.
    pub fn presence(mut self, callbacks: impl PresenceCallbacks) -> Self {
        self.presence.callbacks = Some(Arc::new(callbacks));
        self
    }

    /// How long somebody stays present whose connection is lost or whose channel crashes. Who comes back with the same
    /// key in that time has never been away: nobody is told anything, or if the new meta says something else, of an
    /// update. Who leaves the channel, or is [untracked](crate::Context::untrack), or whose channel
    /// [stops](crate::Context::stop) in good order, is away at once. So long too stays who
    /// is [disconnected](crate::Endpoint::disconnect). At most 100,000 are waited for at a time, and a day at most.
    ///
    /// Default zero: as in Phoenix, everybody who reconnects leaves and joins. phoenix.js reconnects after 10 ms at the
    /// earliest, and joins again after a crash in 1 s.
    ///
    /// ```
    /// # use phx_runtime::prelude::*;
    /// use std::time::Duration;
    ///
    /// # fn main() -> Result<(), EndpointError> {
    /// let endpoint = Endpoint::builder().presence_grace(Duration::from_secs(5)).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn presence_grace(mut self, grace: Duration) -> Self {
        self.presence.grace = grace.min(MAX_GRACE);
        self
    }

    /// How long each call of a [`PresenceCallbacks`] may take before it is given up, so that who comes and goes is told.
    /// Default 5 s.
    pub fn presence_timeout(mut self, timeout: Duration) -> Self {
        self.presence.timeout = timeout;
        self
    }
}
