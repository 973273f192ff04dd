//! The automations: one file each. A new one is a function in a file here and a line below.

mod answered;
mod http;
mod ignore;
mod label;
mod refund_request;
mod reply;
mod summarise;

use std::sync::OnceLock;

use settings::Settings;

use crate::Registry;

/// What a crate outside this repository adds.
static YOURS: OnceLock<fn(Registry) -> Registry> = OnceLock::new();

/// Registers automations of a crate of your own, beside those here: the first line of its programs, before anything asks
/// for the [`registry`]. They stay those of the first call.
pub fn register(yours: fn(Registry) -> Registry) {
    YOURS.get_or_init(|| yours);
}

/// Everything that agent.toml can name as `automation`, besides the calls that it describes itself.
#[must_use]
pub fn registry() -> Registry {
    let ours = Registry::new()
        .on("ignore", ignore::ignore)
        .on("label", label::label)
        .on("refund_request", refund_request::refund_request)
        .on("reply", reply::reply)
        .on("summarise", summarise::summarise);
    match YOURS.get() {
        Some(yours) => yours(ours),
        None => ours,
    }
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
