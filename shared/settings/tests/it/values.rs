//! What agent.toml says arrives as it was said; bad values are refused.

use std::time::Duration;

use domain::{Document, Priority};
use serde_json::json;
use settings::{ApprovalPolicy, Start, shown_limits};
use webhook::{CommentPolicy, Provider};

use crate::project::{GITHUB, mistakes_of, parse};

#[test]
fn agent_values_arrive() {
    let text = "[agent]\nname = \"m\"\npersona = \"docs/a.md\"\ndocuments = [\"docs/*.md\", \"docs/b.md\"]\n\
                history = 0\napproval = \"always\"\nconfidence_threshold = 1\napproval_expires = \"13d\"\n\
                default_automation = \"label\"\n[sources.github]";
    let agent = parse(text).unwrap().agent;
    assert_eq!((agent.name.as_str(), agent.persona.as_str(), agent.history), ("m", "A", 0));
    let document = |name: &str, text: &str| Document { name: name.to_owned(), text: text.to_owned() };
    assert_eq!(agent.documents, [document("docs/a.md", "A"), document("docs/b.md", "B")]);
    assert_eq!((agent.approval, agent.confidence_threshold), (ApprovalPolicy::Always, 1.0));
    assert_eq!(agent.approval_expires, Duration::from_hours(13 * 24));
    assert_eq!(agent.default_automation, "label");
}

#[test]
fn limits_arrive() {
    let text = "[models.limits.\"gemini-pro-latest\"]\nrpm = 150\ntpm = 2_000_000\nrpd = 1\nconcurrency = 100\n\
                timeout = \"90s\"\nretries = 0\nmin_priority = 4\n\
                breaker = { error_rate = 1, window = \"5s\", slow = \"20s\", open = \"1m\" }\n[sources.github]";
    let models = parse(text).unwrap().models;
    assert_eq!(
        shown_limits(&models.limits_for("gemini-pro-latest", Start::AtOnce))
            .map(|(key, value)| format!("{key} {value}"))
            .join(", "),
        "rpm 150, tpm 2000000, rpd 1, concurrency 100, timeout 90s, retries 0, min_priority 4, \
         breaker 1 in 5s, slow 20s, open 1m"
    );
    assert_eq!(models.limits_for("gemini-flash-latest", Start::AtOnce).timeout, Duration::from_secs(60));
}

#[test]
fn generation_is_sent_under_the_names_of_the_api() {
    let text = "[models.generation]\nmax_output_tokens = 100\ntemperature = 1\ntop_p = 0.9\ntop_k = 3\n\
                stop_sequences = [\"\\n\\n\"]\nseed = 7\nthinking = \"low\"\n[sources.github]";
    let generation = parse(text).unwrap().models.generation;
    assert_eq!(generation.max_output_tokens, 100);
    let expected = json!({"temperature": 1.0, "topP": 0.9, "topK": 3, "seed": 7,
        "stopSequences": ["\n\n"], "thinkingConfig": {"thinkingLevel": "LOW"}});
    assert_eq!(json!(generation.others), expected);
}

#[test]
fn each_role_has_its_own_generation_over_the_common_one() {
    let text = "[models.generation]\nseed = 7\n[models.generation.triage]\nmax_output_tokens = 512\n\
                [models.generation.answer]\nseed = 8\nthinking = \"high\"\n[sources.github]";
    let models = parse(text).unwrap().models;
    let (triage, answer) = (models.triage_generation, models.generation);
    assert_eq!((triage.max_output_tokens, answer.max_output_tokens), (512, 16_384));
    assert_eq!(json!(triage.others), json!({"seed": 7}));
    assert_eq!(json!(answer.others), json!({"seed": 8, "thinkingConfig": {"thinkingLevel": "HIGH"}}));
}

#[test]
fn settings_that_todays_models_refuse_are_unknown() {
    for key in ["candidate_count", "presence_penalty", "frequency_penalty"] {
        assert!(parse(&format!("[models.generation]\n{key} = 1\n{GITHUB}")).is_err(), "{key}");
    }
}

#[test]
fn thinking_takes_a_level_or_a_budget() {
    let thinking = |value: &str| {
        let text = format!("[models.generation]\nthinking = {value}\n{GITHUB}");
        parse(&text).map(|settings| settings.models.generation.others["thinkingConfig"].clone())
    };
    let budget = thinking("{ budget = 1024, include_thoughts = true }").unwrap();
    assert_eq!(budget, json!({"thinkingBudget": 1024, "includeThoughts": true}));
    let problem = thinking("{ budget = 1024, level = \"low\" }").unwrap_err().as_slice()[0].problem.clone();
    assert_eq!(problem, "`level` and `budget` exclude each other");
}

#[test]
fn sources_arrive() {
    let text = "[sources.work_repo]\nprovider = \"github\"\nevents = [\"issues.opened\"]\n\
                respond_to_comments = \"thread\"\nlogin = \"octo-helper\"\nmax_event_age = \"7d\"";
    let source = parse(text).unwrap().sources["work_repo"].clone();
    assert_eq!((source.name.as_str(), source.sender.provider), ("work_repo", Provider::Github));
    assert_eq!(source.filter.events, Some(vec!["issues.opened".to_owned()]));
    assert_eq!(source.filter.comments, CommentPolicy::Thread);
    assert_eq!(source.filter.login.as_deref(), Some("octo-helper"));
    assert_eq!(source.max_event_age, Some(Duration::from_hours(168)));
}

