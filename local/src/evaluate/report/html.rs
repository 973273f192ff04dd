//! One page of HTML, complete in itself.

use maud::{Markup, html};

use super::{Report, of_ended, percent, remarks};
use crate::evaluate::case::is_right;
use crate::evaluate::score::{Bin, Score, share};
use crate::html_page::{diff, page as whole};

pub(super) fn page(report: &Report<'_>) -> String {
    let score = report.score;
    whole(
        "afterhook eval",
        &html! {
            p {
                (score.finished()) " of " (score.outcomes.len()) " cases ended, version " code { (report.version) } ", "
                (report.model) ": of these intents " (of_ended(score.accuracy())) ", right in everything "
                (of_ended(score.right())) ", $"
                (format!("{:.4}", score.cost_usd())) ", time of model calls p50 " (format!("{:.0}", score.latency(0.5))) " ms, p95 "
                (format!("{:.0}", score.latency(0.95))) " ms"
            }
            @for told in remarks(score) { p { (told) } }
            (changes(report))
            (confusion(score))
            (calibration(score))
            (models(score))
            (cases(score))
        },
    )
}

fn changes(report: &Report<'_>) -> Markup {
    let Some((former, changes)) = &report.against else { return html! {} };
    html! {
        h2 { "Against " code { (former.version) } }
        p {
            (changes.broken.len()) " broken, " (changes.mended.len()) " mended, " (changes.other.len())
            " with another intent or answer, " (changes.unfinished.len()) " that did not end in both, " (changes.unmatched) " in one run alone"
        }
        table {
            tr { th { "" } th { "Case" } th { "Found before" } th { "Found now" } th { "Answer" } th { "What is wrong" } }
            @for (word, change) in changes.all() {
                tr.wrong[word == "broken"] {
                    td { (word) } td { (change.after.case) } td { (change.before.got) } td { (change.after.got) }
                    td { (diff(&change.before.answer, &change.after.answer)) } td { (change.after.why()) }
                }
            }
        }
    }
}

fn confusion(score: &Score) -> Markup {
    let found = score.confusion();
    let mut names: Vec<&str> = found.keys().flat_map(|(expected, got)| [*expected, *got]).collect();
    names.sort_unstable();
    names.dedup();
    html! {
        h2 { "Confusion" }
        table {
            tr { th { "Expected ↓ found →" } @for name in &names { th { (name) } } }
            @for expected in &names {
                tr {
                    th { (expected) }
                    @for got in &names {
                        @let count = found.get(&(*expected, *got)).copied().unwrap_or_default();
                        td.wrong[!is_right(expected, got) && count > 0] { @if count > 0 { (count) } }
                    }
                }
            }
        }
    }
}

fn models(score: &Score) -> Markup {
    html! {
        h2 { "Models" }
        table {
            tr { th { "Step" } th { "Served by" } th { "Wanted" } th { "Cases" } }
            @for (it, cases) in score.served() {
                tr.wrong[it.instead_of.is_some()] {
                    td { (it.step) } td { (it.model) } td { (it.instead_of.as_ref().unwrap_or(&it.model)) } td { (cases) }
                }
            }
        }
    }
}

fn calibration(score: &Score) -> Markup {
    html! {
        h2 { "Reliability of the confidence" }
        (bins(&score.calibration(), false))
        p { "Confidence and truth are " (format!("{:.3}", score.calibration_error())) " apart." }
        @if !score.live.is_empty() {
            h2 { "Reliability when it was live, by what people said" }
            (bins(&score.live_calibration(), true))
            @let (spam, right) = score.live_spam();
            @if spam > 0 { p { "Called spam: " (spam) ", of these right: " (percent(share(right, spam))) "." } }
        }
        h2 { "Thresholds" }
        table {
            tr { th { "At" } th { "Without a person" } th { "Of these right" } th { "Sorted by another model" } }
            @for it in score.thresholds() {
                tr.own[it.at == score.threshold] {
                    td { (format!("{:.2}", it.at)) } td { (it.passed) } td { (percent(share(it.right, it.passed))) }
                    td { (it.by_another) }
                }
            }
        }
    }
}

/// Of what was live (`lived`), people also refused answers without a word about the intent.
fn bins(bins: &[Bin], lived: bool) -> Markup {
    html! {
        table {
            tr { th { "From" } th { "Cases" } th { "Said" } th { "Right" } @if lived { th { "Refused" } } }
            @for (index, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
                tr {
                    td { "0." (index) } td { (bin.count) } td { (format!("{:.2}", bin.confidence())) }
                    td { (percent(bin.accuracy())) } @if lived { td { (bin.refused) } }
                }
            }
        }
    }
}

fn cases(score: &Score) -> Markup {
    html! {
        h2 { "Cases" }
        table {
            tr {
                th { "Case" } th { "Expected" } th { "Found" } th { "Sure" } th { "Cost" } th { "ms" } th { "Models" } th { "Answer" }
                th { "What is wrong" }
            }
            @for it in &score.outcomes {
                tr.wrong[!it.is_right()] {
                    td { (it.case) } td { (it.expected) } td { (it.got) }
                    td { (it.confidence.map_or_else(String::new, |sure| format!("{sure:.2}"))) }
                    td { (it.cost_usd.map_or_else(|| "?".to_owned(), |cost| format!("${cost:.5}"))) }
                    td { (format!("{:.0}", it.ms)) } td { (it.models()) } td { pre { (it.answer) } } td { (it.why()) }
                }
            }
        }
    }
}
