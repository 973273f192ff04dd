//! What somebody does who begins: makes an agent, tells a sender, checks it all.

use std::path::Path;

use e2e::world::World;
use serde_json::Value;

use crate::binary::{Process, afterhook, run};

/// Makes an agent in `folder`.
async fn init(folder: &Path, example: &str) -> String {
    let mut command = afterhook([]);
    let said = run(command.arg("init").arg(folder).args(["--example", example])).await;
    said.assert_success().stdout.clone()
}

#[tokio::test]
async fn an_agent_of_ones_own_is_checked_and_run_by_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    for example in ["maintainer", "support", "incidents"] {
        let folder = dir.path().join(example);
        let told = init(&folder, example).await;
        assert!(told.contains("agent.toml") && told.contains("afterhook check"), "{told}");
        let checked = run(afterhook([]).args(["check", "--config"]).arg(&folder)).await;
        assert!(checked.assert_success().stdout.contains("is sound"), "{checked:?}");
        let mut dev = afterhook([("AFTERHOOK_CONFIG", folder.display().to_string())]);
        dev.args(["dev", "--once", "--json", "--port", "0", "--data-dir"]).arg(dir.path().join("data"));
        let said = run(&mut dev).await;
        let last = said.assert_success().stdout.lines().last().unwrap().to_owned();
        let ended: Value = serde_json::from_str(&last).unwrap();
        assert_eq!(ended["task"]["status"], "awaiting_approval", "{example}: {last}");
        std::fs::remove_dir_all(dir.path().join("data")).unwrap();
    }
    let again = run(afterhook([]).arg("init").arg(dir.path().join("support"))).await;
    again.assert_failure(&["is not empty"]);
}

#[tokio::test]
async fn setup_prints_what_the_sender_is_told() {
    let setup = async |rest: &[&str]| run(afterhook([]).arg("setup").args(rest)).await;
    let github = setup(&["github", "--url", "hooks.example.com", "--json"]).await;
    let github = github.assert_success().json();
    assert_eq!(github["webhook_url"], "https://hooks.example.com/webhooks/github");
    assert_eq!(github["manifest"]["hook_attributes"]["url"], github["webhook_url"]);
    // agent/agent.toml takes these.
    assert_eq!(github["manifest"]["default_events"], serde_json::json!(["issue_comment", "issues"]));
    assert!(github["variables"][0]["value"].as_str().unwrap().len() >= 32, "{github}");
    let slack = setup(&["slack", "--url", "https://hooks.example.com"]).await;
    let text = &slack.assert_success().stdout;
    for part in
        ["\"request_url\": \"https://hooks.example.com/webhooks/slack\"", "SLACK_SIGNING_SECRET", "xoxb"]
    {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
    setup(&["nonsense"]).await.assert_misspelt(&["nonsense", "github", "zendesk"]);
    setup(&["github", "--url", "ftp://x"]).await.assert_misspelt(&["--url ftp://x"]);
}

#[tokio::test]
async fn a_secret_of_the_environment_is_not_printed_by_setup() {
    let world = World::new().await;
    let said = run(afterhook(world.variables()).args(["setup", "github", "--json"])).await;
    let sheet = said.assert_success().json();
    assert_eq!(sheet["variables"][0]["value"], Value::Null);
    for (name, value) in world.variables().into_iter().filter(|(name, _)| !name.ends_with("URL")) {
        assert!(!said.stdout.contains(&value), "{name}");
    }
}

#[tokio::test]
async fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = run(afterhook([]).args(["completions", shell])).await;
        let script = &said.assert_success().stdout;
        assert!(script.contains("afterhook") && script.contains("completions"), "{shell}");
        // The scripts of the other shells complete no words, but commands and options alone.
        assert!(
            !["bash", "zsh"].contains(&shell) || script.contains("shopify"),
            "{shell}: the senders of `setup`"
        );
    }
}

/// The lines of `check --online`, by what was looked at.
async fn online(world: &World, more: &[(&'static str, String)], url: &str) -> (i32, Vec<Value>) {
    let mut command = afterhook(world.variables().into_iter().chain(more.iter().cloned()));
    let said = run(command.args(["check", "--online", "--json", "--url", url])).await;
    let lines = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (said.status.code().unwrap(), lines)
}

fn of<'l>(lines: &'l [Value], what: &str) -> &'l Value {
    lines.iter().find(|line| line["check"] == what).unwrap_or_else(|| panic!("{what}: {lines:#?}"))
}

