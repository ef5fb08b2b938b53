//! Which pages may connect: the `Origin` header of docs/protocol.md §2.5.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use warp::http::Uri;
use warp::http::uri::Authority;

/// Which web pages may connect, by the `Origin` header that a browser sends with every WebSocket.
///
/// A browser lets any page open a WebSocket to any server, and sends the user's cookies along: the server is the one
/// to say which pages are its own. Clients that are not browsers send no such header and are always accepted, so this
/// keeps out foreign pages, not programs.
///
/// The default of an endpoint is [`CheckOrigin::host`]. Set another with
/// [`EndpointBuilder::check_origin`](crate::EndpointBuilder::check_origin), or with
/// [`MountOptions::check_origin`](crate::MountOptions::check_origin) for one socket.
///
/// ```
/// use phx_runtime::{CheckOrigin, Origin};
///
/// let ours = CheckOrigin::list(["https://example.com", "//*.example.org"]);
/// let request = Origin::parse("http://10.0.0.7:4000");
/// let allows = |origin| ours.allows(&Origin::parse(origin), None, &request);
/// assert!(allows("https://example.com"));
/// assert!(allows("http://chat.example.org:8080"));
/// assert!(!allows("https://example.com:444"));
/// assert!(!allows("https://evilexample.org"));
/// ```
#[derive(Clone)]
pub struct CheckOrigin(Policy);

#[derive(Clone)]
enum Policy {
    Any,
    Host,
    List(Arc<[Entry]>),
    SameAsRequest,
    With(Arc<dyn Fn(&Origin) -> bool + Send + Sync>),
}

struct Entry {
    text: String,
    origin: Origin,
}

impl CheckOrigin {
    /// Every page. Phoenix: `check_origin: false`.
    #[must_use]
    pub fn any() -> Self {
        Self(Policy::Any)
    }

    /// Pages of the host that [`EndpointBuilder::url_host`](crate::EndpointBuilder::url_host) names, at any scheme and
    /// port. The default. Phoenix: `check_origin: true`.
    #[must_use]
    pub fn host() -> Self {
        Self(Policy::Host)
    }

    /// Pages of any of these origins, written `scheme://host:port`.
    ///
    /// Left out, scheme and port match any: `"//example.com"`. A scheme stands for its port too: `"https://example.com"`
    /// is port 443 only. `"//*.example.com"` is `example.com` and everything below it. Hosts are compared as they are
    /// written; browsers send them in lower case.
    ///
    /// An entry without a host is a problem that [`EndpointBuilder::build`](crate::EndpointBuilder::build) reports.
    #[must_use]
    pub fn list<E: Into<String>>(entries: impl IntoIterator<Item = E>) -> Self {
        let entries = entries.into_iter().map(|entry| {
            let text = entry.into();
            Entry { origin: Origin::parse(&text), text }
        });
        Self(Policy::List(entries.collect()))
    }

    /// Pages that were loaded from where they connect to: scheme, host and port are those of the request. Phoenix:
    /// `check_origin: :conn`.
    ///
    /// The request's host is its `Host` header. Behind a proxy that ends TLS, a page's scheme is `https` while the
    /// request's is `http`, so name the origins in a [`list`](Self::list) there.
    #[must_use]
    pub fn same_as_request() -> Self {
        Self(Policy::SameAsRequest)
    }

    /// Pages for whose origin `allows` returns true. It is asked about origins without a host too.
    ///
    /// ```
    /// # use phx_runtime::CheckOrigin;
    /// // An app in a web view has the origin `file://`.
    /// let check = CheckOrigin::with(|origin| {
    ///     origin.scheme() == Some("file") || origin.host() == Some("example.com")
    /// });
    /// ```
    #[must_use]
    pub fn with(allows: impl Fn(&Origin) -> bool + Send + Sync + 'static) -> Self {
        Self(Policy::With(Arc::new(allows)))
    }

    /// Whether a page of `origin` may connect, by a request to `request`, to an endpoint with this
    /// [`url_host`](crate::EndpointBuilder::url_host).
    ///
    /// ```
    /// use phx_runtime::{CheckOrigin, Origin};
    ///
    /// let request = Origin::parse("http://127.0.0.1:4000");
    /// let page = Origin::parse("http://localhost:4000");
    /// assert!(CheckOrigin::host().allows(&page, Some("localhost"), &request));
    /// assert!(!CheckOrigin::same_as_request().allows(&page, Some("localhost"), &request));
    /// ```
    #[must_use]
    pub fn allows(&self, origin: &Origin, url_host: Option<&str>, request: &Origin) -> bool {
        match &self.0 {
            Policy::Any => true,
            Policy::With(allows) => allows(origin),
            Policy::Host => {
                origin.host().is_some_and(|host| url_host.is_none_or(|url_host| url_host == host))
            }
            Policy::List(entries) => entries.iter().any(|entry| entry.matches(origin)),
            Policy::SameAsRequest => origin.host.is_some() && origin.same_place_as(request),
        }
    }

