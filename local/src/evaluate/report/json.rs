//! For programs, and for the next run's `--against`.

use serde_json::{Value, json};

use super::Report;
use crate::evaluate::score::Bin;

pub(super) fn json(report: &Report<'_>) -> Value {
    let score = report.score;
    let confusion = score.confusion().into_iter();
    let bins = |bins: &[Bin]| -> Vec<Value> {
        let from = |index| f64::from(u32::try_from(index).unwrap_or_default()) / 10.0;
        let bins = bins.iter().enumerate().map(|(index, bin)| json!({
            "from": from(index), "count": bin.count, "confidence": bin.confidence(), "accuracy": bin.accuracy(),
            "refused": bin.refused,
        }));
        bins.collect()
    };
    json!({
        "version": report.version,
        "model": report.model,
        "cases": score.outcomes.len(),
        "finished": score.finished(),
        "accuracy": score.accuracy(),
        "right": score.right(),
        "cost_usd": score.cost_usd(),
        "unpriced": score.unpriced(),
        "latency_ms": {"p50": score.latency(0.5), "p95": score.latency(0.95)},
        "by_another": {"intents": score.by_another().0, "answers": score.by_another().1},
        "served": score.served().iter().map(|(it, cases)| json!({
            "step": it.step, "model": it.model, "instead_of": it.instead_of, "cases": cases,
        })).collect::<Vec<_>>(),
        "confusion": confusion
            .map(|((expected, got), count)| json!({"expected": expected, "got": got, "count": count}))
            .collect::<Vec<_>>(),
        "calibration": bins(&score.calibration()),
        "live_calibration": bins(&score.live_calibration()),
        "live_spam": {"count": score.live_spam().0, "right": score.live_spam().1},
        "calibration_error": score.calibration_error(),
        "threshold": score.threshold,
        "thresholds": score.thresholds().iter().map(|it| json!({
            "at": it.at, "passed": it.passed, "right": it.right, "by_another": it.by_another,
        })).collect::<Vec<_>>(),
        "changes": changes(report),
        "outcomes": score.outcomes,
    })
}

fn changes(report: &Report<'_>) -> Value {
    let Some((former, changes)) = &report.against else { return Value::Null };
    let names = |list: &[super::super::changes::Change<'_>]| -> Vec<String> {
        list.iter().map(|change| change.after.case.clone()).collect()
    };
    json!({
        "against": former.version,
        "broken": names(&changes.broken),
        "mended": names(&changes.mended),
        "other": names(&changes.other),
        "unfinished": names(&changes.unfinished),
        "unmatched": changes.unmatched,
    })
}
