//! What tokens, and the sessions of long polling, are signed with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `SECRET_KEY_BASE`, or one that is forgotten when the example ends. A server of several nodes, or one that restarts
/// while people use it, wants the first.
pub(crate) fn secret() -> Result<String, String> {
    if let Ok(secret) = std::env::var("SECRET_KEY_BASE") {
        return Ok(secret);
    }
    let mut random = [0; 64];
    getrandom::fill(&mut random).map_err(|error| format!("no random numbers for a secret: {error}"))?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}
