//! The agent.toml that ships.

use std::path::{Path, PathBuf};
use std::{collections::BTreeSet, fs};

use settings::{ApprovalPolicy, Settings, Start};
use webhook::CommentPolicy;

fn agent_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent")
}

fn shipped() -> String {
    fs::read_to_string(agent_dir().join("agent.toml")).unwrap()
}

#[test]
fn it_answers_github_issues() {
    let settings = Settings::load(&agent_dir().join("agent.toml")).unwrap();
    let filter = &settings.sources["github"].filter;
    assert_eq!(filter.events.as_deref().unwrap(), ["issues.opened", "issue_comment.created"]);
    assert_eq!(filter.comments, CommentPolicy::Mention);
    assert_eq!(settings.agent.approval, ApprovalPolicy::LowConfidence);
    let intents: Vec<_> =
        settings.intents.iter().map(|intent| (&*intent.name, &*intent.automation)).collect();
    for intent in ["bug_report", "question", "feature_request"] {
        assert!(intents.contains(&(intent, "reply")), "{intents:?}");
    }
    assert!(!settings.agent.documents.is_empty());
}

#[test]
fn its_bounds_are_on_and_it_gives_no_warning() {
    let settings = Settings::load(&agent_dir().join("agent.toml")).unwrap();
    let budget = &settings.budget;
    assert_eq!((budget.per_day_usd, budget.per_tenant_day_usd), (Some(20.0), Some(5.0)));
    assert_eq!(budget.per_thread_replies_per_hour, Some(5));
    assert_eq!(settings.warnings(), [""; 0]);
}

#[test]
fn its_model_limits_leave_the_rates_to_the_service() {
    let models = Settings::load(&agent_dir().join("agent.toml")).unwrap().models;
    for model in models.in_use() {
        let limits = models.limits_for(model, Start::AtOnce);
        assert_eq!(
            (
                limits.requests_per_minute,
                limits.tokens_per_minute,
                limits.requests_per_day,
                limits.concurrency
            ),
            (None, None, None, 200),
            "{model}"
        );
        assert!(models.limits_for(model, Start::Cautious).start_rpm.is_some(), "{model}");
    }
}

/// With the `#` before each optional key gone, every example must stand as it is.
#[test]
fn its_optional_keys_are_good_examples() {
    let text: Vec<String> = shipped().lines().map(without_comment_sign).collect();
    let settings = Settings::parse(&text.join("\n"), &agent_dir()).unwrap();
    assert_eq!(settings.models.limits_for("gemini-pro-latest", Start::AtOnce).requests_per_minute, Some(150));
    assert_eq!(settings.budget.per_day_usd, Some(20.0));
    assert_eq!(settings.models.generation.others.len(), 6);
    assert_eq!(settings.sources.len(), 12);
    assert_eq!(settings.sources["github"].priorities.0.len(), 1);
    assert!(settings.sources["billing"].sender.scheme.freshness.is_some());
    let automations = &settings.automations;
    assert!(automations.labels.is_some() && automations.summary_channel.is_some());
    assert_eq!(automations.max_refund.as_ref().unwrap().0["usd"], 5_000);
    assert_eq!(automations.http["password_reset"].parameters.names(), ["user"]);
}

/// Every key that the reader knows is in the example: asked by misspelling one in each section.
#[test]
fn it_shows_every_key() {
    let keys: BTreeSet<String> = shipped()
        .lines()
        .map(without_comment_sign)
        .filter_map(|line| line.split_once(" = ").map(|(key, _)| key.to_owned()))
        .collect();
    let sections =
        ["[agent]", "[models]", "[models.generation]", "[models.limits.gemini-pro-latest]", "[budget]"];
    let automations = [
        "[automations]",
        "[automations.label]",
        "[automations.summarise]",
        "[automations.refund_request]",
        "[automations.http.password_reset]",
    ];
    for section in sections.into_iter().chain(["[sources.github]", "[[intents]]"]).chain(automations) {
        for key in known_keys(section) {
            assert!(keys.contains(&key), "{section} {key}");
        }
    }
}

/// `# key = value` as `key = value`, and `# [section]` as `[section]`; other comments stay.
fn without_comment_sign(line: &str) -> String {
    if line.starts_with("# [") && line.ends_with(']') {
        return line[2..].to_owned();
    }
    let key = line.strip_prefix("# ").and_then(|rest| rest.split_once(" = "));
    match key {
        Some((key, _)) if key.chars().all(|c| c.is_ascii_lowercase() || c == '_') => line[2..].to_owned(),
        _ => line.to_owned(),
    }
}

/// The keys that the report offers in place of one that is like none of them.
fn known_keys(section: &str) -> Vec<String> {
    let mistakes = Settings::parse(&format!("{section}\nqqqqqqqqqqqq = 1"), &agent_dir()).unwrap_err();
    let offered = mistakes.as_slice().iter().find(|one| one.key.ends_with("qqqqqqqqqqqq")).unwrap();
    let list = offered.suggestion.as_deref().unwrap().strip_prefix("known: ").unwrap();
    let keys = list.split(", ").map(|key| key.trim_matches('`').to_owned());
    // Sections of their own.
    let sections = ["generation", "limits", "label", "summarise", "refund_request", "http"];
    keys.filter(|key| !sections.contains(&key.as_str())).collect()
}
