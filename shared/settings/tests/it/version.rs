//! Which keys of agent.toml make another version of the agent: all but those of a list that docs/eval.md has too.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use settings::Settings;

/// What changes no version, by the beginnings of keys.
const UNVERSIONED: [&str; 15] = [
    "agent.approval_expires",
    "api",
    "approvals",
    "automations.calls_per_host",
    "budget",
    "intents.priority",
    "models.cache_ttl",
    "models.endpoints",
    "models.fallback_after",
    "models.limits",
    "models.patience",
    "models.service_tier",
    "network",
    "shadow",
    "sources",
];

/// Of these, what makes another version all the same.
const VERSIONED: [&str; 1] = ["sources.source.automation"];

const AGENT: &str = r#"
[agent]
name = "one"
persona = "p.md"
documents = ["faq.md"]
history = 3
approval = "always"
confidence_threshold = 0.7
approval_expires = "1h"
link_hosts = ["a.example.com"]
image_hosts = ["b.example.com"]
media_hosts = ["c.example.com"]
default_automation = "reply"
[models]
triage = "gemini-flash-lite-latest"
answer = "gemini-pro-latest"
fallback = ["gemini-flash-latest"]
api_version = "v1beta"
endpoints = [{ base_url = "https://one.example.com" }]
patience = "10s"
fallback_after = "10m"
cache_ttl = "1h"
service_tier = { bulk = "standard" }
[models.generation]
GENERATION
[models.limits.gemini-flash-latest]
rpm = 10
[budget]
per_day_usd = 20
[api]
callback_hosts = ["one.example.com"]
[network]
internal_hosts = ["one.example.com"]
[shadow]
config = "next.toml"
share = 0.2
per_day_usd = 2
[approvals.slack]
channel = "C0000001"
approvers = ["U0000001"]
[sources.slack]
automation = "reply"
mode = "live"
[[intents]]
name = "bug"
when = "it is broken"
automation = "reply"
priority = 3
fallback = "fallback.md"
prompt = "prompt.md"
[[intents]]
name = "b"
when = "b"
automation = "label"
[[intents]]
name = "c"
when = "c"
automation = "summarise"
[[intents]]
name = "d"
when = "d"
automation = "refund_request"
[[intents]]
name = "e"
when = "e"
automation = "http.ping"
[automations]
calls_per_host = 10
[automations.label]
allowed = ["one"]
[automations.summarise]
channel = "C0000002"
[automations.refund_request]
max_amount = { usd = 5.00 }
[automations.http.ping]
method = "POST"
url = "https://api.example.com/one"
headers = { X-One = "AUTOMATION_ONE" }
body = { text = "one" }
parameters = { properties = { user = { type = "string" } } }
repeatable = false
approval = "always"
"#;

/// A key, and what of [`AGENT`] is replaced by what, so that it has another value.
const CHANGES: &[(&str, &str, &str)] = &[
    ("agent.name", "name = \"one\"", "name = \"two\""),
    ("agent.persona", "\"p.md\"", "\"q.md\""),
    ("agent.documents", "faq.md", "other.md"),
    ("agent.history", "history = 3", "history = 4"),
    ("agent.approval", "approval = \"always\"\nconf", "approval = \"never\"\nconf"),
    ("agent.confidence_threshold", "0.7", "0.71"),
    ("agent.approval_expires", "approval_expires = \"1h\"", "approval_expires = \"2h\""),
    ("agent.link_hosts", "a.example.com", "x.example.com"),
    ("agent.image_hosts", "b.example.com", "x.example.com"),
    ("agent.media_hosts", "c.example.com", "x.example.com"),
    ("agent.default_automation", "default_automation = \"reply\"", "default_automation = \"ignore\""),
    ("models.triage", "\"gemini-flash-lite-latest\"", "\"gemini-flash-lite-9\""),
    ("models.answer", "answer = \"gemini-pro-latest\"", "answer = \"gemini-pro-9\""),
    ("models.fallback", "[\"gemini-flash-latest\"]", "[\"gemini-flash-latest\", \"gemini-flash-9\"]"),
    ("models.api_version", "api_version = \"v1beta\"", "api_version = \"v1\""),
    ("models.endpoints", "https://one.example.com", "https://two.example.com"),
    ("models.patience", "patience = \"10s\"", "patience = \"20s\""),
    ("models.fallback_after", "fallback_after = \"10m\"", "fallback_after = \"20m\""),
    ("models.cache_ttl", "cache_ttl = \"1h\"", "cache_ttl = \"2h\""),
    ("models.service_tier", "bulk = \"standard\"", "bulk = \"flex\""),
    ("models.limits", "rpm = 10", "rpm = 20"),
    ("budget", "per_day_usd = 20", "per_day_usd = 30"),
    ("api", "callback_hosts = [\"one", "callback_hosts = [\"two"),
    ("network", "internal_hosts = [\"one", "internal_hosts = [\"two"),
    ("shadow", "share = 0.2", "share = 0.3"),
    ("approvals", "U0000001", "U0000002"),
    ("sources", "mode = \"live\"", "mode = \"shadow\""),
    (
        "sources.source.automation",
        "[sources.slack]\nautomation = \"reply\"",
        "[sources.slack]\nautomation = \"ignore\"",
    ),
    ("intents.name", "name = \"bug\"", "name = \"defect\""),
    ("intents.when", "it is broken", "it is quite broken"),
    ("intents.automation", "automation = \"reply\"\npriority", "automation = \"ignore\"\npriority"),
    ("intents.priority", "priority = 3", "priority = 4"),
    ("intents.fallback", "fallback.md", "other.md"),
    ("intents.prompt", "prompt.md", "other.md"),
    ("automations.calls_per_host", "calls_per_host = 10", "calls_per_host = 11"),
    ("automations.label.allowed", "allowed = [\"one\"]", "allowed = [\"two\"]"),
    ("automations.summarise.channel", "C0000002", "C0000003"),
    ("automations.refund_request.max_amount.NAME", "usd = 5.00", "usd = 6.00"),
    ("automations.http.NAME.method", "method = \"POST\"", "method = \"PUT\""),
    ("automations.http.NAME.url", "api.example.com/one", "api.example.com/two"),
    ("automations.http.NAME.headers.NAME", "AUTOMATION_ONE", "AUTOMATION_TWO"),
    ("automations.http.NAME.body", "text = \"one\"", "text = \"two\""),
    ("automations.http.NAME.parameters", "user = {", "name = {"),
    ("automations.http.NAME.repeatable", "repeatable = false", "repeatable = true"),
    ("automations.http.NAME.approval", "false\napproval = \"always\"", "false\napproval = \"never\""),
];

