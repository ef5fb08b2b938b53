//! Writes terms that have terms in them.

use super::encode::{Writer, length};
use super::{Head, Integer, Reader, TermError};
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};
use std::cmp::Ordering;

/// A list, of which one knows only at its end how Erlang writes it.
pub(super) struct List<'t> {
    term: &'t mut Vec<u8>,
    start: usize,
    count: usize,
}

impl<'t> List<'t> {
    pub(super) fn begin(term: &'t mut Vec<u8>) -> Result<Self, TermError> {
        let start = term.len();
        term.push(108);
        term.extend_from_slice(&length(0)?);
        Ok(Self { term, start, count: 0 })
    }

    /// Its elements, if all of them are small integers, and no more than Erlang writes so.
    fn bytes(&self) -> Option<(u16, Vec<u8>)> {
        let count = u16::try_from(self.count).ok()?;
        let elements = &self.term[self.start + 5..];
        // Each has two bytes then, and nothing else has as many and begins so.
        let (pairs, []) = elements.as_chunks::<2>() else { return None };
        let bytes =
            pairs.iter().map(|[tag, byte]| (*tag == 97).then_some(*byte)).collect::<Option<Vec<_>>>()?;
        (bytes.len() == self.count).then_some((count, bytes))
    }
}

impl SerializeSeq for List<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        self.count += 1;
        value.serialize(Writer(self.term))
    }

    fn end(self) -> Result<(), TermError> {
        if self.count == 0 {
            self.term.truncate(self.start);
        } else if let Some((count, bytes)) = self.bytes() {
            self.term.truncate(self.start);
            self.term.push(107);
            self.term.extend_from_slice(&count.to_be_bytes());
            self.term.extend_from_slice(&bytes);
            return Ok(());
        } else {
            self.term[self.start + 1..self.start + 5].copy_from_slice(&length(self.count)?);
        }
        self.term.push(106);
        Ok(())
    }
}

/// A tuple whose head is written, with so many elements to come.
pub(super) struct Tuple<'t> {
    pub(super) term: &'t mut Vec<u8>,
    pub(super) left: usize,
}

impl Tuple<'_> {
    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        self.left = self.left.checked_sub(1).ok_or(TermError::Length)?;
        value.serialize(Writer(self.term))
    }

    fn finish(&self) -> Result<(), TermError> {
        if self.left == 0 { Ok(()) } else { Err(TermError::Length) }
    }
}

impl SerializeTuple for Tuple<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        self.put(value)
    }

    fn end(self) -> Result<(), TermError> {
        self.finish()
    }
}

impl SerializeTupleStruct for Tuple<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        self.put(value)
    }

    fn end(self) -> Result<(), TermError> {
        self.finish()
    }
}

impl SerializeTupleVariant for Tuple<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        self.put(value)
    }

    fn end(self) -> Result<(), TermError> {
        self.finish()
    }
}

/// A map, whose pairs Erlang writes in the order of their keys.
pub(super) struct Map<'t> {
    term: &'t mut Vec<u8>,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'t> Map<'t> {
    pub(super) fn begin(term: &'t mut Vec<u8>) -> Self {
        Self { term, pairs: Vec::new() }
    }

    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), TermError> {
        let mut term = Vec::new();
        key.serialize(Writer(&mut term))?;
        self.pairs.push((term, Vec::new()));
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        let (_, term) = self.pairs.last_mut().ok_or(TermError::Length)?;
        value.serialize(Writer(term))
    }

    fn finish(mut self) -> Result<(), TermError> {
        self.pairs.sort_by(|(one, _), (other, _)| order(one, other));
        if self.pairs.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(TermError::RepeatedKey);
        }
        self.term.push(116);
        self.term.extend_from_slice(&length(self.pairs.len())?);
        for (key, value) in self.pairs {
            self.term.extend_from_slice(&key);
            self.term.extend_from_slice(&value);
        }
        Ok(())
    }
}

/// The order that Erlang has keys in: integers, then atoms, the rest by its bytes, texts last. What is equal is the same.
fn order(one: &[u8], other: &[u8]) -> Ordering {
    let place = |term| match Reader::new(term).head() {
        Ok(Head::Integer(Integer::Negative(number))) => (0, number, 0, &[][..]),
        Ok(Head::Integer(Integer::Positive(number))) => (1, 0, number, &[][..]),
        Ok(Head::Atom(_)) => (2, 0, 0, &term[2..]),
        Ok(Head::Binary(bytes)) => (4, 0, 0, bytes),
        _ => (3, 0, 0, term),
    };
    place(one).cmp(&place(other)).then_with(|| one.cmp(other))
}

impl SerializeMap for Map<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), TermError> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), TermError> {
        self.value(value)
    }

    fn end(self) -> Result<(), TermError> {
        self.finish()
    }
}

impl SerializeStruct for Map<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), TermError> {
        self.key(key)?;
        self.value(value)
    }

    fn end(self) -> Result<(), TermError> {
        self.finish()
    }
}

impl SerializeStructVariant for Map<'_> {
    type Ok = ();
    type Error = TermError;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), TermError> {
        self.key(key)?;
        self.value(value)
    }

    fn end(self) -> Result<(), TermError> {
        self.finish()
    }
}
