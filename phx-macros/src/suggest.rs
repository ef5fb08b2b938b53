//! Which name was meant by one that does not exist.

/// The nearest of the `known` names, if it is near enough to be meant by `wrong`.
pub(crate) fn did_you_mean<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let distances = known.iter().map(|name| (edits(&wrong, name), *name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    // One slip in three letters; with more, the two have little in common but their length.
    (distance * 3 <= name.len()).then_some(name)
}

/// How many letters to insert, leave out, replace or swap with their neighbour to make one text of the other.
fn edits(from: &str, to: &str) -> usize {
    let [from, to] = [from, to].map(|text| text.chars().collect::<Vec<_>>());
    // Those between the first letters of both, for any number of letters.
    let mut table = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in 0..=from.len() {
        for j in 0..=to.len() {
            table[i][j] = if i == 0 || j == 0 {
                i.max(j)
            } else {
                let replaced = table[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
                let is_swap = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
                let swapped = if is_swap { table[i - 2][j - 2] + 1 } else { replaced };
                replaced.min(swapped).min(table[i - 1][j] + 1).min(table[i][j - 1] + 1)
            };
        }
    }
    table[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_by_the_letter() {
        for (from, to, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("abc", "abxc", 1),
            ("abxc", "abc", 1),
            ("abc", "axc", 1),
            ("drian", "drain", 1),
            ("kitten", "sitting", 3),
            ("abc", "xyz", 3),
        ] {
            assert_eq!(edits(from, to), count, "{from} {to}");
        }
    }

    #[test]
    fn only_near_names_are_suggested() {
        let known = ["limits", "log", "auth_token", "drain"];
        for (wrong, meant) in [
            ("authtoken", Some("auth_token")),
            ("authToken", Some("auth_token")),
            ("auth_tokens", Some("auth_token")),
            ("limit", Some("limits")),
            ("drian", Some("drain")),
            ("logs", Some("log")),
            ("lag", Some("log")),
            ("max", None),
            ("timeout", None),
            ("", None),
        ] {
            assert_eq!(did_you_mean(wrong, &known), meant, "{wrong}");
        }
        assert_eq!(did_you_mean("log", &[]), None);
    }
}
