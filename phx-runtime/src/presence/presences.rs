//! Who is present, to read and to send on.

use super::meta::write_string;
use super::roster::{Keys, Known};
use crate::payload::{EncodeError, Payload, PayloadError, ToPayload};
use serde::de::DeserializeOwned;
use std::collections::btree_map;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Who is present at a topic, by key, as of one moment; from [`Context::presences`](crate::Context::presences) or
/// [`Presence::list`](crate::Presence::list). Cloning is cheap.
///
/// Pushed as `presence_state`, it is what `Presence` of phoenix.js takes:
/// `{"jose": {"metas": [{"phx_ref": "…", "status": "online"}]}}`. Keys for which
/// [`PresenceCallbacks::fetch`](crate::PresenceCallbacks::fetch) has yet to find something are left out of that, so that
/// clients never see them without: they get them with the diff that follows.
///
/// ```
/// # use phx_runtime::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let endpoint = Endpoint::builder().build()?;
/// let bot = endpoint.presence().track("room:1", "bot", &serde_json::json!({"status": "idle"}))?;
///
/// #[derive(serde::Deserialize)]
/// struct Meta { status: String }
///
/// let list = endpoint.presence().list("room:1");
/// assert_eq!(list.len(), 1);
/// for present in &list {
///     for meta in present.metas::<Meta>()? {
///         println!("{} is {}", present.key(), meta.status);
///     }
/// }
/// # drop(bot);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Presences(Arc<Listed>);

struct Listed {
    keys: Keys,
    /// Written when it is first sent.
    json: OnceLock<Payload>,
}

impl Presences {
    pub(super) fn new(keys: Keys) -> Self {
        Self(Arc::new(Listed { keys, json: OnceLock::new() }))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.keys.len()
    }

    /// Whether nobody is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.keys.is_empty()
    }

    /// What is known of a key, if it is there.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Present> {
        let (key, known) = self.0.keys.get_key_value(key)?;
        Some(Present { key: Arc::clone(key), known: Arc::clone(known) })
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys.keys().map(|key| &**key)
    }

    /// Everyone, in the order of the keys.
    #[must_use]
    pub fn iter(&self) -> PresencesIter<'_> {
        self.into_iter()
    }

    fn payload(&self) -> &Payload {
        self.0.json.get_or_init(|| {
            let mut json = String::with_capacity(self.room());
            self.write(&mut json);
            Payload::from_trusted(json.into())
        })
    }

    fn for_clients(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Known>)> {
        self.0.keys.iter().filter(|(_, known)| !known.is_bare)
    }

    /// How long the JSON gets, unless a key has to be escaped.
    fn room(&self) -> usize {
        let keys = self.for_clients().map(|(key, known)| key.len() + known.room());
        2 + keys.sum::<usize>()
    }

    fn write(&self, json: &mut String) {
        json.push('{');
        for (place, (key, known)) in self.for_clients().enumerate() {
            if place > 0 {
                json.push(',');
            }
            write_string(json, key);
            json.push(':');
            known.write(json);
        }
        json.push('}');
    }
}

impl Known {
    fn room(&self) -> usize {
        let metas = self.metas.iter().map(|entry| entry.meta.as_json().len() + 1);
        let extra = self.extra.as_ref().map_or(0, |extra| extra.as_str().len());
        // Quotes, colon, comma, and what stands around the metas.
        metas.sum::<usize>() + extra + 4 + r#"{"metas":[]}"#.len()
    }

    fn write(&self, json: &mut String) {
        json.push_str(r#"{"metas":["#);
        for (place, entry) in self.metas.iter().enumerate() {
            if place > 0 {
                json.push(',');
            }
            json.push_str(entry.meta.as_json());
        }
        json.push(']');
        if let Some(extra) = &self.extra {
            json.push_str(extra.as_str());
        }
        json.push('}');
    }
}

impl<'p> IntoIterator for &'p Presences {
    type Item = Present;
    type IntoIter = PresencesIter<'p>;

    fn into_iter(self) -> PresencesIter<'p> {
        PresencesIter(self.0.keys.iter())
    }
}

/// Goes through a [`Presences`], in the order of the keys.
#[derive(Debug)]
pub struct PresencesIter<'p>(btree_map::Iter<'p, Arc<str>, Arc<Known>>);

impl Iterator for PresencesIter<'_> {
    type Item = Present;

    fn next(&mut self) -> Option<Present> {
        let (key, known) = self.0.next()?;
        Some(Present { key: Arc::clone(key), known: Arc::clone(known) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl ToPayload for Presences {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        Ok(self.payload().clone())
    }
}

impl fmt::Debug for Presences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|present| (present.key, present.known))).finish()
    }
}

/// One key that is present, with a meta for each channel that has tracked it: two for a user with two tabs.
#[derive(Clone)]
pub struct Present {
    key: Arc<str>,
    known: Arc<Known>,
}

impl Present {
    pub(super) fn new((key, known): (Arc<str>, Arc<Known>)) -> Self {
        Self { key, known }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// How many metas there are, at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.known.metas.len()
    }

    /// The metas, the oldest first, read as an `M`: what was tracked, and `phx_ref`.
    ///
    /// # Errors
    /// When one of them does not fit.
    pub fn metas<M: DeserializeOwned>(&self) -> Result<Vec<M>, PayloadError> {
        let metas = self.known.metas.iter().map(|entry| serde_json::from_str(entry.meta.as_json()));
        Ok(metas.collect::<Result<_, _>>()?)
    }

    /// What [`PresenceCallbacks::fetch`](crate::PresenceCallbacks::fetch) has found for the key, if anything.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn fetched<E: DeserializeOwned>(&self) -> Result<Option<E>, PayloadError> {
        let Some(extra) = &self.known.extra else { return Ok(None) };
        let object = ["{", extra.as_str().trim_start_matches(','), "}"].concat();
        Ok(Some(serde_json::from_str(&object)?))
    }
}

/// As in a [`Presences`]: `{"metas": […]}`.
impl ToPayload for Present {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        let mut json = String::with_capacity(self.known.room());
        self.known.write(&mut json);
        Ok(Payload::from_trusted(json.into()))
    }
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Present").field("key", &self.key).field("known", &self.known).finish()
    }
}

/// What has changed at a topic: the payload of `presence_diff`, as
/// [`PresenceCallbacks::handle_metas`](crate::PresenceCallbacks::handle_metas) gets it.
///
/// Each side has only the metas that came or went, not all that their keys have. An update is one that went and one
/// that came; a meta that came and went between two diffs stands on both sides.
#[derive(Debug, Clone)]
pub struct PresenceDiff {
    joins: Presences,
    leaves: Presences,
}

impl PresenceDiff {
    pub(super) fn new(joins: Presences, leaves: Presences) -> Self {
        Self { joins, leaves }
    }

    /// The metas that have come.
    #[must_use]
    pub fn joins(&self) -> &Presences {
        &self.joins
    }

    /// The metas that have gone.
    #[must_use]
    pub fn leaves(&self) -> &Presences {
        &self.leaves
    }
}

impl ToPayload for PresenceDiff {
    fn to_payload(&self) -> Result<Payload, EncodeError> {
        let parts = [r#"{"joins":"#, r#","leaves":"#, "}"];
        let room =
            self.joins.room() + self.leaves.room() + parts.iter().map(|part| part.len()).sum::<usize>();
        let mut json = String::with_capacity(room);
        json.push_str(parts[0]);
        self.joins.write(&mut json);
        json.push_str(parts[1]);
        self.leaves.write(&mut json);
        json.push_str(parts[2]);
        Ok(Payload::from_trusted(json.into()))
    }
}
