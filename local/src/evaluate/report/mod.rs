//! A run as people and programs read it: the terminal, JSON, JUnit, one page of HTML.

mod html;
mod json;
mod junit;
mod text;

use std::path::Path;

use super::changes::{Changes, Former};
use super::score::Score;
use crate::{Failure, report_files};

/// The files that it is written to.
pub(crate) const FILES: [&str; 3] = ["eval.json", "eval.xml", "eval.html"];

/// What is reported.
pub(crate) struct Report<'r> {
    pub(crate) score: &'r Score,
    /// The version of the agent.
    pub(crate) version: &'r str,
    /// The model that was asked, in words.
    pub(crate) model: &'r str,
    /// The former report, and what is different.
    pub(crate) against: Option<(&'r Former, Changes<'r>)>,
}

impl Report<'_> {
    /// For the terminal.
    pub(crate) fn text(&self) -> String {
        text::text(self)
    }

    /// For programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        json::json(self)
    }

    /// Writes eval.json, eval.xml (JUnit) and eval.html into `dir`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), Failure> {
        let texts = [self.json().to_string(), junit::junit(self.score), html::page(self)];
        let files: Vec<_> = FILES.into_iter().zip(texts).collect();
        report_files::write(dir, &files)
    }
}

/// That other models than the wanted ones have served, so that the figures are not of the agent alone; `None` if none has.
pub(crate) fn by_another(score: &Score) -> Option<String> {
    let (intents, answers) = score.by_another();
    let told = format!("{intents} intents and {answers} answers are by another model than agent.toml wants");
    (intents + answers > 0).then_some(told)
}

