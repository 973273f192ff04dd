//! `[models]`.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::MAX_OPEN_DAYS;

use crate::effective::EffectiveLimits;
use crate::endpoints::{self, EndpointSettings};
use crate::entry::Entry;
use crate::generation::Generation;
use crate::limits::ModelLimits;
use crate::names::is_model;
use crate::section::Section;
use crate::suggest::suggest;
use crate::tier::{Preset, TIERS, Tiers, preset};

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
    pub endpoints: Vec<EndpointSettings>,
    /// How long no model could be had before a task makes do with a past answer or its intent's
    /// template (default 15 minutes).
    pub fallback_after: Duration,
    /// Life of a context cache (default 2 hours).
    pub cache_ttl: Duration,
    /// Preset of the limits: `free`, `tier1` (the default), `tier2` or `tier3`.
    pub tier: String,
    /// `[models.generation]`.
    pub generation: Generation,
    /// `[models.limits."NAME"]`, by model.
    pub limits: BTreeMap<String, ModelLimits>,
}

/// A cache shorter than a minute never repays; one longer than a week is a mistake in the unit.
const CACHE_TTL: std::ops::RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(24 * 7);

/// Within the time that a task may stay open.
const FALLBACK_AFTER: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_hours(24 * MAX_OPEN_DAYS.unsigned_abs());

impl ModelSettings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let model = |section: &mut Section<'_>, key, default: &str| {
            section.read(key, model).unwrap_or_else(|| default.to_owned())
        };
        let before = section.report.count();
        let triage = model(&mut section, "triage", "gemini-flash-lite-latest");
        let answer = model(&mut section, "answer", "gemini-pro-latest");
        let fallback = fallback(&mut section, &answer);
        // With a bad name among them, it is not known which models are in use.
        let in_use = [&[triage.clone(), answer.clone()], &*fallback].concat();
        let in_use = (section.report.count() == before).then_some(in_use);
        let limits = limits(&mut section, in_use.as_deref());
        let version = section.read("api_version", endpoints::api_version);
        let api_version = version.unwrap_or_else(|| "v1beta".to_owned());
        let endpoints = endpoints::read(&mut section, &api_version);
        let settings = Self {
            api_version,
            endpoints,
            triage,
            answer,
            fallback,
            fallback_after: section
                .read("fallback_after", |entry| entry.duration(FALLBACK_AFTER))
                .unwrap_or(Duration::from_mins(15)),
            cache_ttl: section
                .read("cache_ttl", |entry| entry.duration(CACHE_TTL))
                .unwrap_or(Duration::from_hours(2)),
            tier: section.read("tier", |entry| entry.choice(&TIERS)).unwrap_or("tier1").to_owned(),
            generation: Generation::read(section.section("generation")),
            limits,
        };
        section.finish();
        settings
    }

    /// The limits that `model` is called under, defaults included, and those of the tier if they hold.
    #[must_use]
    pub fn limits_for(&self, model: &str, tiers: Tiers) -> EffectiveLimits {
        let set = self.limits.get(model).cloned().unwrap_or_default();
        let preset = match tiers {
            Tiers::Apply => preset(&self.tier, model),
            Tiers::Ignore => Preset::default(),
        };
        EffectiveLimits::of(&ModelLimits {
            rpm: set.rpm.or(preset.rpm),
            tpm: set.tpm.or(preset.tpm),
            rpd: set.rpd.or(preset.rpd),
            ..set
        })
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

fn model(entry: &Entry<'_>) -> Option<String> {
    let name = entry.text()?;
    if is_model(&name) {
        return Some(name);
    }
    let suggestion = match name.strip_prefix("models/") {
        Some(rest) => format!("did you mean \"{rest}\"?"),
        None => "use the model's id, such as \"gemini-flash-latest\"".to_owned(),
    };
    entry.refuse(format!("\"{name}\" is no id of a model"), suggestion)
}

fn fallback(section: &mut Section<'_>, answer: &str) -> Vec<String> {
    let listed = section.read("fallback", |entry| entry.each(|item| model(&item)));
    let mut models: Vec<String> = Vec::new();
    for name in listed.unwrap_or_else(|| vec!["gemini-flash-latest".to_owned()]) {
        if name != answer && !models.contains(&name) {
            models.push(name);
        }
    }
    models
}

/// A misspelt model would go without its limits, so only models that are `in_use` may have some.
fn limits(section: &mut Section<'_>, in_use: Option<&[String]>) -> BTreeMap<String, ModelLimits> {
    let in_use: Option<Vec<&str>> = in_use.map(|models| models.iter().map(String::as_str).collect());
    let table = section.section("limits");
    let mut limits = BTreeMap::new();
    for (name, span, entry) in table.entries() {
        if let Some(known) = in_use.as_deref().filter(|known| !known.contains(&name)) {
            let problem = "limits of a model that [models] does not use".to_owned();
            table.report.add(&span, &table.key(name), problem, Some(suggest(name, known)));
        }
        if let Some(section) = entry.section() {
            limits.insert(name.to_owned(), ModelLimits::read(section));
        }
    }
    limits
}