/// Keys of `[models.generation]`, and of its `triage` and `answer`.
const GENERATION: [(&str, &str); 9] = [
    ("max_output_tokens", "max_output_tokens = 4096"),
    ("temperature", "temperature = 0.5"),
    ("top_p", "top_p = 0.5"),
    ("top_k", "top_k = 5"),
    ("stop_sequences", "stop_sequences = [\"-\"]"),
    ("seed", "seed = 5"),
    ("thinking.level", "thinking = { level = \"high\" }"),
    ("thinking.budget", "thinking = { budget = 512 }"),
    ("thinking.include_thoughts", "thinking = { level = \"low\", include_thoughts = true }"),
];

fn version(dir: &Path, text: &str) -> String {
    let settings = Settings::parse(text, dir).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"));
    settings.version("1").id
}

/// The keys of `schema` that have no keys within, in the writing of the tables above.
fn leaves(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let Value::Object(words) = schema else { return };
    let mut within = BTreeSet::new();
    for (word, value) in words {
        match (word.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(own)) if !path.ends_with(".parameters") => {
                for (key, value) in own {
                    let key = if word == "properties" { key } else { "NAME" };
                    let dot = if path.is_empty() { "" } else { "." };
                    leaves(value, &format!("{path}{dot}{key}"), &mut within);
                }
            }
            ("items", value) => leaves(value, path, &mut within),
            ("anyOf" | "allOf", Value::Array(ways)) => {
                ways.iter().for_each(|way| leaves(way, path, &mut within));
            }
            _ => {}
        }
    }
    within.remove(path);
    if within.is_empty() {
        within.insert(path.to_owned());
    }
    found.extend(within);
}

fn is_versioned(key: &str) -> bool {
    let is_below = |list: &[&str]| {
        list.iter()
            .any(|of| key.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
    };
    is_below(&VERSIONED) || !is_below(&UNVERSIONED)
}

#[test]
fn every_key_but_those_of_the_list_makes_another_version() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["p.md", "q.md", "faq.md", "other.md", "prompt.md", "fallback.md"] {
        std::fs::write(dir.path().join(file), format!("The text of {file}.")).unwrap();
    }
    std::fs::write(dir.path().join("next.toml"), "[agent]\npersona = \"p.md\"\n[sources.slack]\n").unwrap();
    let plain = AGENT.replace("GENERATION\n", "");
    let known = version(dir.path(), &plain);
    assert_eq!(version(dir.path(), &plain), known);
    let mut tried = BTreeSet::new();
    for (key, from, to) in CHANGES {
        assert_eq!(plain.matches(from).count(), 1, "{key}: {from}");
        let changed = version(dir.path(), &plain.replace(from, to)) != known;
        assert_eq!(changed, is_versioned(key), "{key}");
        tried.insert((*key).to_owned());
    }
    for (section, prefix) in
        [("", ""), ("[models.generation.triage]\n", "triage."), ("[models.generation.answer]\n", "answer.")]
    {
        for (key, line) in GENERATION {
            let other = version(dir.path(), &AGENT.replace("GENERATION", &format!("{section}{line}")));
            assert_ne!(other, known, "{prefix}{key}");
            tried.insert(format!("models.generation.{prefix}{key}"));
        }
    }
    let mut keys = BTreeSet::new();
    leaves(&serde_json::from_str(&settings::schema()).unwrap(), "", &mut keys);
    keys.retain(|key| is_versioned(key));
    let untried: Vec<&String> = keys.difference(&tried).collect();
    assert!(keys.len() > 50 && untried.is_empty(), "no change of these is tried: {untried:#?}");
}

#[test]
fn the_manual_lists_what_makes_no_other_version() {
    let manual =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/eval.md")).unwrap();
    let listed = manual.split("changes no version:").nth(1).unwrap().split("\n\n").next().unwrap();
    for key in UNVERSIONED.iter().chain(&VERSIONED) {
        let name = key.rsplit('.').next().unwrap();
        assert!(
            listed.contains(&format!("`{name}`")) || listed.contains(&format!("`[{name}]`")),
            "{key}: {listed}"
        );
    }
}
