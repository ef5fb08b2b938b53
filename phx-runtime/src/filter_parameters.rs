//! What the log shows of parameters and payloads.

use crate::params::Params;
use crate::payload::Payload;
use serde_json::Value;
use std::fmt;

/// Larger payloads and queries are not shown: reading them for the log would cost more than handling them.
const MAX_SHOWN: usize = 4096;

const FILTERED: &str = "[FILTERED]";

/// Which parameters and payload fields the log shows; the values of the others are `[FILTERED]`, at any depth. The
/// default discards what has `password` or `token` in its name. Phoenix: `filter_parameters`.
///
/// Binary payloads, and payloads or queries over 4 KiB, are shown by their size only.
///
/// ```
/// use phx_runtime::{FilterParameters, Payload};
///
/// let mut filter = FilterParameters::default();
/// filter.discard("secret");
/// let payload = Payload::from_json(r#"{"name":"eve","my_secret":{"a":1},"user":{"password":"x"}}"#)?;
/// let shown = r#"{"my_secret":"[FILTERED]","name":"eve","user":{"password":"[FILTERED]"}}"#;
/// assert_eq!(filter.show(&payload).to_string(), shown);
///
/// let filter = FilterParameters::keep(["name"]);
/// let shown = r#"{"my_secret":{"a":"[FILTERED]"},"name":"eve","user":{"password":"[FILTERED]"}}"#;
/// assert_eq!(filter.show(&payload).to_string(), shown);
/// # Ok::<_, phx_runtime::PayloadError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FilterParameters(Rule);

#[derive(Debug, Clone)]
enum Rule {
    Discard(Vec<String>),
    Keep(Vec<String>),
}

impl Default for FilterParameters {
    fn default() -> Self {
        Self(Rule::Discard(vec!["password".to_owned(), "token".to_owned()]))
    }
}

impl FilterParameters {
    /// Shows the parameters of exactly these names, with all that is in them, and no other.
    #[must_use]
    pub fn keep<N: Into<String>>(names: impl IntoIterator<Item = N>) -> Self {
        Self(Rule::Keep(names.into_iter().map(Into::into).collect()))
    }

    /// Also hides parameters that have `part` in their name, or `part=` in their value, as an address may. What was to
    /// be [kept](Self::keep) under that very name no longer is.
    pub fn discard(&mut self, part: impl Into<String>) {
        let part = part.into();
        match &mut self.0 {
            Rule::Discard(parts) => parts.push(part),
            Rule::Keep(names) => names.retain(|name| *name != part),
        }
    }

    /// The payload as the log may have it.
    pub fn show<'s>(&'s self, payload: &'s Payload) -> impl fmt::Display + 's {
        ShownPayload { filter: self, payload }
    }

    pub(crate) fn show_params<'s>(&'s self, params: &'s Params<'_>) -> impl fmt::Display + 's {
        ShownParams { filter: self, params }
    }

    /// Whether there is a parameter that the log must not hold.
    pub(crate) fn hides_any(&self, params: &Params<'_>) -> bool {
        params.iter().any(|(name, value)| !self.shows(name, value))
    }

    fn apply(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match &self.0 {
                        Rule::Discard(parts) if hides(parts, name, value) => *value = FILTERED.into(),
                        Rule::Keep(names) if names.contains(name) => {}
                        _ => self.apply(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            other if matches!(self.0, Rule::Keep(_)) => *other = FILTERED.into(),
            _ => {}
        }
    }

    /// Whether the value of a parameter may be shown whose name is a path like `user[name]`.
    fn shows(&self, path: &str, value: &str) -> bool {
        match &self.0 {
            Rule::Discard(parts) => !hides(parts, path, &value.into()),
            Rule::Keep(names) => path.split(['[', ']']).any(|name| names.iter().any(|kept| kept == name)),
        }
    }
}

fn hides(parts: &[String], name: &str, value: &Value) -> bool {
    let value = value.as_str().unwrap_or_default();
    let is_in_value =
        |part: &str| value.match_indices(part).any(|(at, _)| value[at + part.len()..].starts_with('='));
    parts.iter().any(|part| name.contains(part.as_str()) || is_in_value(part))
}

struct ShownPayload<'s> {
    filter: &'s FilterParameters,
    payload: &'s Payload,
}

impl fmt::Display for ShownPayload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.payload.as_bytes().len();
        let value = self.payload.as_json().filter(|_| bytes <= MAX_SHOWN).map(serde_json::from_str);
        match value {
            Some(Ok(mut value)) => {
                self.filter.apply(&mut value);
                write!(f, "{value}")
            }
            // Binary, large, or nested more deeply than a log needs.
            _ => write!(f, "({bytes} bytes)"),
        }
    }
}

struct ShownParams<'s> {
    filter: &'s FilterParameters,
    params: &'s Params<'s>,
}

impl fmt::Display for ShownParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: usize = self.params.iter().map(|(name, value)| name.len() + value.len()).sum();
        if bytes > MAX_SHOWN {
            return write!(f, "({bytes} bytes)");
        }
        let mut shown = f.debug_map();
        for (name, value) in self.params.iter() {
            let value = if self.filter.shows(name, value) { value } else { FILTERED };
            shown.entry(&name, &value);
        }
        shown.finish()
    }
}
