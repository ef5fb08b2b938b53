//! Who is present at one topic, and what of it nobody has been told yet.

use super::changes::{Change, Changes, Untold};
use super::meta::{Fields, Meta, Refs};
use super::presences::Presences;
use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;
use tokio::time::Instant;

/// Whose an entry is. Together with the topic and the key it names the entry, on all nodes.
///
/// A channel has one, and so has whatever else is tracked. They are given out in order, and the metas of a key stand in
/// that order, as in Phoenix, where it is that of the processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holder {
    /// The node that the entry belongs to, and leaves with: so far there is only this one.
    node: u16,
    channel: u64,
}

impl Holder {
    pub(crate) const fn local(channel: u64) -> Self {
        Self { node: 0, channel }
    }

    /// What is random in a ref: 16 bits of the node and 16 of the channel.
    pub(super) fn hash(self) -> u32 {
        let [.., high, low] = self.channel.to_be_bytes();
        u32::from(self.node) << 16 | u32::from(u16::from_be_bytes([high, low]))
    }
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    holder: Holder,
    pub(super) meta: Meta,
    /// Its holder is gone, and it waits so long for another to take it over.
    held_until: Option<Instant>,
}

/// Everything that is known of a key.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// In the order of their holders.
    pub(super) metas: Vec<Entry>,
    /// What was fetched for the key.
    pub(super) extra: Option<Fields>,
    /// Nothing has been fetched for it yet, and something will be: until then it is not for clients.
    pub(super) is_bare: bool,
}

/// In order, so that a list looks the same wherever it is made.
pub(super) type Keys = BTreeMap<Arc<str>, Arc<Known>>;

#[derive(Default)]
pub(super) struct Roster {
    keys: Keys,
    /// As it is now, once somebody has asked.
    list: Option<Presences>,
    changes: Changes,
    /// The entries whose holders are gone, by when they leave.
    held: BTreeSet<(Instant, Holder, Arc<str>)>,
}

impl Known {
    fn of(&self, holder: Holder) -> Option<usize> {
        self.metas.iter().position(|entry| entry.holder == holder)
    }

    fn insert(&mut self, entry: Entry) {
        if self.metas.is_empty() {
            // Most keys have one meta.
            self.metas.reserve_exact(1);
        }
        let place = self.metas.partition_point(|other| other.holder < entry.holder);
        self.metas.insert(place, entry);
    }
}

impl Roster {
    /// Adds an entry, unless it is there already. One that is held back, with the same key, is taken over: if it says
    /// the same, nothing has changed for anybody. A key that is new stands [bare](Known::is_bare) if it will be fetched for.
    pub(super) fn track(
        &mut self,
        holder: Holder,
        key: Arc<str>,
        fields: &Fields,
        refs: &Refs,
        fetches: bool,
    ) -> bool {
        let Self { keys, list, changes, held } = self;
        let (key, known) = match keys.entry(key) {
            Place::Occupied(place) => (Arc::clone(place.key()), Arc::make_mut(place.into_mut())),
            Place::Vacant(place) => {
                let known = Known { is_bare: fetches, ..Known::default() };
                (Arc::clone(place.key()), Arc::make_mut(place.insert(Arc::new(known))))
            }
        };
        if known.of(holder).is_some() {
            return false;
        }
        *list = None;
        let is_held = |entry: &Entry| entry.held_until.is_some();
        let same = known.metas.iter().position(|entry| is_held(entry) && entry.meta.says(fields));
        let entry = |meta| Entry { holder, meta, held_until: None };
        let Some(taken_over) = same.or_else(|| known.metas.iter().position(is_held)) else {
            let entry = entry(Meta::new(&refs.next(holder), fields));
            known.insert(entry.clone());
            let extra = known.extra.clone();
            changes.note(Change { key, joins: Some(entry), leaves: None, extra });
            return true;
        };
        let old = known.metas.remove(taken_over);
        forget_held(held, &old, &key);
        if same.is_some() {
            known.insert(entry(old.meta));
            return true;
        }
        let new = entry(old.meta.successor(&refs.next(holder), fields));
        known.insert(new.clone());
        let extra = known.extra.clone();
        changes.note(Change { key, joins: Some(new), leaves: Some(old), extra });
        true
    }

