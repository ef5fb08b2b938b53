//! Secrets, and the keys that are made of them: for each purpose others (docs/protocol.md §11.1).

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use hmac::Hmac;
use pbkdf2::pbkdf2_hmac;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many purposes have their keys kept. A program names few of them; one that makes up a purpose for each user pays
/// for the derivation again, but not with memory.
const MAX_KEPT: usize = 64;

/// Bytes. A hash shortens what is longer than its block anyway, which has 128 at most.
const MAX_KEY_LENGTH: usize = 1024;

/// The length that the cipher needs.
const CIPHER_KEY_LENGTH: usize = 32;

/// The hash by which a key is made of a secret; see [`Token::key_digest`](crate::Token::key_digest).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum KeyDigest {
    /// SHA-256, the default.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// How a key is made of a secret and a purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Derivation {
    pub(crate) iterations: u32,
    pub(crate) length: usize,
    pub(crate) digest: KeyDigest,
}

/// Phoenix's.
impl Default for Derivation {
    fn default() -> Self {
        Self { iterations: 1000, length: CIPHER_KEY_LENGTH, digest: KeyDigest::Sha256 }
    }
}

impl Derivation {
    /// Whether keys may have this length.
    pub(crate) fn is_allowed(&self) -> bool {
        (1..=MAX_KEY_LENGTH).contains(&self.length)
    }

    fn derive(&self, secret: &str, purpose: &str) -> Vec<u8> {
        let mut key = vec![0; self.length];
        let (secret, salt) = (secret.as_bytes(), purpose.as_bytes());
        match self.digest {
            KeyDigest::Sha256 => pbkdf2_hmac::<Sha256>(secret, salt, self.iterations, &mut key),
            KeyDigest::Sha384 => pbkdf2_hmac::<Sha384>(secret, salt, self.iterations, &mut key),
            KeyDigest::Sha512 => pbkdf2_hmac::<Sha512>(secret, salt, self.iterations, &mut key),
        }
        key
    }
}

/// What every key is made of. The first secret signs, the old ones are still known.
pub(crate) struct Secrets {
    first: String,
    old: Vec<String>,
    kept: Mutex<HashMap<(String, Derivation), Arc<Keys>>>,
}

impl Secrets {
    pub(crate) fn new(first: String, old: Vec<String>) -> Arc<Self> {
        Arc::new(Self { first, old, kept: Mutex::default() })
    }

    /// With one more that is still known.
    pub(crate) fn with_old(&self, secret: String) -> Arc<Self> {
        let mut old = self.old.clone();
        old.push(secret);
        Self::new(self.first.clone(), old)
    }

    /// The keys for a purpose; made the first time they are asked for, which takes a while.
    pub(crate) fn keys(&self, purpose: &str, derivation: Derivation) -> Arc<Keys> {
        let id = (purpose.to_owned(), derivation);
        if let Some(keys) = self.kept().get(&id) {
            return Arc::clone(keys);
        }
        let key = |secret: &String| Key::new(derivation.derive(secret, purpose));
        let keys = Arc::new(Keys { first: key(&self.first), old: self.old.iter().map(key).collect() });
        let mut kept = self.kept();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(id, Arc::clone(&keys));
        keys
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(String, Derivation), Arc<Keys>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without the secrets.
impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

/// One key for each secret.
pub(crate) struct Keys {
    first: Key,
    old: Vec<Key>,
}

impl Keys {
    /// The one to make something with.
    pub(crate) fn first(&self) -> &Key {
        &self.first
    }

    /// Whether they are of the length that takes.
    pub(crate) fn can_encrypt(&self) -> bool {
        self.first.cipher.is_some()
    }

    /// Those that something may have been made with.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Key> {
        [&self.first].into_iter().chain(&self.old)
    }
}

pub(crate) struct Key {
    bytes: Vec<u8>,
    /// Has taken the key in already.
    pub(crate) hmac: Hmac<Sha256>,
    /// If the key is as long as it must be for that.
    pub(crate) cipher: Option<XChaCha20Poly1305>,
}

impl Key {
    fn new(bytes: Vec<u8>) -> Self {
        // A key shorter than a block of the hash is one with zeros behind it, and a longer one is hashed. By slice the crate
        // does the same, but says that it may fail, which all who sign would have to say too.
        let mut block = [0; 64];
        match block.get_mut(..bytes.len()) {
            Some(start) => start.copy_from_slice(&bytes),
            None => block[..32].copy_from_slice(&Sha256::digest(&bytes)),
        }
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes).ok();
        Self { bytes, hmac: Hmac::new(&block.into()), cipher }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hmac::Mac;

