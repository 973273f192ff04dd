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

/// Whether a sentence of `said`, or what follows a colon, is or begins with one of the `known` messages, as [`says`] knows
/// them. `the`, `your` and the like before it make no difference. What stands in quotes or backticks counts for nothing:
/// services repeat there what they were sent, and anybody can write that.
///
/// ```
/// let known = ["API key has been revoked…"];
/// assert!(domain::tells("Error: Your API key has been revoked, sorry.", &known));
/// assert!(!domain::tells("The value is wrong: \"The API key has been revoked.\"", &known));
/// assert!(!domain::tells("Ask whoever has an API key has been revoked", &known));
/// ```
#[must_use]
pub fn tells(said: &str, known: &[&str]) -> bool {
    let said = plain(&unquoted(said));
    let ends = said.match_indices([' ', '\n']).map(|(at, _)| at);
    let begins =
        ends.filter(|at| said[..*at].ends_with(['.', ':', ';', '!', '\n'])).map(|at| &said[at + 1..]);
    let known: Vec<String> = known.iter().map(|known| plain(known)).collect();
    std::iter::once(said.as_str())
        .chain(begins)
        .flat_map(without_articles)
        .any(|said| known.iter().any(|known| is_like(said, known)))
}

/// `said`, and what is left of it as words before its subject are taken away.
fn without_articles(said: &str) -> impl Iterator<Item = &str> {
    const ARTICLES: [&str; 5] = ["the ", "your ", "this ", "an ", "provided "];
    std::iter::successors(Some(said.trim_start()), |said| {
        ARTICLES.iter().find_map(|article| said.strip_prefix(article)).map(str::trim_start)
    })
}

/// `said` without what stands between `"` or backticks. What is not closed was cut off.
fn unquoted(said: &str) -> String {
    let (mut left, mut within) = (String::with_capacity(said.len()), None);
    for c in said.chars() {
        match (within, c) {
            (None, '"' | '`') => within = Some(c),
            (None, _) => left.push(c),
            (Some(quote), _) if quote == c => within = None,
            (Some(_), _) => {}
        }
    }
    left
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
    fn a_sentence_counts_wherever_it_stands_and_not_within_what_was_sent() {
        let known = ["API key… not valid…", "The provided API key has…", "project is shut out"];
        for said in [
            "API key not valid. Please pass a valid API key.",
            "Error 400: the API key is not valid",
            "The request is refused.\nYour provided API key was not valid!",
            "The provided API key has an IP address restriction.",
            "Sorry; your project is shut out.",
        ] {
            assert!(tells(said, &known), "{said}");
        }
        for said in [
            "",
            "The text `API key not valid` is too long.",
            "Invalid value at 'contents' (TEXT), \"Hello: API key not valid. API key not valid\"",
            "Invalid value: \"Hello: API key not valid. API key",
            "The file of an API key not valid for it is too long.",
            "Your project is shut out of nothing.",
        ] {
            assert!(!tells(said, &known), "{said}");
        }
    }

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
