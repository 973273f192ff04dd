//! A test suite in the form that CI systems read: one test a case.

use std::fmt::Write as _;

use crate::evaluate::score::Score;

pub(super) fn junit(score: &Score) -> String {
    let stopped = score.outcomes.len() - score.finished();
    let wrong = score.outcomes.iter().filter(|it| !it.is_right()).count() - stopped;
    let seconds: f64 = score.outcomes.iter().map(|it| it.ms / 1_000.0).sum();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"afterhook eval\" tests=\"{}\" \
         failures=\"{wrong}\" errors=\"{stopped}\" time=\"{seconds:.3}\">\n",
        score.outcomes.len()
    );
    for it in &score.outcomes {
        let (class, name) = (escaped(&it.expected), escaped(&it.case));
        // Writing to a string never fails.
        let _ =
            write!(out, "  <testcase classname=\"{class}\" name=\"{name}\" time=\"{:.3}\"", it.ms / 1_000.0);
        if it.is_right() {
            out.push_str("/>\n");
        } else {
            let element = if it.unfinished.is_some() { "error" } else { "failure" };
            let _ = writeln!(out, "><{element} message=\"{}\"/></testcase>", escaped(&it.why()));
        }
    }
    out.push_str("</testsuite>\n");
    out
}

/// `text` within an attribute of XML, without the characters that XML has no way to write.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn xml_holds_nothing_that_it_cannot_write() {
        assert_eq!(escaped("a\u{0}<\"\n&\u{1b}"), "a&lt;&quot; &amp;");
    }
}
