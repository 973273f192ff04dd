//! What holds when agent.toml says nothing.

use std::time::Duration;

use domain::{Generation, LaneTiers, ModelLimits, Priority};
use settings::{ApprovalPolicy, BudgetSettings, Start, shown_limits};
use webhook::{CommentPolicy, Provider};

use crate::project::{GITHUB, parse};

#[test]
fn agent_defaults() {
    let agent = parse(GITHUB).unwrap().agent;
    assert_eq!((agent.name.as_str(), agent.persona.as_str()), ("afterhook", "You help."));
    assert_eq!((agent.documents.len(), agent.history), (0, 5));
    assert_eq!((agent.approval, agent.confidence_threshold), (ApprovalPolicy::LowConfidence, 0.8));
    assert_eq!(agent.approval_expires, Duration::from_hours(48));
    assert_eq!(agent.default_automation, "reply");
}

#[test]
fn model_defaults() {
    let models = parse(GITHUB).unwrap().models;
    assert_eq!(models.triage, "gemini-flash-lite-latest");
    assert_eq!(models.answer, "gemini-pro-latest");
    assert_eq!(models.fallback, ["gemini-flash-latest"]);
    assert_eq!((models.cache_ttl, models.service_tier), (Duration::from_hours(2), LaneTiers::default()));
    assert_eq!(models.patience, Duration::from_secs(30));
    assert_eq!(models.fallback_after, Duration::from_mins(15));
    assert!(models.limits.is_empty());
    assert_eq!(models.generation, Generation::default());
    assert_eq!((models.generation.max_output_tokens, models.generation.others.len()), (16_384, 0));
}

#[test]
fn limit_defaults() {
    let limits = parse(GITHUB).unwrap().models.limits_for("gemini-pro-latest", Start::AtOnce);
    assert_eq!(limits, ModelLimits::default());
    assert_eq!(
        (limits.requests_per_minute, limits.tokens_per_minute, limits.requests_per_day, limits.concurrency),
        (None, None, None, 200)
    );
    assert_eq!((limits.timeout, limits.retries), (Duration::from_secs(60), 1));
    assert_eq!(limits.min_priority, Priority::LOWEST);
    assert_eq!(
        shown_limits(&limits).map(|(key, value)| format!("{key} {value}")).join(", "),
        "rpm -, tpm -, rpd -, concurrency 200, timeout 1m, retries 1, min_priority 1, \
         breaker 0.5 in 10s, slow 1m, open 30s"
    );
}

#[test]
fn a_source_without_events_takes_every_event() {
    let settings = parse(GITHUB).unwrap();
    let source = &settings.sources["github"];
    assert_eq!((source.name.as_str(), source.sender.provider), ("github", Provider::Github));
    assert_eq!((source.filter.events.as_ref(), source.filter.login.as_ref()), (None, None));
    assert_eq!((source.filter.comments, source.max_event_age), (CommentPolicy::Mention, None));
    assert!(!source.trusted);
}

#[test]
fn nothing_is_bounded_and_nothing_recognised() {
    let settings = parse(GITHUB).unwrap();
    assert_eq!(settings.budget, BudgetSettings::default());
    assert!(settings.intents.is_empty());
}

#[test]
fn the_default_fallback_is_never_the_answer_model() {
    let models = parse("[models]\nanswer = \"gemini-flash-latest\"\n[sources.github]").unwrap().models;
    assert_eq!(models.fallback, Vec::<String>::new());
    assert_eq!(models.in_use(), ["gemini-flash-lite-latest", "gemini-flash-latest"]);
}
