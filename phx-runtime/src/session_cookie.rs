//! The session of a Phoenix application, in a cookie of its pages.

use crate::cookies::cookie;
use crate::csrf;
use crate::envelope::mismatch;
use crate::keys::{Derivation, Secrets};
use crate::params::Params;
use crate::term::{self, Head, Reader};
use crate::token_error::TokenError;
use serde::de::DeserializeOwned;
use warp::http::{HeaderMap, Uri};

/// How the session of a user is found in a cookie. It is that of Plug, which Phoenix uses: the settings are those of
/// `plug Plug.Session` with `store: :cookie`, and
/// [`EndpointBuilder::secret_key_base`](crate::EndpointBuilder::secret_key_base) is the application's.
/// Phoenix: `connect_info: [session: @session_options]`.
///
/// ```
/// use phx_runtime::SessionCookie;
/// use phx_runtime::prelude::*;
///
/// struct UserSocket;
///
/// #[socket]
/// impl Socket for UserSocket {
///     async fn connect(_: NoParams, info: &ConnectInfo) -> Result<Self, Refused> {
///         let session = info.session::<serde_json::Value>()?;
///         println!("{session:?}"); // Some(Object {"_csrf_token": …, "user_id": Number(7)})
///         Ok(Self)
///     }
/// }
///
/// # fn main() -> Result<(), EndpointError> {
/// # let secret = "s".repeat(64);
/// let endpoint = Endpoint::builder()
///     .secret_key_base(secret)
///     .socket_with::<UserSocket>("/socket", |options| {
///         options.session = Some(SessionCookie::new("_my_app_key", "the signing salt"));
///     })
///     .build()?;
/// # Ok(())
/// # }
/// ```
///
/// # The CSRF token
///
/// A browser sends the cookie whichever page connects. So the page has to show that it is one of yours, by what
/// `get_csrf_token()` of Plug has put into it, as the parameter `_csrf_token`:
///
/// ```js
/// const csrfToken = document.querySelector("meta[name='csrf-token']").getAttribute("content");
/// new Socket("/socket", { params: { _csrf_token: csrfToken } });
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionCookie {
    /// The name of the cookie.
    pub key: String,
    /// The salt with which it is signed.
    pub signing_salt: String,
    /// The salt with which it is encrypted. Default `None`: it is signed only.
    pub encryption_salt: Option<String>,
    /// What the session keeps of the CSRF token under. Default `_csrf_token`. The parameter is called that in any case.
    pub csrf_token_key: String,
    /// Whether the session is given only to pages with the right CSRF token. Default true. If it is not, pages of other
    /// sites must be [kept out](crate::MountOptions::check_origin), which they are by default; and a cookie that is there
    /// but not good is an empty session, as in Phoenix.
    pub check_csrf: bool,
}

/// The parameter that a page sends.
const PARAMETER: &str = "_csrf_token";

impl SessionCookie {
    /// A cookie that is called `key` and signed with `signing_salt`.
    #[must_use]
    pub fn new(key: impl Into<String>, signing_salt: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            signing_salt: signing_salt.into(),
            encryption_salt: None,
            csrf_token_key: PARAMETER.to_owned(),
            check_csrf: true,
        }
    }

    /// The session of whoever sends these headers, if it is to be given to them.
    pub(crate) fn read<T: DeserializeOwned>(
        &self,
        secrets: &Secrets,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> Result<Option<T>, TokenError> {
        let Some(cookie) = cookie(&self.key, headers) else {
            self.tell_none("there is no such cookie");
            return Ok(None);
        };
        let Some(opened) = self.open(secrets, cookie) else {
            self.tell_none("the cookie was not made with this secret and salt");
            // No cookie that somebody else made up is more than one that says nothing.
            return if self.check_csrf { Ok(None) } else { term::read(EMPTY).map_err(mismatch).map(Some) };
        };
        let session = term::open(&opened).map_err(mismatch)?;
        if self.check_csrf && !self.is_from_our_page(&session, uri) {
            self.tell_none("the page does not have the CSRF token of the session");
            return Ok(None);
        }
        term::read(&session).map_err(mismatch).map(Some)
    }

    /// For the one who wonders, without anything of what was sent.
    fn tell_none(&self, why: &str) {
        tracing::debug!(cookie = self.key, why, "no session");
    }

    fn open(&self, secrets: &Secrets, cookie: &[u8]) -> Option<Vec<u8>> {
        let cookie = str::from_utf8(cookie).ok()?;
        let keys = |salt| secrets.keys(salt, Derivation::default());
        match &self.encryption_salt {
            Some(salt) => keys(salt).decrypt(cookie),
            None => keys(&self.signing_salt).verify(cookie),
        }
    }

    fn is_from_our_page(&self, session: &[u8], uri: &Uri) -> bool {
        let params = Params::parse(uri.query().unwrap_or_default()).ok();
        let token = params.as_ref().and_then(|params| params.text(PARAMETER));
        let state = text_under(&self.csrf_token_key, session);
        state.zip(token).is_some_and(|(state, token)| csrf::is_valid(state, &token))
    }
}

/// The term of a map without pairs.
const EMPTY: &[u8] = &[116, 0, 0, 0, 0];

/// The text under a key of a map that has been checked.
fn text_under<'t>(key: &str, map: &'t [u8]) -> Option<&'t str> {
    let mut reader = Reader::new(map);
    let Ok(Head::Map(pairs)) = reader.head() else { return None };
    for _ in 0..pairs {
        let is_it =
            matches!(Reader::new(reader.term().ok()?).head(), Ok(Head::Binary(it)) if it == key.as_bytes());
        match Reader::new(reader.term().ok()?).head() {
            Ok(Head::Binary(text)) if is_it => return str::from_utf8(text).ok(),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::VERSION;
    use warp::http::{HeaderValue, header};

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn a_session_of_another_type_is_a_mismatch_without_what_is_in_it() -> TestResult {
        let secrets = Secrets::new("s".repeat(64), Vec::new());
        let session = std::collections::BTreeMap::from([("user", "card 4111")]);
        let term = [&[VERSION][..], &term::write(&session)?].concat();
        let mut cookie = SessionCookie::new("key", "salt");
        cookie.check_csrf = false;
        let signed = secrets.keys("salt", Derivation::default()).sign(&term);
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::try_from(format!("key={signed}"))?);
        let uri = Uri::from_static("/socket/websocket");
        let read = cookie.read::<std::collections::BTreeMap<String, u64>>(&secrets, &headers, &uri);
        let error = read.err().ok_or("it fits")?;
        assert_eq!(error, TokenError::Mismatch("invalid type: a string, expected u64".to_owned()));
        assert_eq!(crate::Refused::from(error).reason(), "the token is not valid");
        Ok(())
    }
}
