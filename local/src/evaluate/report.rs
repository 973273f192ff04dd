//! A [`Score`] as people and programs read it: the terminal, JSON, JUnit, one page of HTML.

use std::fmt::Write as _;

use maud::{DOCTYPE, html};
use serde_json::{Value, json};

use super::score::{Outcome, Score};
use crate::command::table::plain;

/// Cases that the terminal names; the files have all of them.
const NAMED: usize = 20;

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// For the terminal.
pub(crate) fn text(score: &Score) -> String {
    let mut out = String::new();
    // Writing to a string never fails.
    let _ = writeln!(
        out,
        "{} of {} cases ended; intents {}, right in everything {}; ${:.4}; time of work p50 {} ms, p95 {} ms",
        score.finished(),
        score.outcomes.len(),
        percent(score.accuracy()),
        percent(score.right()),
        score.cost_usd(),
        score.latency(0.5).as_millis(),
        score.latency(0.95).as_millis(),
    );
    let _ = writeln!(out, "\nexpected -> found");
    for ((expected, got), count) in score.confusion() {
        let mark = if expected == got { ' ' } else { '!' };
        let _ = writeln!(out, " {mark} {} -> {}: {count}", plain(expected), plain(got));
    }
    let _ = writeln!(out, "\nconfidence   cases   said   right");
    for (index, bin) in score.calibration().iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let _ = writeln!(
            out,
            "  from 0.{index}    {:>5}   {:.2}   {}",
            bin.count,
            bin.confidence(),
            percent(bin.accuracy())
        );
    }
    let _ = writeln!(out, "\nthreshold   answered alone   of these right");
    for it in score.thresholds() {
        let _ = writeln!(out, "  {:.2}      {:>5}            {:>5}", it.at, it.passed, it.right);
    }
    let wrong: Vec<&Outcome> = score.outcomes.iter().filter(|it| !it.is_right()).collect();
    for outcome in wrong.iter().take(NAMED) {
        let _ = writeln!(out, "wrong: {}: {}", plain(&outcome.case), plain(&why(outcome)));
    }
    if wrong.len() > NAMED {
        let _ = writeln!(out, "and {} more", wrong.len() - NAMED);
    }
    out
}

fn why(outcome: &Outcome) -> String {
    match &outcome.unfinished {
        Some(why) => format!("it did not end: {why}"),
        None => outcome.faults.join("; "),
    }
}

