//! `/ui/overview`: what the last days have brought, and how lanes and models are doing now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::{BreakerState, DayFigures, Depth, Lane, ModelFigures, ModelHealth, TaskStatus, Timestamp};
use futures::future::{join_all, try_join_all};
use http::HeaderMap;
use maud::{Markup, html};

use super::census::{self, Counts, day};
use super::charts::{Bar, bars, legend};
use super::failure::Failure;
use super::guard::Member;
use super::layout::{self, Place};
use super::recent_decisions::{self, RecentDecisions};
use super::unheard::{self, Reasons};
use super::versions;
use super::words::{count, label, millis, money, percent, phrase, time, usd};
use crate::{Console, deliveries, models};

const DAYS: u32 = 14;
const DAY: Duration = Duration::from_secs(86_400);
const REFRESH_MS: u32 = 5_000;
/// The colours of models, which repeat if there are more.
const COLOURS: [&str; 5] = ["m0", "m1", "m2", "m3", "m4"];
/// The outcomes, from the bottom of a bar up.
const OUTCOMES: [TaskStatus; 5] = [
    TaskStatus::Completed,
    TaskStatus::Ignored,
    TaskStatus::Rejected,
    TaskStatus::Expired,
    TaskStatus::Failed,
];

/// All that the overview shows.
struct Overview {
    counts: Counts,
    /// The oldest first; the last is today.
    days: Vec<(Timestamp, DayFigures)>,
    lanes: Vec<(Lane, Option<Depth>)>,
    models: Vec<ModelHealth>,
    /// How people have decided of late.
    recent_decisions: RecentDecisions,
    /// What became no task, by outcome and reason.
    unheard: Reasons,
    /// What senders could not deliver in the last hours, and how much of it they were asked to send again.
    missed: (usize, usize),
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
) -> Result<Response, Failure> {
    let overview = gather(&console).await?;
    let body = html! {
        h1.hidden { "Overview" }
        (layout::live("/ui/live/overview", REFRESH_MS, "", &show(&overview)))
    };
    Ok(layout::page(&session, Place::Overview, "Overview", &body).into_response())
}

pub(crate) async fn live(
    State(console): State<Arc<Console>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    Ok(layout::fragment(&headers, "", &show(&gather(&console).await?)))
}

async fn gather(console: &Console) -> Result<Overview, Failure> {
    let now = console.clock.now();
    let dates = (0..DAYS).rev().map(|ago| now.checked_sub(DAY * ago).unwrap_or(now));
    let days = try_join_all(dates.map(|at| async move { day(console, at, now).await.map(|day| (at, day)) }));
    let (counts, days, models, lanes, unheard, missed, recent_decisions) = futures::join!(
        census::count(console, now),
        days,
        models::health(console, now),
        lanes(console),
        unheard::count(console, now),
        deliveries::missed(console, ""),
        recent_decisions::find(console, now)
    );
    let missed = missed?;
    let again = missed.iter().filter(|delivery| delivery.tries.is_some_and(|tries| tries > 0)).count();
    Ok(Overview {
        counts: counts?,
        days: days?,
        models: models?,
        lanes,
        unheard: unheard?,
        missed: (missed.len(), again),
        recent_decisions: recent_decisions?,
    })
}

/// A lane that does not tell is shown as such: the rest of the page is worth having all the same.
async fn lanes(console: &Console) -> Vec<(Lane, Option<Depth>)> {
    join_all(Lane::ALL.map(|lane| async move {
        let depth = console.stores.queue.depth(Some(lane)).await;
        let depth =
            depth.inspect_err(|error| tracing::warn!(%lane, %error, "the depth of a lane is not known"));
        (lane, depth.ok())
    }))
    .await
}

fn show(overview: &Overview) -> Markup {
    let mut models: BTreeMap<&str, ModelFigures> = BTreeMap::new();
    for (model, figures) in overview.days.iter().flat_map(|(_, day)| &day.models) {
        models.entry(model).or_default().add(figures);
    }
    html! {
        (tiles(overview, &models))
        div.grid {
            (outcomes(&overview.days))
            (hours(&overview.counts.today))
            (costs(&overview.days, &models))
            (health(overview))
            (decisions(&overview.recent_decisions))
            (versions::card(&overview.days))
            (unheard_of(&overview.unheard))
            (missed(overview))
        }
        (by_model(&models))
    }
}

