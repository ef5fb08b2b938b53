//! What is ours and in time, but of another type: the error says of which kind it is, and never what.

use super::*;
use crate::reply::Refused;
use serde::de::IgnoredAny;

fn why<T: serde::de::DeserializeOwned>(data: &impl Serialize) -> Result<String, TokenError> {
    let tokens = tokens("user enc")?;
    match tokens.decrypt::<T>(&tokens.encrypt(data)?) {
        Err(TokenError::Mismatch(why)) => Ok(why),
        other => other.map(|_| "it fits".to_owned()),
    }
}

#[test]
fn data_of_another_type_is_a_mismatch_that_says_why() -> TestResult {
    assert_eq!(why::<String>(&1)?, "invalid type: an integer, expected a string");
    assert_eq!(why::<Role>(&BTreeMap::from([("id", 7)]))?, "missing field `r`");
    // Too old is told first: what is in it does not matter then.
    assert_eq!(tokens("user auth")?.verify::<String>(ONE), Err(TokenError::Expired));
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Who {
    User { id: u8 },
}

/// Takes no text, and says which.
#[derive(Debug)]
struct Talkative;

impl<'de> Deserialize<'de> for Talkative {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() < 6 {
            let unexpected = serde::de::Unexpected::Other(&text);
            return Err(serde::de::Error::invalid_type(unexpected, &"something else"));
        }
        Err(serde::de::Error::custom(format_args!("{text} is nothing")))
    }
}

#[test]
fn the_data_is_in_no_error() -> TestResult {
    let map = |key: &'static str| BTreeMap::from([("user", BTreeMap::from([(key, 4111)]))]);
    let variant = |name: &str| (Atom::new(name.to_owned()), BTreeMap::from([("id", 4111)]));
    for (why, expected) in [
        (why::<u64>(&"card 4111")?, "invalid type: a string, expected u64"),
        (why::<char>(&"card 4111")?, "invalid value: a string, expected a character"),
        (why::<u8>(&4111)?, "invalid value: an integer, expected u8"),
        (why::<u64>(&-4111)?, "invalid value: an integer, expected u64"),
        (why::<String>(&4111.0)?, "invalid type: a float, expected a string"),
        (why::<Atom>(&"card 4111")?, "invalid type: a string, expected an atom"),
        (why::<u8>(&true)?, "invalid type: a boolean, expected u8"),
        (why::<u8>(&())?, "invalid type: nil, expected u8"),
        (why::<u8>(&[4111, 1])?, "invalid type: a list or tuple, expected u8"),
        (why::<Vec<u8>>(&[4111, 1])?, "invalid type: a tuple, expected a sequence"),
        (why::<Role>(&vec![4111, 1])?, "invalid type: a list, expected struct Role"),
        (why::<u8>(&map("id"))?, "invalid type: a map, expected u8"),
        (why::<(u64, u64)>(&(4111,))?, "invalid length, expected a tuple of size 2"),
        (why::<Who>(&variant("card 4111"))?, "unknown variant, expected `user`"),
        (why::<Who>(&variant("user"))?, "invalid value: an integer, expected u8"),
        (
            why::<Who>(&(Atom::new("user"), BTreeMap::from([("card 4111", 1)])))?,
            "unknown field, expected `id`",
        ),
        (why::<Talkative>(&"4111")?, "invalid type: another kind of value, expected something else"),
        (why::<Talkative>(&"card 4111")?, "a value is not one that the type accepts"),
        (why::<std::net::IpAddr>(&"card 4111")?, "a value is not one that the type accepts"),
    ] {
        assert_eq!(why, expected);
    }
    Ok(())
}

#[test]
fn a_client_is_not_told_what_does_not_fit() -> TestResult {
    let tokens = tokens("user enc")?;
    let token = tokens.encrypt("card 4111")?;
    let refused = |token: &str, tokens: &Token| {
        let reason = tokens.decrypt::<u64>(token).map_err(Refused::from).err();
        reason.map(|refused| refused.reason().to_owned())
    };
    assert_eq!(refused(&token, &tokens).as_deref(), Some("the token is not valid"));
    assert_eq!(refused("forged", &tokens).as_deref(), Some("the token is not valid"));
    let over = tokens.clone().max_age(Duration::ZERO);
    assert_eq!(refused(&token, &over).as_deref(), Some("the token has expired"));
    let missing = tokens.decrypt::<IgnoredAny>(None).map_err(Refused::from).err();
    assert_eq!(missing.as_ref().map(Refused::reason), Some("there is no token"));
    let unwritable = tokens.sign(&f64::NAN).map_err(Refused::from).err();
    assert_eq!(unwritable.as_ref().map(Refused::reason), Some("no token can be made"));
    Ok(())
}
