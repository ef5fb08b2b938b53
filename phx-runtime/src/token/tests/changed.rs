//! A token that is not as it was made.

use super::*;

#[test]
fn every_byte_of_a_token_counts() -> TestResult {
    let (one, other) = (reader()?, with_other_key()?.never_expires());
    let signed = [ONE, USER, MAP, BIG, LIST, INFINITE_25, INFINITE_26].map(|vector| (&one, vector));
    for (tokens, vector) in signed.into_iter().chain([(&other, OTHER_KEY)]) {
        let is_open = |text: &str| tokens.verify::<serde::de::IgnoredAny>(text).is_ok();
        assert!(is_open(vector));
        assert_changes_are_refused(vector, is_open);
    }
    let tokens = tokens("user enc")?.never_expires();
    let is_open = |text: &str| tokens.decrypt::<serde::de::IgnoredAny>(text).is_ok();
    assert!(is_open(ENCRYPTED));
    assert_changes_are_refused(ENCRYPTED, is_open);
    Ok(())
}

/// Each byte any other of ASCII, one more and one less, in front, behind and between.
fn assert_changes_are_refused(vector: &str, is_open: impl Fn(&str) -> bool) {
    let others = || ('\0'..='\x7f').chain(['ü']);
    for place in 0..vector.len() {
        let (before, after) = vector.split_at(place);
        assert!(!is_open(before), "cut to {before}");
        assert!(!is_open(after) || place == 0, "cut to {after}");
        assert!(!is_open(&format!("{before}{}", &after[1..])), "{vector} without its byte {place}");
        for other in others() {
            let added = format!("{before}{other}{after}");
            assert!(!is_open(&added), "{added}");
            if !after.starts_with(other) {
                let changed = format!("{before}{other}{}", &after[1..]);
                assert!(!is_open(&changed), "{changed}");
            }
        }
    }
    // Padding that makes the base64 whole says nothing and is tolerated.
    let last = vector.rsplit('.').next().unwrap_or_default();
    for other in others() {
        let added = format!("{vector}{other}");
        assert_eq!(is_open(&added), other == '=' && last.len() % 4 == 3, "{added}");
    }
}
