//! What agent.toml and the environment may not say, and what the refusal must not repeat.

use std::path::Path;

use settings::{Environment, Settings};

use super::scene::Record;

const GITHUB: &str = "[sources.github]\n";

fn agent_toml(text: &str) -> Result<(), String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent");
    Settings::parse(&format!("{GITHUB}{text}"), &dir).map(drop).map_err(|mistakes| mistakes.to_string())
}

fn call(rest: &str) -> String {
    format!(
        "[[intents]]\nname = \"reset\"\nwhen = \"x\"\nautomation = \"http.reset\"\n[automations.http.reset]\n\
         parameters = {{ properties = {{ host = {{ type = \"string\" }} }} }}\n{rest}\n"
    )
}

pub(super) fn run() -> Vec<Record> {
    let mut records = Vec::new();
    let mut refused = |name: &str, result: Result<(), String>, hidden: &str| {
        let broken = match result {
            Ok(()) => Some(format!("configuration: {name} was taken")),
            Err(said) if !hidden.is_empty() && said.contains(hidden) => {
                Some(format!("configuration: {name}: the refusal repeats `{hidden}`"))
            }
            Err(_) => None,
        };
        records.push(Record { broken });
    };
    for (name, text) in [
        ("a callback to every host", "[api]\ncallback_hosts = [\"*\"]".to_owned()),
        ("a callback host with a path", "[api]\ncallback_hosts = [\"a.example/x\"]".to_owned()),
        ("a callback host with a user", "[api]\ncallback_hosts = [\"u@a.example\"]".to_owned()),
        ("an internal network", "[network]\ninternal_hosts = [\"10.0.0.0/8\"]".to_owned()),
        ("every internal host", "[network]\ninternal_hosts = [\"*.internal\"]".to_owned()),
        ("a call whose host a stranger chooses", call("url = \"https://{host}/x\"")),
        ("a call whose port a stranger chooses", call("url = \"https://a.example:{host}/x\"")),
        ("a call with a password", call("url = \"https://u:hunter2@a.example/x\"")),
        ("a call without encryption", call("url = \"http://a.example/x\"")),
        ("a call of a file", call("url = \"file:///etc/passwd\"")),
        (
            "a header of somebody else's credential",
            call("url = \"https://a.example/x\"\nheaders = { X = \"GITHUB_TOKEN\" }"),
        ),
        (
            "a header with a line break",
            call("url = \"https://a.example/x\"\nheaders = { \"X\\r\\nY\" = \"AUTOMATION_X\" }"),
        ),
        (
            "another host by a header",
            call("url = \"https://a.example/x\"\nheaders = { Host = \"AUTOMATION_X\" }"),
        ),
        ("a source whose name leaves the route", "[sources.\"../tasks\"]\nprovider = \"github\"".to_owned()),
        (
            "two sources with one variable",
            "[sources.a-b]\nprovider = \"github\"\n[sources.a_b]\nprovider = \"github\"".to_owned(),
        ),
        ("a source of one's own without a scheme", "[sources.own]\nprovider = \"custom\"".to_owned()),
        (
            "a signature over nothing",
            "[sources.own]\nscheme = { header = \"X\", encoding = \"hex\", signed = \"x\" }".to_owned(),
        ),
        ("links to machines of the network", "[agent]\nlink_hosts = [\"localhost\"]".to_owned()),
        ("images of an address", "[agent]\nmedia_hosts = [\"169.254.169.254\"]".to_owned()),
        (
            "an approver who is no account",
            "[approvals.slack]\nchannel = \"C0A\"\napprovers = [\"*\"]\n[sources.slack]".to_owned(),
        ),
        (
            "approvals in no channel",
            "[approvals.slack]\napprovers = [\"U2CERLKJA\"]\n[sources.slack]".to_owned(),
        ),
        ("a threshold that everything passes", "[agent]\nconfidence_threshold = -1".to_owned()),
        ("an unknown policy", "[agent]\napproval = \"sometimes\"".to_owned()),
        ("a misspelt bound", "[budget]\nper_day_used = 5".to_owned()),
        ("an age of nothing", "[sources.jira]\nmax_event_age = \"0s\"".to_owned()),
    ] {
        refused(name, agent_toml(&text), "hunter2");
    }
    let environment = |pairs: &[(&str, &str)]| {
        Environment::from_map(pairs.iter().copied()).map(drop).map_err(|mistakes| mistakes.to_string())
    };
    for (name, pairs) in [
        ("a password in an address", [("GEMINI_BASE_URL", "https://u:hunter2@x.example")].as_slice()),
        ("a line break in a key", &[("GEMINI_API_KEY", "hunter2\r\nx: y")]),
        ("an address that is no address", &[("GITHUB_API_URL", "file:///hunter2")]),
        ("a console token without a name", &[("CONSOLE_TOKEN", "hunter2")]),
        ("an app without its key", &[("GITHUB_APP_ID", "7")]),
        ("a query in an address", &[("SLACK_API_URL", "https://x.example/api?token=hunter2")]),
    ] {
        refused(name, environment(pairs), "hunter2");
    }
    let shared =
        Environment::from_map([("GITHUB_WEBHOOK_SECRET", "hunter2"), ("JIRA_WEBHOOK_SECRET", "hunter2")]);
    let apart = shared.unwrap().check_apart(["github", "jira"]).map_err(|mistakes| mistakes.to_string());
    refused("one secret for two sources", apart, "hunter2");
    records
}
