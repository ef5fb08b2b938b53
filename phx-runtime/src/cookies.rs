//! Cookies, as Plug reads them: byte by byte, so that what is odd in one is nothing to the others.

use warp::http::{HeaderMap, header};

/// The value of the first cookie with this name.
pub(crate) fn cookie<'h>(name: &str, headers: &'h HeaderMap) -> Option<&'h [u8]> {
    let headers = headers.get_all(header::COOKIE).iter();
    let mut cookies = headers.flat_map(|header| header.as_bytes().split(|&byte| byte == b';'));
    cookies.find_map(|cookie| value(name, cookie.trim_ascii_start()))
}

/// With white space before the `=` it is a cookie of no name; and spaces are the only such that a value may have.
fn value<'c>(name: &str, cookie: &'c [u8]) -> Option<&'c [u8]> {
    let value = cookie.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
    let is_value = !value.iter().any(|byte| matches!(byte, b'\t'..=b'\r'));
    is_value.then(|| value.trim_ascii_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use warp::http::HeaderValue;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    fn found(name: &str, cookies: &[&[u8]]) -> Result<Option<String>, warp::http::Error> {
        let mut headers = HeaderMap::new();
        for cookies in cookies {
            headers.append(header::COOKIE, HeaderValue::from_bytes(cookies)?);
        }
        Ok(cookie(name, &headers).map(|value| value.escape_ascii().to_string()))
    }

    #[test]
    fn a_cookie_ends_at_a_semicolon_and_nowhere_else() -> TestResult {
        for (cookies, expected) in [
            (&b"key=value"[..], Some("value")),
            (b"a=b; key=value; c=d", Some("value")),
            (b"a=b;key=value;c=d", Some("value")),
            (b"a=b; \t key=value", Some("value")),
            (b"key=value, a=b", Some("value, a=b")),
            (b"a=b, key=value", None),
            (b"a=\"; key=value; b=\"", Some("value")),
            (b"a=\xff; \xff; \xff=b; key=value", Some("value")),
            (b"key=\xff", Some("\\xff")),
            (b"key=\"value\"", Some("\\\"value\\\"")),
            (b"key=a=b", Some("a=b")),
            (b"key=", Some("")),
            (b"key=;key=value", Some("")),
            (b"", None),
            (b"=", None),
            (b"key", None),
            (b"=key=value", None),
            (b"KEY=value", None),
            (b"keys=value", None),
            (b"a key=value", None),
        ] {
            assert_eq!(found("key", &[cookies])?.as_deref(), expected, "{}", cookies.escape_ascii());
        }
        Ok(())
    }

    #[test]
    fn white_space_is_part_of_no_name_and_spaces_only_of_a_value() -> TestResult {
        for (cookies, expected) in [
            (&b"key =value"[..], None),
            (b"key\t=value", None),
            (b"key =value; key=other", Some("other")),
            (b"key= a b  ", Some(" a b")),
            (b"key=  ", Some("")),
            (b"key=a\tb", None),
            (b"key=a\t; key=other", Some("other")),
        ] {
            assert_eq!(found("key", &[cookies])?.as_deref(), expected, "{}", cookies.escape_ascii());
        }
        Ok(())
    }

    #[test]
    fn of_several_the_first_counts_in_whichever_header_it_is() -> TestResult {
        assert_eq!(found("key", &[b"key=1; key=2"])?.as_deref(), Some("1"));
        assert_eq!(found("key", &[b"key=1", b"key=2"])?.as_deref(), Some("1"));
        assert_eq!(found("key", &[b"a=\"\xff", b"key=2"])?.as_deref(), Some("2"));
        assert_eq!(found("key", &[])?, None);
        Ok(())
    }
}
