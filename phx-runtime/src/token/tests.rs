//! The vectors of `Phoenix.Token`, made by Phoenix itself: the secret is `abcdefgh` eight times, the time 1,700,000,000 s.

mod mismatch;

use super::*;
use crate::term::Atom;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const ONE: &str = "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.diBgyKSmNpVMWDnPJFIm6gU1GNeFN7vZbnSzVobkIDQ";
const USER: &str =
    "SFMyNTY.g2gDbQAAAAd1c2VyOjQybgYAAGjlz4sBYgABUYA.3_cewmUBxBB_gUyl4xQV3mnxrX1oomSfZRKfnaigefI";
const MAP: &str = "SFMyNTY.g2gDdAAAAAJtAAAAAmlkYQdtAAAAAXJtAAAAAXhuBgAAaOXPiwFiAAFRgA.\
                   DhjuAgIjdn2KDggWHYw2zibx6pTicoI_UwinJBgv1EY";
const BIG: &str = "SFMyNTY.g2gDbgUAABpxGAJuBgAAaOXPiwFiAAFRgA.k65vex3XSIiITcsSEwqj-u2XDLTdTGJMN_AGUA5WVy8";
const LIST: &str = "SFMyNTY.g2gDawADAQIDbgYAAGjlz4sBYgABUYA.WY6BKHZJe-jCXL3EpBltcmmiWOmivUNLF3a4e1Sc-wc";
const INFINITE_25: &str =
    "SFMyNTY.g2gDYQFuBgAAaOXPiwFkAAhpbmZpbml0eQ.e5Vre8npHLnP4ngKN88rQ77ggAZZY09iEgVE3eHoU-8";
const INFINITE_26: &str =
    "SFMyNTY.g2gDYQFuBgAAaOXPiwF3CGluZmluaXR5.nOXH-Kk--7obs2fQTYg-DLLdRoIEyaMBmIEczhzXHSE";
const OTHER_KEY: &str = "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.0URpfjUs4_iiPmsXLOtXVecoiKbB4FAzHEK28-y9a1s";
const ENCRYPTED: &str =
    "XCP.8j1Kf8k8Lz8gfoN02ZMiiSgS3ZmOgxKoOkp8X_XJj1hdUtLDHFuA97si2g-mZkZjtRrNow6fWTS2AC5q6v8tZdTEsGEm";

fn then() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

fn tokens(salt: &str) -> Result<Token, TokenError> {
    Token::new("abcdefgh".repeat(8), salt)
}

fn reader() -> Result<Token, TokenError> {
    Ok(tokens("user auth")?.never_expires())
}

