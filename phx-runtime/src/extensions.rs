//! Which of a client's offers of WebSocket extensions is accepted, and the answer to it (RFC 6455 §9.1, RFC 7692 §7.1).

use warp::http::{HeaderMap, HeaderValue, header};

/// Neither side keeps its window from one message to the next: otherwise every connection would have to keep zlib's
/// state for both directions, some 300 KiB, and no broadcast could be compressed once for all. A server may ask this
/// of a client that has not offered it (RFC 7692 §7.1.1), and `client_max_window_bits` needs no answer (§7.1.2.2).
const ANSWER: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// For a client that limits the server's window: it has to be told that it gets what it wants (RFC 7692 §7.1.2.1).
const ANSWER_WITH_WINDOW: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
                                  server_max_window_bits=15";

/// Accepts the first acceptable offer of permessage-deflate, if there is one: the value of the header in the answer.
/// A header that cannot be read offers nothing from there on.
pub(crate) fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let answer = values.find_map(|value| accept_one_of(Cursor(value.to_str().ok()?)));
    answer.map(HeaderValue::from_static)
}

fn accept_one_of(mut cursor: Cursor<'_>) -> Option<&'static str> {
    loop {
        // Lists in HTTP may have empty elements.
        while cursor.eat(',') {}
        let mut offer = Offer::new(cursor.token()?);
        while cursor.eat(';') {
            let name = cursor.token()?;
            let value = if cursor.eat('=') { Some(cursor.value()?) } else { None };
            offer.add(name, value.as_deref());
        }
        if !cursor.is_at_end() && !cursor.eat(',') {
            return None;
        }
        if offer.is_acceptable {
            return Some(if offer.limits_window { ANSWER_WITH_WINDOW } else { ANSWER });
        }
    }
}

/// One element of the list that a client offers.
struct Offer<'a> {
    is_acceptable: bool,
    limits_window: bool,
    seen: Vec<&'a str>,
}

impl<'a> Offer<'a> {
    fn new(extension: &str) -> Self {
        Self { is_acceptable: extension == "permessage-deflate", limits_window: false, seen: Vec::new() }
    }

    /// An offer with a parameter that is unknown, given twice, or of a wrong value is declined (RFC 7692 §7).
    fn add(&mut self, name: &'a str, value: Option<&str>) {
        let is_known = match (name, value) {
            (
                "server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits",
                None,
            ) => true,
            // How small a window the client uses makes no difference to the inflater.
            ("client_max_window_bits", Some(bits)) => is_window_bits(bits),
            // A smaller window would need a compression of its own for every broadcast.
            ("server_max_window_bits", Some("15")) => {
                self.limits_window = true;
                true
            }
            _ => false,
        };
        self.is_acceptable &= is_known && !self.seen.contains(&name);
        if self.is_acceptable {
            self.seen.push(name);
        }
    }
}

/// A number from 8 to 15 without leading zeros.
fn is_window_bits(value: &str) -> bool {
    matches!(value, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
}

/// What is left of a header value.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn skip_whitespace(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn is_at_end(&mut self) -> bool {
        self.skip_whitespace();
        self.0.is_empty()
    }

    fn eat(&mut self, expected: char) -> bool {
        self.skip_whitespace();
        let rest = self.0.strip_prefix(expected);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn token(&mut self) -> Option<&'a str> {
        self.skip_whitespace();
        let (token, rest) = self.0.split_at(self.0.find(|c| !is_token_char(c)).unwrap_or(self.0.len()));
        self.0 = rest;
        Some(token).filter(|token| !token.is_empty())
    }

    /// A token, also in quotes.
    fn value(&mut self) -> Option<String> {
        if !self.eat('"') {
            return self.token().map(str::to_owned);
        }
        let mut value = String::new();
        let mut chars = self.0.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(chars.next()?),
                c => value.push(c),
            }
        }
        self.0 = chars.as_str();
        Some(value).filter(|value| !value.is_empty() && value.chars().all(is_token_char))
    }
}

/// Whether it may stand in a `token` of RFC 9110 §5.6.2.
pub(crate) fn is_token_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(offers: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(offer));
        }
        accept(&headers).and_then(|answer| answer.to_str().map(str::to_owned).ok())
    }

    #[test]
    fn an_offer_is_accepted_without_context_takeover_on_either_side() {
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate;client_max_window_bits = \"1\\0\" ",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "\tpermessage-deflate ;\tclient_no_context_takeover",
            ", ,permessage-deflate,",
        ] {
            assert_eq!(answer(&[offer]).as_deref(), Some(ANSWER), "{offer}");
        }
    }

    #[test]
    fn a_client_that_limits_the_window_to_all_of_it_is_told_so() {
        for offer in [
            "permessage-deflate; server_max_window_bits=15",
            "permessage-deflate; server_max_window_bits=\"15\"",
        ] {
            assert_eq!(answer(&[offer]).as_deref(), Some(ANSWER_WITH_WINDOW), "{offer}");
        }
    }

    #[test]
    fn an_offer_with_a_wrong_parameter_is_declined() {
        for offer in [
            "",
            "permessage-bzip2",
            "x-webkit-deflate-frame",
            "permessage-deflate; x",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover=true",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=010",
            "permessage-deflate; client_max_window_bits=+9",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=14",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=15",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        ] {
            assert_eq!(answer(&[offer]), None, "{offer}");
        }
    }

    #[test]
    fn the_first_acceptable_offer_of_all_headers_counts() {
        let bad = "permessage-deflate; server_max_window_bits=10";
        let good = "permessage-deflate; server_max_window_bits=15";
        let both = "permessage-deflate; server_max_window_bits=10, permessage-deflate; server_max_window_bits=15, \
                    permessage-deflate";
        assert_eq!(answer(&[both]).as_deref(), Some(ANSWER_WITH_WINDOW));
        assert_eq!(
            answer(&["other; a=\"b, permessage-deflate\"", bad, good]).as_deref(),
            Some(ANSWER_WITH_WINDOW)
        );
        assert_eq!(answer(&[bad, "permessage-deflate", good]).as_deref(), Some(ANSWER));
    }

    #[test]
    fn what_cannot_be_read_offers_nothing() {
        for offer in [
            "permessage-deflate;",
            "permessage-deflate; =15",
            "permessage-deflate; client_max_window_bits=",
            "permessage-deflate; client_max_window_bits=\"",
            "permessage-deflate; client_max_window_bits=\"15",
            "permessage-deflate; client_max_window_bits=\"\"",
            "permessage-deflate; client_max_window_bits=\"15\\",
            "permessage-deflate client_max_window_bits",
            "permessage-deflate / 1",
            ";permessage-deflate",
        ] {
            assert_eq!(answer(&[offer]), None, "{offer}");
            assert_eq!(answer(&[offer, "permessage-deflate"]).as_deref(), Some(ANSWER), "{offer}");
        }
    }
}
