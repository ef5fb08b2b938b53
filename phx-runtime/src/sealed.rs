//! Texts that only this application can have made, and only it can read: the encrypted form of `Phoenix.Token`
//! (docs/protocol.md §11.4).

use crate::keys::Keys;
use crate::random::random;
use crate::signed::BASE64;
use base64::Engine;
use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{Tag, XNonce};

const PREFIX: &str = "XCP.";

const NONCE_BYTES: usize = 24;

const TAG_BYTES: usize = 16;

/// What is authenticated beside the text: a name that Phoenix keeps from its former cipher.
const ASSOCIATED: &[u8] = b"A128GCM";

impl Keys {
    /// Fit for a URL and a header. `None` if the keys are of another length than the cipher's.
    pub(crate) fn encrypt(&self, payload: &[u8]) -> Option<String> {
        self.encrypt_with(random(), payload)
    }

    fn encrypt_with(&self, nonce: [u8; NONCE_BYTES], payload: &[u8]) -> Option<String> {
        let cipher = self.first().cipher.as_ref()?;
        let mut text = payload.to_owned();
        let tag = cipher.encrypt_inout_detached(&XNonce::from(nonce), ASSOCIATED, text.as_mut_slice().into());
        let sealed = [&nonce, tag.ok()?.as_slice(), &text].concat();
        Some(format!("{PREFIX}{}", BASE64.encode(sealed)))
    }

    /// What was encrypted, if it was with one of these keys.
    pub(crate) fn decrypt(&self, text: &str) -> Option<Vec<u8>> {
        let sealed = BASE64.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let (tag, text) = rest.split_first_chunk::<TAG_BYTES>()?;
        let (nonce, tag) = (XNonce::from(*nonce), Tag::from(*tag));
        // Each key is tried, so that the time it takes does not tell which it was.
        self.all().fold(None, |found, key| {
            let Some(cipher) = &key.cipher else { return found };
            let mut text = text.to_owned();
            let opened = cipher.decrypt_inout_detached(&nonce, ASSOCIATED, text.as_mut_slice().into(), &tag);
            if opened.is_ok() { Some(text) } else { found }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::keys::{Derivation, Secrets};

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    /// `Phoenix.Token.encrypt` of `"user:42"` with the salt `user enc`, at a fixed time and with a known nonce.
    #[test]
    fn the_form_is_that_of_phoenix() {
        let keys = Secrets::new("abcdefgh".repeat(8), Vec::new()).keys("user enc", Derivation::default());
        let nonce = *b"\xf2\x3d\x4a\x7f\xc9\x3c\x2f\x3f\x20\x7e\x83\x74\xd9\x93\x22\x89\x28\x12\xdd\x99\x8e\x83\x12\xa8";
        let payload = b"\x83h\x03m\0\0\0\x07user:42n\x06\0\0h\xe5\xcf\x8b\x01b\0\x01Q\x80";
        let text = "XCP.8j1Kf8k8Lz8gfoN02ZMiiSgS3ZmOgxKoOkp8X_XJj1hdUtLDHFuA97si2g-mZkZjtRrNow6fWTS2AC5q6v8tZdTEsGEm";
        assert_eq!(keys.encrypt_with(nonce, payload).as_deref(), Some(text));
        assert_eq!(keys.decrypt(text).as_deref(), Some(&payload[..]));
    }

    #[test]
    fn no_two_texts_are_the_same() {
        let keys = Secrets::new("secret".to_owned(), Vec::new()).keys("purpose", Derivation::default());
        let texts = [keys.encrypt(b"payload"), keys.encrypt(b"payload")].map(Option::unwrap_or_default);
        assert_ne!(texts[0], texts[1]);
        assert!(texts.iter().all(|text| keys.decrypt(text).as_deref() == Some(&b"payload"[..])));
    }

    #[test]
    fn old_secrets_decrypt() -> TestResult {
        let derivation = Derivation::default();
        let text = Secrets::new("old".to_owned(), Vec::new()).keys("p", derivation).encrypt(b"payload");
        let text = text.ok_or("nothing is encrypted")?;
        let rotated = Secrets::new("new".to_owned(), vec!["older".to_owned(), "old".to_owned()]);
        assert_eq!(rotated.keys("p", derivation).decrypt(&text).as_deref(), Some(&b"payload"[..]));
        assert_eq!(Secrets::new("new".to_owned(), Vec::new()).keys("p", derivation).decrypt(&text), None);
        Ok(())
    }

    #[test]
    fn a_key_of_another_length_is_none_for_the_cipher() {
        let long = Derivation { length: 64, ..Derivation::default() };
        let keys = Secrets::new("secret".to_owned(), Vec::new()).keys("purpose", long);
        assert_eq!(keys.encrypt(b"payload"), None);
    }
}
