//! Sentry: issues, errors, alerts on events and on metrics (webhooks of an integration).
//!
//! <https://docs.sentry.io/organization/integrations/integration-platform/webhooks/>. It waits one
//! second. The kind is told from the signed body; its header is not signed.

mod metric;

use std::time::Duration;

use domain::{Event, Happening, Priority, Target, Timestamp, clip};

use crate::provider::{Row, Site};
use crate::reading::{
    Facts, JsonView, MAX_FACT_BYTES, Summary, any_name, happening, hash, hinted, lacks, object, word,
};
use crate::{ParseError, Parsed, Received, Scheme, Sender};
use serde_json::Value;

pub(crate) static ROW: Row = Row {
    hint: Some("sentry-hook-resource"),
    delivery: Some("request-id"),
    kinds: &[
        ("issue", &["archived", "assigned", "created", "ignored", "resolved", "unresolved"]),
        ("error", &["created"]),
        ("event_alert", &["triggered"]),
        ("metric_alert", &["critical", "resolved", "warning"]),
    ],
    threadless: &["metric_alert"],
    endings: &["archived", "ignored", "resolved"],
    times: &[
        "/data/issue/firstSeen",
        "/data/issue/lastSeen",
        "/data/error/datetime",
        "/data/event/datetime",
        "/data/metric_alert/date_detected",
        // What is reported of one issue at nearly one time is one happening.
        "/data/issue/id",
        "/data/error/issue_id",
        "/data/event/issue_id",
        "/data/metric_alert/id",
    ],
    site: Some(Site { key: "organization", example: "acme", accepts: is_organization, otherwise: "" }),
    kind: Some(kind),
    ..Row::json("sentry", Scheme::sentry, read)
};

/// The short name in the addresses of its pages.
fn is_organization(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=50).contains(&text.len())
        && text.bytes().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// The resource as the signed body has it; where it has none that we read, as the header says.
fn kind(received: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    let kind = subject(body).map(|(kind, _)| kind.to_owned()).or_else(|| hinted(received))?;
    let action = body.text("/action").map(any_name);
    Some(action.map_or_else(|| kind.clone(), |action| format!("{kind}.{action}")))
}

/// What the event is about, and the kind of event that this makes it.
fn subject(body: JsonView<'_>) -> Option<(&'static str, JsonView<'_>)> {
    [
        ("issue", "/data/issue"),
        ("error", "/data/error"),
        ("event_alert", "/data/event"),
        (metric::KIND, "/data/metric_alert"),
    ]
    .into_iter()
    .find_map(|(kind, place)| Some((kind, body.object(place)?)))
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let said = body.text("/action").ok_or_else(|| lacks("action"))?;
    match subject(body) {
        Some((kind, subject)) => {
            let action = word(said).ok_or_else(|| lacks("action"))?;
            let event = match kind {
                metric::KIND => metric::event(sender, body, subject, action),
                _ => event(sender, body, subject, kind, action),
            };
            event.map(Box::new).map(Parsed::Event)
        }
        None => {
            let name = kind(received, body).unwrap_or_else(|| format!("unknown.{}", any_name(said)));
            Ok(Parsed::Other(name))
        }
    }
}

fn event(
    sender: &Sender,
    body: JsonView<'_>,
    subject: JsonView<'_>,
    kind: &str,
    action: &str,
) -> Result<Event, ParseError> {
    let is_issue = kind == "issue";
    let issue = if is_issue { subject.id("/id") } else { subject.id("/issue_id") };
    let number = issue.as_deref().and_then(|issue| issue.parse().ok());
    let place = sender.site.clone().zip(number);
    let project = if is_issue { subject.id("/project/id") } else { subject.id("/project") };
    let thread = issue.or_else(|| subject.id("/event_id")).ok_or_else(|| lacks("issue id"))?;
    let actor = body.text("/actor/name").unwrap_or("sentry");
    let is_new = is_issue && action == "created";
    // A new issue was last seen at another time by each integration that is told of it, and first by all at the same.
    let dates = if is_new { ["/firstSeen", "/lastSeen"] } else { ["/datetime", "/lastSeen"] };
    let date = dates.iter().find_map(|pointer| subject.date(pointer)).or_else(|| subject.date("/firstSeen"));
    let happening = match is_issue && !is_new {
        true => changed(body, subject, action, date),
        false => seen(&thread, date),
    };
    Ok(Event {
        actor_id: body.id("/actor/id"),
        title: subject.string("/title"),
        text: summary(body, subject),
        labels: labels(subject),
        priority: priority(subject),
        occurred_at: date,
        happening,
        target: place.map(|(organization, id)| Target::SentryIssue { organization, id }),
        link: subject.string("/web_url").or_else(|| subject.string("/permalink")),
        metadata: Facts::default()
            .text("level", subject.text("/level"))
            .text("platform", subject.text("/platform"))
            .text("short_id", subject.text("/shortId"))
            .text("project", subject.text("/project/slug"))
            .text("rule", body.text("/data/triggered_rule"))
            .done(),
        ..Event::new(
            format!("{kind}.{action}"),
            project.map_or_else(|| sender.name.clone(), |id| format!("project/{id}")),
            format!("issue/{thread}"),
            clip(actor, MAX_FACT_BYTES),
        )
    })
}

