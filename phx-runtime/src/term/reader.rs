//! Takes terms apart, byte by byte.

use super::atom::MAX_CHARACTERS;
use super::{MAX_DEPTH, MAX_ELEMENTS, TermError};
use std::borrow::Cow;

/// What stands at the beginning of a term, and all of it unless there are terms in it.
pub(crate) enum Head<'t> {
    Integer(Integer),
    Float(f64),
    Atom(Cow<'t, str>),
    Binary(&'t [u8]),
    /// A list of so many small integers.
    Bytes(&'t [u8]),
    EmptyList,
    /// So many elements follow, and then the tail.
    List(usize),
    Tuple(usize),
    /// So many pairs follow.
    Map(usize),
}

pub(crate) enum Integer {
    Positive(u128),
    Negative(i128),
    Huge,
}

/// Reads what is left of some bytes. A copy reads the same again.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'t> {
    rest: &'t [u8],
}

impl<'t> Reader<'t> {
    pub(crate) fn new(term: &'t [u8]) -> Self {
        Self { rest: term }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn head(&mut self) -> Result<Head<'t>, TermError> {
        Ok(match self.byte()? {
            70 => Head::Float(self.float()?),
            97 => Head::Integer(Integer::Positive(self.byte()?.into())),
            98 => Head::Integer(i32::from_be_bytes(self.chunk()?).into()),
            100 => {
                let length = self.short()?;
                Head::Atom(latin1(self.take(length)?)?)
            }
            104 => Head::Tuple(self.byte()?.into()),
            105 => Head::Tuple(self.long()?),
            106 => Head::EmptyList,
            107 => {
                let length = self.short()?;
                Head::Bytes(self.take(length)?)
            }
            108 => Head::List(self.long()?),
            109 => {
                let length = self.long()?;
                Head::Binary(self.take(length)?)
            }
            110 => {
                let length = self.byte()?.into();
                Head::Integer(self.integer(length)?)
            }
            111 => {
                let length = self.long()?;
                Head::Integer(self.integer(length)?)
            }
            115 => {
                let length = self.byte()?.into();
                Head::Atom(latin1(self.take(length)?)?)
            }
            116 => Head::Map(self.long()?),
            118 => {
                let length = self.short()?;
                Head::Atom(utf8(self.take(length)?)?)
            }
            119 => {
                let length = self.byte()?.into();
                Head::Atom(utf8(self.take(length)?)?)
            }
            tag => return Err(TermError::Tag(tag)),
        })
    }

    /// Leaves one term out, if it is complete and within the limits.
    pub(crate) fn skip(&mut self) -> Result<(), TermError> {
        self.skip_within(MAX_DEPTH, &mut MAX_ELEMENTS.clone())
    }

    /// The bytes of the next term.
    pub(crate) fn term(&mut self) -> Result<&'t [u8], TermError> {
        let before = self.rest;
        self.skip()?;
        Ok(&before[..before.len() - self.rest.len()])
    }

    /// After the elements of a list.
    pub(crate) fn tail(&mut self) -> Result<(), TermError> {
        match self.head()? {
            Head::EmptyList => Ok(()),
            _ => Err(TermError::Improper),
        }
    }

    fn skip_within(&mut self, depth: usize, elements: &mut usize) -> Result<(), TermError> {
        let mut count = |number| {
            *elements = elements.checked_sub(number).ok_or(TermError::Elements)?;
            Ok(())
        };
        count(1)?;
        let (inner, is_list) = match self.head()? {
            Head::Bytes(bytes) => return count(bytes.len()),
            Head::List(length) => (length, true),
            Head::Tuple(length) => (length, false),
            Head::Map(pairs) => (pairs.saturating_mul(2), false),
            _ => return Ok(()),
        };
        let depth = depth.checked_sub(1).ok_or(TermError::Depth)?;
        for _ in 0..inner {
            self.skip_within(depth, elements)?;
        }
        if is_list { self.tail() } else { Ok(()) }
    }

    fn take(&mut self, length: usize) -> Result<&'t [u8], TermError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(TermError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<[u8; N], TermError> {
        let (chunk, rest) = self.rest.split_first_chunk().ok_or(TermError::Truncated)?;
        self.rest = rest;
        Ok(*chunk)
    }

    fn byte(&mut self) -> Result<u8, TermError> {
        self.chunk().map(u8::from_be_bytes)
    }

    fn short(&mut self) -> Result<usize, TermError> {
        self.chunk().map(|length| u16::from_be_bytes(length).into())
    }

    fn long(&mut self) -> Result<usize, TermError> {
        usize::try_from(u32::from_be_bytes(self.chunk()?)).map_err(|_| TermError::Truncated)
    }

    fn float(&mut self) -> Result<f64, TermError> {
        let float = f64::from_be_bytes(self.chunk()?);
        if float.is_finite() { Ok(float) } else { Err(TermError::Float) }
    }

    /// The sign, and so many bytes, the least first.
    fn integer(&mut self, length: usize) -> Result<Integer, TermError> {
        let sign = self.byte()?;
        let bytes = self.take(length)?;
        let digits = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let mut number = [0; 16];
        let Some(low) = number.get_mut(..digits) else { return Ok(Integer::Huge) };
        low.copy_from_slice(&bytes[..digits]);
        let number = u128::from_le_bytes(number);
        Ok(match (sign, 0_i128.checked_sub_unsigned(number)) {
            (0, _) | (_, Some(0)) => Integer::Positive(number),
            (_, Some(negative)) => Integer::Negative(negative),
            (_, None) => Integer::Huge,
        })
    }
}

impl From<i32> for Integer {
    fn from(number: i32) -> Self {
        match u128::try_from(number) {
            Ok(positive) => Self::Positive(positive),
            Err(_) => Self::Negative(number.into()),
        }
    }
}

fn utf8(name: &[u8]) -> Result<Cow<'_, str>, TermError> {
    let name = str::from_utf8(name).map_err(|_| TermError::AtomName)?;
    if name.chars().count() > MAX_CHARACTERS { Err(TermError::AtomName) } else { Ok(Cow::Borrowed(name)) }
}

/// As OTP 25 and older write it: a character is a byte.
fn latin1(name: &[u8]) -> Result<Cow<'_, str>, TermError> {
    match str::from_utf8(name) {
        _ if name.len() > MAX_CHARACTERS => Err(TermError::AtomName),
        Ok(ascii) if name.is_ascii() => Ok(Cow::Borrowed(ascii)),
        _ => Ok(name.iter().map(|&byte| char::from(byte)).collect()),
    }
}