#[tokio::test]
async fn check_online_says_of_each_thing_whether_it_works() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    world.github.set_hook(&format!("{}/webhooks/github", process.url), "secret");
    let (code, lines) = online(&world, &[], &process.url).await;
    assert_eq!(code, 0, "{lines:#?}");
    for what in [
        "model gemini-pro-latest",
        "model gemini-flash-lite-latest",
        "GitHub account",
        "GitHub permissions",
        "GitHub hook of [sources.github]",
        "webhook github",
    ] {
        assert_eq!(of(&lines, what)["state"], "ok", "{lines:#?}");
    }
    assert!(of(&lines, "GitHub account")["said"].as_str().unwrap().contains("afterhook"));
    let mut learnt = afterhook(world.variables());
    learnt.args(["check", "--url", &process.url, "--data-dir"]).arg(dir.path());
    let said = run(&mut learnt).await;
    assert!(said.status.success() && !said.stdout.contains("is not known"), "{said:?}");
    // A fine-grained token says nothing of itself, and is tried out.
    let fine = [("GITHUB_TOKEN", "github_pat_of_the_tests".to_owned())];
    let (code, lines) = online(&world, &fine, &process.url).await;
    let permissions = of(&lines, "GitHub permissions");
    assert_eq!((code, &permissions["state"]), (0, &"ok".into()), "{lines:#?}");
    assert!(permissions["said"].as_str().unwrap().ends_with("in octo/repo"), "{permissions}");
    // To a source that names no `hooks`, another repository may send than those of other sources.
    let config = dir.path().join("agent.toml");
    let sources = "[sources.github]\nhooks = [\"octo/repo\"]\n[sources.forge]\nprovider = \"github\"\n";
    std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
    std::fs::write(&config, format!("[agent]\npersona = \"p.md\"\n{sources}")).unwrap();
    let two = [
        ("AFTERHOOK_CONFIG", config.display().to_string()),
        ("FORGE_WEBHOOK_SECRET", "another-secret-of-the-tests".to_owned()),
    ];
    let (_, lines) = online(&world, &two, &process.url).await;
    assert_eq!(of(&lines, "GitHub hook of [sources.github]")["state"], "ok", "{lines:#?}");
    assert_eq!(of(&lines, "GitHub hook of [sources.forge]")["state"], "skip", "{lines:#?}");
    // Whoever has registered no webhook is not told that all is well.
    let sources = "[sources.github]\n[sources.zendesk]\nsubdomain = \"acme\"\n[sources.billing]\n\
        provider = \"stripe\"\nautomation = \"ignore\"\n";
    std::fs::write(&config, format!("[agent]\npersona = \"p.md\"\n{sources}")).unwrap();
    let (_, lines) = online(&world, &two, &process.url).await;
    for (source, sender) in [("zendesk", "Zendesk"), ("billing", "billing")] {
        let line = of(&lines, &format!("registration of [sources.{source}]"));
        assert_eq!(line["state"], "skip", "{line}");
        let address = format!("see that {sender} has the address {}/webhooks/{source}:", process.url);
        assert!(line["said"].as_str().unwrap().contains(&address), "{line}");
    }
    assert!(lines.iter().all(|line| line["check"] != "registration of [sources.github]"), "{lines:#?}");
    // Nothing was made by it.
    assert_eq!(process.api().get("/tasks").await.json()["tasks"], serde_json::json!([]));
    process.kill().await;
}

#[tokio::test]
async fn check_online_says_how_to_mend_what_is_wrong() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    let wrong = [("GITHUB_WEBHOOK_SECRET", "another".to_owned()), ("GITHUB_TOKEN", "INVALID".to_owned())];
    let (code, lines) = online(&world, &wrong, &process.url).await;
    assert_eq!(code, 1);
    for (what, mend) in [("webhook github", "GITHUB_WEBHOOK_SECRET"), ("GitHub account", "GITHUB_TOKEN")] {
        let line = of(&lines, what);
        assert_eq!(line["state"], "wrong", "{line}");
        assert!(line["mend"].as_str().unwrap().contains(mend), "{line}");
    }
    // Its hook sends to another address, and its token may write nothing.
    let reads = [("GITHUB_TOKEN", "github_pat_reads".to_owned())];
    let (code, lines) = online(&world, &reads, &process.url).await;
    assert_eq!(code, 1, "{lines:#?}");
    let permissions = of(&lines, "GitHub permissions");
    let lacks = "the token lacks issues: write, pull_requests: write in octo/repo";
    assert_eq!(
        (&permissions["state"], &permissions["said"]),
        (&"wrong".into(), &lacks.into()),
        "{permissions}"
    );
    let hook = of(&lines, "GitHub hook of [sources.github]");
    let to = format!("set the hook's URL to {}/webhooks/github;", process.url);
    assert!(hook["mend"].as_str().unwrap().starts_with(&to), "{hook}");
    let url = process.url.clone();
    process.kill().await;
    let (code, lines) = online(&world, &[], &url).await;
    assert_eq!((code, &of(&lines, &url)["state"]), (1, &"wrong".into()));
    let config = dir.path().join("agent.toml");
    std::fs::write(dir.path().join("persona.md"), "You are careful.").unwrap();
    let text = "[agent]\npersona = \"persona.md\"\n[models]\nanswer = \"gemini-0-none\"\n[budget]\n[sources.github]\n";
    std::fs::write(&config, text).unwrap();
    let mut command = afterhook(world.variables());
    let said = run(command.args(["check", "--online", "--config"]).arg(dir.path())).await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    let line = said.stdout.lines().find(|line| line.contains("gemini-0-none: 404")).unwrap();
    assert!(line.starts_with("wrong model") && line.contains("-> write a model that exists"), "{line}");
}
