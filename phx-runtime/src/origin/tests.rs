//! The rows of docs/protocol.md §2.5, without a server.

use super::*;

/// A request to `http://127.0.0.1:4000`, for a url host `localhost`.
fn allows(check: &CheckOrigin, origin: &str) -> bool {
    check.allows(&Origin::parse(origin), Some("localhost"), &Origin::parse("http://127.0.0.1:4000"))
}

#[track_caller]
fn assert_rows(check: &CheckOrigin, rows: &[(&str, bool)]) {
    for (origin, allowed) in rows {
        assert_eq!(allows(check, origin), *allowed, "{check:?}: {origin:?}");
    }
}

const WITHOUT_HOST: [&str; 6] = ["null", "", "localhost", "file://", "http://", "localhost:4000"];

#[test]
fn any_accepts_every_origin() {
    let check = CheckOrigin::any();
    assert_rows(&check, &WITHOUT_HOST.map(|origin| (origin, true)));
    assert_rows(&check, &[("https://evil.com", true)]);
}

#[test]
fn host_compares_the_url_host_and_ignores_scheme_and_port() {
    assert_rows(
        &CheckOrigin::host(),
        &[
            ("http://localhost", true),
            ("https://localhost:8443", true),
            ("weird://localhost", true),
            ("http://127.0.0.1", false),
            ("http://sub.localhost", false),
            ("http://LOCALHOST", false),
        ],
    );
}

#[test]
fn host_without_a_url_host_accepts_everything_with_a_host() {
    let request = Origin::parse("http://127.0.0.1:4000");
    let allows = |origin| CheckOrigin::host().allows(&Origin::parse(origin), None, &request);
    assert!(allows("https://anything.example:81"));
    for origin in WITHOUT_HOST {
        assert!(!allows(origin), "{origin:?}");
    }
}

#[test]
fn an_origin_without_a_host_is_refused_by_host_list_and_same_as_request() {
    for check in [
        CheckOrigin::host(),
        CheckOrigin::list(["//localhost", "//null", "file://x"]),
        CheckOrigin::same_as_request(),
    ] {
        assert_rows(&check, &WITHOUT_HOST.map(|origin| (origin, false)));
    }
}

#[test]
fn an_entry_with_a_scheme_stands_for_its_port() {
    assert_rows(
        &CheckOrigin::list(["https://x.com", "http://y.com"]),
        &[
            ("https://x.com", true),
            ("HTTPS://x.com", true),
            ("https://x.com:443", true),
            ("https://x.com:", true),
            ("https://x.com:444", false),
            ("http://x.com", false),
            ("http://x.com:443", false),
            ("http://y.com:80", true),
            ("http://y.com:81", false),
        ],
    );
}

#[test]
fn what_an_entry_leaves_out_matches_anything() {
    assert_rows(
        &CheckOrigin::list(["//x.com", "//y.com:81"]),
        &[
            ("http://x.com", true),
            ("https://x.com:8443", true),
            ("chrome-extension://x.com", true),
            ("http://y.com:81", true),
            ("https://y.com:81", true),
            ("http://y.com", false),
            ("http://z.com", false),
        ],
    );
}

#[test]
fn a_wildcard_is_the_host_itself_and_any_depth_below_it() {
    assert_rows(
        &CheckOrigin::list(["//*.x.com"]),
        &[
            ("https://x.com", true),
            ("https://a.x.com", true),
            ("https://a.b.x.com", true),
            ("https://evilx.com", false),
            ("https://x.com.evil.com", false),
        ],
    );
}

#[test]
fn hosts_are_compared_as_written_and_schemes_in_lower_case() {
    assert_rows(
        &CheckOrigin::list(["HTTPS://x.com"]),
        &[("https://x.com", true), ("Https://x.com", true), ("https://X.com", false)],
    );
}

#[test]
fn same_as_request_compares_scheme_host_and_port() {
    assert_rows(
        &CheckOrigin::same_as_request(),
        &[
            ("http://127.0.0.1:4000", true),
            ("https://127.0.0.1:4000", false),
            ("http://localhost:4000", false),
            ("http://127.0.0.1", false),
        ],
    );
}

#[test]
fn a_function_decides_also_about_origins_without_a_host() {
    let check = CheckOrigin::with(|origin| origin.as_str() == "null" || origin.host() == Some("x.com"));
    assert_rows(&check, &[("null", true), ("http://x.com", true), ("http://y.com", false), ("", false)]);
}

#[test]
fn an_entry_without_a_host_is_invalid() {
    let check =
        CheckOrigin::list(["x.com", "//x.com", "file://", "", "localhost:4000", "//*", "https://x:y"]);
    let invalid: Vec<_> = check.invalid_entries().collect();
    assert_eq!(invalid, ["x.com", "file://", "", "localhost:4000", "//*", "https://x:y"]);
    assert_eq!(CheckOrigin::any().invalid_entries().count(), 0);
}

#[test]
fn odd_authorities_are_read_as_their_host_or_not_at_all() {
    let parts = |text| {
        let origin = Origin::parse(text);
        (origin.host().map(str::to_owned), origin.port())
    };
    assert_eq!(parts("http://user:pw@x.com:81/path?query#part"), (Some("x.com".into()), Some(81)));
    assert_eq!(parts("http://[::1]:4000"), (Some("::1".into()), Some(4000)));
    for text in [
        "http://x.com:99999",
        "http://x.com:+80",
        "http://x y",
        "http://[::1",
        "http://[x.com]",
        "http://[a:@b]:40",
        "http://x.com@",
        "http://:80",
    ] {
        assert_eq!(parts(text).0, None, "{text}");
    }
}