    /// Whether it lets every page in, without a look.
    pub(crate) fn is_any(&self) -> bool {
        matches!(self.0, Policy::Any)
    }

    /// The entries that can match nothing.
    pub(crate) fn invalid_entries(&self) -> impl Iterator<Item = &str> {
        let entries = if let Policy::List(entries) = &self.0 { &entries[..] } else { &[] };
        entries.iter().filter(|entry| !entry.is_valid()).map(|entry| entry.text.as_str())
    }
}

impl Entry {
    fn is_valid(&self) -> bool {
        self.origin.host().is_some_and(|host| host != "*." && host != "*")
    }

    fn matches(&self, origin: &Origin) -> bool {
        let entry = &self.origin;
        let is_host = match (&entry.host, &origin.host) {
            (Some(entry), Some(host)) => host_matches(entry, host),
            _ => false,
        };
        let is_scheme = fits(entry.scheme.as_ref(), origin.scheme.as_ref());
        is_host && is_scheme && fits(entry.port.as_ref(), origin.port.as_ref())
    }
}

/// What an entry leaves out fits anything.
fn fits<T: PartialEq>(entry: Option<&T>, origin: Option<&T>) -> bool {
    entry.is_none() || entry == origin
}

fn host_matches(entry: &str, host: &str) -> bool {
    match entry.strip_prefix("*.") {
        Some(parent) => {
            host.strip_suffix(parent).is_some_and(|below| below.is_empty() || below.ends_with('.'))
        }
        None => entry == host,
    }
}

impl fmt::Debug for CheckOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Policy::Any => f.write_str("any"),
            Policy::Host => f.write_str("host"),
            Policy::List(entries) => f.debug_list().entries(entries.iter().map(|entry| &entry.text)).finish(),
            Policy::SameAsRequest => f.write_str("same_as_request"),
            Policy::With(_) => f.write_str("with(…)"),
        }
    }
}

/// Where a page was loaded from, as its browser says.
///
/// ```
/// use phx_runtime::Origin;
///
/// let origin = Origin::parse("HTTPS://example.com");
/// assert_eq!((origin.scheme(), origin.host(), origin.port()), (Some("https"), Some("example.com"), Some(443)));
/// let sandboxed = Origin::parse("null");
/// assert_eq!((sandboxed.scheme(), sandboxed.host(), sandboxed.port()), (None, None, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    scheme: Option<String>,
    host: Option<String>,
    port: Option<u16>,
}

impl Origin {
    /// Reads any text; what it lacks, or is no valid host and port, is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme.to_ascii_lowercase()), rest),
            _ => (None, text),
        };
        let authority = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?', '#']).next());
        let (host, port) = authority.and_then(host_and_port).unzip();
        let port = port.flatten().or_else(|| scheme.as_deref().and_then(default_port));
        Self { text: text.to_owned(), scheme, host, port }
    }

    /// What a request was sent to.
    pub(crate) fn of(uri: &Uri) -> Self {
        let authority = uri.authority().map(Authority::as_str).unwrap_or_default();
        Self::parse(&format!("{}://{authority}", uri.scheme_str().unwrap_or_default()))
    }

    /// The text it was read from.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// In lower case.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    /// As it was written. An IPv6 address is without its brackets.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The port, or the one that the scheme stands for.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    fn same_place_as(&self, other: &Self) -> bool {
        (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port)
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || "+-.".contains(char))
}

/// `None` for no host, or a port that is none.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    let (_, after_user) = text.rsplit_once('@').unwrap_or(("", text));
    let port = match after_user.strip_prefix(host)? {
        "" | ":" => None,
        port => Some(
            port.strip_prefix(':').filter(|port| port.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?,
        ),
    };
    // The parser takes `[x.com]` too, and `[a@b]` for the host `b]` of a user `[a`.
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().ok().map(|_| address)?,
        None => host,
    };
    (!host.is_empty() && !host.contains(['[', ']'])).then(|| (host.to_owned(), port))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
