//! `[models]`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use domain::{Generation, LaneTiers, MAX_OPEN_DAYS, ModelEndpoint, ModelLimits, ServiceTier};

use crate::endpoints;
use crate::entry::Entry;
use crate::generation;
use crate::key::{Key, key};
use crate::limits::{self, Start};
use crate::names::MODEL;
use crate::section::Section;
use crate::suggest::suggest;

/// `[models]`.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// Model for triage (default `gemini-flash-lite-latest`).
    pub triage: String,
    /// Model for answers (default `gemini-pro-latest`).
    pub answer: String,
    /// Models for answers when that one cannot be had, in order, each once and without the answer
    /// model itself (default `gemini-flash-latest`).
    pub fallback: Vec<String>,
    /// Version of the API, for the address that is not in `endpoints` (default `v1beta`).
    pub api_version: String,
    /// `[[models.endpoints]]`; none is Google's own.
    pub endpoints: Vec<ModelEndpoint>,
    /// How long an answer waits for a busy answer model before a fallback serves (default 30 s).
    pub patience: Duration,
    /// How long models must be unavailable before a task uses a past answer or its intent's template instead
    /// (default 15 minutes).
    pub fallback_after: Duration,
    /// Life of a context cache (default 2 hours).
    pub cache_ttl: Duration,
    /// How the calls of each lane are served (default: all of them as standard).
    pub service_tier: LaneTiers,
    /// `[models.generation]` for answers.
    pub generation: Generation,
    /// `[models.generation]` for triage.
    pub triage_generation: Generation,
    /// `[models.limits."NAME"]`, by model; ask [`ModelSettings::limits_for`].
    pub limits: BTreeMap<String, ModelLimits>,
}

/// A cache shorter than a minute never repays; one longer than a week is a mistake in the unit.
const CACHE_TTL_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_mins(1)..=Duration::from_hours(24 * 7);

/// At zero a fallback serves at once; with more than an hour, nobody would call it waiting.
const MODEL_WAIT_RANGE: std::ops::RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(1);

/// Within the time that a task may stay open.
const FALLBACK_AFTER_RANGE: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(24 * MAX_OPEN_DAYS.unsigned_abs());

impl ModelSettings {
    pub(crate) fn read(mut section: Section<'_>, dir: &Path) -> Self {
        let model = |section: &mut Section<'_>, key: Key, default: &str| {
            section.read_or(key, default.to_owned(), model)
        };
        let before = section.report.count();
        let about = "Reads every event and says which intent it is: a cheap, quick model will do.";
        let triage = model(&mut section, key("triage", about), "gemini-flash-lite-latest");
        let answer = model(&mut section, key("answer", "Writes the answers."), "gemini-pro-latest");
        let fallback = fallback(&mut section, &answer);
        // With a bad name among them, it is not known which models are in use.
        let in_use = [&[triage.clone(), answer.clone()], &*fallback].concat();
        let in_use = (section.report.count() == before).then_some(in_use);
        let limits = limits_of_models(&mut section, in_use.as_deref());
        let about = "Version of the model's API; the `-latest` names exist in \"v1beta\" only.";
        let api_version =
            section.read_or(key("api_version", about), "v1beta".to_owned(), endpoints::api_version);
        let endpoints = endpoints::read(&mut section, &api_version, dir);
        let about = "Sent to the model only if set: newer models refuse or ignore some of these.";
        let (triage_generation, generation) = generation::read(section.section(key("generation", about)));
        let settings = Self {
            api_version,
            endpoints,
            triage,
            answer,
            fallback,
            patience: section.read_or(
                key("patience", "How long an answer waits for a busy answer model before a fallback serves."),
                Duration::from_secs(30),
                |entry| entry.duration(MODEL_WAIT_RANGE),
            ),
            fallback_after: section.read_or(
                key(
                    "fallback_after",
                    "If no model is available for this long, the draft is the most similar past answer, or the intent's `fallback`.",
                ),
                Duration::from_mins(15),
                |entry| entry.duration(FALLBACK_AFTER_RANGE),
            ),
            cache_ttl: section.read_or(
                key("cache_ttl", "How long persona and documents stay cached at the model."),
                Duration::from_hours(2),
                |entry| entry.duration(CACHE_TTL_RANGE),
            ),
            service_tier: service_tier(section.section(key(
                "service_tier",
                "How the calls of each lane are served: \"flex\" costs half and may take minutes.",
            ))),
            generation,
            triage_generation,
            limits,
        };
        section.finish();
        settings
    }

    /// The limits that `model` is called under, defaults included.
    #[must_use]
    pub fn limits_for(&self, model: &str, start: Start) -> ModelLimits {
        let set = self.limits.get(model).copied().unwrap_or_default();
        ModelLimits { start_rpm: start.rpm().filter(|_| set.requests_per_minute.is_none()), ..set }
    }

    /// Every model that may be called, each once: triage, answer, fallbacks.
    #[must_use]
    pub fn in_use(&self) -> Vec<&str> {
        let mut models: Vec<&str> = Vec::new();
        for model in [&self.triage, &self.answer].into_iter().chain(&self.fallback) {
            if !models.contains(&model.as_str()) {
                models.push(model);
            }
        }
        models
    }
}

