//! What is no term, or too large a one.

use super::*;
use std::collections::BTreeMap;

#[test]
fn what_is_cut_off_anywhere_is_refused_and_so_is_what_follows() {
    let value = (
        vec![(1, -1, 0.5), (2, 1_000_000, 1.5)],
        BTreeMap::from([("id", Some(u64::MAX)), ("role", None)]),
        Atom::new("x"),
    );
    let whole = write(&value).unwrap_or_default();
    assert_eq!(check(&whole), Ok(()));
    for end in 0..whole.len() {
        assert_eq!(check(&whole[..end]), Err(TermError::Truncated), "{end}");
    }
    assert_eq!(check(&[&*whole, b"a"].concat()), Err(TermError::Left));
    assert_eq!(open(b""), Err(TermError::Version));
    assert_eq!(open(b"\x82a\x01"), Err(TermError::Version));
}

#[test]
fn kinds_of_terms_that_no_token_needs_are_refused() {
    // Bitstrings, functions, pids, ports, references, text floats, and numbers that are no kind.
    for tag in [0, 68, 77, 80, 82, 88, 89, 90, 99, 101, 102, 103, 112, 113, 114, 117, 120, 121, 255] {
        let bytes = [&[tag][..], &[0; 64]].concat();
        assert_eq!(check(&bytes), Err(TermError::Tag(tag)), "{tag}");
    }
    assert_eq!(check(b"l\0\0\0\x01a\x01a\x02"), Err(TermError::Improper));
}

#[test]
fn lengths_that_the_input_has_not_take_neither_memory_nor_time() {
    for tag in [105, 108, 111, 109, 116] {
        assert_eq!(check(&[tag, 255, 255, 255, 255]), Err(TermError::Truncated), "{tag}");
        assert!(read::<Ignored>(&[tag, 255, 255, 255, 255]).is_err());
        assert!(read::<serde_json::Value>(&[tag, 255, 255, 255, 255]).is_err());
    }
}

#[test]
fn lists_tuples_and_maps_are_in_each_other_up_to_a_depth() {
    for (open, close) in [(&b"h\x01"[..], &b""[..]), (b"l\0\0\0\x01", b"j"), (b"t\0\0\0\x01a\x01", b"")] {
        let nested = |depth| [open.repeat(depth), b"a\x01".to_vec(), close.repeat(depth)].concat();
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(TermError::Depth));
        assert_eq!(check(&nested(100_000)), Err(TermError::Depth));
        assert!(read::<serde_json::Value>(&b"h\x01".repeat(MAX_DEPTH)).is_err());
    }
}

#[test]
fn a_term_has_so_many_values_and_no_more() {
    // The list counts too.
    let list = |length: usize| {
        let length = u32::try_from(length).unwrap_or_default().to_be_bytes();
        [&b"l"[..], &length, &b"j".repeat(u32::from_be_bytes(length) as usize), b"j"].concat()
    };
    assert_eq!(check(&list(MAX_ELEMENTS - 1)), Ok(()));
    assert_eq!(check(&list(MAX_ELEMENTS)), Err(TermError::Elements));
    let bytes = [&b"k\xff\xff"[..], &vec![0; 65_535]].concat();
    assert_eq!(check(&bytes), Ok(()));
    assert_eq!(check(&[b"h\x02", &*bytes, b"a\x01"].concat()), Err(TermError::Elements));
}

#[test]
fn a_term_has_so_many_bytes_and_no_more() {
    // With the first byte, and the five before a text.
    let text = |length: usize| write(&"x".repeat(length - 6)).unwrap_or_default();
    assert_eq!(check(&text(MAX_BYTES)), Ok(()));
    assert_eq!(check(&text(MAX_BYTES + 1)), Err(TermError::Size));
}

fn compressed(length: usize, term: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    let zlib = writer.write_all(term).and_then(|()| writer.finish()).unwrap_or_default();
    [&[VERSION, inflate::TAG][..], &u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes(), &zlib].concat()
}

#[test]
fn compressed_terms_are_inflated_up_to_the_limit() {
    let text = |length: usize| write(&"x".repeat(length - 6)).unwrap_or_default();
    let term = text(1000);
    let bytes = compressed(term.len(), &term);
    assert_eq!(open(&bytes).as_deref(), Ok(&*term));
    for (bytes, error) in [
        (compressed(term.len() - 1, &term), TermError::Length),
        (compressed(term.len() + 1, &term), TermError::Length),
        (compressed(0, &term), TermError::Length),
        ([&*bytes, b"x"].concat(), TermError::Left),
        (bytes[..bytes.len() - 1].to_vec(), TermError::Compressed),
        (bytes[..3].to_vec(), TermError::Truncated),
        (compressed(0xffff_ffff, &term), TermError::Size),
        // In itself.
        (compressed(bytes.len() - 1, &bytes[1..]), TermError::Tag(inflate::TAG)),
    ] {
        assert_eq!(open(&bytes), Err(error));
    }
    let largest = text(MAX_BYTES);
    assert_eq!(open(&compressed(largest.len(), &largest)).as_deref(), Ok(&*largest));
    let larger = text(MAX_BYTES + 1);
    assert_eq!(open(&compressed(larger.len(), &larger)), Err(TermError::Size));
    // A bomb that says it is small.
    let bomb = vec![0; 64 * MAX_BYTES];
    assert_eq!(open(&compressed(100, &bomb)), Err(TermError::Length));
}
