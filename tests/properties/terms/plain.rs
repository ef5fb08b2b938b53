//! A plain reader of terms.

use super::value::Value;

const MAX_BYTES: usize = 1024 * 1024;
const MAX_VALUES: usize = 65_536;
const MAX_DEPTH: usize = 64;
const MAX_CHARACTERS: usize = 255;

/// The value, if the bytes are a term that is not too large, with nothing behind it, and numbers of at most 128 bits.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let (131, rest) = bytes.split_first()? else { return None };
    let mut reader = Plain { rest, values: 0 };
    let value = reader.value(0)?;
    (reader.rest.is_empty() && bytes.len() <= MAX_BYTES).then_some(value)
}

struct Plain<'b> {
    rest: &'b [u8],
    values: usize,
}

impl<'b> Plain<'b> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.count(1)?;
        Some(match self.number(1)? {
            70 => {
                let bits = self.take(8)?.iter().fold(0, |bits, &byte| bits << 8 | u64::from(byte));
                let float = f64::from_bits(bits);
                if !float.is_finite() {
                    return None;
                }
                Value::Float(float)
            }
            97 => Value::Natural(self.number(1)? as u128),
            98 => match i32::from_be_bytes(self.take(4)?.try_into().ok()?) {
                negative @ ..0 => Value::Negative(negative.into()),
                natural => Value::Natural(natural.unsigned_abs().into()),
            },
            100 => self.atom(2, false)?,
            104 => self.list(1, depth, false)?,
            105 => self.list(4, depth, false)?,
            106 => Value::List(Vec::new()),
            107 => {
                let length = self.number(2)?;
                self.count(length)?;
                Value::List(self.take(length)?.iter().map(|&byte| Value::Natural(byte.into())).collect())
            }
            108 => self.list(4, depth, true)?,
            109 => {
                let length = self.number(4)?;
                let bytes = self.take(length)?.to_vec();
                String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text)
            }
            110 => self.integer(1)?,
            111 => self.integer(4)?,
            115 => self.atom(1, false)?,
            116 => {
                let pairs = self.number(4)?;
                let depth = deeper(depth)?;
                let mut map = Vec::new();
                for _ in 0..pairs {
                    map.push((self.value(depth)?, self.value(depth)?));
                }
                Value::Map(map)
            }
            118 => self.atom(2, true)?,
            119 => self.atom(1, true)?,
            _ => return None,
        })
    }

    fn count(&mut self, values: usize) -> Option<()> {
        self.values += values;
        (self.values <= MAX_VALUES).then_some(())
    }

    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let taken = self.rest.get(..length)?;
        self.rest = &self.rest[length..];
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn list(&mut self, length_bytes: usize, depth: usize, has_tail: bool) -> Option<Value> {
        let length = self.number(length_bytes)?;
        let depth = deeper(depth)?;
        let mut list = Vec::new();
        for _ in 0..length {
            list.push(self.value(depth)?);
        }
        if has_tail && self.number(1)? != 106 { None } else { Some(Value::List(list)) }
    }

    fn atom(&mut self, length_bytes: usize, is_utf8: bool) -> Option<Value> {
        let length = self.number(length_bytes)?;
        let name = self.take(length)?;
        let name = if is_utf8 {
            String::from_utf8(name.to_vec()).ok()?
        } else {
            name.iter().map(|&byte| char::from(byte)).collect()
        };
        if name.chars().count() > MAX_CHARACTERS {
            return None;
        }
        Some(match &*name {
            "nil" => Value::Nil,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Text(name),
        })
    }

    fn integer(&mut self, length_bytes: usize) -> Option<Value> {
        let length = self.number(length_bytes)?;
        let is_negative = self.number(1)? != 0;
        let mut number = 0_u128;
        for &byte in self.take(length)?.iter().rev() {
            number = number.checked_mul(256)? + u128::from(byte);
        }
        if number == 0 || !is_negative {
            return Some(Value::Natural(number));
        }
        Some(Value::Negative(0_i128.checked_sub_unsigned(number)?))
    }
}

fn deeper(depth: usize) -> Option<usize> {
    (depth < MAX_DEPTH).then_some(depth + 1)
}
