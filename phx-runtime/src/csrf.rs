//! Whether a page is one of ours, by the token in it: that of Plug (docs/protocol.md §12).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use ctutils::CtEq;

/// Characters of what a session keeps.
const STATE: usize = 24;

/// Characters of what makes each page's token another, before which stands the masked state.
const MASK: usize = 24;

/// Whether `token`, from a page, was made for the session that keeps `state`. It is a mask, and before it the state under
/// that mask, in base64.
pub(crate) fn is_valid(state: &str, token: &str) -> bool {
    let Some((masked, mask)) = token.as_bytes().split_last_chunk::<MASK>() else { return false };
    let (Ok(masked), Ok(state)) = (URL_SAFE.decode(masked), <&[u8; STATE]>::try_from(state.as_bytes()))
    else {
        return false;
    };
    let Ok(masked) = <[u8; STATE]>::try_from(masked) else { return false };
    let mut unmasked = masked;
    for (byte, state) in unmasked.iter_mut().zip(state) {
        *byte ^= state;
    }
    unmasked.ct_eq(mask).to_bool()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "Dk3n-f0Yq8_mT2vXbLr7sW1z";

    fn token(state: &str, mask: &[u8; MASK]) -> String {
        let masked: Vec<u8> = state.bytes().zip(mask).map(|(state, mask)| state ^ mask).collect();
        format!("{}{}", URL_SAFE.encode(masked), String::from_utf8_lossy(mask))
    }

    #[test]
    fn the_token_is_the_state_under_any_mask() {
        assert!(is_valid(SESSION, &token(SESSION, b"abcdefghijklmnopqrstuvwx")));
        assert!(is_valid(SESSION, &token(SESSION, b"AAAAAAAAAAAAAAAAAAAAAAAA")));
    }

    /// The state of zeros is the mask itself: `0` is 0x30, and so on.
    #[test]
    fn the_bytes_are_those_of_plug() {
        // U xor S is M: 0x30 xor 0x71 is 0x41.
        let masked = URL_SAFE.encode([0x71; 24]);
        assert!(is_valid(&"0".repeat(24), &format!("{masked}{}", "A".repeat(24))));
    }

    #[test]
    fn any_other_byte_or_length_is_wrong() {
        let right = token(SESSION, b"abcdefghijklmnopqrstuvwx");
        for place in 0..right.len() {
            for byte in [b'A', b'z', b'-', b'=', b' '] {
                let mut other = right.clone().into_bytes();
                if std::mem::replace(&mut other[place], byte) != byte {
                    assert!(!is_valid(SESSION, &String::from_utf8_lossy(&other)), "{place} {byte}");
                }
            }
            assert!(!is_valid(SESSION, &right[..place]), "{place}");
        }
        for other in [format!("{right}A"), format!("A{right}"), String::new(), "ü".repeat(28)] {
            assert!(!is_valid(SESSION, &other), "{other}");
        }
    }

    #[test]
    fn another_session_has_another() {
        let right = token(SESSION, b"abcdefghijklmnopqrstuvwx");
        for state in ["", "Dk3n-f0Yq8_mT2vXbLr7sW1", "Dk3n-f0Yq8_mT2vXbLr7sW1zz", "Dk3n-f0Yq8_mT2vXbLr7sW1Z"]
        {
            assert!(!is_valid(state, &right), "{state}");
        }
    }
}
