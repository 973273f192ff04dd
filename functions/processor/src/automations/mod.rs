//! The automations: one file each. A new one is a function in a file here and a line below.

mod http;
mod ignore;
mod label;
mod refund_request;
mod reply;
mod summarise;

use std::sync::OnceLock;

use settings::Settings;

use crate::{Context, Finished, Interrupt, Registry};

/// What somebody is told for whom nothing can be done by a program.
const COLLEAGUE: &str = "Thank you for writing. A colleague looks into this and answers here.";

/// `outcome`; but where it failed for a kind that `answers` has words for, those wait as a draft, with the reason for the
/// person who decides: whoever asked for it is not left without a word, if they can be answered.
async fn answered(
    context: &Context,
    outcome: Result<Finished, Interrupt>,
    answers: &[(&str, &str)],
) -> Result<Finished, Interrupt> {
    let error = match outcome {
        Err(Interrupt::Fail(error)) => error,
        other => return other,
    };
    let answer = answers.iter().find(|(kind, _)| *kind == error.kind).filter(|_| context.target().is_ok());
    match answer {
        Some((_, text)) => context.ask_back(&error.message, (*text).to_owned()).await,
        None => Err(Interrupt::Fail(error)),
    }
}

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
