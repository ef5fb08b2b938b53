//! The bytes of terms, as Erlang writes them, and what is refused.

use super::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Debug;

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// The bytes of `value` are these, and are read as it.
fn assert_both_ways<T>(value: &T, bytes: &[u8])
where
    T: Serialize + serde::de::DeserializeOwned + PartialEq + Debug,
{
    assert_eq!(write(value).as_deref(), Ok(bytes), "{value:?}");
    assert_eq!(check(bytes), Ok(()), "{value:?}");
    assert_eq!(read::<T>(bytes).as_ref(), Ok(value));
}

fn assert_reads<T: serde::de::DeserializeOwned + PartialEq + Debug>(bytes: &[u8], value: T) {
    assert_eq!(check(bytes), Ok(()), "{value:?}");
    assert_eq!(read::<T>(bytes), Ok(value));
}

fn why<T: serde::de::DeserializeOwned + Debug>(bytes: &[u8]) -> String {
    read::<T>(bytes).map_or_else(|error| error.to_string(), |value| format!("it is {value:?}"))
}

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
    assert_eq!(why::<u8>(b"b\0\0\x01\0"), "invalid value: integer `256`, expected u8");
    assert_eq!(why::<u64>(b"b\xff\xff\xff\xff"), "invalid value: integer `-1`, expected u64");
    let huge = [&b"n\x11\0"[..], &[0; 16], &[1]].concat();
    assert_eq!(read::<u128>(&huge), Err(TermError::Integer));
    let negative = [&b"n\x10\x01"[..], &[1], &[0; 14], &[0x80]].concat();
    assert_eq!(read::<i128>(&negative), Err(TermError::Integer));
    assert_reads(&huge, Ignored);
}

/// What is ignored may be anything.
#[derive(Debug)]
struct Ignored;

impl PartialEq for Ignored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
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
    assert!(why::<String>(b"m\0\0\0\x01\xff").contains("byte array"));
    assert_both_ways(&Bytes(vec![0, 255]), b"m\0\0\0\x02\0\xff");
    assert_reads(b"m\0\0\0\x01a", Bytes(b"a".to_vec()));
    assert_eq!(why::<Vec<u8>>(b"m\0\0\0\x01a"), r#"invalid type: string "a", expected a sequence"#);
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
    assert_eq!(why::<Atom>(b"a\x01"), "invalid type: integer `1`, expected an atom");
    assert!(why::<String>(b"w\x03nil").starts_with("invalid type: unit value"));
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

#[test]
fn lists_of_small_integers_are_written_as_bytes() {
    assert_both_ways(&vec![1_u64, 2, 3], b"k\0\x03\x01\x02\x03");
    assert_both_ways(&Vec::<u8>::new(), b"j");
    assert_both_ways(&vec![1, 256], b"l\0\0\0\x02a\x01b\0\0\x01\0j");
    assert_both_ways(&vec![1, -1], b"l\0\0\0\x02a\x01b\xff\xff\xff\xffj");
    assert_both_ways(&vec!["a".to_owned()], b"l\0\0\0\x01m\0\0\0\x01aj");
    assert_both_ways(&vec![vec![97_u8]], b"l\0\0\0\x01k\0\x01aj");
    assert_both_ways(&vec![Vec::<u8>::new(); 2], b"l\0\0\0\x02jjj");
    assert_reads(b"l\0\0\0\x01a\x01j", vec![1]);
    assert_both_ways(&vec![7_u8; 65_535], &[&b"k\xff\xff"[..], &[7; 65_535]].concat());
    let longer = write(&vec![7_u8; 65_536]).unwrap_or_default();
    assert!(longer.starts_with(b"l\0\x01\0\0a\x07a\x07") && longer.ends_with(b"a\x07j"));
}

#[test]
fn tuples_are_tuples_and_may_be_read_from_lists() {
    assert_both_ways(&(1, "a".to_owned()), b"h\x02a\x01m\0\0\0\x01a");
    assert_both_ways(&[1_u8, 2], b"h\x02a\x01a\x02");
    assert_reads(b"k\0\x02\x01\x02", (1, 2));
    assert_reads(b"i\0\0\0\x02a\x01a\x02", (1, 2));
    let large = vec![7_u8; 256];
    let bytes = [&b"i\0\0\x01\0"[..], &b"a\x07".repeat(256)].concat();
    assert_eq!(write(&AsTuple(&large)).as_deref(), Ok(&*bytes));
    assert_eq!(why::<Vec<u8>>(b"h\x02a\x01a\x02"), "invalid type: a tuple, expected a sequence");
    assert_eq!(
        why::<(u8, u8)>(b"h\x03a\x01a\x02a\x03"),
        "a list or tuple has 3 elements, which are too many"
    );
    assert_eq!(why::<(u8, u8)>(b"h\x01a\x01"), "invalid length 1, expected a tuple of size 2");
    assert!(why::<(u8, u8)>(b"k\0\x03\x01\x02\x03").contains("invalid length"));
}

/// A tuple of a length that no type has.
struct AsTuple<'v>(&'v [u8]);

