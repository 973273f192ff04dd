//! Marks that do something where the draft is published: mentions, and signs in disguise.

use markdown::code;

use super::inert::BREAK;

/// Entities that people write; none of them can be a part of an address or a mention. The ampersand stays
/// one: what it hides is not read again.
const HARMLESS: [&str; 9] = ["amp", "lt", "gt", "quot", "nbsp", "hellip", "mdash", "ndash", "copy"];
/// The longest name of an entity.
const MAX_ENTITY: usize = 32;
/// Names that speak to many at once.
const CROWDS: [&str; 5] = ["all", "channel", "everyone", "here", "group"];

/// Shows entities as they are written, but for harmless ones: `&#64;` would be an `@`, and `&colon;` part of
/// an address, only after everything here has been looked at.
pub(super) fn without_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        out.push(c);
        if c == '&' && is_entity(&text[at + 1..]) {
            out.push_str("amp;");
        }
    }
    out
}

/// Whether a harmful entity begins behind an ampersand. Numbers count without their semicolon too.
fn is_entity(behind: &str) -> bool {
    let end = behind.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(behind.len());
    let name = &behind[..end];
    let is_named = (1..=MAX_ENTITY).contains(&end) && behind[end..].starts_with(';');
    behind.starts_with('#') || (is_named && !HARMLESS.contains(&name))
}

/// Shows what a browser would hide and Slack would obey (`<!channel>`, `<?x>`) as it is written, outside code. Hidden
/// comments are for others to remove.
pub(super) fn without_declarations(text: &str) -> String {
    code(text).change_gaps(text, |_, prose| {
        let mut out = String::with_capacity(prose.len());
        for (at, c) in prose.char_indices() {
            let behind = &prose[at + c.len_utf8()..];
            let declares = behind.starts_with('?') || (behind.starts_with('!') && !behind.starts_with("!--"));
            out.push_str(if c == '<' && declares { "&lt;" } else { &prose[at..at + c.len_utf8()] });
        }
        out
    })
}

/// Takes backslashes away from before `:/`: to a renderer the colon is one all the same, and from everybody
/// else they hide an address.
pub(super) fn without_escaped_colons(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if c == ':' && text[at + 1..].starts_with(['/', '\\']) {
            out.truncate(out.trim_end_matches('\\').len());
        }
        out.push(c);
    }
    out
}

/// Takes the power out of `@name`: a zero-width space after the `@` keeps it readable, and nobody is
/// notified. E-mail addresses and the allowed account stay as they are. Jira's `[~name]` likewise.
///
/// `before` is the character in front of `text`.
pub(super) fn without_mentions(text: &str, before: char, allowed: &str) -> String {
    let allowed = Some(allowed).filter(|name| !CROWDS.contains(&name.to_ascii_lowercase().as_str()));
    let mut out = String::with_capacity(text.len());
    let mut before = before;
    for (at, c) in text.char_indices() {
        out.push(c);
        let behind = &text[at + c.len_utf8()..];
        let notifies = match c {
            // A letter that is none of ASCII's does not make it part of a word to GitHub, and `_` may be
            // the beginning of emphasis.
            '@' if !before.is_ascii_alphanumeric() => {
                let name = account(behind);
                !name.is_empty() && allowed.is_none_or(|allowed| !name.eq_ignore_ascii_case(allowed))
            }
            '[' => behind.starts_with('~'),
            _ => false,
        };
        if notifies {
            out.push(BREAK);
        }
        before = c;
    }
    out
}

/// GitLab's names have dots, too: whoever is called `mona.x` is not `mona`.
fn account(text: &str) -> &str {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_' | '.');
    let end = text.find(|c| !is_of_name(c)).unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_in_disguise_are_shown_as_written() {
        assert_eq!(
            without_entities("https&#58;//x &#x40;a &commat;b &#64 c"),
            "https&amp;#58;//x &amp;#x40;a &amp;commat;b &amp;#64 c"
        );
        assert_eq!(without_entities("a &lt; b &amp; c?x=1&y=2"), "a &lt; b &amp; c?x=1&y=2");
        assert_eq!(without_entities("&#3&#56;;"), "&amp;#3&amp;#56;;");
    }

    #[test]
    fn declarations_are_shown_as_written() {
        assert_eq!(
            without_declarations("<!channel> <?x?> <![a]> <!-- b -->"),
            "&lt;!channel> &lt;?x?> &lt;![a]> <!-- b -->"
        );
        assert_eq!(without_declarations("`<!DOCTYPE html>` a < !b"), "`<!DOCTYPE html>` a < !b");
    }

    #[test]
    fn only_the_author_is_mentioned() {
        assert_eq!(
            without_mentions("@mona thanks, @octo/security", ' ', "mona"),
            "@mona thanks, @\u{200B}octo/security"
        );
        assert_eq!(without_mentions("write to a@b.example", ' ', "mona"), "write to a@b.example");
        assert_eq!(without_mentions("é@octo", ' ', "mona"), "é@\u{200B}octo");
        assert_eq!(
            without_mentions("[~accountid:5b1] <@U7>", ' ', "mona"),
            "[\u{200B}~accountid:5b1] <@\u{200B}U7>"
        );
        assert_eq!(without_mentions("@here", ' ', "here"), "@\u{200B}here");
        assert_eq!(without_mentions("@mona.evil or @mona.", ' ', "mona"), "@\u{200B}mona.evil or @mona.");
    }
}
