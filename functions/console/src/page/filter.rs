//! [`Filter`]: which tasks a list shows, and the form that says so. The pages of its tasks have it in their addresses.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use axum::extract::{FromRequestParts, Query};
use domain::{ListQuery, Task, TaskId, TaskStatus, Timestamp};
use http::request::Parts;
use maud::{Markup, html};
use serde::Deserialize;

use super::failure::Failure;
use super::session::Session;
use super::words::percent_encode;
use crate::Console;
use crate::refusal::Refusal;

/// The status that stands for every one.
const ALL: &str = "all";
/// How old a task may be, and how that is called.
const AGES: [(&str, &str, u64); 3] =
    [("1h", "Last hour", 3_600), ("1d", "Last day", 86_400), ("7d", "Last week", 7 * 86_400)];
/// What a task has cost at least, and how that is called.
const COSTS: [(&str, &str, f64); 4] = [
    ("0.001", "From $0.001", 0.001),
    ("0.01", "From $0.01", 0.01),
    ("0.1", "From $0.10", 0.1),
    ("1", "From $1", 1.0),
];

/// The query string of a list, and of whatever was opened from it. What is empty is as good as absent.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    pub(crate) status: String,
    pub(crate) source: String,
    intent: String,
    tenant: String,
    age: String,
    cost: String,
    /// Part of an id, a title, a thread, an actor, a kind of event, or of what was asked.
    pub(crate) q: String,
    pub(crate) cursor: String,
    /// Which page of the queue; the first one if empty.
    page: String,
    /// What the page before has done.
    pub(crate) done: String,
    /// The task that it was done to, if that is another one.
    pub(crate) of: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Filter {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let read = Query::<Self>::try_from_uri(&parts.uri);
        let Query(filter) = read.map_err(|why| Refusal::Malformed(format!("{}.", why.body_text())))?;
        filter.check().map_err(Refusal::Malformed)?;
        Ok(filter)
    }
}

impl Filter {
    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.status.is_empty() && self.cursor.is_empty() && !self.narrows()
    }

    /// Whether what was asked for is understood: what is not would show what nobody has asked for.
    fn check(&self) -> Result<(), String> {
        self.status()?;
        if !self.age.is_empty() && !AGES.iter().any(|(value, ..)| *value == self.age) {
            return Err("`age` is 1h, 1d or 7d.".to_owned());
        }
        if !self.cost.is_empty() && !COSTS.iter().any(|(value, ..)| *value == self.cost) {
            return Err("`cost` is 0.001, 0.01, 0.1 or 1.".to_owned());
        }
        if !self.page.is_empty() && self.page.parse::<usize>().is_err() {
            return Err("`page` is a number.".to_owned());
        }
        Ok(())
    }

    /// The number of the page of the queue, from 0.
    pub(crate) fn page(&self) -> usize {
        self.page.parse::<usize>().map_or(0, |page| page.saturating_sub(1))
    }

    /// The query string of another page of the queue.
    pub(crate) fn with_page(&self, index: usize) -> String {
        let page = if index == 0 { String::new() } else { (index + 1).to_string() };
        format!("/{}", Self { page, ..self.clone() }.query(""))
    }

    /// Whether nothing but the status was asked for.
    pub(crate) fn narrows(&self) -> bool {
        !self.source.is_empty() || self.looks_inside()
    }

    /// Whether tasks must be looked at one by one: no index knows what is asked for.
    pub(crate) fn looks_inside(&self) -> bool {
        [&self.intent, &self.tenant, &self.age, &self.cost, &self.q]
            .iter()
            .any(|field| !field.trim().is_empty())
    }

    /// Whether it is a list of every status, from its beginning.
    pub(crate) fn is_all(&self) -> bool {
        matches!(self.status.as_str(), "" | ALL) && self.cursor.is_empty() && !self.narrows()
    }

    /// The status, if one was asked for.
    pub(crate) fn status(&self) -> Result<Option<TaskStatus>, String> {
        match self.status.as_str() {
            "" | ALL => Ok(None),
            status => status.parse().map(Some),
        }
    }

    /// The query of the store that it begins with.
    pub(crate) fn list(&self, limit: usize) -> Result<ListQuery, String> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(ListQuery {
            status: self.status()?,
            source: given(&self.source),
            limit,
            cursor: given(&self.cursor),
        })
    }

    /// Whether it lets `task` through, whatever is searched for.
    pub(crate) fn fits(&self, task: &Task, now: Timestamp) -> bool {
        let doc = &task.doc;
        let intent = doc.classification.as_ref().map_or("", |known| known.intent.as_str());
        let age = AGES.iter().find(|(value, ..)| *value == self.age).map(|(.., age)| *age);
        let cost = COSTS.iter().find(|(value, ..)| *value == self.cost).map(|(.., cost)| *cost);
        let has = |text: &str, wanted: &str| text.to_lowercase().contains(&wanted.trim().to_lowercase());
        has(intent, &self.intent)
            && has(&doc.tenant, &self.tenant)
            && age.is_none_or(|age| domain::between(doc.received_at, now) <= Duration::from_secs(age))
            && cost.is_none_or(|cost| task.cost_usd().is_some_and(|spent| spent >= cost))
    }

    /// Whether the words that are searched for stand in one of `texts`.
    pub(crate) fn finds<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        let wanted = self.q.trim().to_lowercase();
        texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
    }

    /// Whether they stand in what a list shows of `task`.
    pub(crate) fn names(&self, task: &Task) -> bool {
        let doc = &task.doc;
        let intent = doc.classification.as_ref().map_or("", |known| known.intent.as_str());
        let (title, link) =
            (doc.title.as_deref().unwrap_or_default(), doc.thread_url.as_deref().unwrap_or_default());
        self.finds([
            task.id.as_str(),
            title,
            link,
            &doc.thread_name(),
            &doc.thread,
            &doc.actor,
            &doc.event,
            &doc.tenant,
            intent,
        ])
    }

    /// The list of this status, filtered alike.
    pub(crate) fn with_status(&self, status: &str) -> String {
        format!("/{}", Self { status: status.to_owned(), page: String::new(), ..self.clone() }.query(""))
    }

    /// The console as it opens: the whole queue from its beginning, while there is one.
    fn is_default(&self) -> bool {
        let is_queue = self.status.is_empty() || self.status == TaskStatus::AwaitingApproval.as_str();
        is_queue && self.cursor.is_empty() && self.page.is_empty() && !self.narrows()
    }

    /// `path`, as a page or a form of this list.
    pub(crate) fn at(&self, path: &str) -> String {
        self.with(path, &[])
    }

    /// The page of a task of this list.
    pub(crate) fn task(&self, id: impl Display) -> String {
        self.at(&format!("/ui/tasks/{id}"))
    }

    /// `path` in this list, with a word about what was done there, and to which task if that is another one.
    pub(crate) fn after(&self, path: &str, done: &str, of: Option<&TaskId>) -> String {
        let of = of.map(|of| ("of", of.as_str()));
        let said: Vec<_> = [("done", done)].into_iter().chain(of).collect();
        self.with(path, &said)
    }

    /// `path` in this list, with `more` fields of its own.
    pub(crate) fn with(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut to = path.to_owned();
        if !self.is_default() {
            to.push_str(&self.query(&self.cursor));
        }
        for (name, value) in more {
            let mark = if to.contains('?') { '&' } else { '?' };
            let _ = write!(to, "{mark}{name}={}", percent_encode(value));
        }
        to
    }

    /// The query string of this filter from `cursor` on.
    pub(crate) fn query(&self, cursor: &str) -> String {
        let mut query = String::new();
        for (name, value) in [
            ("status", self.status.as_str()),
            ("source", &self.source),
            ("intent", &self.intent),
            ("tenant", &self.tenant),
            ("age", &self.age),
            ("cost", &self.cost),
            ("q", &self.q),
            ("cursor", cursor),
            ("page", &self.page),
        ] {
            if !value.is_empty() {
                let mark = if query.is_empty() { '?' } else { '&' };
                let _ = write!(query, "{mark}{name}={}", percent_encode(value));
            }
        }
        query
    }
}

