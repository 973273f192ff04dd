//! Code as Markdown shows it, whatever backticks it has in it.

/// `code` as a block: its fence is longer than any row of backticks within.
#[must_use]
pub fn fenced(language: &str, code: &str) -> String {
    let fence = "`".repeat(longest_row(code).max(2) + 1);
    let language = if language.contains(['`', '\n', ' ']) { "" } else { language };
    format!("{fence}{language}\n{}\n{fence}", code.trim_end_matches('\n'))
}

/// `code` as a span: blanks keep its own backticks apart from those around it.
#[must_use]
pub fn code_span(code: &str) -> String {
    let mark = "`".repeat(longest_row(code) + 1);
    let room = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    format!("{mark}{room}{code}{room}{mark}")
}

fn longest_row(code: &str) -> usize {
    code.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code;
    use proptest::prelude::*;

    #[test]
    fn backticks_within_end_nothing() {
        assert_eq!(fenced("rust", "a\n"), "```rust\na\n```");
        assert_eq!(fenced("x y", "a ``` b\n"), "````\na ``` b\n````");
        assert_eq!(code_span("a"), "`a`");
        assert_eq!(code_span("a`b"), "``a`b``");
        assert_eq!(code_span("`a"), "`` `a ``");
    }

    proptest! {
        #[test]
        fn all_of_it_is_code(inside in "[a`~]{0,12}(\n[a`~]{0,12}){0,3}") {
            let block = fenced("", &inside);
            prop_assert!(code(&block).iter().eq(std::iter::once(0..block.len())));
        }

        #[test]
        fn all_of_a_span_is_code(inside in "[a`]{0,8}a[a`]{0,8}") {
            let span = code_span(&inside);
            prop_assert!(code(&span).iter().eq(std::iter::once(0..span.len())));
        }
    }
}
