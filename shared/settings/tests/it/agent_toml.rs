//! The report on a bad agent.toml.

use settings::Settings;

use crate::project::{GITHUB, mistakes, mistakes_of, parse, project, write};

const TWELVE: &str = r#"[agent]
name = "m"
persona = "prompts/person.md"
documents = ["docs/*.md", "guides/*.md"]
histroy = 5
approval = "low-confidence"
confidence_threshold = 1.5
approval_expires = "48 hours"

[models.limits."gemini-pro-latest"]
retries = 3
timeout = 90

[sources.github]
events = ["issue.opened"]

[sources.githup]

[[intents]]
name = "bug_report"
when = "something is broken"
automation = "reply"

[[intents]]
name = "bug_report"
when = "something is broken"
automation = "reply"
priority = 6
"#;

#[test]
fn a_file_with_twelve_mistakes_reports_twelve() {
    let expected = "12 mistakes in the configuration:
  agent.toml:3:11: agent.persona: `prompts/person.md`: there is no such file; paths are relative to agent.toml
  agent.toml:4:27: agent.documents[1]: \"guides/*.md\": no file matches; paths are relative to agent.toml
  agent.toml:5:1: agent.histroy: unknown key; did you mean `history`?
  agent.toml:6:12: agent.approval: unknown value \"low-confidence\"; did you mean \"low_confidence\"?
  agent.toml:7:24: agent.confidence_threshold: 1.5 is outside 0 to 1; choose a number within
  agent.toml:8:20: agent.approval_expires: \"48 hours\" is not a duration; write a whole number and a unit: \"500ms\", \"90s\", \"15m\", \"48h\", \"7d\"
  agent.toml:11:11: models.limits.gemini-pro-latest.retries: 3 is outside 0 to 2; choose a number within
  agent.toml:12:11: models.limits.gemini-pro-latest.timeout: a duration needs a unit; did you mean \"90s\"?
  agent.toml:15:11: sources.github.events[0]: unknown event \"issue.opened\"; did you mean \"issues.opened\"?
  agent.toml:17:1: sources.githup: no sender is called \"githup\"; did you mean \"github\"?
  agent.toml:25:8: intents[1].name: \"bug_report\" is taken by the intent of line 20; choose another name
  agent.toml:28:12: intents[1].priority: 6 is outside 1 to 5; choose a number within";
    assert_eq!(parse(TWELVE).unwrap_err().to_string(), expected);
}

#[test]
fn every_line_that_is_not_toml_is_reported_with_the_other_mistakes() {
    let text = "[agent]\nname = \nhistory = 500\n[models]\ntier = \"tier1\n[sources.github]\n";
    let found = mistakes(text);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("2:8: not valid TOML: "), "{found:#?}");
    assert_eq!(found[1], "3:11: agent.history: 500 is outside 0 to 100; choose a number within");
    assert!(found[2].starts_with("5:"), "{found:#?}");
}

#[test]
fn a_key_that_stands_twice_is_reported() {
    let found = mistakes_of("[agent]\nhistory = 1\nhistory = 2");
    assert_eq!(found, ["3:1: not valid TOML: duplicate key"]);
}

#[test]
fn unknown_keys_are_found_at_every_depth() {
    let text = "
[agnet]
[models.generation]
temprature = 1
[models.limits.gemini-pro-latest]
breaker = { error_rte = 0.5 }
[sources.github]
colour = \"red\"
[[intents]]
name = \"a\"
when = \"b\"
automation = \"reply\"
prio = 3
";
    assert_eq!(
        mistakes(text),
        [
            "2:2: agnet: unknown section; did you mean `agent`?",
            "4:1: models.generation.temprature: unknown key; did you mean `temperature`?",
            "6:13: models.limits.gemini-pro-latest.breaker.error_rte: unknown key; did you mean `error_rate`?",
            "8:1: sources.github.colour: unknown key; known: `scheme`, `provider`, `map`, `events`, `respond_to_comments`, `login`, `internal`, `max_event_age`, `priority`, `identity`, `hooks`, `automation`, `trusted`, `mode`",
            "13:1: intents[0].prio: unknown key; known: `name`, `when`, `automation`, `priority`, `fallback`, `prompt`",
        ]
    );
}

