//! The vectors of `Phoenix.Token`, made by Phoenix itself: the secret is `abcdefgh` eight times, the time 1,700,000,000 s.

mod changed;
mod mismatch;
mod phoenix;
mod secrets;

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
