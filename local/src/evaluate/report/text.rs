//! For the terminal.

use std::fmt::Write as _;

use super::{Report, of_ended, percent, remarks};
use crate::command::table::plain;
use crate::evaluate::case::is_right;
use crate::evaluate::outcome::Outcome;
use crate::evaluate::score::{Bin, Score, share};

/// Cases that the terminal names of a kind; the files have all of them.
const NAMED: usize = 20;

// Writing to a string never fails.
pub(super) fn text(report: &Report<'_>) -> String {
    let score = report.score;
    let mut out = summary(score);
    let _ = writeln!(out, "\nexpected -> found");
    for ((expected, got), count) in score.confusion() {
        let mark = if is_right(expected, got) { ' ' } else { '!' };
        let _ = writeln!(out, " {mark} {} -> {}: {count}", plain(expected), plain(got));
    }
    calibration(&mut out, score);
    models(&mut out, score);
    let wrong: Vec<&Outcome> = score.outcomes.iter().filter(|it| !it.is_right()).collect();
    if !wrong.is_empty() {
        out.push('\n');
    }
    for outcome in wrong.iter().take(NAMED) {
        let _ = writeln!(
            out,
            "{}: {}: {}{}",
            kind(outcome),
            plain(&outcome.case),
            plain(&outcome.why()),
            another(outcome)
        );
    }
    more(&mut out, wrong.len());
    changes(&mut out, report);
    out
}

fn summary(score: &Score) -> String {
    let unpriced = match score.unpriced() {
        0 => String::new(),
        count => format!(" and {count} of unknown price"),
    };
    let remarks: String = remarks(score).map(|told| format!("; {told}")).collect();
    format!(
        "{} of {} cases ended; right intent: {}, right in everything: {}; ${:.4}{unpriced}; time of model calls p50 {:.0} ms, \
         p95 {:.0} ms{remarks}\n",
        score.finished(),
        score.outcomes.len(),
        of_ended(score.accuracy()),
        of_ended(score.right()),
        score.cost_usd(),
        score.latency(0.5),
        score.latency(0.95),
    )
}

/// Which models served how many cases; and which cases were served by another one than the wanted.
fn models(out: &mut String, score: &Score) {
    out.push('\n');
    for (served, cases) in score.served() {
        let _ = writeln!(out, "{}: {cases}", plain(&served.to_string()));
    }
    let others: Vec<_> = score.outcomes.iter().filter(|it| !another(it).is_empty()).collect();
    for outcome in others.iter().take(NAMED) {
        let _ = writeln!(out, "another model: {}: {}", plain(&outcome.case), plain(&outcome.models()));
    }
    more(out, others.len());
}

fn kind(outcome: &Outcome) -> &'static str {
    if outcome.unfinished.is_some() { "unfinished" } else { "wrong" }
}

/// Which other models served a case; empty if none did.
fn another(outcome: &Outcome) -> String {
    if outcome.is_by_another(true) || outcome.is_by_another(false) {
        format!(" [{}]", plain(&outcome.models()))
    } else {
        String::new()
    }
}

fn calibration(out: &mut String, score: &Score) {
    let _ = writeln!(out, "\nconfidence   cases   said   right");
    bins(out, &score.calibration());
    let _ = writeln!(out, "confidence and truth are {:.3} apart", score.calibration_error());
    live(out, score);
    let _ = writeln!(out, "\nthreshold   without a person   of these right   sorted by another model");
    for it in score.thresholds() {
        let own = if it.at == score.threshold { "  <- agent.toml" } else { "" };
        let (right, others) = (percent(share(it.right, it.passed)), it.by_another);
        let _ = writeln!(
            out,
            "  {:.2}             {:>5}          {right:>7}   {others:>5}{own}",
            it.at, it.passed
        );
    }
}

/// What people said of what was live. A refused answer is no word for its intent: it counts as not right.
fn live(out: &mut String, score: &Score) {
    if score.live.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nwhen live    cases   said   right   refused, by what people said");
    for (index, bin) in score.live_calibration().iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let (said, right) = (bin.confidence(), percent(bin.accuracy()));
        let _ = writeln!(
            out,
            "  from 0.{index}    {:>5}   {said:.2}   {right:>7}   {:>5}",
            bin.count, bin.refused
        );
    }
    let (spam, right) = score.live_spam();
    if spam > 0 {
        let _ = writeln!(out, "  as spam     {spam:>5}          {:>7}", percent(share(right, spam)));
    }
}

fn bins(out: &mut String, bins: &[Bin]) {
    for (index, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let (said, right) = (bin.confidence(), percent(bin.accuracy()));
        let _ = writeln!(out, "  from 0.{index}    {:>5}   {said:.2}   {right:>7}", bin.count);
    }
}

fn changes(out: &mut String, report: &Report<'_>) {
    let Some((former, changes)) = &report.against else { return };
    let _ = writeln!(
        out,
        "\nagainst {}: intents {} before, right in everything {} before; {} broken, {} mended, {} with another \
         intent or answer, {} that did not end in both, {} in one run alone",
        plain(&former.version),
        of_ended(former.accuracy),
        of_ended(former.right),
        changes.broken.len(),
        changes.mended.len(),
        changes.other.len(),
        changes.unfinished.len(),
        changes.unmatched,
    );
    let all: Vec<_> = changes.all().collect();
    for (word, change) in all.iter().take(NAMED) {
        let (before, after) = (plain(&change.before.got), plain(&change.after.got));
        let why = plain(&change.after.why());
        let models = another(change.after);
        let _ = writeln!(out, "{word}: {}: {before} -> {after} {why}{models}", plain(&change.after.case));
    }
    more(out, all.len());
}

fn more(out: &mut String, count: usize) {
    if count > NAMED {
        let _ = writeln!(out, "and {} more; --report DIR writes all of them", count - NAMED);
    }
}