impl Serialize for AsTuple<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeTuple;
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|element| tuple.serialize_element(element))?;
        tuple.end()
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    role: Option<String>,
    id: u64,
}

#[test]
fn maps_are_written_in_the_order_of_their_keys() {
    let user = User { role: None, id: 7 };
    assert_both_ways(&user, b"t\0\0\0\x02m\0\0\0\x02ida\x07m\0\0\0\x04rolew\x03nil");
    let map = |keys: &[i64]| keys.iter().map(|&key| (key, ())).collect::<BTreeMap<_, _>>();
    assert_both_ways(
        &map(&[-1, 3, 256]),
        b"t\0\0\0\x03b\xff\xff\xff\xffw\x03nila\x03w\x03nilb\0\0\x01\0w\x03nil",
    );
    let texts = BTreeMap::from([("b".to_owned(), 1), ("aa".to_owned(), 2), ("a".to_owned(), 3)]);
    assert_both_ways(&texts, b"t\0\0\0\x03m\0\0\0\x01aa\x03m\0\0\0\x02aaa\x02m\0\0\0\x01ba\x01");
    assert_both_ways(&BTreeMap::<u8, u8>::new(), b"t\0\0\0\0");
}

#[test]
fn keys_are_in_erlangs_order_whatever_they_are() {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Any {
        Integer(i128),
        Atom(Atom),
        Text(&'static str),
    }
    let keys = [Any::Text("a"), Any::Atom(Atom::new("b")), Any::Integer(9), Any::Integer(-9), Any::Text("B")];
    let written = write(&Pairs(keys)).unwrap_or_default();
    let order = [&b"b\xff\xff\xff\xf7"[..], b"a\x09", b"w\x01b", b"m\0\0\0\x01B", b"m\0\0\0\x01a"];
    let pairs: Vec<u8> = order.iter().flat_map(|key| [key, &b"w\x03nil"[..]].concat()).collect();
    assert_eq!(written, [&b"t\0\0\0\x05"[..], &pairs].concat());
    let twice = [Any::Integer(1), Any::Text("a"), Any::Integer(1), Any::Text("b"), Any::Text("c")];
    assert_eq!(write(&Pairs(twice)), Err(TermError::RepeatedKey));
}

/// A map with these keys.
struct Pairs<K>([K; 5]);

impl<K: Serialize> Serialize for Pairs<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|key| (key, ())))
    }
}