    /// Replaces what an entry says, if there is one.
    pub(super) fn update(&mut self, holder: Holder, key: &str, fields: &Fields, refs: &Refs) -> bool {
        let Self { keys, list, changes, .. } = self;
        let Some((key, known, place)) = find(keys, holder, key) else { return false };
        let entry = &mut known.metas[place];
        let meta = entry.meta.successor(&refs.next(holder), fields);
        let old = Entry { meta: mem::replace(&mut entry.meta, meta), ..*entry };
        let (joins, leaves) = (Some(entry.clone()), Some(old));
        changes.note(Change { key, joins, leaves, extra: known.extra.clone() });
        *list = None;
        true
    }

    /// Removes an entry, if there is one.
    pub(super) fn leave(&mut self, holder: Holder, key: &str) -> bool {
        let Self { keys, list, changes, held } = self;
        let Some((key, known, place)) = find(keys, holder, key) else { return false };
        let entry = known.metas.remove(place);
        forget_held(held, &entry, &key);
        let extra = known.extra.clone();
        if known.metas.is_empty() {
            keys.remove(&key);
        }
        changes.note(Change { key, joins: None, leaves: Some(entry), extra });
        *list = None;
        true
    }

    /// Keeps an entry whose holder is gone, until it is taken over, or leaves after all.
    pub(super) fn hold(&mut self, holder: Holder, key: &str, until: Instant) -> bool {
        let Some((key, known, place)) = find(&mut self.keys, holder, key) else { return false };
        known.metas[place].held_until = Some(until);
        self.held.insert((until, holder, key));
        true
    }

    /// Lets those leave that nobody has taken over in time.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((until, ..)) = self.held.first()
            && *until <= now
            && let Some((_, holder, key)) = self.held.pop_first()
        {
            self.leave(holder, &key);
        }
    }

    /// When the next of those leaves.
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.first().map(|(until, ..)| *until)
    }

    /// How many of those there are.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// Keeps what was fetched for a key, if that is still there.
    pub(super) fn enrich(&mut self, key: &str, extra: Option<&Fields>) {
        if let Some(known) = self.keys.get_mut(key)
            && (known.is_bare || known.extra.as_ref() != extra)
        {
            let known = Arc::make_mut(known);
            known.extra = extra.cloned();
            known.is_bare = false;
            self.list = None;
        }
    }

    /// Whether something has yet to be fetched for a key.
    pub(super) fn is_bare(&self, key: &str) -> bool {
        self.keys.get(key).is_some_and(|known| known.is_bare)
    }

    pub(super) fn get(&self, key: &str) -> Option<(Arc<str>, Arc<Known>)> {
        self.keys.get_key_value(key).map(|(key, known)| (Arc::clone(key), Arc::clone(known)))
    }

    /// What an entry says.
    pub(super) fn meta(&self, holder: Holder, key: &str) -> Option<Meta> {
        let known = self.keys.get(key)?;
        Some(known.metas[known.of(holder)?].meta.clone())
    }

    pub(super) fn list(&mut self) -> Presences {
        self.list.get_or_insert_with(|| Presences::new(self.keys.clone())).clone()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    /// What goes into the next diff, if anything has changed.
    pub(super) fn take_changes(&mut self) -> Option<Untold> {
        self.changes.take()
    }
}

fn forget_held(held: &mut BTreeSet<(Instant, Holder, Arc<str>)>, entry: &Entry, key: &Arc<str>) {
    if let Some(until) = entry.held_until {
        held.remove(&(until, entry.holder, Arc::clone(key)));
    }
}

fn find<'k>(keys: &'k mut Keys, holder: Holder, key: &str) -> Option<(Arc<str>, &'k mut Known, usize)> {
    let key = Arc::clone(keys.get_key_value(key)?.0);
    let known = keys.get_mut(&key)?;
    let place = known.of(holder)?;
    Some((key, Arc::make_mut(known), place))
}
