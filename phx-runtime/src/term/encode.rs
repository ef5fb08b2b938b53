//! Writes values as terms, with the bytes that Erlang writes.

use super::compound::{List, Map, Tuple};
use super::{TermError, atom};
use serde::{Serialize, Serializer};

/// Writes a term without its first byte. Whether it is within the limits is for a [check](super::check) to tell.
pub(crate) fn write<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, TermError> {
    let mut term = Vec::new();
    value.serialize(Writer(&mut term))?;
    Ok(term)
}

pub(super) struct Writer<'t>(pub(super) &'t mut Vec<u8>);

impl<'t> Writer<'t> {
    fn put(self, parts: &[&[u8]]) {
        for part in parts {
            self.0.extend_from_slice(part);
        }
    }

    fn integer(self, is_negative: bool, number: u128) {
        let signed = i128::try_from(number).map(|number| if is_negative { -number } else { number });
        let small = signed.ok().and_then(|number| i32::try_from(number).ok());
        match (small, small.map(u8::try_from)) {
            (_, Some(Ok(byte))) => self.put(&[&[97, byte]]),
            (Some(number), _) => self.put(&[&[98], &number.to_be_bytes()]),
            (None, _) => {
                let bytes = number.to_le_bytes();
                let digits = 16 - number.leading_zeros() / 8;
                // At most sixteen.
                let length = u8::try_from(digits).unwrap_or(16);
                self.put(&[&[110, length, is_negative.into()], &bytes[..length.into()]]);
            }
        }
    }

    pub(super) fn atom(self, name: &str) -> Result<(), TermError> {
        if name.chars().count() > atom::MAX_CHARACTERS {
            return Err(TermError::AtomName);
        }
        match (u8::try_from(name.len()), u16::try_from(name.len())) {
            (Ok(length), _) => self.put(&[&[119, length], name.as_bytes()]),
            (_, Ok(length)) => self.put(&[&[118], &length.to_be_bytes(), name.as_bytes()]),
            _ => return Err(TermError::AtomName),
        }
        Ok(())
    }

    fn tuple(self, arity: usize) -> Result<Tuple<'t>, TermError> {
        match u8::try_from(arity) {
            Ok(arity) => self.0.extend_from_slice(&[104, arity]),
            Err(_) => Writer(self.0).put(&[&[105], &length(arity)?]),
        }
        Ok(Tuple { term: self.0, left: arity })
    }

    /// A tuple that begins with the name of a variant.
    fn variant(self, name: &str, values: usize) -> Result<Tuple<'t>, TermError> {
        let mut tuple = self.tuple(values.saturating_add(1))?;
        Writer(tuple.term).atom(name)?;
        tuple.left -= 1;
        Ok(tuple)
    }
}

/// As it stands before the elements of anything large.
pub(super) fn length(length: usize) -> Result<[u8; 4], TermError> {
    u32::try_from(length).map(u32::to_be_bytes).map_err(|_| TermError::Size)
}

impl<'t> Serializer for Writer<'t> {
    type Ok = ();
    type Error = TermError;
    type SerializeSeq = List<'t>;
    type SerializeTuple = Tuple<'t>;
    type SerializeTupleStruct = Tuple<'t>;
    type SerializeTupleVariant = Tuple<'t>;
    type SerializeMap = Map<'t>;
    type SerializeStruct = Map<'t>;
    type SerializeStructVariant = Map<'t>;

    fn serialize_bool(self, value: bool) -> Result<(), TermError> {
        self.atom(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> Result<(), TermError> {
        self.serialize_i128(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), TermError> {
        self.serialize_i128(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), TermError> {
        self.serialize_i128(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), TermError> {
        self.serialize_i128(value.into())
    }

    fn serialize_i128(self, value: i128) -> Result<(), TermError> {
        self.integer(value < 0, value.unsigned_abs());
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), TermError> {
        self.serialize_u128(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), TermError> {
        self.serialize_u128(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), TermError> {
        self.serialize_u128(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), TermError> {
        self.serialize_u128(value.into())
    }

    fn serialize_u128(self, value: u128) -> Result<(), TermError> {
        self.integer(false, value);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), TermError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), TermError> {
        if !value.is_finite() {
            return Err(TermError::Float);
        }
        self.put(&[&[70], &value.to_be_bytes()]);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), TermError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), TermError> {
        self.serialize_bytes(value.as_bytes())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), TermError> {
        self.put(&[&[109], &length(value.len())?, value]);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), TermError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), TermError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), TermError> {
        self.atom("nil")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), TermError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), TermError> {
        self.atom(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), TermError> {
        if name != atom::NAME {
            return value.serialize(self);
        }
        // A text first, whose tag and length are not wanted.
        let mut text = Vec::new();
        value.serialize(Writer(&mut text))?;
        let name = text.get(5..).and_then(|name| str::from_utf8(name).ok());
        self.atom(name.ok_or(TermError::AtomName)?)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), TermError> {
        value.serialize(Writer(self.variant(variant, 1)?.term))
    }

    fn serialize_seq(self, _length: Option<usize>) -> Result<List<'t>, TermError> {
        List::begin(self.0)
    }

    fn serialize_tuple(self, length: usize) -> Result<Tuple<'t>, TermError> {
        self.tuple(length)
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Tuple<'t>, TermError> {
        self.tuple(length)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Tuple<'t>, TermError> {
        self.variant(variant, length)
    }

    fn serialize_map(self, _length: Option<usize>) -> Result<Map<'t>, TermError> {
        Ok(Map::begin(self.0))
    }

    fn serialize_struct(self, _: &'static str, _length: usize) -> Result<Map<'t>, TermError> {
        Ok(Map::begin(self.0))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Map<'t>, TermError> {
        Ok(Map::begin(self.variant(variant, 1)?.term))
    }
}
