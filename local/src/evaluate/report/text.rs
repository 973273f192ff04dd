//! For the terminal.

use std::fmt::Write as _;

use super::{Report, percent};
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
    let wrong: Vec<&Outcome> = score.outcomes.iter().filter(|it| !it.is_right()).collect();
    if !wrong.is_empty() {
        out.push('\n');
    }
    for outcome in wrong.iter().take(NAMED) {
        let _ = writeln!(out, "wrong: {}: {}", plain(&outcome.case), plain(&outcome.why()));
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
    format!(
        "{} of {} cases ended; intents {}, right in everything {}; ${:.4}{unpriced}; time of work p50 {:.0} ms, \
         p95 {:.0} ms\n",
        score.finished(),
        score.outcomes.len(),
        percent(score.accuracy()),
        percent(score.right()),
        score.cost_usd(),
        score.latency(0.5),
        score.latency(0.95),
    )
}

fn calibration(out: &mut String, score: &Score) {
    let _ = writeln!(out, "\nconfidence   cases   said   right");
    bins(out, &score.calibration());
    let _ = writeln!(out, "confidence and truth are {:.3} apart", score.calibration_error());
    if !score.live.is_empty() {
        let _ = writeln!(out, "\nwhen live    cases   said   right, by what people said");
        bins(out, &score.live_calibration());
    }
    let _ = writeln!(out, "\nthreshold   without a person   of these right");
    for it in score.thresholds() {
        let own = if it.at == score.threshold { "  <- agent.toml" } else { "" };
        let right = percent(share(it.right, it.passed));
        let _ = writeln!(out, "  {:.2}             {:>5}          {right:>7}{own}", it.at, it.passed);
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
         intent or answer, {} in one run alone",
        plain(&former.version),
        percent(former.accuracy),
        percent(former.right),
        changes.broken.len(),
        changes.mended.len(),
        changes.other.len(),
        changes.unmatched,
    );
    let all: Vec<_> = changes.all().collect();
    for (word, change) in all.iter().take(NAMED) {
        let (before, after) = (plain(&change.before.got), plain(&change.after.got));
        let why = plain(&change.after.why());
        let _ = writeln!(out, "{word}: {}: {before} -> {after} {why}", plain(&change.after.case));
    }
    more(out, all.len());
}

fn more(out: &mut String, count: usize) {
    if count > NAMED {
        let _ = writeln!(out, "and {} more; --report DIR writes all of them", count - NAMED);
    }
}
