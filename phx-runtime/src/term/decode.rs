//! Makes values of terms, by serde.

use super::atom;
use super::{Head, Integer, Reader, TermError};
use serde::Deserializer;
use serde::de::value::{BytesDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

/// Makes a value of a term that has been checked, without its first byte.
pub(crate) fn read<T: DeserializeOwned>(term: &[u8]) -> Result<T, TermError> {
    let mut reader = Reader::new(term);
    let value = T::deserialize(&mut reader)?;
    if reader.is_at_end() { Ok(value) } else { Err(TermError::Left) }
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = TermError;

    /// Tuples are sequences to whom it is all the same, and atoms are texts.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        match self.head()? {
            Head::Integer(Integer::Positive(number)) => match u64::try_from(number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_u128(number),
            },
            Head::Integer(Integer::Negative(number)) => match i64::try_from(number) {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => visitor.visit_i128(number),
            },
            Head::Integer(Integer::Huge) => Err(TermError::Integer),
            Head::Float(float) => visitor.visit_f64(float),
            Head::Atom(name) => match &*name {
                "nil" => visitor.visit_unit(),
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                name => visitor.visit_str(name),
            },
            Head::Binary(bytes) => match str::from_utf8(bytes) {
                Ok(text) => visitor.visit_str(text),
                Err(_) => visitor.visit_bytes(bytes),
            },
            Head::Bytes(bytes) => visit_bytes(bytes, visitor),
            Head::EmptyList => visit_elements(self, 0, visitor),
            Head::List(length) => {
                let value = visit_elements(self, length, visitor)?;
                self.tail()?;
                Ok(value)
            }
            Head::Tuple(length) => visit_elements(self, length, visitor),
            Head::Map(pairs) => {
                let mut pairs = Pairs { reader: self, left: pairs };
                let value = visitor.visit_map(&mut pairs)?;
                if pairs.left == 0 { Ok(value) } else { Err(TermError::Length) }
            }
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        match self.clone().head()? {
            Head::Binary(bytes) => {
                self.skip()?;
                visitor.visit_bytes(bytes)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        match self.clone().head()? {
            Head::Atom(name) if name == "nil" => {
                self.skip()?;
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    /// The name of a field or a variant: an atom or a text.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        match self.clone().head()? {
            Head::Atom(name) => {
                self.skip()?;
                visitor.visit_str(&name)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TermError> {
        if name != atom::NAME {
            return visitor.visit_newtype_struct(self);
        }
        match self.clone().head()? {
            Head::Atom(name) => {
                self.skip()?;
                visitor.visit_str(&name)
            }
            Head::Binary(_) => Err(TermError::invalid_type("a string", &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        match self.clone().head()? {
            Head::Tuple(_) => Err(TermError::invalid_type("a tuple", &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    /// A struct is a map and nothing else: what is in a tuple has no names.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TermError> {
        match self.clone().head()? {
            Head::Tuple(_) => Err(TermError::invalid_type("a tuple", &visitor)),
            Head::Bytes(_) | Head::EmptyList | Head::List(_) => {
                Err(TermError::invalid_type("a list", &visitor))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    /// A variant alone is an atom or a text; one with something in it is a tuple whose first element is that.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TermError> {
        let left = match self.clone().head()? {
            Head::Tuple(length) => {
                self.head()?;
                length.checked_sub(1).ok_or(TermError::Length)?
            }
            _ => 0,
        };
        visitor.visit_enum(Variant { reader: self, left })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TermError> {
        self.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string unit unit_struct tuple tuple_struct map
    }
}

fn visit_elements<'de, V: Visitor<'de>>(
    reader: &mut Reader<'de>,
    length: usize,
    visitor: V,
) -> Result<V::Value, TermError> {
    let mut elements = Elements { reader, left: length };
    let value = visitor.visit_seq(&mut elements)?;
    if elements.left == 0 { Ok(value) } else { Err(TermError::TooMany) }
}

fn visit_bytes<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value, TermError> {
    let mut elements = serde::de::value::SeqDeserializer::new(bytes.iter().copied());
    let value = visitor.visit_seq(&mut elements)?;
    elements.end().map(|()| value)
}

struct Elements<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = TermError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, TermError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

struct Pairs<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl<'de> MapAccess<'de> for Pairs<'_, 'de> {
    type Error = TermError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, TermError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, TermError> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The variant of an enum, with so many elements of its tuple to come.
struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    left: usize,
}

impl Variant<'_, '_> {
    fn has(&self, expected: usize) -> Result<(), TermError> {
        if self.left == expected { Ok(()) } else { Err(TermError::VariantValues(expected)) }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = TermError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), TermError> {
        let name = match self.reader.head()? {
            Head::Atom(name) => seed.deserialize(StrDeserializer::new(&name))?,
            Head::Binary(name) => seed.deserialize(BytesDeserializer::new(name))?,
            _ => return Err(TermError::VariantName),
        };
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = TermError;

    fn unit_variant(self) -> Result<(), TermError> {
        self.has(0)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, TermError> {
        self.has(1)?;
        seed.deserialize(self.reader)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, TermError> {
        self.has(length)?;
        visit_elements(self.reader, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TermError> {
        self.has(1)?;
        self.reader.deserialize_struct("", fields, visitor)
    }
}

impl<'de> IntoDeserializer<'de, TermError> for &mut Reader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
