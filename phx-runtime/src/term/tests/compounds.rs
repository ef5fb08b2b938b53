//! Lists, tuples, maps and variants.

use super::*;
use std::collections::BTreeMap;

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
    assert_both_ways(&vec![7_u8; 65_535], &[&b"k\xff\xff"[..], &vec![7; 65_535]].concat());
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
    assert_eq!(why::<(u8, u8)>(b"h\x03a\x01a\x02a\x03"), "a list or tuple has too many elements");
    assert_eq!(why::<(u8, u8)>(b"h\x01a\x01"), "invalid length, expected a tuple of size 2");
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
    let map = |keys: &[i64]| keys.iter().map(|&key| (key, 0_u8)).collect::<BTreeMap<_, _>>();
    assert_both_ways(&map(&[-1, 3, 256]), b"t\0\0\0\x03b\xff\xff\xff\xffa\0a\x03a\0b\0\0\x01\0a\0");
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
    assert_eq!(why::<Who>(b"w\x04user"), "a variant has more or fewer values with it, expected 1");
    assert_eq!(
        why::<Who>(b"h\x03w\x04usera\x05a\x05"),
        "a variant has more or fewer values with it, expected 1"
    );
    assert_eq!(why::<Who>(b"h\x02w\x05guesta\x05"), "a variant has more or fewer values with it, expected 0");
    assert!(why::<Who>(b"w\x05admin").starts_with("unknown variant, expected one of `guest`, `user`, "));
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
