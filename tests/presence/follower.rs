//! What `Presence` of phoenix.js makes of states and diffs (§10).

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::mem;

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Present {
    metas: Vec<Value>,
    /// What stands beside them.
    #[serde(flatten)]
    beside: Map<String, Value>,
}

pub(super) type State = BTreeMap<String, Present>;

#[derive(Clone, Deserialize)]
struct Diff {
    joins: State,
    leaves: State,
}

#[derive(Default)]
pub(super) struct Follower {
    state: State,
    /// Diffs that have come before the state of the current join.
    waiting: Vec<Diff>,
    /// Of the last state.
    synced: Option<u32>,
    joined: u32,
}

impl Follower {
    /// One that has this state, to compare with.
    pub(super) fn of(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    pub(super) fn joins(&mut self, join_ref: u32) {
        self.joined = join_ref;
    }

    pub(super) fn join_ref(&self) -> String {
        self.joined.to_string()
    }

    pub(super) fn hears(&mut self, message: &Value) -> Result<(), serde_json::Error> {
        match message[3].as_str() {
            Some("presence_state") => {
                self.sync(State::deserialize(&message[4])?);
                self.synced = Some(self.joined);
                for diff in mem::take(&mut self.waiting) {
                    self.apply(diff);
                }
            }
            Some("presence_diff") => {
                let diff = Diff::deserialize(&message[4])?;
                if self.synced == Some(self.joined) {
                    self.apply(diff);
                } else {
                    self.waiting.push(diff);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the state is that of the current join, and has this step for a key.
    pub(super) fn knows(&self, key: &str, step: &Value) -> bool {
        let known = self.state.get(key).and_then(|present| present.metas.last());
        self.synced == Some(self.joined) && known.is_some_and(|meta| meta["step"] == *step)
    }

    /// Whether this stands beside the metas of every key.
    pub(super) fn has_for_all(&self, beside: &str) -> bool {
        self.state.values().all(|present| present.beside.contains_key(beside))
    }

    /// In the order of the refs: that of a client depends on what it has seen.
    pub(super) fn list(&self) -> State {
        let mut state = self.state.clone();
        for present in state.values_mut() {
            present.metas.sort_by_key(reference);
        }
        state
    }

    fn sync(&mut self, new: State) {
        let mut diff = Diff { joins: State::new(), leaves: State::new() };
        for (key, present) in &self.state {
            if !new.contains_key(key) {
                diff.leaves.insert(key.clone(), present.clone());
            }
        }
        for (key, present) in new {
            let Some(current) = self.state.get(&key) else {
                diff.joins.insert(key, present);
                continue;
            };
            let joined = present.without(current);
            let left = current.without(&present);
            if !joined.metas.is_empty() {
                diff.joins.insert(key.clone(), joined);
            }
            if !left.metas.is_empty() {
                diff.leaves.insert(key, left);
            }
        }
        self.apply(diff);
    }

    fn apply(&mut self, diff: Diff) {
        for (key, mut present) in diff.joins {
            if let Some(current) = self.state.get(&key) {
                let mut metas = current.without(&present).metas;
                metas.append(&mut present.metas);
                present.metas = metas;
            }
            self.state.insert(key, present);
        }
        for (key, left) in diff.leaves {
            let Some(current) = self.state.get_mut(&key) else { continue };
            *current = current.without(&left);
            if current.metas.is_empty() {
                self.state.remove(&key);
            }
        }
    }
}

impl Present {
    /// Without the metas whose refs are in another.
    fn without(&self, other: &Self) -> Self {
        let is_there = |meta: &Value| other.metas.iter().any(|other| reference(other) == reference(meta));
        let metas = self.metas.iter().filter(|meta| !is_there(meta)).cloned().collect();
        Self { metas, beside: self.beside.clone() }
    }
}

fn reference(meta: &Value) -> String {
    meta["phx_ref"].as_str().unwrap_or_default().to_owned()
}