#[test]
fn a_struct_is_read_from_a_map_with_atoms_or_texts_as_keys() {
    let user = || User { role: Some("admin".to_owned()), id: 7 };
    assert_reads(b"t\0\0\0\x02w\x02ida\x07w\x04rolew\x05admin", user());
    assert_reads(b"t\0\0\0\x02d\0\x02ida\x07m\0\0\0\x04rolem\0\0\0\x05admin", user());
    assert_reads(b"t\0\0\0\x02w\x02ida\x07w\x05otherh\x01j", User { role: None, id: 7 });
    assert_eq!(why::<User>(b"t\0\0\0\0"), "missing field `id`");
    assert_eq!(why::<User>(b"h\x02w\x03nila\x07"), "invalid type: a tuple, expected struct User");
    assert_eq!(why::<User>(b"j"), "invalid type: a list, expected struct User");
    assert!(why::<User>(b"t\0\0\0\x02w\x02ida\x07m\0\0\0\x02ida\x07").contains("duplicate field"));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Who {
    Guest,
    User(u64),
    Pair(u8, u8),
    Named { id: u64 },
}

#[test]
fn variants_are_atoms_and_tuples_that_begin_with_one() {
    assert_both_ways(&Who::Guest, b"w\x05guest");
    assert_both_ways(&Who::User(5), b"h\x02w\x04usera\x05");
    assert_both_ways(&Who::Pair(1, 2), b"h\x03w\x04paira\x01a\x02");
    assert_both_ways(&Who::Named { id: 7 }, b"h\x02w\x05namedt\0\0\0\x01m\0\0\0\x02ida\x07");
    assert_reads(b"m\0\0\0\x05guest", Who::Guest);
    assert_reads(b"h\x01w\x05guest", Who::Guest);
    assert_reads(b"h\x02m\0\0\0\x04usera\x05", Who::User(5));
    assert_eq!(why::<Who>(b"w\x04user"), "a variant has 0 values with it, expected 1");
    assert_eq!(why::<Who>(b"h\x03w\x04usera\x05a\x05"), "a variant has 2 values with it, expected 1");
    assert_eq!(why::<Who>(b"h\x02w\x05guesta\x05"), "a variant has 1 values with it, expected 0");
    assert!(why::<Who>(b"w\x05admin").starts_with("unknown variant `admin`, expected one of"));
    assert_eq!(why::<Who>(b"h\0"), "a length is not the one that was announced");
    assert_eq!(why::<Who>(b"a\x01"), "the name of a variant is an atom or a string");
}

#[test]
fn newtypes_and_unit_structs_are_what_is_in_them() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Id(u64);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nothing;
    assert_both_ways(&Id(7), b"a\x07");
    assert_both_ways(&Nothing, b"w\x03nil");
}

#[test]
fn what_is_cut_off_anywhere_is_refused_and_so_is_what_follows() {
    let value = (
        vec![(1, -1, 0.5), (2, 1_000_000, 1.5)],
        User { role: Some("a".to_owned()), id: u64::MAX },
        Atom::new("x"),
    );
    let whole = write(&value).unwrap_or_default();
    assert_eq!(check(&whole), Ok(()));
    for end in 0..whole.len() {
        assert_eq!(check(&whole[..end]), Err(TermError::Truncated), "{end}");
    }
    assert_eq!(check(&[&*whole, b"a"].concat()), Err(TermError::Left));
    assert_eq!(open(b""), Err(TermError::Version));
    assert_eq!(open(b"\x82a\x01"), Err(TermError::Version));
}

#[test]
fn kinds_of_terms_that_no_token_needs_are_refused() {
    // Bitstrings, functions, pids, ports, references, text floats, and numbers that are no kind.
    for tag in [0, 68, 77, 80, 82, 88, 89, 90, 99, 101, 102, 103, 112, 113, 114, 117, 120, 121, 255] {
        let bytes = [&[tag][..], &[0; 64]].concat();
        assert_eq!(check(&bytes), Err(TermError::Tag(tag)), "{tag}");
    }
    assert_eq!(check(b"l\0\0\0\x01a\x01a\x02"), Err(TermError::Improper));
}

