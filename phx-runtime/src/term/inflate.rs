//! Terms that were compressed when they were written: Phoenix's option `compressed: true`.

use super::{MAX_BYTES, TermError};
use flate2::read::ZlibDecoder;
use std::io::Read;

/// After the version.
pub(super) const TAG: u8 = 80;

/// What follows the tag: how long the term is, and the term. No more is inflated than the limit allows, whatever the
/// length says.
pub(super) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, TermError> {
    let (length, compressed) = bytes.split_first_chunk().ok_or(TermError::Truncated)?;
    let length = u32::from_be_bytes(*length);
    if usize::try_from(length).map_or(true, |length| length >= MAX_BYTES) {
        return Err(TermError::Size);
    }
    let mut inflater = ZlibDecoder::new(compressed);
    let mut term = Vec::new();
    let limit = u64::from(length) + 1;
    inflater.by_ref().take(limit).read_to_end(&mut term).map_err(|_| TermError::Compressed)?;
    if term.len() as u64 != u64::from(length) {
        return Err(TermError::Length);
    }
    if inflater.total_in() == compressed.len() as u64 { Ok(term) } else { Err(TermError::Left) }
}