/// Everything, for programs.
pub(crate) fn json(score: &Score, version: &str) -> Value {
    let confusion = score.confusion().into_iter();
    let calibration = score.calibration();
    json!({
        "version": version,
        "cases": score.outcomes.len(),
        "finished": score.finished(),
        "accuracy": score.accuracy(),
        "right": score.right(),
        "cost_usd": score.cost_usd(),
        "latency_ms": {"p50": ms(score.latency(0.5)), "p95": ms(score.latency(0.95))},
        "confusion": confusion
            .map(|((expected, got), count)| json!({"expected": expected, "got": got, "count": count}))
            .collect::<Vec<_>>(),
        "calibration": calibration.iter().enumerate().map(|(index, bin)| json!({
            "from": f64::from(u32::try_from(index).unwrap_or_default()) / 10.0, "count": bin.count,
            "confidence": bin.confidence(), "accuracy": bin.accuracy(),
        })).collect::<Vec<_>>(),
        "thresholds": score.thresholds().iter().map(|it| json!({
            "at": it.at, "passed": it.passed, "right": it.right,
        })).collect::<Vec<_>>(),
        "outcomes": score.outcomes.iter().map(|it| json!({
            "case": it.case, "expected": it.expected, "got": it.got, "confidence": it.confidence,
            "right": it.is_right(), "why": why(it), "answer": it.answer, "cost_usd": it.cost_usd,
            "ms": ms(it.took),
        })).collect::<Vec<_>>(),
    })
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A test suite in the form that CI systems read: one test a case.
pub(crate) fn junit(score: &Score) -> String {
    let wrong = score.outcomes.iter().filter(|it| !it.is_right()).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"afterhook eval\" tests=\"{}\" failures=\"{wrong}\">\n",
        score.outcomes.len()
    );
    for it in &score.outcomes {
        let name = escaped(&it.case);
        let _ = write!(out, "  <testcase classname=\"{}\" name=\"{name}\" time=\"{:.3}\"", escaped(&it.expected), it.took.as_secs_f64());
        if it.is_right() {
            out.push_str("/>\n");
        } else {
            let _ = writeln!(out, "><failure message=\"{}\"/></testcase>", escaped(&why(it)));
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

/// One page, complete in itself.
pub(crate) fn page(score: &Score, version: &str) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "afterhook eval" }
                style { "body{font:15px system-ui;margin:2rem;max-width:70rem}td,th{padding:.2rem .7rem;text-align:left;vertical-align:top}.wrong{background:#fdd}pre{white-space:pre-wrap;margin:0}" }
            }
            body {
                h1 { "afterhook eval" }
                p {
                    (score.outcomes.len()) " cases, version " code { (version) } ": intents " (percent(score.accuracy()))
                    ", right in everything " (percent(score.right())) ", $" (format!("{:.4}", score.cost_usd()))
                }
                h2 { "Confusion" }
                table {
                    tr { th { "Expected" } th { "Found" } th { "Cases" } }
                    @for ((expected, got), count) in score.confusion() {
                        tr.wrong[expected != got] { td { (expected) } td { (got) } td { (count) } }
                    }
                }
                h2 { "Reliability of the confidence" }
                table {
                    tr { th { "From" } th { "Cases" } th { "Said" } th { "Right" } }
                    @for (index, bin) in score.calibration().iter().enumerate() {
                        @if bin.count > 0 {
                            tr { td { "0." (index) } td { (bin.count) } td { (format!("{:.2}", bin.confidence())) } td { (percent(bin.accuracy())) } }
                        }
                    }
                }
                h2 { "Thresholds" }
                table {
                    tr { th { "At" } th { "Answered alone" } th { "Of these right" } }
                    @for it in score.thresholds() { tr { td { (format!("{:.2}", it.at)) } td { (it.passed) } td { (it.right) } } }
                }
                h2 { "Cases" }
                table {
                    tr { th { "Case" } th { "Expected" } th { "Found" } th { "Sure" } th { "Answer" } th { "What is wrong" } }
                    @for it in &score.outcomes {
                        tr.wrong[!it.is_right()] {
                            td { (it.case) } td { (it.expected) } td { (it.got) }
                            td { (it.confidence.map_or_else(String::new, |sure| format!("{sure:.2}"))) }
                            td { pre { (it.answer) } } td { (why(it)) }
                        }
                    }
                }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::super::score::tests::score;
    use super::*;

    #[test]
    fn every_form_says_the_same_and_obeys_no_case() {
        let score = score();
        let told = text(&score);
        assert!(told.starts_with("3 of 4 cases ended; intents 50.0 %"), "{told}");
        assert!(told.contains("! bug -> question: 1") && told.contains("it did not end: budget"), "{told}");
        let value = json(&score, "ver_1");
        assert_eq!((&value["accuracy"], &value["outcomes"][1]["right"]), (&json!(0.5), &json!(false)));
        let suite = junit(&score);
        assert!(suite.contains("tests=\"4\" failures=\"2\""), "{suite}");
        assert!(suite.contains("name=\"bug &lt;as&gt; question\""), "{suite}");
        let page = page(&score, "ver_1");
        assert!(page.contains("bug &lt;as&gt; question") && !page.contains("<as>"), "{page}");
    }

    #[test]
    fn xml_holds_nothing_that_it_cannot_write() {
        assert_eq!(escaped("a\u{0}<\"\n&\u{1b}"), "a&lt;&quot; &amp;");
    }
}
