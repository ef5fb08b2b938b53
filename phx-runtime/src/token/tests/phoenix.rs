//! What Phoenix makes is read here, and the other way round.

use super::*;

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
