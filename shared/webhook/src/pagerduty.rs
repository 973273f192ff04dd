//! PagerDuty: incidents (webhooks of version 3).
//!
//! <https://developer.pagerduty.com/docs/webhooks-overview>

use domain::{Event, Happening, Priority, Target, ThreadState, clip};

use crate::provider::Row;
use crate::reading::{
    Facts, JsonView, MAX_FACT_BYTES, Summary, any_name, happening, hash, lacks, object, plain_id,
};
use crate::{CommentPolicy, ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    delivery: Some("x-webhook-id"),
    kinds: &[(
        "incident",
        &[
            "acknowledged",
            "annotated",
            "delegated",
            "escalated",
            "priority_updated",
            "reassigned",
            "reopened",
            "resolved",
            "responder.added",
            "responder.replied",
            "service_updated",
            "status_update_published",
            "triggered",
            "unacknowledged",
        ],
    )],
    endings: &["resolved"],
    times: &["/event/occurred_at"],
    // Nobody is mentioned in notes, so every one counts.
    comments: CommentPolicy::Thread,
    kind: Some(kind),
    ..Row::json("pagerduty", Scheme::pagerduty, read)
};

fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    body.text("/event/event_type").map(any_name)
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let event = JsonView(&value).object("/event").ok_or_else(|| lacks("event"))?;
    let kind = kind(received, JsonView(&value)).ok_or_else(|| lacks("event.event_type"))?;
    match kind.split_once('.') {
        Some(("pagey", "ping")) => Ok(Parsed::Ping),
        Some(("incident", _)) => incident(sender, event, &kind).map(Box::new).map(Parsed::Event),
        _ => Ok(Parsed::Other(kind)),
    }
}

fn incident(sender: &Sender, event: JsonView<'_>, kind: &str) -> Result<Event, ParseError> {
    let data = event.object("/data").ok_or_else(|| lacks("event.data"))?;
    // A note or a status update names the incident that it belongs to.
    let incident = data.object("/incident").unwrap_or(data);
    let id = incident.text("/id").and_then(plain_id).ok_or_else(|| lacks("event.data.id"))?;
    let note = (kind == "incident.annotated").then_some(data);
    let service = data.object("/service");
    let part = |pointer: &str| service.and_then(|service| service.text(pointer));
    let agent = event.text("/agent/summary").or_else(|| event.text("/agent/id"));
    let agent = agent.or_else(|| event.text("/client/name")).unwrap_or("pagerduty");
    let resolved = data.text("/status") == Some("resolved");
    Ok(Event {
        actor_id: event.string("/agent/id"),
        title: data.string("/title").or_else(|| incident.string("/summary")),
        text: note.map_or_else(
            || summary(data, part("/summary")),
            |note| note.string("/content").unwrap_or_default(),
        ),
        comment_id: note.map(|note| note.id("/id").ok_or_else(|| lacks("event.data.id"))).transpose()?,
        priority: urgency(data),
        occurred_at: event.date("/occurred_at"),
        // Subscriptions of the account, a team and a service report the same under ids of their own.
        happening: reported(event, data, kind, id),
        link: incident.string("/html_url"),
        labels: data.text("/priority/summary").map(str::to_owned).into_iter().collect(),
        thread_state: if resolved { ThreadState::Closed } else { ThreadState::Open },
        target: Some(Target::PagerdutyIncident { id: id.to_owned() }),
        metadata: Facts::default()
            .text("incident", Some(id))
            .number("number", data.number("/number"))
            .text("status", data.text("/status"))
            .text("urgency", data.text("/urgency"))
            .text("service", part("/summary"))
            .done(),
        ..Event::new(kind, part("/id").unwrap_or(&sender.name), id, clip(agent, MAX_FACT_BYTES))
    })
}

/// What changes of an incident has an id of its own only where it is an object, such as a note. Of a responder the body
/// says who it is and what became of the request.
fn reported(event: JsonView<'_>, data: JsonView<'_>, kind: &str, incident: &str) -> Option<Happening> {
    let what = data.id("/id").unwrap_or_else(|| hash(data.0.to_string().as_bytes()));
    happening([Some(kind), Some(incident), Some(&what), event.text("/occurred_at")])
}

fn summary(data: JsonView<'_>, service: Option<&str>) -> String {
    let assignees = data.names("/assignees", "/summary").join(", ");
    Summary::default()
        .say(data.text("/title"))
        .say(data.text("/content").or_else(|| data.text("/message")))
        .line("Status", data.text("/status"))
        .line("Urgency", data.text("/urgency"))
        .line("Priority", data.text("/priority/summary"))
        .line("Service", service)
        .line("Assigned to", Some(assignees).filter(|names| !names.is_empty()))
        .line("Reason", data.text("/resolve_reason/type"))
        .done()
}

fn urgency(data: JsonView<'_>) -> Option<Priority> {
    let level = match data.text("/urgency")? {
        "high" => 5,
        "low" => 3,
        _ => return None,
    };
    Priority::new(level).ok()
}
