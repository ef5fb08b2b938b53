//! The header `sec-websocket-protocol`: what the client offers, and a token that may be among it. docs/protocol.md
//! §2.6 and §2.7.

use crate::extensions::is_token_char;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use warp::http::header::SEC_WEBSOCKET_PROTOCOL;
use warp::http::{HeaderMap, HeaderValue};

/// What phoenix.js puts before the token it is given as `authToken`.
const TOKEN_PREFIX: &str = "base64url.bearer.phx.";

/// The subprotocol that phoenix.js offers beside its token; browsers want one of those they offered.
const BESIDE_TOKEN: &str = "phoenix";

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The client offers none that the mount has.
#[derive(Debug)]
pub(crate) struct NoneInCommon;

/// A token that cannot be decoded to a text.
#[derive(Debug)]
pub(crate) struct InvalidToken;

/// The subprotocol to answer with: the first of the mount's that the client offers, if it offers any.
pub(crate) fn negotiate(
    headers: &HeaderMap,
    supported: Option<&[String]>,
    auth_token: bool,
) -> Result<Option<HeaderValue>, NoneInCommon> {
    if supported.is_none() && !auth_token {
        return Ok(None);
    }
    let Some(offered) = headers.get(SEC_WEBSOCKET_PROTOCOL) else { return Ok(None) };
    let offered = list(offered);
    let beside_token = auth_token.then_some(BESIDE_TOKEN);
    let mut supported = beside_token.into_iter().chain(supported.into_iter().flatten().map(String::as_str));
    let chosen = supported.find(|name| offered.contains(name)).ok_or(NoneInCommon)?;
    HeaderValue::from_str(chosen).map(Some).map_err(|_| NoneInCommon)
}

/// Takes the token out of what the client offers. Several are none, as in Phoenix.
pub(crate) fn take_token(headers: &mut HeaderMap) -> Result<Option<String>, InvalidToken> {
    let Some(offered) = headers.get(SEC_WEBSOCKET_PROTOCOL) else { return Ok(None) };
    let (tokens, others): (Vec<_>, Vec<_>) =
        list(offered).into_iter().partition(|name| name.starts_with(TOKEN_PREFIX));
    let [token] = tokens[..] else { return Ok(None) };
    let token = decode(&token[TOKEN_PREFIX.len()..])?;
    let others = others.join(", ");
    if others.is_empty() {
        headers.remove(SEC_WEBSOCKET_PROTOCOL);
    } else {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(&others).map_err(|_| InvalidToken)?);
    }
    Ok(Some(token))
}

/// Where phoenix.js puts the token when it polls: as it is.
pub(crate) fn plain_token(headers: &HeaderMap) -> Result<Option<String>, InvalidToken> {
    let Some(token) = headers.get("x-phoenix-authtoken") else { return Ok(None) };
    let token = std::str::from_utf8(token.as_bytes()).map_err(|_| InvalidToken)?;
    Ok(Some(token.to_owned()))
}

/// Both alphabets: the prefix says the one for URLs, phoenix.js sends the other.
fn decode(token: &str) -> Result<String, InvalidToken> {
    let token = token.replace('-', "+").replace('_', "/");
    let bytes = BASE64.decode(token).map_err(|_| InvalidToken)?;
    String::from_utf8(bytes).map_err(|_| InvalidToken)
}

/// What the client offers, for the log: a token stays out of it.
pub(crate) fn loggable(headers: &HeaderMap) -> String {
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL).map(list).unwrap_or_default();
    let names =
        offered.into_iter().map(|name| if name.starts_with(TOKEN_PREFIX) { TOKEN_PREFIX } else { name });
    names.collect::<Vec<_>>().join(", ")
}

fn list(header: &HeaderValue) -> Vec<&str> {
    let text = header.to_str().unwrap_or_default();
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Whether a name can stand in the header: a `token` of RFC 9110 §5.6.2.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_token_char)
}
