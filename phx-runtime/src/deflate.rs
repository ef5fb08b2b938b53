//! Inflating and deflating one message (RFC 7692 §7.2). No message refers to an earlier one (see `extensions.rs`), so
//! zlib's state belongs to the thread and not to the connection: an idle connection that compresses costs nothing more.

use bytes::Bytes;
use flate2::{Compress, Compression as Level, Decompress, FlushCompress, FlushDecompress, Status};
use std::cell::RefCell;

thread_local! {
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(false));
    /// With its level.
    static DEFLATER: RefCell<Option<(u32, Compress)>> = const { RefCell::new(None) };
}

/// The empty block that ends a flush; it is not sent (RFC 7692 §7.2.1).
const FLUSH: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// What follows a message for the inflater: the end of the flush, and an empty final block. Reaching the end of that
/// one proves that the message was not cut off in the middle of a block.
const END: [u8; 6] = [0, 0, 0xFF, 0xFF, 3, 0];

/// A message that inflates to no more than this is no bomb, whatever its ratio.
const HARMLESS: usize = 16 * 1024;

/// The least memory to inflate into at a time.
const STEP: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("the message inflates to more than is allowed")]
    TooLarge,
    #[error("the message is not DEFLATE data")]
    Corrupt,
}

/// Inflates a message. It may have `max_bytes`, and `max_ratio` times its compressed size; no more than one byte beyond
/// that is ever inflated or allocated, apart from the copy while that memory grows.
pub(crate) fn inflate(message: &[u8], max_ratio: usize, max_bytes: usize) -> Result<Bytes, InflateError> {
    let by_ratio = message.len().saturating_mul(max_ratio).max(HARMLESS);
    let limit = by_ratio.min(max_bytes);
    let mut output = Vec::new();
    INFLATER.with_borrow_mut(|inflater| inflate_into(&mut output, inflater, message, limit))?;
    // What is inflated may be kept for long: it gives back what it did not need.
    Ok(output.into_boxed_slice().into())
}

fn inflate_into(
    output: &mut Vec<u8>,
    inflater: &mut Decompress,
    message: &[u8],
    limit: usize,
) -> Result<(), InflateError> {
    inflater.reset(false);
    let mut ended = false;
    for mut input in [message, &END] {
        while !input.is_empty() {
            if output.len() == output.capacity() {
                let step = output.len().max(2 * message.len()).max(STEP);
                output.reserve_exact(step.min(limit.saturating_add(1) - output.len()));
            }
            let (before_in, before_out) = (inflater.total_in(), output.len());
            let status = inflater
                .decompress_vec(input, output, FlushDecompress::None)
                .map_err(|_| InflateError::Corrupt)?;
            if output.len() > limit {
                return Err(InflateError::TooLarge);
            }
            let consumed = usize::try_from(inflater.total_in() - before_in).unwrap_or(usize::MAX);
            input = input.get(consumed..).ok_or(InflateError::Corrupt)?;
            ended = status == Status::StreamEnd;
            if ended {
                // A final block may come anywhere, with more blocks after it (RFC 7692 §7.2.1).
                inflater.reset(false);
            } else if consumed == 0 && output.len() == before_out && output.len() < output.capacity() {
                return Err(InflateError::Corrupt);
            }
        }
        if ended {
            return Ok(());
        }
    }
    Err(InflateError::Corrupt)
}

