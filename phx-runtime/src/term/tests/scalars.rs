//! Numbers, texts and atoms.

use super::*;

type TestResult = Result<(), Box<dyn std::error::Error>>;

#[test]
fn integers_take_as_few_bytes_as_in_erlang() {
    assert_both_ways(&0_u8, b"a\0");
    assert_both_ways(&255_u64, b"a\xff");
    assert_both_ways(&256_i16, b"b\0\0\x01\0");
    assert_both_ways(&-1_i8, b"b\xff\xff\xff\xff");
    assert_both_ways(&i32::MAX, b"b\x7f\xff\xff\xff");
    assert_both_ways(&i32::MIN, b"b\x80\0\0\0");
    assert_both_ways(&2_147_483_648_u32, b"n\x04\0\0\0\0\x80");
    assert_both_ways(&-2_147_483_649_i64, b"n\x04\x01\x01\0\0\x80");
    assert_both_ways(&u64::MAX, b"n\x08\0\xff\xff\xff\xff\xff\xff\xff\xff");
    assert_both_ways(&i64::MIN, b"n\x08\x01\0\0\0\0\0\0\0\x80");
    assert_both_ways(&u128::MAX, &[&b"n\x10\0"[..], &[0xff; 16]].concat());
    assert_both_ways(&i128::MIN, &[&b"n\x10\x01"[..], &[0; 15], &[0x80]].concat());
    assert_both_ways(&(1_u128 << 64), b"n\x09\0\0\0\0\0\0\0\0\0\x01");
}

#[test]
fn integers_are_read_in_any_of_their_forms_if_they_fit() {
    assert_reads(b"n\x01\0\x07", 7_u8);
    assert_reads(b"n\x04\0\x07\0\0\0", 7_u8);
    assert_reads(b"o\0\0\0\x01\x01\x07", -7_i8);
    assert_reads(&[&b"n\xff\0\x07"[..], &[0; 254]].concat(), 7_u8);
    assert_reads(b"n\0\0", 0_u8);
    assert_reads(b"n\x01\x01\0", 0_u8);
    assert_reads(b"a\x07", 7_i128);
    assert_reads(b"a\x07", 7.0_f64);
    assert_eq!(why::<u8>(b"b\0\0\x01\0"), "invalid value: an integer, expected u8");
    assert_eq!(why::<u64>(b"b\xff\xff\xff\xff"), "invalid value: an integer, expected u64");
    let huge = [&b"n\x11\0"[..], &[0; 16], &[1]].concat();
    assert_eq!(read::<u128>(&huge), Err(TermError::Integer));
    let negative = [&b"n\x10\x01"[..], &[1], &[0; 14], &[0x80]].concat();
    assert_eq!(read::<i128>(&negative), Err(TermError::Integer));
    assert_reads(&huge, Ignored);
}

#[test]
fn floats_have_eight_bytes_and_are_finite() {
    assert_both_ways(&1.5_f64, b"F\x3f\xf8\0\0\0\0\0\0");
    assert_both_ways(&-0.5_f32, b"F\xbf\xe0\0\0\0\0\0\0");
    assert_eq!(write(&f64::NAN), Err(TermError::Float));
    assert_eq!(check(b"F\x7f\xf0\0\0\0\0\0\0"), Err(TermError::Float));
}

#[test]
fn texts_are_binaries_and_what_is_no_text_is_bytes() {
    assert_both_ways(&"grün".to_owned(), b"m\0\0\0\x05gr\xc3\xbcn");
    assert_both_ways(&String::new(), b"m\0\0\0\0");
    assert_both_ways(&'ü', b"m\0\0\0\x02\xc3\xbc");
    assert!(why::<String>(b"m\0\0\0\x01\xff").starts_with("invalid value: bytes, expected"));
    assert_both_ways(&Bytes(vec![0, 255]), b"m\0\0\0\x02\0\xff");
    assert_reads(b"m\0\0\0\x01a", Bytes(b"a".to_vec()));
    assert_eq!(why::<Vec<u8>>(b"m\0\0\0\x01a"), "invalid type: a string, expected a sequence");
}

/// As `serde_bytes` has them.
#[derive(Debug, PartialEq)]
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BytesVisitor;
        impl serde::de::Visitor<'_> for BytesVisitor {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_owned()))
            }
        }
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

#[test]
fn atoms_are_written_in_utf_8_and_read_in_all_their_forms() -> TestResult {
    assert_both_ways(&true, b"w\x04true");
    assert_both_ways(&false, b"w\x05false");
    assert_both_ways(&(), b"w\x03nil");
    assert_both_ways(&None::<u8>, b"w\x03nil");
    assert_both_ways(&Some(7_u8), b"a\x07");
    assert_both_ways(&Atom::new("admin"), b"w\x05admin");
    for bytes in [&b"d\0\x05admin"[..], b"s\x05admin", b"v\0\x05admin", b"w\x05admin"] {
        assert_reads(bytes, Atom::new("admin"));
        assert_reads(bytes, "admin".to_owned());
    }
    assert_reads(b"d\0\x04true", true);
    assert_reads(b"d\0\x03nil", None::<u8>);
    assert_reads(b"s\x01\xfc", Atom::new("ü"));
    assert_reads(b"w\x02\xc3\xbc", Atom::new("ü"));
    assert_reads(b"w\x04true", Atom::new("true"));
    assert_eq!(why::<Atom>(b"m\0\0\0\x01a"), "invalid type: a string, expected an atom");
    assert_eq!(why::<Atom>(b"a\x01"), "invalid type: an integer, expected an atom");
    assert!(why::<String>(b"w\x03nil").starts_with("invalid type: nil, expected"));
    assert_eq!(serde_json::to_string(&Atom::new("a"))?, r#""a""#, "to another format it is a string");
    assert_eq!(serde_json::from_str::<Atom>(r#""a""#)?, Atom::new("a"));
    Ok(())
}

#[test]
fn the_name_of_an_atom_has_255_characters() {
    for (character, head) in [("a", &b"w\xff"[..]), ("ü", b"v\x01\xfe")] {
        let name = character.repeat(255);
        assert_both_ways(&Atom::new(name.clone()), &[head, name.as_bytes()].concat());
        assert_eq!(write(&Atom::new(character.repeat(256))), Err(TermError::AtomName));
    }
    assert_eq!(check(&[&b"v\x01\0"[..], &[b'a'; 256]].concat()), Err(TermError::AtomName));
    assert_eq!(check(&[&b"d\x01\0"[..], &[b'a'; 256]].concat()), Err(TermError::AtomName));
    assert_reads(&[&b"d\0\xff"[..], &[0xfc; 255]].concat(), Atom::new("ü".repeat(255)));
    assert_eq!(check(b"w\x01\xff"), Err(TermError::AtomName));
}
