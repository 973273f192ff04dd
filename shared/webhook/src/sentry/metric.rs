//! Alerts on metrics: a figure is above its threshold, or below it again.
//!
//! <https://docs.sentry.io/integrations/integration-platform/webhooks/metric-alerts/>. They belong to no issue, and
//! Sentry has no thread for them that an answer could go to.

use domain::{Event, Priority, clip};

use crate::reading::{Facts, JsonView, MAX_FACT_BYTES, Summary, happening, hash, lacks};
use crate::{ParseError, Sender};

/// What the header calls them.
pub(super) const KIND: &str = "metric_alert";

/// The event of `alert`, which has become what `action` says.
pub(super) fn event(
    sender: &Sender,
    body: JsonView<'_>,
    alert: JsonView<'_>,
    action: &str,
) -> Result<Event, ParseError> {
    let id = alert.id("/id").ok_or_else(|| lacks("data.metric_alert.id"))?;
    let said = body.text("/data/description_text").unwrap_or_default();
    let ended = alert.date("/date_closed").filter(|_| action == "resolved");
    let date = ended.or_else(|| alert.date("/date_detected")).or_else(|| alert.date("/date_started"));
    let name = format!("{KIND}.{action}");
    let (moment, words) = (date.map(|date| date.to_string()), hash(said.as_bytes()));
    let projects = alert.names("/projects", "/slug");
    let tenant = match &projects[..] {
        [project] => format!("project/{project}"),
        _ => sender.name.clone(),
    };
    let actor = body.text("/actor/name").unwrap_or("sentry");
    Ok(Event {
        actor_id: body.id("/actor/id"),
        title: body.string("/data/description_title").or_else(|| alert.string("/title")),
        text: summary(body, alert, &projects),
        priority: if action == "critical" { Priority::new(5).ok() } else { None },
        occurred_at: date,
        // The words have the figure: they tell the second time that it is critical from the first.
        happening: happening([Some(&name), Some(&id), moment.as_deref(), Some(&words)]),
        link: body.string("/data/web_url"),
        metadata: Facts::default()
            .text("rule", alert.text("/alert_rule/name"))
            .text("project", projects.first().map(String::as_str))
            .text("environment", alert.text("/alert_rule/environment"))
            .done(),
        ..Event::new(name, tenant, format!("metric_alert/{id}"), clip(actor, MAX_FACT_BYTES))
    })
}

fn summary(body: JsonView<'_>, alert: JsonView<'_>, projects: &[String]) -> String {
    let projects = projects.join(", ");
    Summary::default()
        .say(body.text("/data/description_title"))
        .say(body.text("/data/description_text"))
        .line("Alert rule", alert.text("/alert_rule/name"))
        .line("Measures", alert.text("/alert_rule/aggregate"))
        .line("Of", alert.text("/alert_rule/query"))
        .line("Environment", alert.text("/alert_rule/environment"))
        .line("Projects", Some(projects).filter(|names| !names.is_empty()))
        .line("Since", alert.text("/date_started"))
        .done()
}
