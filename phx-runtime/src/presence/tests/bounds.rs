//! How much is told at once, and how much may wait for it.

use super::*;
use crate::presence::changes::DIFF_BYTES;
use crate::presence::topic::CROWDED_BYTES;

/// So that no diff is a burden, a burst is told in several, in order.
#[tokio::test(start_paused = true)]
async fn a_diff_has_so_many_bytes() -> TestResult {
    let endpoint = endpoint()?;
    let mut diffs = endpoint.subscribe("room");
    let ann = holding(&endpoint);
    for key in ["a", "b", "c", "d", "e"] {
        ann.track(key, &large(DIFF_BYTES / 3)?);
    }
    // More than a diff is to have is one by itself.
    ann.track("f", &large(DIFF_BYTES * 2)?);
    ann.track("g", &meta("{}")?);
    for expected in ["+a,b -", "+c,d -", "+e -", "+f -", "+g -"] {
        assert_eq!(told(&mut diffs).await?, expected);
    }
    Ok(())
}

/// Whoever changes more than can be told is to wait until it is.
#[tokio::test(start_paused = true)]
async fn who_changes_too_much_waits_until_it_is_told() -> TestResult {
    let endpoint = endpoint()?;
    let ann = holding(&endpoint);
    let meta = large(CROWDED_BYTES / 4)?;
    for key in ["a", "b", "c"] {
        ann.track(key, &meta);
    }
    assert!(!ann.waits());
    ann.track("d", &meta);
    assert!(ann.waits());
    ann.told().await;
    assert!(!ann.waits() && untold(&endpoint) <= CROWDED_BYTES);
    Ok(())
}
