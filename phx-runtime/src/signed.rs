//! Texts that only this application can have made, and anybody can read: the signed form of `Phoenix.Token`
//! (docs/protocol.md §11.3).

use crate::keys::{Key, Keys};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha384, Sha512};

/// Written without padding, and read with it too.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How a text is signed, in base64. The first is ours, and Phoenix's; it reads all of them.
const HS256: &str = "SFMyNTY";
const HS384: &str = "SFMzODQ";
const HS512: &str = "SFM1MTI";

impl Keys {
    /// Fit for a URL and a header.
    pub(crate) fn sign(&self, payload: &[u8]) -> String {
        let mut text = format!("{HS256}.{}", BASE64.encode(payload));
        let signature = self.first().hmac.clone().chain_update(&text).finalize().into_bytes();
        text.push('.');
        BASE64.encode_string(signature, &mut text);
        text
    }

    /// What was signed, if it was with one of these keys.
    pub(crate) fn verify(&self, text: &str) -> Option<Vec<u8>> {
        let (signed, signature) = text.rsplit_once('.')?;
        // With a dot more, the payload is no base64.
        let (algorithm, payload) = signed.split_once('.')?;
        let verify: fn(&Key, &str, &[u8]) -> bool = match algorithm {
            HS256 => |key, signed, signature| matches(key.hmac.clone(), signed, signature),
            HS384 => |key, signed, signature| matches_with::<Hmac<Sha384>>(key, signed, signature),
            HS512 => |key, signed, signature| matches_with::<Hmac<Sha512>>(key, signed, signature),
            _ => return None,
        };
        let signature = BASE64.decode(signature).ok()?;
        // Each key is tried, so that the time it takes does not tell which it was.
        let is_ours = self.all().fold(false, |is_ours, key| is_ours | verify(key, signed, &signature));
        if is_ours { BASE64.decode(payload).ok() } else { None }
    }
}

/// Compares in constant time.
fn matches(mac: impl Mac, signed: &str, signature: &[u8]) -> bool {
    mac.chain_update(signed).verify_slice(signature).is_ok()
}

fn matches_with<M: Mac + KeyInit>(key: &Key, signed: &str, signature: &[u8]) -> bool {
    <M as KeyInit>::new_from_slice(key.bytes()).is_ok_and(|mac| matches(mac, signed, signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Derivation, Secrets};
    use std::sync::Arc;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    fn keys(secret: &str, old: &[&str], purpose: &str) -> Arc<Keys> {
        let old = old.iter().map(|&secret| secret.to_owned()).collect();
        Secrets::new(secret.to_owned(), old).keys(purpose, Derivation::default())
    }

    #[test]
    fn what_is_signed_is_verified_and_any_other_byte_is_not() -> TestResult {
        let keys = keys("secret", &[], "purpose");
        let text = keys.sign(b"payload");
        assert_eq!(keys.verify(&text).as_deref(), Some(&b"payload"[..]));
        for place in 0..text.len() {
            for byte in [b'A', b'z', b'.', b'-'] {
                let mut other = text.clone().into_bytes();
                if std::mem::replace(&mut other[place], byte) != byte {
                    let other = String::from_utf8(other)?;
                    assert_eq!(keys.verify(&other), None, "{other}");
                }
            }
            assert_eq!(keys.verify(&text[..place]), None);
        }
        Ok(())
    }

    #[test]
    fn another_secret_or_purpose_has_another_key() {
        let text = keys("secret", &[], "purpose").sign(b"payload");
        assert_eq!(keys("secrets", &[], "purpose").verify(&text), None);
        assert_eq!(keys("secret", &[], "purposes").verify(&text), None);
    }

    #[test]
    fn old_secrets_verify_and_the_first_signs() {
        let text = keys("second", &[], "purpose").sign(b"payload");
        let rotated = keys("first", &["third", "second"], "purpose");
        assert_eq!(rotated.verify(&text).as_deref(), Some(&b"payload"[..]));
        assert_eq!(rotated.sign(b"payload"), keys("first", &[], "purpose").sign(b"payload"));
    }

    #[test]
    fn there_are_exactly_three_parts() {
        let keys = keys("secret", &[], "purpose");
        // Correctly signed, but with a dot in the middle.
        for signed in ["SFMyNTY.YQ.YQ", "SFMyNTY..YQ", "SFMyNTY"] {
            let signature = keys.first().hmac.clone().chain_update(signed).finalize().into_bytes();
            assert_eq!(keys.verify(&format!("{signed}.{}", BASE64.encode(signature))), None, "{signed}");
        }
        for text in ["", ".", "..", "...", "SFMyNTY..", "SFMyNTY"] {
            assert_eq!(keys.verify(text), None, "{text}");
        }
    }

    #[test]
    fn the_other_hashes_of_phoenix_are_read_with_their_own_signature_only() -> TestResult {
        fn sign<M: Mac + KeyInit>(
            keys: &Keys,
            algorithm: &str,
        ) -> Result<String, hmac::digest::InvalidLength> {
            let signed = format!("{algorithm}.YQ");
            let mac = <M as KeyInit>::new_from_slice(keys.first().bytes())?;
            Ok(format!("{signed}.{}", BASE64.encode(mac.chain_update(&signed).finalize().into_bytes())))
        }
        let keys = keys("secret", &[], "purpose");
        for text in [sign::<Hmac<Sha384>>(&keys, HS384)?, sign::<Hmac<Sha512>>(&keys, HS512)?] {
            assert_eq!(keys.verify(&text).as_deref(), Some(&b"a"[..]), "{text}");
        }
        for text in [
            sign::<Hmac<Sha384>>(&keys, HS512)?,
            sign::<Hmac<Sha512>>(&keys, HS256)?,
            sign::<Hmac<sha2::Sha256>>(&keys, HS384)?,
            sign::<Hmac<sha2::Sha256>>(&keys, "bm9uZQ")?,
        ] {
            assert_eq!(keys.verify(&text), None, "{text}");
        }
        Ok(())
    }

    /// A signature has 43 characters; the padding that makes four of each group is tolerated, and no other.
    #[test]
    fn correct_padding_is_tolerated() {
        let keys = keys("secret", &[], "purpose");
        let text = keys.sign(b"payload");
        assert!(keys.verify(&format!("{text}=")).is_some());
        assert_eq!(keys.verify(&format!("{text}==")), None);
    }
}
