//! How what came differs from what was expected.

use crate::payload::Payload;
use serde_json::Value;

/// At most so many differences are listed: more do not help.
const DIFFERENCES: usize = 20;

/// A payload is compared as what it means to a client: the order of fields does not matter, and `1.0` is `1`.
///
/// ```
/// use phx_runtime::Payload;
/// use serde_json::json;
///
/// # fn main() -> Result<(), phx_runtime::PayloadError> {
/// assert_eq!(Payload::from_json(r#"{"b": 2, "a": 1.0}"#)?, json!({"a": 1, "b": 2}));
/// # Ok(())
/// # }
/// ```
impl PartialEq<Value> for Payload {
    fn eq(&self, other: &Value) -> bool {
        self.decode::<Value>().is_ok_and(|value| means_the_same(&value, other))
    }
}

/// Whether two payloads mean the same.
pub(super) fn same(one: &Payload, other: &Payload) -> bool {
    one == other || value(one).zip(value(other)).is_some_and(|(one, other)| means_the_same(&one, &other))
}

fn means_the_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, value)| other.get(name).is_some_and(|other| means_the_same(value, other));
            one.len() == other.len() && one.iter().all(same)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| means_the_same(one, other))
        }
        // Whole numbers are compared as such, since a float may not tell large ones apart.
        (Value::Number(one), Value::Number(other)) if one.is_f64() || other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (one, other) => one == other,
    }
}

fn value(payload: &Payload) -> Option<Value> {
    payload.decode().ok()
}

/// What is different, a line for each.
pub(super) fn differences(expected: &Payload, got: &Payload) -> Vec<String> {
    let mut lines = Vec::new();
    match (value(expected), value(got)) {
        (Some(expected), Some(got)) => compare("", Some(&expected), Some(&got), &mut lines),
        _ => lines.push(format!("expected {}, got {}", shown(expected), shown(got))),
    }
    if lines.len() > DIFFERENCES {
        let more = lines.len() - DIFFERENCES;
        lines.truncate(DIFFERENCES);
        lines.push(format!("… and {more} more"));
    }
    lines
}

fn compare(path: &str, expected: Option<&Value>, got: Option<&Value>, lines: &mut Vec<String>) {
    match (expected, got) {
        (Some(Value::Object(expected)), Some(Value::Object(got))) => {
            let unexpected = got.keys().filter(|name| !expected.contains_key(*name));
            for name in expected.keys().chain(unexpected) {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&path, expected.get(name), got.get(name), lines);
            }
        }
        (Some(Value::Array(expected)), Some(Value::Array(got))) => {
            for index in 0..expected.len().max(got.len()) {
                compare(&format!("{path}[{index}]"), expected.get(index), got.get(index), lines);
            }
        }
        (Some(expected), Some(got)) if means_the_same(expected, got) => {}
        (expected, got) => {
            let said =
                |value: Option<&Value>| value.map_or("nothing".to_owned(), |it| short(&it.to_string()));
            let place = if path.is_empty() { String::new() } else { format!("{path}: ") };
            lines.push(format!("{place}expected {}, got {}", said(expected), said(got)));
        }
    }
}

/// A payload for a person to read.
pub(super) fn shown(payload: &Payload) -> String {
    match payload.as_json() {
        Some(json) => short(json),
        None => bytes(payload.as_bytes()),
    }
}

/// The beginning of a long text.
fn short(text: &str) -> String {
    const CHARS: usize = 300;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}

fn bytes(bytes: &[u8]) -> String {
    const BYTES: usize = 16;
    let hex: Vec<_> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
    let rest = if bytes.len() > BYTES { " …" } else { "" };
    format!("{} bytes [{}{rest}]", bytes.len(), hex.join(" "))
}

/// Whether one name may be a misspelling of another: by one letter in four, at most three, whatever their case.
pub(super) fn is_near(one: &str, other: &str) -> bool {
    let (one, other) = (letters(one), letters(other));
    let distance = distance(&one, &other);
    distance <= (one.len().max(other.len()) / 4).clamp(1, 3)
}

/// Only what tells names apart: `new_msg` and `newMsg` are near.
fn letters(name: &str) -> Vec<char> {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How many letters are to be put in, left out or changed.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (column, beside) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != beside);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::PayloadError;

    fn lines(expected: &str, got: &str) -> Result<Vec<String>, PayloadError> {
        Ok(differences(&Payload::from_json(expected)?, &Payload::from_json(got)?))
    }

    #[test]
    fn each_difference_is_named_by_its_place() -> Result<(), PayloadError> {
        assert_eq!(lines(r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#)?, [""; 0]);
        assert_eq!(
            lines(r#"{"a":{"b":[1,2]},"c":3}"#, r#"{"a":{"b":[1,4,5]},"d":"x"}"#)?,
            [
                "a.b[1]: expected 2, got 4",
                "a.b[2]: expected nothing, got 5",
                "c: expected 3, got nothing",
                "d: expected nothing, got \"x\"",
            ]
        );
        assert_eq!(lines("1", "null")?, ["expected 1, got null"]);
        assert_eq!(lines(r#"{"n":[1.0,2]}"#, r#"{"n":[1,2.0]}"#)?, [""; 0]);
        assert_eq!(lines("9007199254740993", "9007199254740992")?.len(), 1);
        Ok(())
    }

    #[test]
    fn twenty_differences_are_listed_and_the_rest_is_counted() -> Result<(), PayloadError> {
        let numbers =
            |add: usize, count| serde_json::json!((add..add + count).collect::<Vec<_>>()).to_string();
        let twenty = lines(&numbers(0, 20), &numbers(1, 20))?;
        assert_eq!((twenty.len(), &*twenty[19]), (20, "[19]: expected 19, got 20"));
        let more = lines(&numbers(0, 22), &numbers(1, 22))?;
        assert_eq!((more.len(), &*more[20]), (21, "… and 2 more"));
        Ok(())
    }

    #[test]
    fn bytes_are_compared_and_shown_as_bytes() -> Result<(), PayloadError> {
        let (bytes, json) = (Payload::from_bytes(vec![1, 255]), Payload::from_json("{}")?);
        assert!(same(&bytes, &bytes) && !same(&bytes, &json));
        assert_eq!(differences(&bytes, &json), ["expected 2 bytes [01 ff], got {}"]);
        assert_eq!(shown(&Payload::from_bytes(vec![0; 17])), format!("17 bytes [00{} …]", " 00".repeat(15)));
        Ok(())
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(short(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(short(&"é".repeat(301)), format!("{}… (602 bytes)", "é".repeat(300)));
    }

    #[test]
    fn names_are_near_that_differ_in_little() {
        for (one, other) in [("said", "sayd"), ("new_msg", "newMsg"), ("presence_dif", "presence_diff")] {
            assert!(is_near(one, other), "{one} {other}");
        }
        for (one, other) in [("said", "sold"), ("joined", "left"), ("a", "bcd")] {
            assert!(!is_near(one, other), "{one} {other}");
        }
    }
}