#[test]
fn approvals_in_slack_are_read() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
    let text = "[agent]\npersona = \"p.md\"\n[approvals.slack]\nchannel = \"C0APPROVALS\"\n\
                approvers = [\"U2CERLKJA\", \"W012A3CDE\", \"U2CERLKJA\"]\n[sources.slack]";
    let approvals = Settings::parse(text, dir.path()).unwrap().approvals.slack.unwrap();
    assert_eq!((approvals.channel.as_str(), approvals.team), ("C0APPROVALS", None));
    assert_eq!(approvals.approvers.into_iter().collect::<Vec<_>>(), ["U2CERLKJA", "W012A3CDE"]);
}

#[test]
fn the_workspace_whose_clicks_count_is_named_by_its_id() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
    let text = |team: &str| {
        format!(
            "[agent]\npersona = \"p.md\"\n[approvals.slack]\nchannel = \"C1\"\napprovers = [\"U1\"]\n\
             team = \"{team}\"\n[sources.slack]"
        )
    };
    let read = |team: &str| Settings::parse(&text(team), dir.path());
    assert_eq!(read("T1DC2JH3J").unwrap().approvals.slack.unwrap().team.as_deref(), Some("T1DC2JH3J"));
    let found = read("acme").unwrap_err().to_string();
    assert!(found.contains("\"acme\" is not a workspace's id (T…)"), "{found}");
}

#[test]
fn approvals_that_could_not_work_are_refused() {
    let slack = |keys: &str| mistakes(&format!("[approvals.slack]\n{keys}\n[sources.slack]"));
    assert_eq!(
        slack("channel = \"#approvals\"\napprovers = [\"mona\", \"U1\"]\ncolour = 1"),
        [
            "2:11: approvals.slack.channel: \"#approvals\" is not a channel's id (C…); copy the id, not the name",
            "3:14: approvals.slack.approvers[0]: \"mona\" is not an account's id (U…); copy the id, not the name",
            "4:1: approvals.slack.colour: unknown key; known: `channel`, `approvers`, `team`",
        ]
    );
    assert_eq!(
        slack("channel = \"C1\"\napprovers = []"),
        [
            "3:13: approvals.slack.approvers: nobody could decide; list at least one account, or remove the section"
        ]
    );
    assert_eq!(slack("").len(), 2, "both keys must be there");
    assert_eq!(
        mistakes("[approvals.slack]\nchannel = \"C1\"\napprovers = [\"U1\"]\n[sources.github]"),
        [
            "1:1: approvals.slack: no source takes the clicks, which come to /webhooks/slack; add `[sources.slack]`"
        ]
    );
    assert_eq!(
        mistakes("[approvals.slak]\n[sources.slack]"),
        ["1:12: approvals.slak: unknown section; did you mean `slack`?"]
    );
}

#[test]
fn missing_persona_and_missing_source_are_reported() {
    let dir = tempfile::tempdir().unwrap();
    let found = Settings::parse("", dir.path()).unwrap_err().to_string();
    assert_eq!(
        found,
        "2 mistakes in the configuration:
  agent.toml:1:1: agent.persona: missing, and `prompts/persona.md`: there is no such file; write the system instruction into that file
  agent.toml:1:1: sources: no source, so no webhook would be taken; add `[sources.github]`"
    );
}

#[test]
fn an_empty_persona_is_refused() {
    let dir = project();
    write(dir.path(), "prompts/persona.md", " \n");
    let found = Settings::parse("[agent]\npersona = \"prompts/persona.md\"\n[sources.github]", dir.path());
    assert_eq!(found.unwrap_err().as_slice()[0].problem, "`prompts/persona.md`: the file is empty");
}

