//! What an application adds to presence: what it knows of the keys, and what it does when they come and go.

use super::meta::Fields;
use super::presences::{PresenceDiff, Presences};
use crate::endpoint::Endpoint;
use crate::payload::ToPayload;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::error::Error;
use std::future::{Future, ready};

/// Reacts to who comes and goes, for all topics of an endpoint; given to
/// [`EndpointBuilder::presence`](crate::EndpointBuilder::presence). Phoenix: the callbacks of `Phoenix.Presence`.
///
/// Those of one topic run one after the other, those of different topics side by side. Each may take
/// [`EndpointBuilder::presence_timeout`](crate::EndpointBuilder::presence_timeout); one that takes longer, fails or
/// panics is logged, and clients hear of who comes and goes all the same: after that time, and without what was to be
/// found. It is asked for again when the key comes or is updated the next time.
///
/// ```
/// use phx_runtime::{PresenceCallbacks, PresenceDiff, Presences, prelude::*};
/// use std::collections::HashMap;
///
/// struct Users { /* a pool of database connections */ }
///
/// #[derive(serde::Serialize)]
/// struct User { name: String }
///
/// #[derive(serde::Serialize)]
/// struct Beside { user: User }
///
/// impl PresenceCallbacks for Users {
///     type Extra = Beside;
///
///     // One query for all that join at once. Clients get `{"metas": […], "user": {"name": "…"}}`.
///     async fn fetch(
///         &self,
///         _topic: &str,
///         joined: &Presences,
///     ) -> Result<HashMap<String, Beside>, Box<dyn std::error::Error + Send + Sync>> {
///         let beside = |id: &str| Beside { user: User { name: format!("user {id}") } };
///         Ok(joined.keys().map(|id| (id.to_owned(), beside(id))).collect())
///     }
///
///     async fn handle_metas(&self, topic: &str, diff: &PresenceDiff, endpoint: &Endpoint) {
///         for present in diff.leaves().iter() {
///             if endpoint.presence().get_by_key(topic, present.key()).is_none() {
///                 println!("{} has left {topic} with the last tab", present.key());
///             }
///         }
///     }
/// }
///
/// # fn main() -> Result<(), EndpointError> {
/// let endpoint = Endpoint::builder().presence(Users {}).build()?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` adds nothing to presence",
    label = "has no callbacks of presence",
    note = "write `impl PresenceCallbacks for {Self} {{ type Extra = …; … }}`, with `fetch`, `handle_metas` or both"
)]
pub trait PresenceCallbacks: Send + Sync + 'static {
    /// What stands beside the `metas` of a key: a struct or map, whose fields do. `()` for nothing.
    type Extra: ToPayload + Send;

    /// Finds what is to be told of these keys besides what was tracked; keys that are left out get nothing.
    ///
    /// It is called once for all that joined or updated at about the same time, and what it finds is kept for as long
    /// as the key is present: for lists, and for when it leaves. (Phoenix calls it for each list and leave too.) Until
    /// it is done, clients hear nothing of a key that is new, be it by the diff or by a list; a channel that wants its
    /// own in the list waits for it with [`Context::fetched_presences`](crate::Context::fetched_presences).
    fn fetch(
        &self,
        topic: &str,
        joined: &Presences,
    ) -> impl Future<Output = Result<HashMap<String, Self::Extra>, Box<dyn Error + Send + Sync>>> + Send {
        let _ = (topic, joined);
        ready(Ok(HashMap::new()))
    }

    /// Does what the server has to do when somebody comes or goes, after the clients have been told. By then others may
    /// have come or gone: [`Endpoint::presence`] says who is there now.
    fn handle_metas(
        &self,
        topic: &str,
        diff: &PresenceDiff,
        endpoint: &Endpoint,
    ) -> impl Future<Output = ()> + Send {
        let _ = (topic, diff, endpoint);
        ready(())
    }
}

/// What was fetched, ready to be written.
pub(super) type Extras = HashMap<String, Fields>;

/// The callbacks of any type.
pub(super) trait AnyCallbacks: Send + Sync {
    fn fetch<'a>(
        &'a self,
        topic: &'a str,
        joined: &'a Presences,
    ) -> BoxFuture<'a, Result<Extras, Box<dyn Error + Send + Sync>>>;

    fn handle_metas<'a>(
        &'a self,
        topic: &'a str,
        diff: &'a PresenceDiff,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, ()>;
}

impl<P: PresenceCallbacks> AnyCallbacks for P {
    fn fetch<'a>(
        &'a self,
        topic: &'a str,
        joined: &'a Presences,
    ) -> BoxFuture<'a, Result<Extras, Box<dyn Error + Send + Sync>>> {
        async move {
            let found = PresenceCallbacks::fetch(self, topic, joined).await?;
            let mut extras = Extras::new();
            for (key, extra) in found {
                match extra.to_payload().and_then(|extra| Fields::of_extra(&extra)) {
                    Ok(fields) => _ = extras.insert(key, fields),
                    Err(error) => {
                        let error = error.to_string();
                        tracing::error!(topic, key, error, "what `fetch` found for a key cannot be told");
                    }
                }
            }
            Ok(extras)
        }
        .boxed()
    }

    fn handle_metas<'a>(
        &'a self,
        topic: &'a str,
        diff: &'a PresenceDiff,
        endpoint: &'a Endpoint,
    ) -> BoxFuture<'a, ()> {
        async move { PresenceCallbacks::handle_metas(self, topic, diff, endpoint).await }.boxed()
    }
}
