//! Erlang's external term format, as far as tokens and sessions have need of it (docs/protocol.md §11.2), and what serde
//! makes of it.

mod atom;
mod compound;
mod decode;
mod encode;
mod error;
mod inflate;
mod reader;

pub(crate) use decode::read;
pub(crate) use encode::write;
pub(crate) use error::TermError;
pub(crate) use reader::{Head, Integer, Reader};

pub use atom::Atom;

use std::borrow::Cow;

/// The first byte of every term that stands alone.
pub(crate) const VERSION: u8 = 131;

/// Bytes of a term, inflated if it was compressed. A cookie has 4 KiB and a URL hardly more; this is what a message may
/// have by default, in which a token can travel too.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// Values in a term, each of which may take some ten times its bytes when it is read. Far more than tokens and sessions
/// have, and some MiB at the most.
pub(crate) const MAX_ELEMENTS: usize = 65_536;

/// Lists, tuples and maps in each other, each of which is a call on the stack when it is read. Half of what `serde_json`
/// allows, and the tuple around a token's data counts.
pub(crate) const MAX_DEPTH: usize = 64;

/// The term in these bytes, without its first byte: complete, within the limits, and followed by nothing.
pub(crate) fn open(bytes: &[u8]) -> Result<Cow<'_, [u8]>, TermError> {
    let Some((&VERSION, term)) = bytes.split_first() else { return Err(TermError::Version) };
    let term = match term.split_first() {
        Some((&inflate::TAG, compressed)) => Cow::Owned(inflate::inflate(compressed)?),
        _ => Cow::Borrowed(term),
    };
    check(&term)?;
    Ok(term)
}

/// Whether a term without its first byte is complete, within the limits, and followed by nothing.
pub(crate) fn check(term: &[u8]) -> Result<(), TermError> {
    if term.len() >= MAX_BYTES {
        return Err(TermError::Size);
    }
    let mut reader = Reader::new(term);
    reader.skip()?;
    if reader.is_at_end() { Ok(()) } else { Err(TermError::Left) }
}

#[cfg(test)]
mod tests;
