//! A replay as people and programs read it.

use std::fmt::Write as _;

use domain::Served;
use maud::{Markup, html};
use serde_json::{Value, json};

use super::compare::{Pair, Summary, Sums};
use super::side::Side;
use crate::command::table::plain;
use crate::html_page::{diff, page};

/// Tasks that the terminal names; the files have all of them.
const NAMED: usize = 40;

/// What is reported.
pub(crate) struct Report<'r> {
    pub(crate) pairs: &'r [Pair],
    /// The version of the agent of the working copy.
    pub(crate) version: &'r str,
    /// The model that was asked, in words.
    pub(crate) model: &'r str,
}

impl Report<'_> {
    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "version": self.version,
            "model": self.model,
            "summary": Summary::of(self.pairs),
            "tasks": self.pairs,
        })
    }

    /// For the terminal.
    pub(crate) fn text(&self) -> String {
        let mut out = format!("{}\n", summary(&Summary::of(self.pairs)));
        let is_told = |pair: &&Pair| {
            pair.after.as_ref().is_none_or(|after| {
                after.is_by_another() || after.unread.is_some() || !pair.changed.is_empty()
            })
        };
        let told: Vec<&Pair> = self.pairs.iter().filter(is_told).collect();
        for pair in told.iter().take(NAMED) {
            // Writing to a string never fails.
            let _ = writeln!(out, "{}", line(pair));
        }
        if told.len() > NAMED {
            let _ = writeln!(out, "and {} more; --report DIR writes all of them", told.len() - NAMED);
        }
        out
    }

    /// A page of HTML.
    pub(crate) fn page(&self) -> String {
        page(
            "afterhook replay",
            &html! {
                p { "Version " code { (self.version) } ", " (self.model) }
                p { (summary(&Summary::of(self.pairs))) }
                @for pair in self.pairs.iter().filter(|pair| !pair.changed.is_empty()) { (task(pair)) }
                h2 { "Unchanged, not run, or not ended" }
                table {
                    @for pair in self.pairs.iter().filter(|pair| pair.changed.is_empty()) {
                        tr {
                            td { (pair.task_id) } td { (pair.before.intent) }
                            td { (pair.standing()) }
                            td { (pair.note.as_deref().unwrap_or_default()) }
                            td { @if let Some(after) = &pair.after { (Served::in_words(&after.served)) } }
                        }
                    }
                }
            },
        )
    }
}

