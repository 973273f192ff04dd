//! What a service says, compared with what it is known to say.

/// Whether `said` is one of the `known` messages as a whole. Case and a full stop at the end make no difference. `…`
/// stands for any words: names and amounts within a message, or all that follows its beginning.
///
/// A part of a message is never enough: `locked` stands in `Repository access blocked`, too.
///
/// ```
/// let known = ["The amount ($…) is greater than the charge"];
/// assert!(domain::says("The amount ($20.00) is greater than the charge.", &known));
/// assert!(!domain::says("Error: the amount ($20.00) is greater than the charge", &known));
/// ```
#[must_use]
pub fn says(said: &str, known: &[&str]) -> bool {
    let said = plain(said);
    known.iter().any(|known| is_like(&said, &plain(known)))
}

fn plain(said: &str) -> String {
    said.trim().trim_end_matches('.').trim_end().to_lowercase()
}

fn is_like(said: &str, known: &str) -> bool {
    let mut pieces = known.split('…');
    let Some(mut rest) = pieces.next().and_then(|beginning| said.strip_prefix(beginning)) else {
        return false;
    };
    let Some(end) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_count_as_a_whole() {
        let known = ["Issue is locked.", "Your account was suspended…", "Amount (…) is above (…)"];
        for said in [
            "Issue is locked.",
            " issue is locked",
            "Your account was suspended. Ask support.",
            "Your account was suspended",
            "Amount ($2) is above ($1).",
        ] {
            assert!(says(said, &known), "{said}");
        }
        for said in [
            "",
            "blocked",
            "The issue is locked.",
            "Issue is locked by mona",
            "account was suspended",
            "Amount ($2) is above ($1) and more",
            "Amount ($2) is below ($1)",
            "Amount (",
        ] {
            assert!(!says(said, &known), "{said}");
        }
    }
}
