//! What is in a token: the data, when it was signed, and for how long it is good (docs/protocol.md §11.2, §11.5).

use crate::term::{self, Atom, Head, Integer, Reader, TermError, VERSION};
use crate::token_error::TokenError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// For how long a token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MaxAge {
    Infinite,
    /// Zero is over when it begins.
    For(Duration),
}

/// As in Phoenix, and what tokens have that do not say.
impl Default for MaxAge {
    fn default() -> Self {
        Self::For(Duration::from_hours(24))
    }
}

/// Writes data that is signed at `at` into the term of a token.
pub(crate) fn close<T: Serialize + ?Sized>(
    data: &T,
    at: SystemTime,
    max_age: MaxAge,
) -> Result<Vec<u8>, TokenError> {
    write(data, at, max_age).map_err(|error| TokenError::Unwritable(error.to_string()))
}

fn write<T: Serialize + ?Sized>(data: &T, at: SystemTime, max_age: MaxAge) -> Result<Vec<u8>, TermError> {
    let max_age = match max_age {
        MaxAge::Infinite => term::write(&Atom::new("infinity")),
        MaxAge::For(age) if age.subsec_nanos() == 0 => term::write(&age.as_secs()),
        MaxAge::For(age) => term::write(&age.as_secs_f64()),
    };
    let tuple = &[VERSION, 104, 3];
    let bytes = [tuple, &*term::write(data)?, &*term::write(&millis(at))?, &*max_age?].concat();
    term::check(&bytes[1..])?;
    Ok(bytes)
}

/// The data of a token's term, unless it is too old or from the future. `max_age` is what the verifier says of that; the
/// token's own counts if it says nothing.
pub(crate) fn open<T: DeserializeOwned>(
    bytes: &[u8],
    now: SystemTime,
    max_age: Option<MaxAge>,
) -> Result<T, TokenError> {
    let term = term::open(bytes).map_err(mismatch)?;
    let envelope = Envelope::read(&term).map_err(mismatch)?.ok_or_else(|| {
        TokenError::Mismatch("a token has its data, when it was signed, and its maximal age".to_owned())
    })?;
    envelope.check(millis(now), max_age)?;
    term::read(envelope.data).map_err(mismatch)
}

pub(crate) fn mismatch(error: TermError) -> TokenError {
    TokenError::Mismatch(error.to_string())
}

struct Envelope<'t> {
    data: &'t [u8],
    /// Milliseconds since 1970.
    signed: i128,
    max_age: MaxAge,
}

impl<'t> Envelope<'t> {
    /// `None` if the term is of another shape.
    fn read(term: &'t [u8]) -> Result<Option<Self>, TermError> {
        let mut reader = Reader::new(term);
        Ok(match reader.head()? {
            Head::Tuple(3) => {
                let (data, signed) = (reader.term()?, signed(&mut reader)?);
                Self::new(Some(data), signed, max_age(&mut reader)?)
            }
            // Of older versions of Phoenix.
            Head::Tuple(2) => {
                let data = reader.term()?;
                Self::new(Some(data), signed(&mut reader)?, Some(MaxAge::default()))
            }
            Head::Map(pairs) => {
                let (mut data, mut at) = (None, None);
                for _ in 0..pairs {
                    match reader.head()? {
                        Head::Atom(name) if name == "data" => data = Some(reader.term()?),
                        Head::Atom(name) if name == "signed" => at = signed(&mut reader)?,
                        _ => return Ok(None),
                    }
                }
                Self::new(data, at, Some(MaxAge::default()))
            }
            _ => None,
        })
    }

    fn new(data: Option<&'t [u8]>, signed: Option<i128>, max_age: Option<MaxAge>) -> Option<Self> {
        Some(Self { data: data?, signed: signed?, max_age: max_age? })
    }

    fn check(&self, now: i128, max_age: Option<MaxAge>) -> Result<(), TokenError> {
        let MaxAge::For(max_age) = max_age.unwrap_or(self.max_age) else { return Ok(()) };
        let end = self.signed.saturating_add(i128::try_from(max_age.as_millis()).unwrap_or(i128::MAX));
        if max_age.is_zero() {
            Err(TokenError::Expired)
        } else if self.signed > now {
            Err(TokenError::Invalid)
        } else if end < now {
            Err(TokenError::Expired)
        } else {
            Ok(())
        }
    }
}

fn signed(reader: &mut Reader<'_>) -> Result<Option<i128>, TermError> {
    Ok(match reader.head()? {
        Head::Integer(Integer::Positive(at)) => Some(i128::try_from(at).unwrap_or(i128::MAX)),
        Head::Integer(Integer::Negative(at)) => Some(at),
        _ => None,
    })
}

/// Not more than a [`Duration`] has, and not less than nothing.
fn max_age(reader: &mut Reader<'_>) -> Result<Option<MaxAge>, TermError> {
    Ok(match reader.head()? {
        Head::Atom(name) if name == "infinity" => Some(MaxAge::Infinite),
        Head::Float(age) => {
            Some(MaxAge::For(Duration::try_from_secs_f64(age.max(0.0)).unwrap_or(Duration::MAX)))
        }
        Head::Integer(Integer::Positive(age)) => {
            Some(MaxAge::For(Duration::from_secs(u64::try_from(age).unwrap_or(u64::MAX))))
        }
        Head::Integer(Integer::Negative(_)) => Some(MaxAge::For(Duration::ZERO)),
        _ => None,
    })
}