#[test]
fn intents_and_budget_arrive() {
    let text = "[budget]\nper_day_usd = 20\nper_tenant_day_usd = 0.5\nper_thread_replies_per_hour = 5\n\
                [sources.github]\n[[intents]]\nname = \"a\"\nwhen = \"b\"\nautomation = \"reply\"\npriority = 5\n\
                [[intents]]\nname = \"c\"\nwhen = \"d\"\nautomation = \"reply\"";
    let settings = parse(text).unwrap();
    assert_eq!(settings.budget.per_day_usd, Some(20.0));
    assert_eq!(settings.budget.per_tenant_day_usd, Some(0.5));
    assert_eq!(settings.budget.per_thread_replies_per_hour, Some(5));
    let intents: Vec<_> = settings.intents.iter().map(|intent| (&*intent.name, intent.priority)).collect();
    assert_eq!(intents, [("a", Some(Priority::HIGHEST)), ("c", None)]);
}

#[test]
fn values_out_of_bounds_are_refused() {
    for (section, problem) in [
        ("[agent]\nhistory = -1", "-1 is outside 0 to 100"),
        ("[agent]\nconfidence_threshold = nan", "nan is outside 0 to 1"),
        ("[agent]\napproval_expires = \"14d\"", "\"14d\" is outside 1m to 13d"),
        ("[agent]\nname = \" \"", "must not be empty"),
        ("[models]\nservice_tier = { bulk = \"tier9\" }", "unknown value \"tier9\""),
        (
            "[models]\ntriage = \"models/gemini-flash-latest\"",
            "\"models/gemini-flash-latest\" is not an id of a model",
        ),
        ("[models]\nanswer = \"x:generateContent?a\"", "\"x:generateContent?a\" is not an id of a model"),
        ("[models]\ncache_ttl = \"1s\"", "\"1s\" is outside 1m to 7d"),
        ("[models.limits.gemini-pro-latest]\ntimeout = \"16m\"", "\"16m\" is outside 10s to 15m"),
        ("[models.limits.gemini-pro-latest]\ntimeout = \"9s\"", "\"9s\" is outside 10s to 15m"),
        ("[models.limits.gemini-pro-latest]\nrpm = 0", "0 is outside 1 to 9223372036854775807"),
        ("[models.limits.gemini-pro-latest]\nconcurrency = 5_000_000_000", "5000000000 is too large"),
        ("[models.limits.gemini-pro-latest]\nmin_priority = 6", "6 is outside 1 to 5"),
        ("[models.limits.gemini-pro-latest]\nbreaker = { error_rate = 0 }", "0 is outside 0.01 to 1"),
        ("[models.generation]\ntemperature = \"hot\"", "must be a number, not a string"),
        ("[models.generation.answer]\nmax_output_tokens = 65_537", "65537 is outside 1 to 65536"),
        ("[models.generation]\nstop_sequences = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]", "6 stop sequences"),
        ("[budget]\nper_day_usd = 0", "0 would stop all work"),
        ("[budget]\nper_thread_replies_per_hour = 0", "0 is outside 1 to"),
    ] {
        let found = mistakes_of(section);
        assert!(found.len() == 1 && found[0].contains(&format!(": {problem}")), "{section}: {found:#?}");
    }
}

#[test]
fn values_of_the_wrong_type_are_refused() {
    for (section, problem) in [
        ("agent = 1", "must be a table, not an integer"),
        ("[agent]\ndocuments = \"docs/*.md\"", "must be a list in square brackets, not a string"),
        ("[agent]\nhistory = 1.5", "must be a whole number, not a float"),
        ("[agent]\napproval_expires = true", "must be a duration in quotes, not a boolean"),
        ("[intents]\nname = \"a\"", "must be a list in square brackets, not a table"),
    ] {
        let found = mistakes_of(section);
        assert!(found.len() == 1 && found[0].contains(&format!(": {problem}")), "{section}: {found:#?}");
    }
}

#[test]
fn fallback_answers_are_configured() {
    let dir = crate::project::project();
    crate::project::write(dir.path(), "prompts/sorry.md", "We are on it.\n");
    let text = "[models]\nfallback_after = \"2m\"\n[sources.github]\ntrusted = true\n[[intents]]\nname = \"a\"\n\
                when = \"b\"\nautomation = \"reply\"\nfallback = \"prompts/sorry.md\"";
    let settings = settings::Settings::parse(text, dir.path()).unwrap();
    assert_eq!(settings.models.fallback_after, Duration::from_mins(2));
    assert!(settings.sources["github"].trusted);
    assert_eq!(settings.intents[0].fallback.as_deref(), Some("We are on it."));
}

/// Whoever misspells the mode must not publish.
#[test]
fn a_source_is_live_unless_it_says_shadow_and_nothing_else_is_a_mode() {
    let settings =
        parse("[sources.github]\nmode = \"shadow\"\n[sources.slack]\n[api]\nmode = \"shadow\"").unwrap();
    assert!(settings.is_shadow("github") && settings.is_shadow("api"));
    assert!(!settings.is_shadow("slack") && !settings.is_shadow("unknown"));
    let mistakes = parse("[sources.github]\nmode = \"shdow\"").unwrap_err();
    assert!(mistakes.to_string().contains("did you mean \"shadow\"?"), "{mistakes}");
}
