//! What is written into a term or a token is read from it, whatever it is.

use phx_runtime::{__fuzz, Token, TokenError};
use properties::{Kind, Record, Value};
use proptest::prelude::*;
use proptest::sample::Index;
use std::sync::LazyLock;

static TOKENS: LazyLock<Result<Token, TokenError>> =
    LazyLock::new(|| Ok(Token::new("a secret of 20 bytes or more", "arbitrary")?.key_iterations(1)));

fn tokens() -> Result<&'static Token, TestCaseError> {
    TOKENS.as_ref().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> TestCaseError {
    TestCaseError::fail(error.to_string())
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("a term has no other", |float| float.is_finite())
}

/// Bytes that are a text would be read as one.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<u128>().prop_map(Value::Natural),
        any::<u8>().prop_map(|byte| Value::Natural(byte.into())),
        (i128::MIN..0).prop_map(Value::Negative),
        (-70_000_i128..0).prop_map(Value::Negative),
        finite().prop_map(Value::Float),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>()
            .prop_filter("not a text", |bytes| str::from_utf8(bytes).is_err())
            .prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
            prop::collection::vec((inner.clone(), inner), 0..8).prop_map(Value::Map),
        ]
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Guest),
        any::<u64>().prop_map(Kind::User),
        (any::<bool>(), finite()).prop_map(|(one, other)| Kind::Pair(one, other)),
        any::<String>().prop_map(|text| Kind::Named { text }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    (any::<i128>(), any::<Option<String>>(), prop::collection::vec(kind(), 0..5))
        .prop_map(|(id, name, kinds)| Record { id, name, kinds })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_written_is_read(value in value()) {
        match __fuzz::write_term(&value) {
            Ok(term) => {
                let read = __fuzz::read_term::<Value>(&term).map_err(failed)?;
                prop_assert_eq!(read.sorted(), value.sorted());
            }
            Err(error) => prop_assert!(value.has_repeated_key(), "{error} of {value:?}"),
        }
    }

    #[test]
    fn a_token_holds_what_was_put_into_it(record in record()) {
        let signed = tokens()?.sign(&record).map_err(failed)?;
        prop_assert_eq!(tokens()?.verify::<Record>(&signed), Ok(record.clone()));
        let encrypted = tokens()?.encrypt(&record).map_err(failed)?;
        prop_assert_eq!(tokens()?.decrypt(&encrypted), Ok(record));
        prop_assert_eq!(tokens()?.verify::<Record>(&encrypted), Err(TokenError::Invalid));
    }

    #[test]
    fn no_bytes_do_harm(bytes in any::<Vec<u8>>()) {
        properties::terms(&bytes);
        properties::terms(&[&[131][..], &bytes].concat());
    }

    /// A term with some of its bytes changed.
    #[test]
    fn no_damage_does_harm(value in value(), changes in prop::collection::vec(any::<(Index, u8)>(), 1..4)) {
        let Ok(mut term) = __fuzz::write_term(&value) else { return Ok(()) };
        for (place, byte) in changes {
            let place = place.index(term.len());
            term[place] = byte;
        }
        properties::terms(&term);
    }
}