/// Who looks at a task, and from which list.
#[derive(Clone, Copy)]
pub(crate) struct View<'v> {
    pub(crate) console: &'v Console,
    pub(crate) session: &'v Session,
    pub(crate) filter: &'v Filter,
}

/// The form.
pub(crate) fn form(console: &Console, filter: &Filter) -> Markup {
    let status = if filter.status.is_empty() { ALL } else { filter.status.as_str() };
    let more =
        [&filter.intent, &filter.tenant, &filter.age, &filter.cost].iter().any(|field| !field.is_empty());
    html! {
        form.filters method="get" action="/" role="search" {
            input type="hidden" name="status" value=(status);
            input type="search" name="q" value=(filter.q) placeholder="Words of the question, thread, person, id"
                aria-label="Search tasks" maxlength="200";
            select name="source" aria-label="Source" {
                option value="" { "Any source" }
                @for source in console.sources() {
                    option value=(source) selected[source == filter.source] { (source) }
                }
                @if !filter.source.is_empty() && !console.sources().any(|source| source == filter.source) {
                    option value=(filter.source) selected { (filter.source) }
                }
            }
            details.more-filters open[more] {
                summary { "More" }
                input name="intent" value=(filter.intent) placeholder="Intent" aria-label="Intent" maxlength="100";
                input name="tenant" value=(filter.tenant) placeholder="Tenant" aria-label="Tenant" maxlength="256";
                select name="age" aria-label="Age" {
                    option value="" { "Any age" }
                    @for (value, label, _) in AGES { option value=(value) selected[value == filter.age] { (label) } }
                }
                select name="cost" aria-label="Cost" {
                    option value="" { "Any cost" }
                    @for (value, label, _) in COSTS { option value=(value) selected[value == filter.cost] { (label) } }
                }
            }
            button type="submit" { "Filter" }
            @if filter.narrows() { a.quiet href={ "/?status=" (status) } { "Clear" } }
        }
    }
}