/// Since 1970, without the fraction.
fn millis(time: SystemTime) -> i128 {
    let of = |duration: Duration| i128::try_from(duration.as_millis()).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => of(after),
        Err(before) => -of(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i128 = 1_700_000_000_000;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_700_000_000)
    }

    /// A term of the shapes that a token has, with the data 1.
    fn opened(term: &impl Serialize, max_age: Option<MaxAge>) -> Result<u8, TokenError> {
        let written = term::write(term).map_err(mismatch)?;
        open(&[&[VERSION], &*written].concat(), now(), max_age)
    }

    fn of_millis(millis: u64) -> MaxAge {
        MaxAge::For(Duration::from_millis(millis))
    }

    #[test]
    fn the_age_is_looked_at_to_the_millisecond() {
        let signed = |ago: i128, max_age| opened(&(1, NOW - ago, 86_400), max_age);
        assert_eq!(signed(0, Some(of_millis(1))), Ok(1));
        assert_eq!(signed(1, Some(of_millis(1))), Ok(1));
        assert_eq!(signed(2, Some(of_millis(1))), Err(TokenError::Expired));
        assert_eq!(signed(-1, Some(of_millis(1))), Err(TokenError::Invalid), "from the future");
        assert_eq!(signed(-1, None), Err(TokenError::Invalid));
        assert_eq!(signed(-1, Some(MaxAge::Infinite)), Ok(1), "which never matters then");
        assert_eq!(signed(0, Some(of_millis(0))), Err(TokenError::Expired));
        assert_eq!(signed(-1, Some(of_millis(0))), Err(TokenError::Expired));
        assert_eq!(signed(86_400_000, None), Ok(1));
        assert_eq!(signed(86_400_001, None), Err(TokenError::Expired));
        assert_eq!(signed(i128::MAX, Some(MaxAge::For(Duration::MAX))), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_may_say_its_age_as_a_float_and_less_than_nothing() {
        let signed = |ago: i128, max_age: f64| opened(&(1, NOW - ago, max_age), None);
        assert_eq!(signed(1500, 1.5), Ok(1));
        assert_eq!(signed(1501, 1.5), Err(TokenError::Expired));
        assert_eq!(signed(1001, 1.001), Ok(1), "which is 1,000.999… in floats");
        assert_eq!(signed(1002, 1.001), Err(TokenError::Expired));
        assert_eq!((signed(0, 0.000_1), signed(0, 0.6e-9)), (Ok(1), Ok(1)));
        assert_eq!(signed(1, 0.000_1), Err(TokenError::Expired));
        assert_eq!(signed(0, 0.4e-9), Err(TokenError::Expired), "nothing, to the nanosecond");
        assert_eq!(signed(0, -1.5), Err(TokenError::Expired));
        assert_eq!(signed(1_000_000, 1e300), Ok(1));
        assert_eq!(opened(&(1, NOW, -1), None), Err(TokenError::Expired));
        assert_eq!(opened(&(1, NOW, 0), None), Err(TokenError::Expired));
        assert_eq!(opened(&(1, NOW - 1, u128::MAX), None), Ok(1));
        assert_eq!(opened(&(1, u128::MAX, u128::MAX), None), Err(TokenError::Invalid));
        assert_eq!(opened(&(1, -5, Atom::new("infinity")), None), Ok(1));
    }

    #[test]
    fn tokens_of_old_versions_are_good_for_a_day() {
        let map = |at: i128| {
            let data = [(Atom::new("data"), 1), (Atom::new("signed"), at)];
            std::collections::BTreeMap::from(data)
        };
        for (ago, expected) in [(0, Ok(1)), (86_400_000, Ok(1)), (86_400_001, Err(TokenError::Expired))] {
            assert_eq!(opened(&(1, NOW - ago), None), expected);
            assert_eq!(opened(&map(NOW - ago), None), expected);
        }
        assert_eq!(opened(&map(NOW + 1), None), Err(TokenError::Invalid));
        assert_eq!(opened(&map(0), Some(MaxAge::Infinite)), Ok(1));
    }

    #[test]
    fn another_shape_is_a_mismatch() {
        let is_mismatch = |opened| matches!(opened, Err(TokenError::Mismatch(_)));
        assert!(is_mismatch(opened(&1, None)));
        assert!(is_mismatch(opened(&(1,), None)));
        assert!(is_mismatch(opened(&(1, NOW, 1, 1), None)));
        assert!(is_mismatch(opened(&vec![1, NOW, 1], None)));
        assert!(is_mismatch(opened(&(1, "now", 1), None)));
        assert!(is_mismatch(opened(&(1, NOW, "infinity"), None)));
        assert!(is_mismatch(opened(&(1, NOW, Atom::new("nil")), None)));
        assert!(is_mismatch(opened(&(1, 0.5), None)));
        let map = |key| std::collections::BTreeMap::from([(Atom::new(key), NOW)]);
        assert!(is_mismatch(opened(&map("data"), None)));
        assert!(is_mismatch(opened(&map("signed"), None)));
        assert!(is_mismatch(opened(&map("other"), None)));
        assert!(is_mismatch(open::<u8>(b"", now(), None)));
        assert!(is_mismatch(open::<u8>(b"\x83h\x03a\x01", now(), None)));
    }

    #[test]
    fn a_fraction_of_a_second_is_written_as_a_float() -> Result<(), TokenError> {
        let at = UNIX_EPOCH + Duration::from_millis(5);
        let written = close(&1, at, MaxAge::For(Duration::from_millis(1500)))?;
        assert_eq!(written, b"\x83h\x03a\x01a\x05F\x3f\xf8\0\0\0\0\0\0");
        let before_1970 = UNIX_EPOCH - Duration::from_micros(2500);
        let written = close(&1, before_1970, MaxAge::For(Duration::from_secs(1)))?;
        assert_eq!(written, b"\x83h\x03a\x01b\xff\xff\xff\xfea\x01");
        Ok(())
    }
}