#[test]
fn lengths_that_the_input_has_not_take_neither_memory_nor_time() {
    for tag in [105, 108, 111, 109, 116] {
        assert_eq!(check(&[tag, 255, 255, 255, 255]), Err(TermError::Truncated), "{tag}");
        assert!(read::<Ignored>(&[tag, 255, 255, 255, 255]).is_err());
        assert!(read::<serde_json::Value>(&[tag, 255, 255, 255, 255]).is_err());
    }
}

#[test]
fn lists_tuples_and_maps_are_in_each_other_up_to_a_depth() {
    for (open, close) in [(&b"h\x01"[..], &b""[..]), (b"l\0\0\0\x01", b"j"), (b"t\0\0\0\x01a\x01", b"")] {
        let nested = |depth| [open.repeat(depth), b"a\x01".to_vec(), close.repeat(depth)].concat();
        assert_eq!(check(&nested(MAX_DEPTH)), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1)), Err(TermError::Depth));
        assert_eq!(check(&nested(100_000)), Err(TermError::Depth));
        assert!(read::<serde_json::Value>(&b"h\x01".repeat(MAX_DEPTH)).is_err());
    }
}

#[test]
fn a_term_has_so_many_values_and_no_more() {
    // The list counts too.
    let list = |length: usize| {
        let length = u32::try_from(length).unwrap_or_default().to_be_bytes();
        [&b"l"[..], &length, &b"j".repeat(u32::from_be_bytes(length) as usize), b"j"].concat()
    };
    assert_eq!(check(&list(MAX_ELEMENTS - 1)), Ok(()));
    assert_eq!(check(&list(MAX_ELEMENTS)), Err(TermError::Elements));
    let bytes = [&b"k\xff\xff"[..], &[0; 65_535]].concat();
    assert_eq!(check(&bytes), Ok(()));
    assert_eq!(check(&[b"h\x02", &*bytes, b"a\x01"].concat()), Err(TermError::Elements));
}

#[test]
fn a_term_has_so_many_bytes_and_no_more() {
    // With the first byte, and the five before a text.
    let text = |length: usize| write(&"x".repeat(length - 6)).unwrap_or_default();
    assert_eq!(check(&text(MAX_BYTES)), Ok(()));
    assert_eq!(check(&text(MAX_BYTES + 1)), Err(TermError::Size));
}

fn compressed(length: usize, term: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    let zlib = writer.write_all(term).and_then(|()| writer.finish()).unwrap_or_default();
    [&[VERSION, inflate::TAG][..], &u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes(), &zlib].concat()
}

#[test]
fn compressed_terms_are_inflated_up_to_the_limit() {
    let text = |length: usize| write(&"x".repeat(length - 6)).unwrap_or_default();
    let term = text(1000);
    let bytes = compressed(term.len(), &term);
    assert_eq!(open(&bytes).as_deref(), Ok(&*term));
    for (bytes, error) in [
        (compressed(term.len() - 1, &term), TermError::Length),
        (compressed(term.len() + 1, &term), TermError::Length),
        (compressed(0, &term), TermError::Length),
        ([&*bytes, b"x"].concat(), TermError::Left),
        (bytes[..bytes.len() - 1].to_vec(), TermError::Compressed),
        (bytes[..3].to_vec(), TermError::Truncated),
        (compressed(0xffff_ffff, &term), TermError::Size),
        // In itself.
        (compressed(bytes.len() - 1, &bytes[1..]), TermError::Tag(inflate::TAG)),
    ] {
        assert_eq!(open(&bytes), Err(error));
    }
    let largest = text(MAX_BYTES);
    assert_eq!(open(&compressed(largest.len(), &largest)).as_deref(), Ok(&*largest));
    let larger = text(MAX_BYTES + 1);
    assert_eq!(open(&compressed(larger.len(), &larger)), Err(TermError::Size));
    // A bomb that says it is small.
    let bomb = vec![0; 64 * MAX_BYTES];
    assert_eq!(open(&compressed(100, &bomb)), Err(TermError::Length));
}
