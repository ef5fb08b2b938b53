//! What has changed at a topic and has yet to be told, in order.

use super::meta::Fields;
use super::roster::{Entry, Keys};
use std::collections::VecDeque;
use std::sync::Arc;

/// About so many bytes of keys and metas go into one diff, or one change if that is more: no diff may be a burden to
/// clients that keep up.
pub(super) const DIFF_BYTES: usize = 128 * 1024;

/// What a change takes besides its text.
const CHANGE_BYTES: usize = 64;

/// One entry that has come, has gone, or says something else.
pub(super) struct Change {
    pub(super) key: Arc<str>,
    pub(super) joins: Option<Entry>,
    pub(super) leaves: Option<Entry>,
    /// What had been fetched for the key.
    pub(super) extra: Option<Fields>,
}

#[derive(Default)]
pub(super) struct Changes {
    waiting: VecDeque<Change>,
    bytes: usize,
}

/// What goes into one diff. A meta that has come and gone stands in both: a client may know it from a list.
#[derive(Default)]
pub(super) struct Untold {
    pub(super) joins: Keys,
    pub(super) leaves: Keys,
}

impl Changes {
    pub(super) fn note(&mut self, change: Change) {
        self.bytes += change.bytes();
        self.waiting.push_back(change);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes as much as goes into one diff, if there is anything.
    pub(super) fn take(&mut self) -> Option<Untold> {
        let mut room = DIFF_BYTES;
        let mut untold = None;
        while let Some(change) = self.waiting.pop_front_if(|next| untold.is_none() || next.bytes() <= room) {
            room = room.saturating_sub(change.bytes());
            self.bytes -= change.bytes();
            untold.get_or_insert_with(Untold::default).add(change);
        }
        if self.waiting.is_empty() {
            // A burst must not leave its memory behind.
            self.waiting = VecDeque::new();
        }
        untold
    }
}

impl Change {
    fn bytes(&self) -> usize {
        let metas = [&self.joins, &self.leaves].into_iter().flatten();
        CHANGE_BYTES + self.key.len() + metas.map(|entry| entry.meta.as_json().len()).sum::<usize>()
    }
}

impl Untold {
    fn add(&mut self, change: Change) {
        let Change { key, joins, leaves, extra } = change;
        for (side, entry) in [(&mut self.joins, joins), (&mut self.leaves, leaves)] {
            if let Some(entry) = entry {
                let known = Arc::make_mut(side.entry(Arc::clone(&key)).or_default());
                known.extra.clone_from(&extra);
                known.metas.push(entry);
            }
        }
    }
}
