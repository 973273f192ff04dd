//! Sentry: issues, errors and alerts on events (webhooks of an integration).
//!
//! <https://docs.sentry.io/organization/integrations/integration-platform/webhooks/>. It waits one
//! second. The kind is told from the signed body; its header is not signed.

use domain::{Event, Priority, Target, Timestamp, clip};

use crate::provider::{Row, Site};
use crate::reading::{
    Facts, JsonView, MAX_FACT_BYTES, Summary, any_name, happening, hash, hinted, lacks, object, word,
};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    hint: Some("sentry-hook-resource"),
    delivery: Some("request-id"),
    kinds: &[
        ("issue", &["archived", "assigned", "created", "ignored", "resolved", "unresolved"]),
        ("error", &["created"]),
        ("event_alert", &["triggered"]),
    ],
    endings: &["archived", "ignored", "resolved"],
    times: &[
        "/data/issue/firstSeen",
        "/data/issue/lastSeen",
        "/data/error/datetime",
        "/data/event/datetime",
        // What is reported of one issue within one hour is one happening.
        "/data/issue/id",
        "/data/error/issue_id",
        "/data/event/issue_id",
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
    [("issue", "/data/issue"), ("error", "/data/error"), ("event_alert", "/data/event")]
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
            event(sender, body, subject, kind, action)
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
) -> Result<Parsed, ParseError> {
    let is_issue = kind == "issue";
    let issue = if is_issue { subject.id("/id") } else { subject.id("/issue_id") };
    let number = issue.as_deref().and_then(|issue| issue.parse().ok());
    let place = sender.site.clone().zip(number);
    let project = if is_issue { subject.id("/project/id") } else { subject.id("/project") };
    let thread = issue.or_else(|| subject.id("/event_id")).ok_or_else(|| lacks("issue id"))?;
    let actor = body.text("/actor/name").unwrap_or("sentry");
    let date = ["/datetime", "/lastSeen", "/firstSeen"].iter().find_map(|pointer| subject.date(pointer));
    let happening = match is_issue && action != "created" {
        true => changed(body, subject, action, date),
        false => seen(&thread, date),
    };
    let date = if action == "created" && is_issue { subject.date("/firstSeen") } else { date };
    Ok(Parsed::Event(Box::new(Event {
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
    })))
}

/// One problem is reported as an issue, as an error and by every alert rule that it meets, and all of that by every
/// integration: what is seen of one issue within one hour is one happening. Later it is a recurrence.
fn seen(issue: &str, date: Option<Timestamp>) -> Option<String> {
    let hour = date.map(|date| date.as_second().div_euclid(3600).to_string());
    happening([Some("seen"), Some(issue), hour.as_deref()])
}

/// Nothing dates what people do to an issue: what all of it says tells a second change from the first of its kind.
fn changed(body: JsonView<'_>, issue: JsonView<'_>, action: &str, date: Option<Timestamp>) -> Option<String> {
    happening([
        Some(action),
        issue.id("/id").as_deref(),
        date.map(|date| date.to_string()).as_deref(),
        Some(&body.id("/actor/id").unwrap_or_default()),
        Some(&hash(issue.0.to_string().as_bytes())),
    ])
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
