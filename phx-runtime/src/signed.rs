//! Texts that only this application can have made: the signed form of `Phoenix.Token` (docs/protocol.md §9.3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `HS256` in base64: how the text is signed.
const ALGORITHM: &str = "SFMyNTY";

/// Phoenix's, to make a key of a secret and a salt.
const ITERATIONS: u32 = 1000;

/// Phoenix's, too.
const KEY_BYTES: usize = 32;

/// Signs with the key for one purpose.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    /// The salt names the purpose: what is signed for one is nothing to another.
    pub(crate) fn new(secret_key_base: &str, salt: &str) -> Self {
        // A key shorter than a block of the hash is one with zeros behind it.
        let mut key = [0; 64];
        let (secret, salt) = (secret_key_base.as_bytes(), salt.as_bytes());
        pbkdf2::pbkdf2_hmac::<Sha256>(secret, salt, ITERATIONS, &mut key[..KEY_BYTES]);
        Self(Hmac::new(&key.into()))
    }

    /// Fit for a URL and a header.
    pub(crate) fn sign(&self, payload: &[u8]) -> String {
        let mut text = format!("{ALGORITHM}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = self.0.clone().chain_update(&text).finalize().into_bytes();
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        text
    }

    /// What was signed, if it was with this key.
    pub(crate) fn verify(&self, text: &str) -> Option<Vec<u8>> {
        let (signed, signature) = text.rsplit_once('.')?;
        let payload = signed.strip_prefix(ALGORITHM)?.strip_prefix('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.0.clone().chain_update(signed).verify_slice(&signature).ok()?;
        URL_SAFE_NO_PAD.decode(payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_verified_and_any_other_byte_is_not() {
        let signer = Signer::new("secret", "purpose");
        let text = signer.sign(b"payload");
        assert_eq!(signer.verify(&text).as_deref(), Some(&b"payload"[..]));
        for place in 0..text.len() {
            for byte in [b'A', b'z', b'.', b'-'] {
                let mut other = text.clone().into_bytes();
                if std::mem::replace(&mut other[place], byte) != byte {
                    let other = String::from_utf8(other).unwrap_or_default();
                    assert_eq!(signer.verify(&other), None, "{other}");
                }
            }
            assert_eq!(signer.verify(&text[..place]), None);
        }
    }

    #[test]
    fn another_secret_or_purpose_has_another_key() {
        let text = Signer::new("secret", "purpose").sign(b"payload");
        assert_eq!(Signer::new("secrets", "purpose").verify(&text), None);
        assert_eq!(Signer::new("secret", "purposes").verify(&text), None);
    }

    /// `Phoenix.Token.sign` of the integer 1 with the salt `user auth`, at a fixed time.
    #[test]
    fn the_form_is_that_of_phoenix() {
        let payload = b"\x83h\x03a\x01n\x06\0\0h\xe5\xcf\x8b\x01b\0\x01Q\x80";
        let text = "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.diBgyKSmNpVMWDnPJFIm6gU1GNeFN7vZbnSzVobkIDQ";
        assert_eq!(Signer::new(&"abcdefgh".repeat(8), "user auth").sign(payload), text);
    }
}