    fn secrets() -> Arc<Secrets> {
        Secrets::new("abcdefgh".repeat(8), Vec::new())
    }

    #[test]
    fn the_keys_are_those_of_phoenix() {
        for (purpose, first, last) in [
            ("user auth", [0x2a, 0xcc, 0xee, 0x82], [0xda, 0x02, 0x01, 0x99]),
            ("user enc", [0x74, 0x16, 0x8f, 0x1e], [0x6d, 0xf8, 0x6d, 0x99]),
        ] {
            let key = Derivation::default().derive(&"abcdefgh".repeat(8), purpose);
            assert_eq!(key.len(), CIPHER_KEY_LENGTH);
            assert!(key.starts_with(&first) && key.ends_with(&last), "{purpose}: {key:x?}");
        }
    }

    #[test]
    fn keys_are_kept_for_some_purposes_and_made_anew_beyond() {
        let secrets = secrets();
        let quick = Derivation { iterations: 1, ..Derivation::default() };
        let first = secrets.keys("0", quick);
        for purpose in 1..MAX_KEPT {
            secrets.keys(&purpose.to_string(), quick);
        }
        assert!(Arc::ptr_eq(&first, &secrets.keys("0", quick)), "as many as are kept");
        secrets.keys("one more", quick);
        assert!(secrets.kept().len() <= MAX_KEPT);
        let again = secrets.keys("0", quick);
        assert!(!Arc::ptr_eq(&first, &again) && again.first().bytes() == first.first().bytes());
    }

    #[test]
    fn every_part_of_the_derivation_makes_another_key() {
        let secrets = secrets();
        let default = Derivation { iterations: 2, ..Derivation::default() };
        let others = [
            Derivation { iterations: 3, ..default },
            Derivation { digest: KeyDigest::Sha384, ..default },
            Derivation { digest: KeyDigest::Sha512, ..default },
        ];
        let key = secrets.keys("purpose", default);
        for other in others {
            assert_ne!(secrets.keys("purpose", other).first().bytes(), key.first().bytes(), "{other:?}");
        }
        assert_ne!(secrets.keys("purposes", default).first().bytes(), key.first().bytes());
    }

    #[test]
    fn a_key_has_a_length_within_bounds() {
        for (length, is_fine) in [(0, false), (1, true), (MAX_KEY_LENGTH, true), (MAX_KEY_LENGTH + 1, false)]
        {
            assert_eq!(Derivation { length, ..Derivation::default() }.is_allowed(), is_fine, "{length}");
        }
    }

    #[test]
    fn a_key_of_any_length_is_what_hmac_makes_of_it() -> Result<(), hmac::digest::InvalidLength> {
        for length in [1, 32, 63, 64, 65, 128, MAX_KEY_LENGTH] {
            let key = Key::new(vec![b'k'; length]);
            let whole = Hmac::<Sha256>::new_from_slice(key.bytes())?;
            let [ours, theirs] =
                [key.hmac.clone(), whole].map(|mac| mac.chain_update("text").finalize().into_bytes());
            assert_eq!(ours, theirs, "{length}");
        }
        Ok(())
    }
}
