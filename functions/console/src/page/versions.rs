//! The versions of the agent on the page: what each has brought, on the overview; which one it was, on a task.

use domain::{DayFigures, ShadowFigures, Task, Timestamp};
use maud::{Markup, html};

use super::words::{count, percent, usd};
use crate::versions::{Version, by_version};

/// Versions that the overview shows.
const SHOWN: usize = 8;

/// Outcomes, edit rate and cost of the latest versions.
pub(crate) fn card(days: &[(Timestamp, DayFigures)]) -> Markup {
    let versions = by_version(days);
    html! {
        @if !versions.is_empty() {
            section.card {
                h2 { "Versions of the agent, " (days.len()) " days" }
                div.scroll tabindex="0" role="region" aria-label="Figures by version" {
                    table.versions {
                        thead { tr {
                            th { "Version" } th { "Answers" } th.number { "Ended" }
                            th.number { "Decided" } th.number { "Edit rate" } th.number { "Rejected" }
                            th.number { "Corrected" } th.number { "👍 / 👎" } th.number { "Shadow drafts" } th.number { "Cost" }
                        } }
                        tbody { @for version in versions.iter().take(SHOWN) { (row(version)) } }
                    }
                }
                @if versions.len() > SHOWN {
                    p.quiet.small { "And " (versions.len() - SHOWN) " earlier ones: " code { "afterhook versions" } }
                }
            }
        }
    }
}

fn row(it: &Version) -> Markup {
    let decided = it.approved + it.edited + it.rejected;
    let share = |part: u64| if decided == 0 { "–".to_owned() } else { percent(part, decided) };
    html! {
        tr {
            td title={ (it.first_day) " to " (it.last_day) } { code { (it.version) } }
            td { (it.made_of.as_ref().map_or("–", |made_of| made_of.answer_model.as_str())) }
            td.number { (count(it.tasks)) div.quiet.small { (outcomes(it)) } }
            td.number { (count(decided)) }
            td.number { (share(it.edited)) }
            td.number { (share(it.rejected)) }
            td.number { (count(it.corrected)) }
            td.number { (count(it.thumbs_up)) " / " (count(it.thumbs_down)) }
            td.number { (shadow(&it.shadow)) }
            td.number {
                (usd(it.cost_usd))
                @if it.unpriced_calls > 0 { span.quiet { " + " (it.unpriced_calls) " unpriced" } }
            }
        }
    }
}

/// `12 completed, 1 failed`.
fn outcomes(it: &Version) -> String {
    let said = it.ended.iter().map(|(status, tasks)| format!("{tasks} {status}"));
    said.collect::<Vec<_>>().join(", ")
}

/// What a version drafted beside another, and how it differs.
fn shadow(it: &ShadowFigures) -> Markup {
    let told = format!(
        "{} with another intent, {} newly parked, {} no longer parked, {} without an answer, {} by a fallback model",
        it.other_intent, it.newly_parked, it.no_longer_parked, it.failed, it.by_another_model
    );
    html! {
        @if it.compared == 0 { "–" } @else {
            (count(it.compared))
            div.quiet.small { (told) }
        }
    }
}

/// Which version of the agent worked on `task`, and whether only for show: lines of the list of its details.
pub(crate) fn of_task(task: &Task) -> Markup {
    html! {
        @if let Some(version) = &task.doc.version { dt { "Version" } dd { code { (version) } } }
        @if task.doc.shadow { dt { "Shadow" } dd { "drafted, and never published" } }
    }
}
