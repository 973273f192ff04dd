//! Whether a text is written for people, or is code.

/// What stands in lines of code, and hardly in a sentence.
const SIGNS: [&str; 16] =
    ["=>", "->", "::", "()", "</", "/>", "&&", "||", "==", "!=", " = ", "+=", " --", "${", "$(", "\":"];
/// What lines of code begin with.
const BEGINNINGS: [&str; 10] = ["$ ", "#!", "//", "/*", "<!", "--", "{", "}", "import ", "from "];
/// So many words in lower case, with a full stop, are a sentence.
const FEW_WORDS: usize = 4;

/// Whether `text` is prose, with or without blocks of code in it: no line outside them looks like code, and one reads
/// as a sentence. Whatever is in doubt is code: shown as it is, nothing of it is lost.
pub(crate) fn is_prose(text: &str) -> bool {
    let (mut fence, mut says_something) = (None, false);
    for line in text.lines() {
        let said = line.trim_start();
        let ticks = said.len() - said.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && said[ticks..].trim().is_empty() => fence = None,
            Some(_) => {}
            None if ticks >= 3 => (fence, says_something) = (Some(ticks), true),
            None if said.is_empty() => {}
            None if is_code(line) => return false,
            None => says_something |= is_sentence(&without_marks(said)),
        }
    }
    says_something
}

/// The words of a line, without the marks of a list, a quote or a heading, emphasis and spans of code.
fn without_marks(said: &str) -> String {
    let said = said.trim_start_matches(|c: char| "#>-*+ ".contains(c) || c.is_ascii_digit());
    let outside =
        said.trim_start_matches(['.', ')', ' ']).split('`').step_by(2).collect::<Vec<_>>().join(" ");
    outside.replace(['*', '_'], "").trim().to_owned()
}

fn is_code(line: &str) -> bool {
    let said = without_marks(line);
    let is_indented = line.starts_with('\t') || line.starts_with("    ");
    let key = said.split_once(':').filter(|(_, value)| value.is_empty() || value.starts_with(' '));
    let is_pair = key.is_some_and(|(key, _)| {
        key.starts_with(|c: char| c.is_ascii_lowercase())
            && !key.contains(' ')
            && !line.trim_start().starts_with('>')
    });
    let names_package = said.split_whitespace().any(|word| {
        word.strip_prefix('@').is_some_and(|name| name.contains('/'))
            || word.contains('@') && word.contains("://")
    });
    // An annotation, a decorator, a package: not somebody who is spoken to.
    let is_annotation = said.starts_with('@') && !said.ends_with(['.', '!', '?', ',', ':']);
    is_indented
        || is_annotation
        || said.starts_with('<')
        || is_pair
        || names_package
        || BEGINNINGS.iter().any(|beginning| line.trim_start().starts_with(beginning))
        || SIGNS.iter().any(|sign| said.contains(sign))
        || said.ends_with([';', '{', '}', '\\'])
}

fn is_sentence(said: &str) -> bool {
    let ends = said.ends_with(['.', '!', '?', ':', ',', '…', '。', '！', '？']);
    let words: Vec<&str> = said.split_whitespace().collect();
    let is_word = |word: &&str| {
        let word = word.trim_matches(|c: char| ",.!?:;…()\"'@".contains(c));
        word.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '’' | '-'))
    };
    let Some(first) = words.first().and_then(|word| word.chars().find(|c| !"\"'(@".contains(*c))) else {
        return false;
    };
    let is_shouted = words[0].len() > 1 && words[0].chars().all(|c| c.is_ascii_uppercase());
    match first {
        c if c.is_lowercase() => ends && words.len() >= FEW_WORDS && words.iter().all(is_word),
        c if c.is_alphabetic() => ends || (!is_shouted && words.iter().all(is_word)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_prose;

    #[test]
    fn what_is_written_for_people_is_prose() {
        for text in [
            "Hello",
            "Hello @octo",
            "Thanks for the report!\n\nRun `npm install @angular/core --force` and try again.",
            "## What to do\n\n- Restart the server.\n- Look at the logs.",
            "just restart it, that helps.",
            "これは重要です。",
            "```rust\nlet x = 1;\n```",
            "See:\n\n```rust\nlet x = 1;\n```\n\nThat is all.",
        ] {
            assert!(is_prose(text), "{text}");
        }
    }

    #[test]
    fn code_is_none() {
        for text in [
            "npm install @angular/core",
            "@Override\npublic void run() {\n}",
            "@Override",
            "<b>Hello.</b>",
            "# install\nnpm install",
            "this.value = 3",
            "name: build\non: push",
            "{\"a\": 1}",
            "FROM node",
            "SELECT * FROM users;",
            "Error: Cannot find module 'x'\n    at require (internal.js:1)",
            "Install it:\nnpm install @angular/core",
            "/close",
            "git push",
            "import os",
            "",
        ] {
            assert!(!is_prose(text), "{text}");
        }
    }
}
