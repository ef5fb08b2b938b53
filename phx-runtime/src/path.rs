//! Where a socket is mounted: whole segments of a path, some of which may have names.

use std::collections::HashSet;
use warp::http::uri::PathAndQuery;

/// A parsed `/socket/{tenant}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PathPattern {
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Capture(String),
    Literal(String),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathError {
    /// A segment that no path has, or a brace out of place.
    Invalid,
    /// Two segments with this name.
    Repeated(String),
}

impl PathPattern {
    pub(crate) fn parse(path: &str) -> Result<Self, PathError> {
        let segments =
            segments(path).map(Segment::parse).collect::<Option<Vec<_>>>().ok_or(PathError::Invalid)?;
        let pattern = Self { segments };
        let mut names = HashSet::new();
        let repeated = pattern.names().find(|name| !names.insert(*name)).map(str::to_owned);
        repeated.map_or(Ok(pattern), |name| Err(PathError::Repeated(name)))
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Capture(name) => Some(name.as_str()),
        })
    }

    /// The names and the parts of `path` they stand for, as sent; `None` if `path` is another one.
    pub(crate) fn captures<'a>(&'a self, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
        let mut captures = Vec::new();
        let mut parts = segments(path);
        for segment in &self.segments {
            let part = parts.next()?;
            match segment {
                Segment::Literal(literal) if literal == part => {}
                Segment::Literal(_) => return None,
                Segment::Capture(name) => captures.push((name.as_str(), part)),
            }
        }
        parts.next().is_none().then_some(captures)
    }

    /// In order by this, a capture comes before a literal in the same place; what it is called makes no difference.
    pub(crate) fn order(&self) -> Vec<Option<&str>> {
        let literals = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Capture(_) => None,
        });
        literals.collect()
    }

    /// Whether both match the same paths: the names of captures make no difference.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|segments| match segments {
                (Segment::Literal(one), Segment::Literal(other)) => one == other,
                (Segment::Capture(_), Segment::Capture(_)) => true,
                _ => false,
            })
    }
}

impl Segment {
    fn parse(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            let is_name = !name.starts_with(|first: char| first.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return (is_name && !name.is_empty()).then(|| Self::Capture(name.to_owned()));
        }
        let path = format!("/{text}");
        let is_path = path.parse::<PathAndQuery>().is_ok_and(|parsed| parsed.path() == path);
        (is_path && !text.contains(['{', '}'])).then(|| Self::Literal(text.to_owned()))
    }
}

/// Whether a mount at `one` is a mount at `other`, be they paths or mistaken for such.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    match (PathPattern::parse(one), PathPattern::parse(other)) {
        (Ok(one), Ok(other)) => one.is_same_as(&other),
        _ => one == other,
    }
}

/// Empty segments do not count, as in Phoenix.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_are_whole_segments() -> Result<(), PathError> {
        let pattern = PathPattern::parse("/socket/{tenant}/{_room}/ws")?;
        let captures = pattern.captures("/socket//acme/a%20b/ws/");
        assert_eq!(captures, Some(vec![("tenant", "acme"), ("_room", "a%20b")]));
        for other in ["/socket/acme/ws", "/socket/acme/lobby/ws/x", "/socket/acme/lobby/wsx", "/"] {
            assert_eq!(pattern.captures(other), None, "{other}");
        }
        assert_eq!(PathPattern::parse("/")?.captures("//"), Some(vec![]));
        Ok(())
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for path in [
            "/{", "/}", "/{}", "/x{id}", "/{id}x", "/{1}", "/{a b}", "/{a}{b}", "/{{a}}", "/a b", "/a?b",
            "/a#b",
        ] {
            assert_eq!(PathPattern::parse(path).err(), Some(PathError::Invalid), "{path}");
        }
        let repeated = PathPattern::parse("/{a}/{b}/{a}").err();
        assert_eq!(repeated, Some(PathError::Repeated("a".into())));
    }

    #[test]
    fn names_make_no_difference_between_patterns() -> Result<(), PathError> {
        let same = |one, other| Ok(PathPattern::parse(one)?.is_same_as(&PathPattern::parse(other)?));
        assert!(same("/a/{x}", "a//{y}/")?);
        for (one, other) in [("/a/{x}", "/a/b"), ("/a", "/a/b"), ("/a/{x}", "/{x}/a")] {
            assert!(!same(one, other)?, "{one} {other}");
        }
        Ok(())
    }

    #[test]
    fn in_order_a_capture_comes_first_whatever_it_is_called() -> Result<(), PathError> {
        let mut patterns = Vec::new();
        for path in ["/x/{z}/lit", "/{a}/lit", "/x/{b}/{c}", "/{b}/{c}", "/x/y/z", "/x"] {
            patterns.push(PathPattern::parse(path)?);
        }
        patterns.sort_by(|one, other| one.order().cmp(&other.order()));
        let expected = ["/{b}/{c}", "/{a}/lit", "/x", "/x/{b}/{c}", "/x/{z}/lit", "/x/y/z"];
        for (pattern, path) in patterns.iter().zip(expected) {
            assert_eq!(*pattern, PathPattern::parse(path)?);
        }
        Ok(())
    }
}