fn tiles(overview: &Overview, models: &BTreeMap<&str, ModelFigures>) -> Markup {
    let today = &overview.counts.today;
    let mut all = ModelFigures::default();
    models.values().for_each(|figures| all.add(figures));
    html! {
        div.tiles {
            a.tile.attention[overview.counts.parked() > 0] href="/?status=awaiting_approval" {
                strong { (overview.counts.of(TaskStatus::AwaitingApproval)) } span { "waiting for a person" }
            }
            div.tile { strong { (count(today.tasks())) } span { "ended today (UTC)" } }
            div.tile { strong { (money(today.cost_usd())) } span { "spent today" } }
            div.tile title="At list prices, after what making and keeping the caches has cost" {
                strong { (money(all.saved_usd())) }
                span {
                    "saved by caches in " (DAYS) " days"
                    @if all.prompt_tokens > 0 {
                        " · " (percent(all.cached_tokens, all.prompt_tokens)) " of prompt tokens"
                    }
                }
            }
        }
    }
}

fn date(at: Timestamp) -> String {
    at.strftime("%-d %b").to_string()
}

#[expect(clippy::cast_precision_loss, reason = "the height of a bar")]
fn height(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it came from a count")]
fn tasks(most: f64) -> String {
    format!("{} tasks", count(most as u64))
}

fn outcomes(days: &[(Timestamp, DayFigures)]) -> Markup {
    let bar = |(at, day): &(Timestamp, DayFigures)| {
        let of = |status: &TaskStatus| day.ended.get(status.as_str()).copied().unwrap_or_default();
        let named = OUTCOMES.iter().filter(|status| of(status) > 0);
        let named: Vec<String> =
            named.map(|status| format!("{} {}", of(status), label(*status).to_lowercase())).collect();
        Bar {
            label: date(*at),
            says: if named.is_empty() { "none".to_owned() } else { named.join(", ") },
            parts: OUTCOMES.iter().map(|status| (status.as_str(), height(of(status)))).collect(),
        }
    };
    html! {
        section.card {
            h2 { "Tasks by outcome" }
            (bars("Tasks that ended, by day and outcome", &days.iter().map(bar).collect::<Vec<_>>(), 3, tasks))
            (legend(OUTCOMES.map(|status| (status.as_str(), label(status)))))
        }
    }
}

fn hours(today: &DayFigures) -> Markup {
    let bar = |(hour, ended): (usize, &u64)| Bar {
        label: format!("{hour:02}"),
        says: format!("{ended} ended"),
        parts: vec![("m0", height(*ended))],
    };
    let hours: Vec<Bar> = today.hours.iter().enumerate().map(bar).collect();
    html! {
        section.card {
            h2 { "Throughput today, by hour (UTC)" }
            (bars("Tasks that ended today, by hour", &hours, 4, tasks))
        }
    }
}

fn costs(days: &[(Timestamp, DayFigures)], models: &BTreeMap<&str, ModelFigures>) -> Markup {
    let names: Vec<&str> = models.keys().copied().collect();
    let colour = |index: usize| COLOURS[index % COLOURS.len()];
    let bar = |(at, day): &(Timestamp, DayFigures)| Bar {
        label: date(*at),
        says: usd(day.cost_usd()),
        parts: names
            .iter()
            .enumerate()
            .map(|(index, name)| (colour(index), day.models.get(*name).map_or(0.0, ModelFigures::cost_usd)))
            .collect(),
    };
    html! {
        section.card {
            h2 { "Cost by day and model" }
            p.quiet { "At list prices of " (prices::PRICES_AS_OF) }
            (bars("US dollars by day and model", &days.iter().map(bar).collect::<Vec<_>>(), 3, usd))
            (legend(names.iter().enumerate().map(|(index, name)| (colour(index), *name))))
        }
    }
}

fn health(overview: &Overview) -> Markup {
    html! {
        section.card {
            h2 { "Right now" }
            table.health {
                thead { tr { th { "Lane" } th.number { "Queued" } th.number { "In work or put off" } } }
                tbody { @for (lane, depth) in &overview.lanes {
                    tr {
                        td { (lane) }
                        @match depth {
                            Some(depth) => { td.number { (count(depth.ready)) } td.number { (count(depth.in_flight)) } }
                            None => { td.number.quiet colspan="2" { "does not tell" } }
                        }
                    }
                } }
            }
            ul.models { @for model in &overview.models { (one_model(model)) } }
        }
    }
}

/// How people decide, by intent: what they always publish as it is may need nobody.
fn decisions(recent: &RecentDecisions) -> Markup {
    html! {
        @if !recent.by_intent.is_empty() || recent.since.is_some() {
            section.card {
                h2 { "Decisions of people, by intent" }
                div.scroll tabindex="0" role="region" aria-label="Decisions by intent" {
                    table.decisions {
                        thead { tr {
                            th { "Intent" } th.number { "Decided" } th.number { "As it was" } th.number { "Edited" }
                            th.number { "Rejected" } th.number { "Median time" }
                        } }
                        tbody { @for (intent, it) in &recent.by_intent {
                            tr {
                                td { (intent) }
                                td.number { (it.all()) }
                                td.number { (percent(it.approved, it.all())) }
                                td.number { (percent(it.edited, it.all())) }
                                td.number { (percent(it.rejected, it.all())) }
                                td.number { (millis(it.median().as_secs_f64() * 1e3)) }
                            }
                        } }
                    }
                }
                p.quiet.small {
                    @if recent.by_intent.is_empty() { "People have decided about none of" } @else { "Of" }
                    " the published and the rejected tasks"
                    @if let Some(since) = recent.since { " received since " (time(since)) } "."
                }
            }
        }
    }
}

/// Why webhooks of the last day became no task.
fn unheard_of(reasons: &Reasons) -> Markup {
    html! {
        @if !reasons.is_empty() {
            section.card {
                h2 { "Webhooks that became no task, last day" }
                table.reasons {
                    tbody { @for ((outcome, reason), times) in reasons {
                        tr {
                            td {
                                a href={ "/ui/deliveries?outcome=" (outcome) } { (phrase(outcome)) }
                                @if !reason.is_empty() { ": " (phrase(reason).to_lowercase()) }
                            }
                            td.number { (times) }
                        }
                    } }
                }
            }
        }
    }
}

/// What senders could not deliver, and what was done about it.
fn missed(overview: &Overview) -> Markup {
    let (missed, again) = overview.missed;
    let today = overview.counts.today.redelivered;
    html! {
        @if missed > 0 || today > 0 {
            section.card {
                h2 { "Webhooks that their sender could not deliver" }
                table.missed {
                    tbody {
                        tr {
                            td { a href="/ui/deliveries?outcome=missed" { "Missed" } " in the last hours" }
                            td.number { (missed) }
                        }
                        tr { td { "of which asked for again" } td.number { (again) } }
                        tr { td { "Tries asked for today (UTC)" } td.number { (count(today)) } }
                    }
                }
            }
        }
    }
}

fn one_model(model: &ModelHealth) -> Markup {
    let (class, word) = match model.breaker {
        BreakerState::Closed => ("ok", "available"),
        BreakerState::Unused => ("idle", "not called yet"),
        BreakerState::HalfOpen => ("warn", "trying again"),
        BreakerState::Open(_) => ("bad", "breaker open"),
    };
    html! {
        li {
            span.dot.(class) {} (model.name) " "
            span.quiet {
                (word)
                @if let BreakerState::Open(until) = model.breaker { " until " (time(until)) }
                @if let Some(until) = model.rests_until { " · rests until " (time(until)) }
                @if let Some(when) = &model.goes { " · the service says: " (when) }
                @for told in &model.learnt { " · " (told.limit) " " (told.of) ", told " (time(told.told_at)) }
                @if let Some(pace) = &model.pace {
                    " · paced at " (pace.limit) " " (pace.of) ", found " (time(pace.told_at))
                }
            }
            @if let Some(words) = &model.refused { p.bad { "The service refuses all calls: " (words) } }
        }
    }
}

fn by_model(models: &BTreeMap<&str, ModelFigures>) -> Markup {
    html! {
        @if !models.is_empty() {
            section.card {
                h2 { "Models, " (DAYS) " days" }
                div.scroll tabindex="0" role="region" aria-label="Figures by model" {
                    table {
                        thead { tr {
                            th { "Model" } th.number { "Calls" } th.number.wide { "Prompt" }
                            th.number.wide { "From cache" } th.number.wide { "Output" } th.number { "Saved" } th.number { "Cost" }
                        } }
                        tbody { @for (name, it) in models {
                            tr {
                                td { (name) }
                                td.number { (count(it.calls)) }
                                td.number.wide { (count(it.prompt_tokens)) }
                                td.number.wide title={ (it.cached_tokens) " tokens" } {
                                    (percent(it.cached_tokens, it.prompt_tokens))
                                }
                                td.number.wide { (count(it.output_tokens)) }
                                td.number title="by caches, after what they have cost" { (usd(it.saved_usd())) }
                                td.number {
                                    (usd(it.cost_usd()))
                                    @if it.unpriced > 0 { span.quiet { " + " (it.unpriced) " unpriced" } }
                                }
                            }
                        } }
                    }
                }
            }
        }
    }
}
