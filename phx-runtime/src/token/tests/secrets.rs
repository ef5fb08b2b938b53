//! What tokens are made with: secrets, and the keys of them.

use super::*;

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

#[test]
fn an_endpoint_makes_the_keys_of_a_purpose_once() -> TestResult {
    let endpoint = crate::Endpoint::builder().secret_key_base("s".repeat(64)).build()?;
    let keys = |purpose| endpoint.token(purpose)?.keys();
    assert!(Arc::ptr_eq(&keys("user auth")?, &keys("user auth")?));
    assert!(!Arc::ptr_eq(&keys("user auth")?, &keys("other")?));
    Ok(())
}
