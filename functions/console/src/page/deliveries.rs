//! `/ui/deliveries`: why did the agent not react?

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use maud::{Markup, html};

use super::failure::Failure;
use super::guard::Member;
use super::layout::{self, Place};
use super::words::{clock, phrase};
use crate::Console;
use crate::deliveries::{self, Delivery, OUTCOMES, Parameters, Unread};
use crate::refusal::Refusal;

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Markup, Failure> {
    let Query(wanted) = parameters.map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))?;
    let found = deliveries::last(&console, &wanted).await?;
    let unread = deliveries::unread(&console, &wanted.source).await.map_err(Refusal::from)?;
    let body = html! {
        h1 { "Deliveries" }
        p.quiet {
            "The last webhooks, newest first. What was ignored or refused became no task; of refusals, one a minute and "
            "reason is kept, for three days. Missed webhooks are those that the sender could not deliver. Afterhook asks the sender to send them again."
        }
        @for Unread { source, hook, problem } in &unread {
            p.notice.bad { "What the hook of " (hook) " (" (source) ") could not deliver is not sent again: " (problem) }
        }
        (filters(&console, &wanted))
        (list(&found))
    };
    Ok(layout::page(&session, Place::Deliveries, "Deliveries", &body))
}

fn filters(console: &Console, wanted: &Parameters) -> Markup {
    html! {
        form.filters method="get" action="/ui/deliveries" role="search" {
            select name="source" aria-label="Source" {
                option value="" { "Any source" }
                @for source in console.sources() {
                    option value=(source) selected[source == wanted.source] { (source) }
                }
            }
            select name="outcome" aria-label="Outcome" {
                option value="" { "Any outcome" }
                @for outcome in OUTCOMES {
                    option value=(outcome) selected[outcome == wanted.outcome] { (phrase(outcome)) }
                }
            }
            button type="submit" { "Filter" }
            @if !(wanted.source.is_empty() && wanted.outcome.is_empty()) {
                a.quiet href="/ui/deliveries" { "Clear" }
            }
        }
    }
}

fn list(found: &[Delivery]) -> Markup {
    html! {
        @if found.is_empty() {
            div.empty { p { "No webhook was received that fits." } }
        } @else {
            section.card {
                div.scroll tabindex="0" role="region" aria-label="Deliveries" {
                    table.deliveries {
                        thead { tr {
                            th { "Outcome" } th { "Event" } th { "Source" } th { "Time" } th { "Task" }
                        } }
                        tbody { @for delivery in found { (row(delivery)) } }
                    }
                }
            }
        }
    }
}

/// How often.
fn times(count: u32) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}

fn row(delivery: &Delivery) -> Markup {
    html! {
        tr {
            td {
                span class={ "pill " (delivery.outcome) } { (phrase(&delivery.outcome)) }
                @if let Some(reason) = &delivery.reason { " " span.quiet { (phrase(reason)) } }
                @if let Some(detail) = &delivery.detail { " " span.quiet { "· " (detail) } }
                @if let Some(tries) = delivery.tries { " " span.quiet { "· sent again " (times(tries)) } }
            }
            td { @if let Some(event) = &delivery.event { (event) } @else { span.quiet { "not read" } } }
            td { (delivery.source) }
            td { (clock(delivery.at)) }
            td { @if let Some(id) = &delivery.task_id { a href={ "/ui/tasks/" (id) } { "Show" } } }
        }
    }
}