/// How far apart what is seen of one problem may be. Later it is a recurrence.
const ONE_PROBLEM: Duration = Duration::from_secs(30 * 60);
/// How much later one integration is told of a change than another one.
const ONE_CHANGE: Duration = Duration::from_secs(60);

/// One problem is reported as an issue, as an error and by every alert rule that it meets, and all of that by every
/// integration.
fn seen(issue: &str, date: Option<Timestamp>) -> Option<Happening> {
    Some(happening([Some("seen"), Some(issue)])?.seen(date?, ONE_PROBLEM))
}

/// Nothing dates what people do to an issue: what all of it says tells a second change from the first of its kind, and
/// when the issue was last seen, by then.
fn changed(
    body: JsonView<'_>,
    issue: JsonView<'_>,
    action: &str,
    last_seen: Option<Timestamp>,
) -> Option<Happening> {
    let (id, actor) = (issue.id("/id"), body.id("/actor/id").unwrap_or_default());
    let said = hash(still(issue).to_string().as_bytes());
    let facts = happening([Some(action), id.as_deref(), Some(&actor), Some(&said)])?;
    Some(facts.seen(last_seen?, ONE_CHANGE))
}

/// What goes on by itself in an issue, so that two integrations are told of one change with other figures.
const MOVING: [&str; 6] = ["count", "filtered", "lastSeen", "lifetime", "stats", "userCount"];

/// `issue` without that.
fn still(issue: JsonView<'_>) -> Value {
    let mut issue = issue.0.clone();
    if let Some(fields) = issue.as_object_mut() {
        fields.retain(|name, _| !MOVING.contains(&name.as_str()));
    }
    issue
}

/// What a developer would look at first.
fn summary(body: JsonView<'_>, subject: JsonView<'_>) -> String {
    let mut text = Summary::default()
        .say(subject.text("/title"))
        .say(subject.text("/message").or_else(|| subject.text("/metadata/value")))
        .line("Level", subject.text("/level"))
        .line("Where", subject.text("/culprit").or_else(|| subject.text("/location")))
        .line("Platform", subject.text("/platform"))
        .line("Release", subject.text("/release"))
        .line("Environment", subject.text("/environment"))
        .line("Count", subject.id("/count"))
        .line("People", subject.id("/userCount"))
        .line("Alert rule", body.text("/data/triggered_rule"));
    for exception in subject.items("/exception/values") {
        text = text.line(exception.text("/type").unwrap_or("Exception"), exception.text("/value"));
        for frame in last_frames(exception) {
            let (function, file) =
                (frame.text("/function").unwrap_or("?"), frame.text("/filename").unwrap_or("?"));
            let line = frame.id("/lineno").unwrap_or_default();
            text = text.say(Some(&format!("  at {function} ({file}:{line})")));
        }
    }
    text.done()
}

/// The innermost frames: Sentry lists them last.
fn last_frames<'v>(exception: JsonView<'v>) -> Vec<JsonView<'v>> {
    const FRAMES: usize = 8;
    let frames: Vec<JsonView<'v>> = exception.items("/stacktrace/frames").collect();
    frames.into_iter().rev().take(FRAMES).collect()
}

/// Tags, as `key:value`; an event has them as pairs.
fn labels(subject: JsonView<'_>) -> Vec<String> {
    let pair = |tag: JsonView<'_>| {
        let key = tag.text("/0").or_else(|| tag.text("/key"))?;
        let value = tag.text("/1").or_else(|| tag.text("/value"))?;
        Some(format!("{key}:{value}"))
    };
    subject.items("/tags").filter_map(pair).take(50).collect()
}

fn priority(subject: JsonView<'_>) -> Option<Priority> {
    let level = match subject.text("/level")? {
        "fatal" => 5,
        "info" | "debug" | "sample" => 2,
        _ => return None,
    };
    Priority::new(level).ok()
}