/// Appends what `message` deflates to. Returns whether that is smaller; otherwise it may be incomplete.
pub(crate) fn deflate(message: &[u8], level: u32, output: &mut Vec<u8>) -> bool {
    let level = level.min(9);
    let start = output.len();
    // More than this is of no use.
    output.reserve_exact(message.len() + FLUSH.len());
    let is_complete = DEFLATER.with_borrow_mut(|deflater| {
        if !matches!(deflater, Some((current, _)) if *current == level) {
            *deflater = None;
        }
        let (_, deflater) = deflater.get_or_insert_with(|| (level, Compress::new(Level::new(level), false)));
        deflater.reset();
        let result = deflater.compress_vec(message, output, FlushCompress::Sync);
        // There was room to spare, so nothing is held back.
        result.is_ok() && deflater.total_in() == message.len() as u64 && output.len() < output.capacity()
    });
    if !is_complete || !output.ends_with(&FLUSH) {
        return false;
    }
    output.truncate(output.len() - FLUSH.len());
    output.len() - start < message.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn deflated(message: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        assert!(deflate(message, 6, &mut output));
        output
    }

    fn inflated(message: &[u8]) -> Result<Vec<u8>, InflateError> {
        inflate(message, 25, MIB).map(|bytes| bytes.to_vec())
    }

    /// Bytes below `range`, from a small generator (xorshift).
    fn noise(length: usize, range: u64) -> Vec<u8> {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) % range
        };
        (0..length).map(|_| next().to_le_bytes()[0]).collect()
    }

    #[test]
    fn the_examples_of_rfc_7692() {
        let hello = Ok(b"Hello".to_vec());
        // §7.2.3.1 one block, §7.2.3.3 no compression, §7.2.3.4 a final block, §7.2.3.5 two blocks.
        assert_eq!(inflated(&[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]), hello);
        assert_eq!(inflated(&[0, 5, 0, 0xFA, 0xFF, b'H', b'e', b'l', b'l', b'o', 0]), hello);
        assert_eq!(inflated(&[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]), hello);
        let two = [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00];
        assert_eq!(inflated(&two), hello);
        // §7.2.3.6 nothing.
        assert_eq!(inflated(&[0]), Ok(Vec::new()));
    }

    #[test]
    fn blocks_may_follow_a_final_one_and_its_last_octet_may_be_missing() {
        let hello = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        assert_eq!(inflated(&hello), Ok(b"Hello".to_vec()));
        assert_eq!(inflated(&[hello, hello].concat()), Ok(b"HelloHello".to_vec()));
        let first = [&hello[..], &[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]].concat();
        assert_eq!(inflated(&first), Ok(b"HelloHello".to_vec()));
    }

    #[test]
    fn what_is_deflated_inflates_to_the_same() {
        for length in [100, 1000, 5000, 70_000, 300_000] {
            let text = noise(length, 3);
            for level in 1..=12 {
                let mut output = b"header".to_vec();
                assert!(deflate(&text, level, &mut output), "{length} {level}");
                assert!(inflated(&output[6..]) == Ok(text.clone()), "{length} {level}");
            }
        }
    }

    #[test]
    fn what_does_not_shrink_is_not_deflated() {
        assert!(!deflate(b"", 6, &mut Vec::new()));
        assert!(!deflate(b"short", 6, &mut Vec::new()));
        assert!(!deflate(&noise(20_000, 256), 6, &mut Vec::new()));
    }

    #[test]
    fn a_message_of_the_limit_inflates_and_one_byte_more_does_not() {
        for limit in [20, STEP, HARMLESS, 70_000] {
            let largest = deflated(&vec![b'x'; limit]);
            assert_eq!(inflate(&largest, 10_000, limit).map(|bytes| bytes.len()), Ok(limit));
            let larger = deflated(&vec![b'x'; limit + 1]);
            assert_eq!(inflate(&larger, 10_000, limit), Err(InflateError::TooLarge));
        }
        assert_eq!(inflate(&[0], 25, 0).map(|bytes| bytes.len()), Ok(0));
    }

    #[test]
    fn the_ratio_counts_from_a_harmless_size_on() {
        let bomb = deflated(&vec![b'x'; HARMLESS]);
        assert!(inflate(&bomb, 0, MIB).is_ok());
        let bomb = deflated(&vec![b'x'; HARMLESS + 1]);
        assert_eq!(inflate(&bomb, 1, MIB), Err(InflateError::TooLarge));

        let text = |length| [noise(200, 256), vec![b'x'; length - 200]].concat();
        // A length that is exactly 100 times its compressed one, as is what one byte more compresses to.
        let is_edge =
            |size: &usize| [0, 1].map(|more| deflated(&text(100 * size + more)).len()) == [*size; 2];
        let size = (HARMLESS / 100 + 1..1000).find(is_edge).unwrap_or_default();
        let most = 100 * size;
        assert!(most > HARMLESS);
        assert_eq!(inflate(&deflated(&text(most)), 100, MIB).map(|bytes| bytes.len()), Ok(most));
        assert_eq!(inflate(&deflated(&text(most + 1)), 100, MIB), Err(InflateError::TooLarge));
    }

    #[test]
    fn a_bomb_takes_no_more_memory_than_the_limit() {
        let bomb = deflated(&vec![0; 50 * MIB]);
        assert!(bomb.len() < 60_000);
        let mut output = Vec::new();
        let mut inflater = Decompress::new(false);
        let result = inflate_into(&mut output, &mut inflater, &bomb, MIB);
        assert_eq!(result, Err(InflateError::TooLarge));
        assert_eq!((output.len(), output.capacity()), (MIB + 1, MIB + 1));
    }

    #[test]
    fn data_that_is_cut_off_or_makes_no_sense_is_corrupt() {
        let whole = deflated("a few words, a few more words, and again a few words".repeat(20).as_bytes());
        for length in 0..whole.len() {
            assert_eq!(inflated(&whole[..length]), Err(InflateError::Corrupt), "{length} of {}", whole.len());
        }
        assert_eq!(inflated(&[7]), Err(InflateError::Corrupt));
        assert_eq!(inflated(&[0xFF; 100]), Err(InflateError::Corrupt));
        assert_eq!(inflated(b"not compressed"), Err(InflateError::Corrupt));
    }

    #[test]
    fn what_went_wrong_with_one_message_does_not_reach_the_next() {
        let good = deflated(b"good good good good good good");
        for bad in [&[0xFF; 100][..], &good[..4], &[]] {
            assert!(inflated(bad).is_err());
            assert!(inflated(&good).is_ok());
        }
    }
}
