//! Who is present at one topic, and what of it nobody has been told yet.

use super::meta::{Fields, Meta, Refs};
use super::presences::{PresenceDiff, Presences};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::mem;
use std::sync::Arc;

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
    /// Its holder is gone, and it waits for another to take it over.
    is_held: bool,
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
}

/// What has changed since it was last told. A meta that has come and gone stands in both: a client may know it from a
/// list.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) joins: Keys,
    pub(super) leaves: Keys,
    metas: usize,
}

impl Changes {
    /// How many metas have come or gone.
    pub(super) fn len(&self) -> usize {
        self.metas
    }

    pub(super) fn into_diff(self) -> PresenceDiff {
        PresenceDiff::new(Presences::new(self.joins), Presences::new(self.leaves))
    }

    fn note(&mut self, is_join: bool, key: &Arc<str>, entry: Entry, extra: Option<&Fields>) {
        let keys = if is_join { &mut self.joins } else { &mut self.leaves };
        let known = Arc::make_mut(keys.entry(Arc::clone(key)).or_default());
        known.extra = extra.cloned();
        if known.metas.is_empty() {
            known.metas.reserve_exact(1);
        }
        known.metas.push(entry);
        self.metas += 1;
    }
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
        let Self { keys, list, changes } = self;
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
        let same = known.metas.iter().position(|entry| entry.is_held && entry.meta.says(fields));
        let held = same.or_else(|| known.metas.iter().position(|entry| entry.is_held));
        let Some(held) = held else {
            let entry = Entry { holder, meta: Meta::new(&refs.next(holder), fields), is_held: false };
            known.insert(entry.clone());
            changes.note(true, &key, entry, known.extra.as_ref());
            return true;
        };
        let old = known.metas.remove(held);
        let meta = if same.is_some() {
            old.meta
        } else {
            let meta = old.meta.successor(&refs.next(holder), fields);
            changes.note(false, &key, old, known.extra.as_ref());
            let entry = Entry { holder, meta: meta.clone(), is_held: false };
            changes.note(true, &key, entry, known.extra.as_ref());
            meta
        };
        known.insert(Entry { holder, meta, is_held: false });
        true
    }

    /// Replaces what an entry says, if there is one.
    pub(super) fn update(&mut self, holder: Holder, key: &str, fields: &Fields, refs: &Refs) -> bool {
        let Self { keys, list, changes } = self;
        let Some((key, known, place)) = find(keys, holder, key) else { return false };
        let entry = &mut known.metas[place];
        let meta = entry.meta.successor(&refs.next(holder), fields);
        let old = Entry { meta: mem::replace(&mut entry.meta, meta), ..*entry };
        changes.note(false, &key, old, known.extra.as_ref());
        changes.note(true, &key, known.metas[place].clone(), known.extra.as_ref());
        *list = None;
        true
    }

    /// Removes an entry, if there is one.
    pub(super) fn leave(&mut self, holder: Holder, key: &str) -> bool {
        let Self { keys, list, changes } = self;
        let Some((key, known, place)) = find(keys, holder, key) else { return false };
        let entry = known.metas.remove(place);
        changes.note(false, &key, entry, known.extra.as_ref());
        if known.metas.is_empty() {
            keys.remove(&key);
        }
        *list = None;
        true
    }

    /// Keeps an entry whose holder is gone, until it is taken over, or leaves after all.
    pub(super) fn hold(&mut self, holder: Holder, key: &str) -> bool {
        let Some((_, known, place)) = find(&mut self.keys, holder, key) else { return false };
        known.metas[place].is_held = true;
        true
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

    pub(super) fn list(&mut self) -> Presences {
        self.list.get_or_insert_with(|| Presences::new(self.keys.clone())).clone()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn changes(&self) -> &Changes {
        &self.changes
    }

    pub(super) fn take_changes(&mut self) -> Changes {
        mem::take(&mut self.changes)
    }
}

fn find<'k>(keys: &'k mut Keys, holder: Holder, key: &str) -> Option<(Arc<str>, &'k mut Known, usize)> {
    let key = Arc::clone(keys.get_key_value(key)?.0);
    let known = keys.get_mut(&key)?;
    let place = known.of(holder)?;
    Some((key, Arc::make_mut(known), place))
}
