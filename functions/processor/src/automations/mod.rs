//! The automations: one file each. A new one is a function in a file here and a line below.

mod http;
mod ignore;
mod label;
mod refund_request;
mod reply;
mod summarise;

use settings::Settings;

use crate::Registry;

/// Everything that agent.toml can name as `automation`, besides the calls that it describes itself.
#[must_use]
pub fn registry() -> Registry {
    Registry::new()
        .on("ignore", ignore::ignore)
        .on("label", label::label)
        .on("refund_request", refund_request::refund_request)
        .on("reply", reply::reply)
        .on("summarise", summarise::summarise)
}

/// `registry` with what agent.toml adds to it: a call for each `[automations.http.NAME]`, and the labels
/// that the model can choose from.
#[must_use]
pub(crate) fn configured(registry: Registry, settings: &Settings) -> Registry {
    let automations = &settings.automations;
    let labels = automations.labels.as_deref().unwrap_or_default();
    let registry = registry.narrow("label", label::CHOICES, labels);
    automations.http.iter().fold(registry, |registry, (name, call)| {
        registry.add(format!("http.{name}"), http::automation(name, call))
    })
}
