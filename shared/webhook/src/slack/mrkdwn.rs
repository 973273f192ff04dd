//! Slack's markup of messages as plain text.

/// `text` as a person reads it: `<@U7|mona>` is `@U7`, `<#C1|general>` is `#general`,
/// `<https://x|label>` is `label (https://x)`, and `&lt;` is `<`.
///
/// A mention keeps the account's id: names are not unique, and [`crate::mentions`] asks for the id.
pub(super) fn plain(text: &str) -> String {
    spelt(text, reference)
}

/// The same with the ids of channels and groups for their names, as rich text has them.
pub(super) fn bare(text: &str) -> String {
    spelt(text, |inside| {
        let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
        match target.strip_prefix("!subteam^") {
            // A sentence is no name.
            _ if label.contains(char::is_whitespace) => reference(inside),
            Some(group) => format!("@{group}"),
            None if target.starts_with('#') => target.to_owned(),
            None => reference(inside),
        }
    })
}

fn spelt(text: &str, reference: impl Fn(&str) -> String) -> String {
    let mut read = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let (before, opened) = rest.split_at(start);
        unescape(before, &mut read);
        match opened[1..].split_once('>') {
            Some((inside, after)) => {
                unescape(&reference(inside), &mut read);
                rest = after;
            }
            None => {
                rest = opened;
                break;
            }
        }
    }
    unescape(rest, &mut read);
    read
}

/// What stands between `<` and `>`.
fn reference(inside: &str) -> String {
    let (target, label) =
        inside.split_once('|').map_or((inside, None), |(target, label)| (target, Some(label)));
    let label = label.filter(|label| !label.is_empty());
    match target.split_at_checked(1) {
        Some(("@", account)) => format!("@{account}"),
        Some(("#", channel)) => format!("#{}", label.unwrap_or(channel)),
        Some(("!", command)) => match label {
            Some(label) => label.to_owned(),
            None => format!("@{command}"),
        },
        _ => match label {
            Some(label) if !target.ends_with(label) => format!("{label} ({target})"),
            _ => target.strip_prefix("mailto:").unwrap_or(target).to_owned(),
        },
    }
}

fn unescape(text: &str, into: &mut String) {
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, escaped) = rest.split_at(start);
        into.push_str(before);
        let known = [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&')];
        let found = known.iter().find_map(|(escape, c)| Some((escaped.strip_prefix(escape)?, *c)));
        let (after, c) = found.unwrap_or((&escaped[1..], '&'));
        into.push(c);
        rest = after;
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::plain;
    use proptest::prelude::*;

    #[test]
    fn references_are_spelt_out() {
        assert_eq!(plain("<@U7> and <@U8|ada>: see <#C1|general>"), "@U7 and @U8: see #general");
        assert_eq!(plain("<https://a.example/x|the page>"), "the page (https://a.example/x)");
        assert_eq!(plain("<https://a.example/x>"), "https://a.example/x");
        assert_eq!(plain("<mailto:a@b.example|a@b.example>"), "a@b.example");
        assert_eq!(plain("<!here> <!subteam^S1|@ops>"), "@here @ops");
    }

    #[test]
    fn escapes_are_undone_once() {
        assert_eq!(plain("a &lt;b&gt; &amp;lt; &copy; &"), "a <b> &lt; &copy; &");
    }

    #[test]
    fn what_is_escaped_is_no_reference() {
        let mention = plain("&lt;@U7&gt;");
        assert_eq!(mention, "<@U7>");
        assert_eq!(plain("1 < 2"), "1 < 2");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_panic(text in "[<>@#!|&a-zé;]{0,40}") {
            let _ = plain(&text);
        }
    }
}
