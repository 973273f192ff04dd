//! Names of hosts without a scheme in drafts. Some services turn them into links by themselves.
//!
//! What is surely meant as a host counts as a link. What can as well be a file (`main.rs`), a member or a product
//! (`ASP.NET`) is shown as code, in which no service makes a link of it.

use super::allowed::Allowed;
use super::bare_hosts::{Kind, kind, words};
use super::inert::{REMOVED, inert};

/// `text` without bare hosts that the draft may not lead to.
pub(super) fn without_foreign_domains(text: &str, allowed: &Allowed, ticks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, word) in words(text) {
        let (kind, url) = (kind(word), format!("https://{word}"));
        if kind == Kind::Word || allowed.link(&url) {
            continue;
        }
        out.push_str(&text[done..start]);
        match kind {
            _ if allowed.is_known(&url) => out.push_str(&inert(word, word.find('/').unwrap_or(0) + 1, ticks)),
            Kind::Perhaps => out.push_str(&inert(word, word.find('.').unwrap_or(0) + 1, ticks)),
            _ => out.push_str(REMOVED),
        }
        done = start + word.len();
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let allowed = Allowed::default()
            .with_hosts_of("https://docs.example.com/")
            .with_addresses_of("it fails on logs.example.net/a?b=1 and build.example.org");
        without_foreign_domains(text, &allowed, false)
    }

    #[test]
    fn a_host_without_a_scheme_is_a_link() {
        assert_eq!(cleaned("go to evil.example/?q=secret now"), "go to [link removed] now");
        assert_eq!(cleaned("evil.example?q=secret"), REMOVED);
        assert_eq!(
            cleaned("see evil.com, **evil.com** or x=secret.evil.org/a."),
            "see [link removed], **[link removed]** or x=[link removed]."
        );
        assert_eq!(cleaned("evil.io/?q=secret"), REMOVED, "it carries something");
    }

    #[test]
    fn what_may_be_a_file_or_a_product_is_shown_as_code() {
        assert_eq!(cleaned("main.rs:12 and README.md"), "`main.rs`:12 and `README.md`");
        assert_eq!(
            cleaned("ASP.NET, socket.io and docs.rs/serde."),
            "`ASP.NET`, `socket.io` and `docs.rs/serde`."
        );
        assert_eq!(without_foreign_domains("main.rs", &Allowed::default(), true), "main.\u{200B}rs");
    }

    #[test]
    fn hosts_of_ours_and_of_the_event_stay() {
        for text in ["docs.example.com/?q=x", "logs.example.net/a?b=1.", "build.example.org"] {
            assert_eq!(cleaned(text), text);
        }
        assert_eq!(cleaned("logs.example.net/a?b=2"), REMOVED);
    }

    #[test]
    fn ordinary_words_are_no_hosts() {
        for text in [
            "a.b?.c",
            "is it foo.bar?",
            "f(x)?y=1",
            "1.2.3",
            "e.g. this, i.e. that",
            "src/main.rs",
            "/usr/lib.so",
            "mona@example.com",
            "It works.Then go",
            "...",
            "v1.0.x",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }
}