fn summary(sum: &Summary) -> String {
    let sums = |sums: &Sums| {
        let unpriced = if sums.unpriced > 0 { "+" } else { "" };
        format!(
            "{} tokens, ${:.4}{unpriced}, {:.1} s of model time",
            sums.tokens,
            sums.cost_usd,
            seconds(sums.ms)
        )
    };
    let unfinished =
        if sum.unfinished > 0 { format!(", {} not ended", sum.unfinished) } else { String::new() };
    let mut more = String::new();
    if sum.edited > 0 {
        more = format!(" A person had edited {}: what the agent had written is compared.", sum.edited);
    }
    if sum.without_answer > 0 {
        more += &format!(
            " Of {} intent, confidence and parameters alone are compared: an answer of the agent's is not known on both sides.",
            sum.without_answer
        );
    }
    if sum.documents_of_now > 0 {
        more += &format!(
            " {} answers of now read the documents of now, and not those of then.",
            sum.documents_of_now
        );
    }
    if sum.intents_by_another + sum.answers_by_another > 0 {
        more += &format!(
            " {} intents and {} answers of now are by another model than agent.toml wants.",
            sum.intents_by_another, sum.answers_by_another
        );
    }
    format!(
        "{} tasks, {} not run{unfinished}: {} unchanged; {} with another intent, {} with another answer, {} newly parked, {} no \
         longer parked, {} newly without an answer; {} sure now and {} no longer, by the threshold; {} much dearer, {} much \
         cheaper. Before: {}. Now: {}.{more}",
        sum.tasks,
        sum.not_run,
        sum.unchanged,
        sum.intent,
        sum.answer,
        sum.newly_parked,
        sum.no_longer_parked,
        sum.newly_unanswered,
        sum.newly_sure,
        sum.no_longer_sure,
        sum.dearer,
        sum.cheaper,
        sums(&sum.before),
        sums(&sum.after),
    )
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

fn line(pair: &Pair) -> String {
    let note = pair.note.as_deref().map_or_else(String::new, |note| format!(" ({})", plain(note)));
    let Some(after) = &pair.after else { return format!("{}: not run{note}", plain(&pair.task_id)) };
    let (was, is) = (&pair.before, after);
    let mut told =
        vec![format!("{} {} -> {} {}", plain(&was.intent), sure(was), plain(&is.intent), sure(is))];
    if pair.has_changed("parking") {
        told.push(if is.parked_because.is_some() { "newly parked" } else { "no longer parked" }.to_owned());
    }
    if pair.has_changed("outcome") {
        let not_now = is.unanswered.as_deref().map(|why| format!("no answer: {}", plain(why)));
        let not_then =
            was.unanswered.as_deref().map(|why| format!("an answer now; there was none: {}", plain(why)));
        told.extend(not_now.or(not_then));
    }
    let others = ["parameters", "answer"].into_iter().filter(|what| pair.has_changed(what));
    told.extend(
        others.map(|what| format!("another {what}").replace("another parameters", "other parameters")),
    );
    if pair.has_changed("confidence") {
        told.push(if is.confidence > was.confidence { "sure now" } else { "no longer sure" }.to_owned());
    }
    if pair.has_changed("cost") {
        told.push(format!("{} -> {}", cost(was), cost(is)));
    }
    if was.edit.is_some() {
        told.push("a person had edited it".to_owned());
    }
    if is.is_by_another() {
        told.push(plain(&Served::in_words(&is.served)));
    }
    if pair.documents_of_now {
        told.push("documents of now".to_owned());
    }
    format!("{}: {}{note}", plain(&pair.task_id), told.join("; "))
}

fn sure(side: &Side) -> String {
    side.confidence.map_or_else(|| "-".to_owned(), |sure| format!("{sure:.2}"))
}

fn cost(side: &Side) -> String {
    side.cost_usd.map_or_else(|| "$?".to_owned(), |cost| format!("${cost:.5}"))
}

fn task(pair: &Pair) -> Markup {
    let Some(after) = &pair.after else { return html! {} };
    let before = &pair.before;
    let cell = |side: &Side, what: &str| match what {
        "intent" => format!("{} ({})", side.intent, sure(side)),
        "parameters" => side.parameters.to_string(),
        "parking" => side.parked_because.clone().unwrap_or_else(|| "-".to_owned()),
        _ => side.unanswered.clone().unwrap_or_else(|| "-".to_owned()),
    };
    let took = |side: &Side| format!("{} tokens, {}, {} ms", side.tokens, cost(side), side.ms);
    html! {
        h2 { (pair.task_id) ": " (pair.changed.join(", ")) }
        @if let Some(note) = &pair.note { p { (note) } }
        table {
            tr { th { "" } th { "Before" } th { "Now" } }
            tr {
                th { "version" } td { (before.version.as_deref().unwrap_or("-")) }
                td { (after.version.as_deref().unwrap_or("-")) }
            }
            @for (name, what) in
                [("intent", "intent"), ("parameters", "parameters"), ("parked because", "parking"), ("not answered", "outcome")] {
                tr.wrong[pair.has_changed(what) || (what == "intent" && pair.has_changed("confidence"))] {
                    th { (name) } td { (cell(before, what)) } td { (cell(after, what)) }
                }
            }
            @if pair.documents_of_now { tr { th { "documents" } td { "of then" } td { "of now" } } }
            tr { th { "models" } td { (Served::in_words(&before.served)) } td { (Served::in_words(&after.served)) } }
            tr.wrong[pair.has_changed("cost")] { th { "took" } td { (took(before)) } td { (took(after)) } }
            tr {
                th { "answer" }
                td { pre { (before.answer) } } td { (diff(&before.answer, &after.answer)) }
            }
            @if let Some(edit) = &before.edit {
                tr { th { "a person's edit of it" } td { (diff(&before.answer, edit)) } td {} }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare::tests::{THRESHOLD, side};
    use super::*;

    #[test]
    fn every_form_says_the_same_and_obeys_no_task() {
        let pairs = [
            Pair::new(
                "tsk_1",
                side("bug", "<b> Hello world."),
                Some(Side { cost_usd: Some(1.5), ..side("question", "<b> Hello moon.") }),
                None,
                THRESHOLD,
            ),
            Pair::new("tsk_2", side("bug", "Hi."), None, Some("its body is forgotten".to_owned()), THRESHOLD),
            Pair::new("tsk_3", side("bug", "Hi."), Some(side("bug", "Hi.")), None, THRESHOLD),
        ];
        let failed = Side { unanswered: Some("it is gone".to_owned()), ..side("bug", "") };
        let stopped =
            Side { unread: Some("stopped before Stripe could be read".to_owned()), ..side("bug", "") };
        let mut pairs = pairs.to_vec();
        pairs.push(Pair::new("tsk_4", failed, Some(side("bug", "Hi.")), None, THRESHOLD));
        pairs.push(Pair::new("tsk_5", side("bug", "Hi."), Some(stopped), None, THRESHOLD));
        let instead_of = Some("pro".to_owned());
        let served = Served { step: "answer".to_owned(), model: "flash".to_owned(), instead_of };
        pairs[2].after.as_mut().unwrap().served = vec![served];
        pairs[0].documents_of_now = true;
        pairs[0].before.edit = Some("<b> A person's.".to_owned());
        let report = Report { pairs: &pairs, version: "ver_2", model: "the stand-in" };
        let told = report.text();
        assert!(told.starts_with("5 tasks, 1 not run: 1 unchanged; 1 with another intent"), "{told}");
        assert!(told.contains("tsk_1: bug - -> question -; another answer; $0.50000 -> $1.50000; a person had edited it; documents of now"), "{told}");
        assert!(told.contains("tsk_2: not run (its body is forgotten)"), "{told}");
        assert!(told.contains("tsk_3: bug - -> bug -; answer by flash instead of pro"), "{told}");
        assert!(told.contains("0 intents and 1 answers of now are by another model"), "{told}");
        assert!(told.contains("A person had edited 1") && told.contains("a person had edited it"), "{told}");
        assert!(
            told.contains("tsk_4: bug - -> bug -; an answer now; there was none: it is gone; another answer"),
            "{told}"
        );
        assert!(
            told.contains("tsk_5: bug - -> bug - (stopped before Stripe could be read: intent, conf"),
            "{told}"
        );
        assert!(told.contains("Of 1 intent, confidence and parameters alone are compared"), "{told}");
        let value = report.json();
        assert_eq!(value["summary"]["intent"], 1);
        assert_eq!(value["tasks"][0]["changed"], json!(["intent", "answer", "cost"]));
        assert!(told.contains("1 much dearer, 0 much cheaper"), "{told}");
        let page = report.page();
        assert!(page.contains("<del>world.</del><ins>moon.</ins>") && !page.contains("<b>"), "{page}");
        assert!(page.contains("tsk_3") && page.contains("answer by flash instead of pro"), "{page}");
        assert!(page.contains("a person's edit of it"), "{page}");
    }
}