/// What a reader must know of the figures, a sentence each.
fn remarks(score: &Score) -> impl Iterator<Item = String> {
    let unread = score.outcomes.iter().filter(|outcome| outcome.unread.is_some()).count();
    let told = format!("{unread} cases stopped before a service could be read: their answers are not judged");
    by_another(score).into_iter().chain((unread > 0).then_some(told))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A share of the cases that ended; none of them is no share.
fn of_ended(share: Option<f64>) -> String {
    share.map_or_else(|| "not measured".to_owned(), percent)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::{NOT_SPAM, SPAM};
    use serde_json::json;

    use super::super::score::tests::{outcome, score};
    use super::*;

    #[test]
    fn every_form_says_the_same_and_obeys_no_case() {
        let (former, score) = (score(), score());
        let report = Report { score: &former, version: "ver_0", model: "the stand-in", against: None };
        let dir = tempfile::tempdir().unwrap();
        report.write(dir.path()).unwrap();
        let mut score = score;
        score.outcomes[0].got = "question".to_owned();
        score.outcomes[0].faults.push("expected bug, got question".to_owned());
        score.outcomes[0].unread = Some("stopped before Stripe could be read".to_owned());
        let before = Former::read(&dir.path().join("eval.json")).unwrap();
        let against = Some((&before, Changes::between(&before, &score.outcomes)));
        let report = Report { score: &score, version: "ver_1", model: "the stand-in", against };
        let told = report.text();
        assert!(told.starts_with("3 of 4 cases ended; right intent: 33.3 %"), "{told}");
        assert!(told.contains("! bug -> question: 2") && told.contains("it did not end: budget"), "{told}");
        assert!(told.contains("broken: bug <as> bug"), "{told}");
        let unread = "1 cases stopped before a service could be read: their answers are not judged";
        assert!(told.contains(unread), "{told}");
        let value = report.json();
        assert_eq!(
            (&value["accuracy"], &value["outcomes"][1]["got"]),
            (&json!(1.0 / 3.0), &json!("question"))
        );
        assert_eq!(value["changes"]["broken"], json!(["bug <as> bug"]));
        let suite = junit::junit(&score);
        assert!(suite.contains("tests=\"4\" failures=\"2\" errors=\"1\""), "{suite}");
        assert!(suite.contains("name=\"bug &lt;as&gt; question\""), "{suite}");
        assert_eq!(value["changes"]["unfinished"], json!(["bug <as> none"]));
        let page = html::page(&report);
        assert!(page.contains("3 of 4 cases ended") && page.contains(unread), "{page}");
        assert!(page.contains("bug &lt;as&gt; question") && !page.contains("<as>"), "{page}");
        assert!(page.contains("ver_0") && page.contains("broken"), "{page}");
    }

    #[test]
    fn what_is_not_spam_is_no_confusion_whatever_its_intent() {
        let outcomes = vec![outcome(NOT_SPAM, "bug", 0.9), outcome(NOT_SPAM, SPAM, 0.9)];
        let score = Score { outcomes, threshold: 0.8, live: Vec::new() };
        let report = Report { score: &score, version: "ver_1", model: "the stand-in", against: None };
        let told = report.text();
        assert!(told.contains("   not_spam -> bug: 1") && told.contains(" ! not_spam -> spam: 1"), "{told}");
        let page = html::page(&report);
        let row = page.split("<th>not_spam</th>").last().unwrap().split("</tr>").next().unwrap();
        assert_eq!(row.matches("class=\"wrong\"").count(), 1, "{row}");
    }

    /// Whoever does not believe the figures has the outcomes to count.
    #[test]
    fn the_figures_are_those_of_the_outcomes() {
        let mut score = score();
        let served = |step: &str, model: &str, instead_of: Option<&str>| domain::Served {
            step: step.to_owned(),
            model: model.to_owned(),
            instead_of: instead_of.map(str::to_owned),
        };
        score.outcomes[0].served =
            vec![served("triage", "lite", None), served("answer", "flash", Some("pro"))];
        score.outcomes[1].served =
            vec![served("triage", "flash", Some("lite")), served("answer", "pro", None)];
        score.outcomes.push(outcome(NOT_SPAM, "bug", 0.85));
        let all = Report { score: &score, version: "ver_1", model: "m", against: None }.json();
        let outcomes = all["outcomes"].as_array().unwrap();
        let count = |is: &dyn Fn(&serde_json::Value) -> bool| outcomes.iter().filter(|it| is(it)).count();
        let ended = |it: &serde_json::Value| it["unfinished"].is_null();
        let sorted = |it: &serde_json::Value| {
            ended(it) && (it["got"] == it["expected"] || (it["expected"] == NOT_SPAM && it["got"] != SPAM))
        };
        let right = |it: &serde_json::Value| ended(it) && it["faults"] == json!([]);
        let by_another = |it: &serde_json::Value, triage: bool| {
            let served = it["served"].as_array().unwrap();
            served.iter().any(|it| (it["step"] == "triage") == triage && !it["instead_of"].is_null())
        };
        let share = |part: usize| json!(super::super::score::share(part, count(&ended)));
        assert_eq!((&all["cases"], &all["finished"]), (&json!(outcomes.len()), &json!(count(&ended))));
        assert_eq!((&all["accuracy"], &all["right"]), (&share(count(&sorted)), &share(count(&right))));
        let cost: f64 = outcomes.iter().filter_map(|it| it["cost_usd"].as_f64()).sum();
        assert_eq!(
            (&all["cost_usd"], &all["unpriced"]),
            (&json!(cost), &json!(count(&|it| it["cost_usd"].is_null())))
        );
        for it in all["thresholds"].as_array().unwrap() {
            let passes = |of: &serde_json::Value| ended(of) && of["confidence"].as_f64() >= it["at"].as_f64();
            let told = [&it["passed"], &it["right"], &it["by_another"]];
            let counted = [
                count(&passes),
                count(&|of| passes(of) && sorted(of)),
                count(&|of| passes(of) && by_another(of, true)),
            ];
            assert_eq!(
                told.map(|it| it.as_u64().unwrap()),
                counted.map(|it| u64::try_from(it).unwrap()),
                "{it}"
            );
        }
        let others = json!({"intents": count(&|it| by_another(it, true)), "answers": count(&|it| by_another(it, false))});
        assert_eq!(all["by_another"], others);
        let total = |list: &str, of: &str| {
            all[list].as_array().unwrap().iter().map(|it| it[of].as_u64().unwrap()).sum::<u64>()
        };
        assert_eq!((total("confusion", "count"), total("calibration", "count")), (4, 4));
        assert_eq!(total("served", "cases"), 4);
    }

    #[test]
    fn where_no_case_ended_nothing_is_measured_and_the_report_can_be_compared() {
        let mut none = score();
        none.outcomes.retain(|it| it.unfinished.is_some());
        let report = Report { score: &none, version: "ver_1", model: "m", against: None };
        assert!(report.text().starts_with("0 of 1 cases ended; right intent: not measured"));
        let dir = tempfile::tempdir().unwrap();
        report.write(dir.path()).unwrap();
        let former = Former::read(&dir.path().join("eval.json")).unwrap();
        assert_eq!((former.accuracy, former.right), (None, None));
    }

    #[test]
    fn what_is_no_report_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.json");
        fs::write(&file, "{}").unwrap();
        assert!(Former::read(&file).unwrap_err().to_string().contains("eval.json of a former"));
    }
}