fn with_other_key() -> Result<Token, TokenError> {
    Ok(tokens("user auth")?.key_digest(KeyDigest::Sha512).key_length(64).key_iterations(2000))
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Role {
    r: String,
    id: u64,
}

fn role() -> Role {
    Role { r: "x".to_owned(), id: 7 }
}

#[test]
fn what_is_signed_has_the_bytes_of_phoenix() -> TestResult {
    let tokens = tokens("user auth")?;
    assert_eq!(tokens.sign_at(&1, then())?, ONE);
    assert_eq!(tokens.sign_at("user:42", then())?, USER);
    assert_eq!(
        tokens.sign_at(&BTreeMap::from([("id", serde_json::json!(7)), ("r", "x".into())]), then())?,
        MAP
    );
    assert_eq!(tokens.sign_at(&role(), then())?, MAP, "in the order of the keys");
    assert_eq!(tokens.sign_at(&9_000_000_000_u64, then())?, BIG);
    assert_eq!(tokens.sign_at(&[1, 2, 3][..], then())?, LIST);
    assert_eq!(tokens.never_expires().sign_at(&1, then())?, INFINITE_26);
    assert_eq!(with_other_key()?.sign_at(&1, then())?, OTHER_KEY);
    Ok(())
}

#[test]
fn what_phoenix_signed_is_verified() -> TestResult {
    let tokens = reader()?;
    assert_eq!(tokens.verify(ONE), Ok(1));
    assert_eq!(tokens.verify(USER), Ok("user:42".to_owned()));
    assert_eq!(tokens.verify(MAP), Ok(role()));
    assert_eq!(tokens.verify(MAP), Ok(serde_json::json!({"id": 7, "r": "x"})));
    assert_eq!(tokens.verify(BIG), Ok(9_000_000_000_u64));
    assert_eq!(tokens.verify(LIST), Ok(vec![1, 2, 3]));
    assert_eq!(self::tokens("user auth")?.verify(INFINITE_25), Ok(1), "it says itself that it never expires");
    assert_eq!(self::tokens("user auth")?.verify(INFINITE_26), Ok(1));
    assert_eq!(with_other_key()?.never_expires().verify(OTHER_KEY), Ok(1));
    Ok(())
}

#[test]
fn what_phoenix_encrypted_is_decrypted() -> TestResult {
    let tokens = tokens("user enc")?.never_expires();
    assert_eq!(tokens.decrypt(ENCRYPTED), Ok("user:42".to_owned()));
    let again = tokens.encrypt_at("user:42", then())?;
    assert_eq!(tokens.decrypt(&again), Ok("user:42".to_owned()));
    assert_eq!(again.len(), tokens.encrypt_at("user:43", then())?.len());
    Ok(())
}

/// `{:user, 5}`, as OTP 25 and older write it and as those after it do.
#[test]
fn a_tuple_that_begins_with_an_atom_is_a_variant() -> TestResult {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Who {
        User(u64),
    }
    let old = b"\x83\x68\x03\x68\x02\x64\0\x04user\x61\x05\x6e\x06\0\0\x68\xe5\xcf\x8b\x01\x62\0\x01\x51\x80";
    let new = b"\x83\x68\x03\x68\x02\x77\x04user\x61\x05\x6e\x06\0\0\x68\xe5\xcf\x8b\x01\x62\0\x01\x51\x80";
    let tokens = reader()?;
    for payload in [&old[..], &new[..]] {
        let token = tokens.keys()?.sign(payload);
        assert_eq!(tokens.verify(&token), Ok(Who::User(5)));
        assert_eq!(tokens.verify(&token), Ok((Atom::new("user"), 5)));
    }
    let token = self::tokens("user auth")?.sign_at(&Who::User(5), then())?;
    assert_eq!(tokens.keys()?.verify(&token).as_deref(), Some(&new[..]));
    Ok(())
}

#[test]
fn every_byte_of_a_token_counts() -> TestResult {
    let (one, other) = (reader()?, with_other_key()?.never_expires());
    let signed = [ONE, USER, MAP, BIG, LIST, INFINITE_25, INFINITE_26].map(|vector| (&one, vector));
    for (tokens, vector) in signed.into_iter().chain([(&other, OTHER_KEY)]) {
        let is_open = |text: &str| tokens.verify::<serde::de::IgnoredAny>(text).is_ok();
        assert!(is_open(vector));
        assert_changes_are_refused(vector, is_open);
    }
    let tokens = tokens("user enc")?.never_expires();
    let is_open = |text: &str| tokens.decrypt::<serde::de::IgnoredAny>(text).is_ok();
    assert!(is_open(ENCRYPTED));
    assert_changes_are_refused(ENCRYPTED, is_open);
    Ok(())
}

/// Each byte another, one more and one less, in front, behind and between.
fn assert_changes_are_refused(vector: &str, is_open: impl Fn(&str) -> bool) {
    const OTHERS: &str = "ABQRZabgz0189-_.=+/ \0\x7fü";
    for place in 0..vector.len() {
        let (before, after) = vector.split_at(place);
        assert!(!is_open(before), "cut to {before}");
        assert!(!is_open(after) || place == 0, "cut to {after}");
        assert!(!is_open(&format!("{before}{}", &after[1..])), "{vector} without its byte {place}");
        for other in OTHERS.chars() {
            let added = format!("{before}{other}{after}");
            assert!(!is_open(&added), "{added}");
            if !after.starts_with(other) {
                let changed = format!("{before}{other}{}", &after[1..]);
                assert!(!is_open(&changed), "{changed}");
            }
        }
    }
    // Padding that makes the base64 whole says nothing and is tolerated.
    let last = vector.rsplit('.').next().unwrap_or_default();
    for other in OTHERS.chars() {
        let added = format!("{vector}{other}");
        assert_eq!(is_open(&added), other == '=' && last.len() % 4 == 3, "{added}");
    }
}

#[test]
fn the_two_forms_are_not_taken_for_each_other() -> TestResult {
    let tokens = tokens("user enc")?.never_expires();
    assert_eq!(tokens.verify::<String>(ENCRYPTED), Err(TokenError::Invalid));
    assert_eq!(tokens.decrypt::<String>(&tokens.sign("user:42")?), Err(TokenError::Invalid));
    assert_eq!(tokens.decrypt::<String>("QTEyOEdDTQ.a.b.c.d"), Err(TokenError::Invalid), "the older cipher");
    Ok(())
}

#[test]
fn a_token_for_another_purpose_or_of_another_secret_is_invalid() -> TestResult {
    assert_eq!(tokens("user")?.never_expires().verify::<u64>(ONE), Err(TokenError::Invalid));
    let other = Token::new("abcdefgi".repeat(8), "user auth")?.never_expires();
    assert_eq!(other.verify::<u64>(ONE), Err(TokenError::Invalid));
    assert_eq!(with_other_key()?.never_expires().verify::<u64>(ONE), Err(TokenError::Invalid));
    Ok(())
}

#[test]
fn a_missing_token_is_missing() -> TestResult {
    assert_eq!(reader()?.verify::<u64>(None), Err(TokenError::Missing));
    assert_eq!(reader()?.decrypt::<u64>(None), Err(TokenError::Missing));
    assert_eq!(reader()?.verify::<u64>(""), Err(TokenError::Invalid));
    assert_eq!(reader()?.verify(Some(ONE)), Ok(1));
    Ok(())
}

#[test]
fn a_token_may_be_a_string_a_text_or_an_option() -> TestResult {
    let tokens = tokens("user auth")?;
    let (signed, sealed) = (tokens.sign(&1)?, tokens.encrypt(&2)?);
    assert_eq!((tokens.verify(&signed), tokens.decrypt(&sealed)), (Ok(1), Ok(2)));
    assert_eq!((tokens.verify(signed.as_str()), tokens.decrypt(sealed.as_str())), (Ok(1), Ok(2)));
    let (signed, sealed) = (Some(signed), Some(sealed));
    assert_eq!((tokens.verify(signed.as_deref()), tokens.decrypt(sealed.as_deref())), (Ok(1), Ok(2)));
    Ok(())
}

#[test]
fn the_maximal_age_of_the_reader_counts_before_that_of_the_token() -> TestResult {
    let tokens = tokens("user auth")?;
    let long_ago = |tokens: &Token| tokens.sign_at(&1, then());
    assert_eq!(tokens.verify::<u8>(&long_ago(&tokens)?), Err(TokenError::Expired), "a day is over");
    let eternal = long_ago(&tokens.clone().never_expires())?;
    assert_eq!(tokens.verify(&eternal), Ok(1));
    assert_eq!(
        tokens.clone().max_age(Duration::from_secs(9)).verify::<u8>(&eternal),
        Err(TokenError::Expired)
    );
    assert_eq!(tokens.clone().max_age(Duration::ZERO).verify::<u8>(&eternal), Err(TokenError::Expired));
    let short = long_ago(&tokens.clone().max_age(Duration::from_secs(1)))?;
    assert_eq!(tokens.clone().never_expires().verify(&short), Ok(1));
    assert_eq!(tokens.clone().max_age(Duration::MAX).verify(&short), Ok(1));
    let future = tokens.sign_at(&1, SystemTime::now() + Duration::from_mins(1))?;
    assert_eq!(tokens.verify::<u8>(&future), Err(TokenError::Invalid));
    let fresh = tokens.sign(&1)?;
    assert_eq!(tokens.verify(&fresh), Ok(1));
    Ok(())
}

/// No byte of it is looked at before: what is wrong with it is known only of what is ours.
#[test]
fn the_signature_is_checked_before_anything_else() -> TestResult {
    let (tokens, other) = (reader()?, tokens("another purpose")?);
    let too_deep = [&b"\x83"[..], &b"h\x01".repeat(100)].concat();
    for payload in [&b""[..], b"\x83", b"no term", b"\x83h\x03a\x01a\x01a\x01a", &too_deep] {
        let signed = |tokens: &Token| Ok::<_, TokenError>(tokens.keys()?.sign(payload));
        assert_eq!(tokens.verify::<u8>(&signed(&other)?), Err(TokenError::Invalid));
        let ours = tokens.verify::<u8>(&signed(&tokens)?);
        assert!(matches!(ours, Err(TokenError::Mismatch(_))), "{ours:?}");
        let sealed =
            |tokens: &Token| Ok::<_, TokenError>(tokens.keys()?.encrypt(payload).unwrap_or_default());
        assert_eq!(tokens.decrypt::<u8>(&sealed(&other)?), Err(TokenError::Invalid));
        let ours = tokens.decrypt::<u8>(&sealed(&tokens)?);
        assert!(matches!(ours, Err(TokenError::Mismatch(_))), "{ours:?}");
    }
    Ok(())
}

#[test]
fn an_endpoint_makes_the_keys_of_a_purpose_once() -> TestResult {
    let endpoint = crate::Endpoint::builder().secret_key_base("s".repeat(64)).build()?;
    let keys = |purpose| endpoint.token(purpose)?.keys();
    assert!(Arc::ptr_eq(&keys("user auth")?, &keys("user auth")?));
    assert!(!Arc::ptr_eq(&keys("user auth")?, &keys("other")?));
    Ok(())
}

#[test]
fn a_value_that_no_term_can_be_is_unwritable() -> TestResult {
    let why = |error| if let Err(TokenError::Unwritable(why)) = error { why } else { String::new() };
    assert_eq!(why(reader()?.sign(&f64::NAN)), "a float is not a finite number");
    assert_eq!(why(reader()?.encrypt(&f32::INFINITY)), "a float is not a finite number");
    assert_eq!(why(reader()?.sign(&"x".repeat(term_bytes()))), "it has more than 1048576 bytes");
    Ok(())
}

fn term_bytes() -> usize {
    crate::term::MAX_BYTES
}

#[test]
fn a_secret_has_20_bytes() {
    assert!(Token::new("s".repeat(20), "salt").is_ok());
    assert_eq!(Token::new("s".repeat(19), "salt").err(), Some(TokenError::ShortSecret));
    let old =
        |length| Token::new("s".repeat(20), "salt").and_then(|tokens| tokens.old_secret("o".repeat(length)));
    assert!(old(20).is_ok());
    assert_eq!(old(19).err(), Some(TokenError::ShortSecret));
}

#[test]
fn keys_have_lengths() -> TestResult {
    let of = |length| tokens("user auth").map(|tokens| tokens.key_length(length).key_iterations(1));
    for length in [1, 32, 1024] {
        assert_eq!(of(length)?.verify(&of(length)?.sign(&1)?), Ok(1), "{length}");
    }
    for length in [0, 1025] {
        assert_eq!(of(length)?.sign(&1), Err(TokenError::KeyLength), "{length}");
        assert_eq!(of(length)?.verify::<u8>(ONE), Err(TokenError::KeyLength), "{length}");
    }
    for length in [31, 33] {
        assert_eq!(of(length)?.encrypt(&1), Err(TokenError::KeyLength), "{length}");
        assert_eq!(of(length)?.decrypt::<u8>(ENCRYPTED), Err(TokenError::KeyLength), "{length}");
    }
    Ok(())
}

#[test]
fn old_secrets_are_read_and_the_first_is_written() -> TestResult {
    let rotated = || Token::new("n".repeat(20), "user auth")?.old_secret("o".repeat(20));
    let rotated = rotated()?.old_secret("abcdefgh".repeat(8))?.never_expires();
    assert_eq!(rotated.verify(ONE), Ok(1));
    let new = Token::new("n".repeat(20), "user auth")?;
    assert_eq!(new.verify(&rotated.sign(&2)?), Ok(2));
    assert_eq!(reader()?.verify::<u8>(&rotated.sign(&2)?), Err(TokenError::Invalid));
    let sealed = tokens("user auth")?.encrypt(&3)?;
    assert_eq!(rotated.decrypt(&sealed), Ok(3));
    Ok(())
}

#[test]
fn the_secret_is_shown_nowhere() -> TestResult {
    let tokens = Token::new("do not show this to anybody", "salt")?.old_secret("do not show this either")?;
    assert_eq!(format!("{tokens:?}"), r#"Token { salt: "salt", .. }"#);
    Ok(())
}
