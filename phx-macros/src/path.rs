//! What is wrong with the path of a mount, as far as one can say without an HTTP server. The runtime has the last word.

use std::collections::HashSet;

/// What to tell somebody who declares a mount at `path`.
pub(crate) fn mistake(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some(format!("a path begins with a slash: write `\"/{path}\"`"));
    }
    if let Some(mount) = path.strip_suffix("/websocket") {
        let mount = if mount.is_empty() { "/socket" } else { mount };
        return Some(format!("clients add `/websocket` to the path themselves: write `{mount:?}`"));
    }
    let mut names = HashSet::new();
    for segment in path.split('/') {
        if !segment.contains(['{', '}']) {
            if let Some(sign) = segment.chars().find(|&char| !can_stand_in_path(char)) {
                return Some(format!("`{sign}` cannot stand in a path: write it like `\"/socket\"`"));
            }
            continue;
        }
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let Some(name) = name.filter(|name| is_name(name)) else {
            return Some(format!(
                "`{segment}` is not a segment of a path: braces stand around the name of a whole one, as in \
                 `\"/socket/{{tenant}}\"`"
            ));
        };
        if !names.insert(name) {
            return Some(format!("two segments of the path are named `{name}`: give each a name of its own"));
        }
    }
    None
}

fn can_stand_in_path(char: char) -> bool {
    !char.is_ascii_whitespace() && !char.is_ascii_control() && !['?', '#'].contains(&char)
}

fn is_name(name: &str) -> bool {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_word && name.starts_with(|first: char| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::mistake;

    #[test]
    fn paths_have_whole_segments_and_captures_with_names_of_their_own() {
        for path in ["/", "/socket", "/live/socket/", "/{tenant}/socket/{_2}", "/a%20b", "/a-b.c~d", "//"] {
            assert_eq!(mistake(path), None, "{path}");
        }
        for path in [
            "",
            "socket",
            "/a b",
            "/a?b",
            "/a#b",
            "/{",
            "/}",
            "/{}",
            "/x{id}",
            "/{id}x",
            "/{1}",
            "/{a b}",
            "/{a}{b}",
            "/websocket",
            "/socket/websocket",
        ] {
            assert!(mistake(path).is_some(), "{path}");
        }
        let repeated = "two segments of the path are named `a`: give each a name of its own";
        assert_eq!(mistake("/{a}/{b}/{a}").as_deref(), Some(repeated));
    }
}
