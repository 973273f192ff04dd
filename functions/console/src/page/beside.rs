//! The draft of the agent of `[shadow]`, beside the first agent's.

use domain::{SPAM, Served, ShadowDraft, Task, is_called_spam};
use maud::{Markup, html};

use super::diff::diff;
use super::draft::Drafts;
use super::words::usd;

/// Both drafts, if there is a second one.
pub(super) fn section(task: &Task, drafts: &Drafts, second: Option<&ShadowDraft>) -> Markup {
    let Some(second) = second else { return html! {} };
    // What the agent wrote, not what a person made of it.
    let first = task.drafted_hash().and_then(|hash| drafts.get(hash));
    table(task, first.unwrap_or_default(), second)
}

fn table(task: &Task, first: &str, second: &ShadowDraft) -> Markup {
    let known = task.doc.classification.as_ref();
    let intent = if is_called_spam(task) { Some(SPAM) } else { known.map(|it| it.intent.as_str()) };
    html! {
        section.card #beside {
            div.split {
                h2 { "The agent of [shadow]" }
                span.quiet { "version " code { (second.version) } ", published nothing" }
            }
            div.scroll tabindex="0" role="region" aria-label="Both agents" { table {
                thead { tr { th { "" } th { "This agent" } th { "That of [shadow]" } } }
                tbody {
                    tr {
                        th { "Intent" }
                        td { (sorted(intent, known.map(|it| it.confidence))) }
                        td { (sorted(second.intent.as_deref(), second.confidence)) }
                    }
                    tr {
                        th { "A person is asked" }
                        td { (because(task.doc.draft.as_ref().and_then(|draft| draft.parked_because.as_deref()))) }
                        td { (because(second.parked_because.as_deref())) }
                    }
                    tr {
                        th { "Models" }
                        td { (models(task)) }
                        td { (Served::in_words(&second.served)) }
                    }
                    tr {
                        th { "Cost" }
                        td { (cost(task.cost_usd())) }
                        td { (cost(second.cost_usd)) }
                    }
                }
            } }
            @if let Some(why) = &second.failed { p { "No draft: " (why) } }
            @else { (diff(first, &second.text)) }
        }
    }
}

fn sorted(intent: Option<&str>, confidence: Option<f64>) -> String {
    match (intent, confidence) {
        (Some(intent), Some(confidence)) => format!("{intent} ({confidence:.2})"),
        (Some(intent), None) => intent.to_owned(),
        (None, _) => "–".to_owned(),
    }
}

/// What answered the first agent, by the answers' own names of it.
fn models(task: &Task) -> String {
    let words = task.doc.usage.iter().map(|usage| format!("{} by {}", usage.step, usage.model));
    words.collect::<Vec<_>>().join(", ")
}

fn because(why: Option<&str>) -> String {
    why.map_or_else(|| "no".to_owned(), |why| format!("yes: {why}"))
}

fn cost(dollars: Option<f64>) -> String {
    dollars.map_or_else(|| "–".to_owned(), usd)
}

#[cfg(test)]
mod tests {
    use domain::contract::new_task;
    use domain::{TaskId, TaskStatus, Timestamp};

    use super::*;

    #[test]
    fn both_drafts_stand_beside_each_other_and_nothing_in_them_is_obeyed() {
        let now = Timestamp::UNIX_EPOCH;
        let task = Task::received(TaskId::derive("github", b"1"), new_task("github"), now, now);
        let second = ShadowDraft {
            version: "ver_2".to_owned(),
            intent: Some("question".to_owned()),
            confidence: Some(0.7),
            text: "<b> Hello moon.".to_owned(),
            parked_because: Some("unsure".to_owned()),
            ..ShadowDraft::default()
        };
        let shown = table(&task, "<b> Hello world.", &second).into_string();
        for part in ["ver_2", "question (0.70)", "yes: unsure", "<mark>moon.</mark>"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("<b>"), "{shown}");
        let mut spam = task;
        spam.control.status = TaskStatus::Ignored;
        spam.note(now, SPAM);
        assert!(table(&spam, "", &second).into_string().contains("<td>spam</td>"));
    }
}