fn service_tier(mut section: Section<'_>) -> LaneTiers {
    const TIERS: [(&str, ServiceTier); 3] = [
        ("standard", ServiceTier::Standard),
        ("flex", ServiceTier::Flex),
        ("priority", ServiceTier::Priority),
    ];
    let mut of = |lane, about| section.choice_or(key(lane, about), ServiceTier::Standard, &TIERS);
    let tiers = LaneTiers {
        bulk: of("bulk", "Of priorities 1 and 2."),
        standard: of("standard", "Of priority 3."),
        express: of("express", "Of priorities 4 and 5."),
    };
    section.finish();
    tiers
}

/// How the names of models begin that other companies serve, by APIs of their own.
const OTHERS: [&str; 16] = [
    "chatgpt", "claude", "command-", "deepseek", "gpt-", "gpt4", "grok", "llama", "mistral", "mixtral",
    "nova-", "o1", "o3", "o4", "phi-", "qwen",
];

/// How the names of models begin that Google serves and that write no answers: vectors, images, films, music, and what
/// is asked over another protocol.
const SPEECHLESS: [&str; 13] = [
    "aqa",
    "chirp",
    "deep-research",
    "embedding-",
    "gemini-embedding",
    "gemini-live",
    "imagegeneration",
    "imagen",
    "lyria",
    "multimodalembedding",
    "text-embedding",
    "textembedding",
    "veo",
];
/// What the names of such models have in them that are called after Gemini.
const SPEECHLESS_PARTS: [&str; 6] = ["audio", "computer", "embedding", "image", "live", "tts"];

/// Why the model called `name` cannot sort or answer; `None` if nothing is known against it.
#[must_use]
pub fn unfit_model(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let is_of = |families: &[&str]| families.iter().any(|family| lower.starts_with(family));
    let has_part = || lower.split('-').any(|part| SPEECHLESS_PARTS.contains(&part));
    if is_of(&OTHERS) {
        Some(format!("\"{name}\" is no model of Gemini's API, which is the only one that we speak"))
    } else if is_of(&SPEECHLESS) || (lower.starts_with("gemini") && has_part()) {
        Some(format!("\"{name}\" does not answer in text"))
    } else {
        None
    }
}

fn model(entry: &Entry<'_>) -> Option<String> {
    let name = id(entry)?;
    match unfit_model(&name) {
        Some(problem) => {
            entry.refuse(problem, "name one such as \"gemini-pro-latest\" or \"gemini-flash-latest\"")
        }
        None => Some(name),
    }
}

fn id(entry: &Entry<'_>) -> Option<String> {
    entry.text_like(&MODEL, |name| {
        let suggestion = match name.strip_prefix("models/") {
            Some(rest) => format!("did you mean \"{rest}\"?"),
            None => "use the model's id, such as \"gemini-flash-latest\"".to_owned(),
        };
        (format!("\"{name}\" is not an id of a model"), suggestion)
    })
}

fn fallback(section: &mut Section<'_>, answer: &str) -> Vec<String> {
    let about = "Used in this order when the one above cannot be had, for either job.";
    let default = vec!["gemini-flash-latest".to_owned()];
    let listed = section.read_or(key("fallback", about), default, |entry| entry.each(|item| model(&item)));
    let mut models: Vec<String> = Vec::new();
    for name in listed {
        if name != answer && !models.contains(&name) {
            models.push(name);
        }
    }
    models
}

/// Only models that are `in_use` may have limits: those under a misspelt name would never apply.
fn limits_of_models(section: &mut Section<'_>, in_use: Option<&[String]>) -> BTreeMap<String, ModelLimits> {
    let in_use: Option<Vec<&str>> = in_use.map(|models| models.iter().map(String::as_str).collect());
    let about = "Limits of single models; a rate that is not set is learnt from the service.";
    let table = section.section(key("limits", about));
    let mut all = BTreeMap::new();
    for (name, span, entry) in
        table.entries(&MODEL, "Limits of this model, which all processors together keep.")
    {
        if let Some(known) = in_use.as_deref().filter(|known| !known.contains(&name)) {
            let problem = "limits of a model that [models] does not use".to_owned();
            table.report.add(&span, &table.key(name), problem, Some(suggest(name, known)));
        }
        if let Some(section) = entry.section() {
            all.insert(name.to_owned(), limits::read(section));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::unfit_model;

    #[test]
    fn models_that_cannot_answer_are_told_from_those_that_can() {
        for name in [
            "gpt-5",
            "claude-opus-4",
            "text-embedding-004",
            "gemini-embedding-001",
            "imagen-4.0-generate-001",
            "veo-3.1-generate-preview",
            "lyria-002",
            "aqa",
            "AQA",
            "gemini-2.5-flash-preview-tts",
            "gemini-2.5-flash-image",
            "gemini-2.0-flash-preview-image-generation",
            "gemini-2.0-flash-live-001",
            "gemini-live-2.5-flash-preview",
            "gemini-2.5-flash-native-audio-latest",
            "gemini-2.5-computer-use-preview-10-2025",
        ] {
            assert!(unfit_model(name).is_some_and(|problem| problem.contains(name)), "{name}");
        }
        for name in [
            "gemini-pro-latest",
            "gemini-flash-lite-latest",
            "gemini-3.1-pro-preview",
            "gemini-2.5-flash-lite-preview-09-2025",
            "gemma-3-27b-it",
            "my-image-tuned-model",
            "learnlm-2.0-flash-experimental",
        ] {
            assert_eq!(unfit_model(name), None, "{name}");
        }
    }
}
