//! The `Origin` header and the policies that decide about it (docs/protocol.md §2.5).

use phx_runtime::{CheckOrigin, Origin};
use std::net::Ipv6Addr;

/// The input is lines: an origin, what the request was sent to, the endpoint's url host, and the entries of a list. What
/// a browser can send is read as it is meant; of anything else, no part is made up. Each policy accepts what its row in
/// the table says.
///
/// # Panics
/// If that does not hold.
pub fn origins(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let [origin, request, url_host] = [(); 3].map(|()| lines.next().unwrap_or_default());
    let entries: Vec<&str> = lines.collect();
    let (origin, request) = (read(origin), read(request));
    let url_host = Some(url_host).filter(|host| !host.is_empty());
    let allows = |check: &CheckOrigin| check.allows(&origin, url_host, &request);

    assert!(allows(&CheckOrigin::any()));
    let is_url_host = origin.host().is_some_and(|host| url_host.is_none_or(|url_host| host == url_host));
    assert_eq!(allows(&CheckOrigin::host()), is_url_host);
    let is_same = origin.host().is_some() && parts(&origin) == parts(&request);
    assert_eq!(allows(&CheckOrigin::same_as_request()), is_same);
    let asked = origin.clone();
    assert!(allows(&CheckOrigin::with(move |origin| origin == &asked)));
    assert!(!allows(&CheckOrigin::with(|_| false)));

    let mut one_fits = false;
    for entry in &entries {
        let fits = fits(&read(entry), &origin);
        assert_eq!(allows(&CheckOrigin::list([*entry])), fits, "{entry:?} for {origin:?}");
        one_fits |= fits;
    }
    assert_eq!(allows(&CheckOrigin::list(entries)), one_fits);
}

type Parts<'o> = (Option<&'o str>, Option<&'o str>, Option<u16>);

fn parts(origin: &Origin) -> Parts<'_> {
    (origin.scheme(), origin.host(), origin.port())
}

fn read(text: &str) -> Origin {
    let origin = Origin::parse(text);
    assert_eq!(origin.as_str(), text);
    let (scheme, host, port) = parts(&origin);
    match plain(text) {
        Some((plain_scheme, plain_host, plain_port)) => {
            let plain_scheme = Some(plain_scheme.to_ascii_lowercase()).filter(|scheme| !scheme.is_empty());
            assert_eq!(scheme, plain_scheme.as_deref());
            assert_eq!((host, port), (Some(plain_host), plain_port.or_else(|| default_port(scheme))));
        }
        None => is_taken_from(text, &origin),
    }
    if let Some(host) = host {
        let scheme = scheme.map(|scheme| scheme.to_owned() + ":").unwrap_or_default();
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let again = format!("{scheme}//{host}{port}");
        assert_eq!(parts(&Origin::parse(&again)), parts(&origin), "{again} from {text}");
    }
    origin
}

/// The scheme, host and port of a text that is nothing but these, the first and the last perhaps left out.
fn plain(text: &str) -> Option<(&str, &str, Option<u16>)> {
    let (scheme, authority) = text.split_once("//")?;
    if !scheme.is_empty() {
        let scheme = scheme.strip_suffix(':')?;
        let is_first = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        if !is_first || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')) {
            return None;
        }
    }
    let (host, after) = match authority.strip_prefix('[') {
        Some(address) => address.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_address = authority.starts_with('[') && host.parse::<Ipv6Addr>().is_ok();
    let is_name = host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    if host.is_empty() || !(is_name && !authority.starts_with('[') || is_address) {
        return None;
    }
    let port = match after.strip_prefix(':') {
        None if after.is_empty() => None,
        Some(port) if port.chars().all(|c| c.is_ascii_digit()) => Some(port.parse().ok()?),
        _ => return None,
    };
    Some((scheme.trim_end_matches(':'), host, port))
}

fn default_port(scheme: Option<&str>) -> Option<u16> {
    match scheme? {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// Each part is where it must be in the text: the scheme before the first `:`, the host and the port in what stands
/// between `//` and the next of `/`, `?` and `#`.
fn is_taken_from(text: &str, origin: &Origin) {
    let (scheme, host, port) = parts(origin);
    let before = text.split(':').next().unwrap_or_default();
    assert!(scheme.is_none_or(|scheme| before.eq_ignore_ascii_case(scheme)), "{origin:?}");
    let Some(host) = host else { return };
    assert!(!host.is_empty() && !host.contains(['/', '?', '#', '@', '[', ']']), "{origin:?}");
    assert!(!host.contains(char::is_whitespace) && !host.contains('\\'), "{origin:?}");
    let authority = text.split("//").nth(1).and_then(|text| text.split(['/', '?', '#']).next());
    let place = authority.and_then(|authority| authority.rsplit('@').next()).unwrap_or_default();
    let rest = match place.strip_prefix('[') {
        Some(address) => address.strip_prefix(host).and_then(|rest| rest.strip_prefix(']')),
        None => place.strip_prefix(host).filter(|_| !host.contains(':')),
    };
    let given = rest.and_then(|rest| if rest.is_empty() { Some("") } else { rest.strip_prefix(':') });
    let Some(given) = given else { panic!("{origin:?} is not where it should be") };
    let expected = if given.is_empty() { default_port(scheme) } else { given.parse().ok() };
    assert_eq!(port, expected, "{origin:?}");
}

/// Whether an entry of a list fits.
fn fits(entry: &Origin, origin: &Origin) -> bool {
    let (Some(wanted), Some(host)) = (entry.host(), origin.host()) else { return false };
    let is_host = match wanted.strip_prefix("*.") {
        None => wanted == host,
        // Label by label, from the end.
        Some(parent) => {
            let mut labels = host.rsplit('.');
            parent.rsplit('.').all(|label| labels.next() == Some(label))
        }
    };
    let is_scheme = entry.scheme().is_none_or(|scheme| Some(scheme) == origin.scheme());
    is_host && is_scheme && entry.port().is_none_or(|port| Some(port) == origin.port())
}