#[test]
fn intents_need_name_condition_and_automation() {
    assert_eq!(
        mistakes_of("[[intents]]\npriority = 0"),
        [
            "1:1: intents[0].name: missing; add `name = \"bug_report\"`",
            "1:1: intents[0].when: missing; say in words when it applies",
            "1:1: intents[0].automation: missing; add `automation = \"reply\"`",
            "2:12: intents[0].priority: 0 is outside 1 to 5; choose a number within",
        ]
    );
}

#[test]
fn automations_that_do_not_exist_are_refused_where_they_are_known() {
    let dir = project();
    let path = dir.path().join("agent.toml");
    let intent = "[[intents]]\nname = \"a\"\nwhen = \"b\"\nautomation = \"repyl\"";
    std::fs::write(&path, format!("[agent]\ndefault_automation = \"label\"\n{GITHUB}{intent}")).unwrap();
    assert!(Settings::load(&path).is_ok());
    let found = Settings::load_for(&path, &["reply"]).unwrap_err();
    let problems: Vec<_> =
        found.as_slice().iter().map(|one| (&*one.problem, one.suggestion.as_deref())).collect();
    assert_eq!(
        problems,
        [
            ("there is no automation \"label\"", Some("known: `reply`")),
            ("there is no automation \"repyl\"", Some("did you mean `reply`?")),
        ]
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let found = Settings::load(std::path::Path::new("no/such/agent.toml")).unwrap_err().to_string();
    assert!(found.contains("no/such/agent.toml: the file cannot be read: "), "{found}");
    assert!(
        found.ends_with(
            "; make one with `afterhook init DIR`, or name another file with --config or AFTERHOOK_CONFIG"
        ),
        "{found}"
    );
}

#[test]
fn two_sources_cannot_share_the_variable_of_their_secrets() {
    let text = "[sources.work-repo]\nprovider = \"github\"\n[sources.work_repo]\nprovider = \"github\"";
    assert_eq!(
        mistakes(text),
        [
            "3:10: sources.work_repo: shares the variable WORK_REPO_WEBHOOK_SECRET with `work-repo`; choose another name"
        ]
    );
}

#[test]
fn limits_of_a_model_that_is_not_used_are_refused() {
    assert_eq!(
        mistakes_of("[models.limits.gemini-pro-lates]\nrpm = 1"),
        [
            "1:16: models.limits.gemini-pro-lates: limits of a model that [models] does not use; did you mean `gemini-pro-latest`?"
        ]
    );
}

#[test]
fn a_misspelt_model_makes_no_second_mistake_of_its_limits() {
    let text = "[models]\nanswer = \"models/gemini-x\"\n[models.limits.gemini-x]\nrpm = 1";
    let found = mistakes_of(text);
    assert_eq!(
        found,
        ["2:10: models.answer: \"models/gemini-x\" is not an id of a model; did you mean \"gemini-x\"?"]
    );
}

#[test]
fn a_fallback_template_must_exist_and_hold_text() {
    let dir = project();
    write(dir.path(), "prompts/empty.md", "\n");
    let intent = |name, file| {
        format!(
            "[[intents]]\nname = \"{name}\"\nwhen = \"b\"\nautomation = \"reply\"\nfallback = \"prompts/{file}\"\n"
        )
    };
    let text = format!("{GITHUB}{}{}", intent("a", "absent.md"), intent("b", "empty.md"));
    let found = Settings::parse(&text, dir.path()).unwrap_err();
    let problems: Vec<_> = found.as_slice().iter().map(|one| (&*one.key, &*one.problem)).collect();
    assert_eq!(
        problems,
        [
            ("intents[0].fallback", "`prompts/absent.md`: there is no such file"),
            ("intents[1].fallback", "`prompts/empty.md`: the file is empty"),
        ]
    );
}

#[test]
fn trust_and_patience_are_checked() {
    assert_eq!(
        mistakes("[models]\nfallback_after = \"0s\"\n[sources.github]\ntrusted = \"yes\""),
        [
            "2:18: models.fallback_after: \"0s\" is outside 1s to 13d; choose one within",
            "4:11: sources.github.trusted: must be `true` or `false`, not a string; write `true` or `false`",
        ]
    );
}
