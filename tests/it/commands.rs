//! The command line, run as a user runs it.

use std::path::Path;
use std::time::Duration;

use e2e::emulator::Emulator;
use e2e::hooks;
use e2e::world::{TOKEN, World};
use serde_json::Value;
use standins::gemini::{Fault, FaultRule, Refusal};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::binary::{Process, Said, afterhook, run};

const ISSUE: &str = "events/bodies/github/issues.opened.json";

/// `afterhook dev` with nothing in the environment.
fn dev(data_dir: &Path, rest: &[&str]) -> Command {
    let mut command = afterhook([]);
    command.args(["dev", "--port", "0", "--data-dir"]).arg(data_dir).args(rest);
    command
}

#[tokio::test]
async fn dev_once_shows_the_posted_comment_and_exits_0_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let said = run(&mut dev(dir.path(), &["--once"])).await;
        let stdout = &said.assert_success().stdout;
        for part in ["ready on http://127.0.0.1:", "posted comment http", "  | ", "GITHUB_WEBHOOK_SECRET="] {
            assert!(stdout.contains(part), "`{part}` is not in {stdout}");
        }
        assert!(stdout.contains("  picked up\n") && !stdout.contains("claimed"), "{stdout}");
        assert_eq!(said.stderr, "", "no log cuts through the story, wherever both go");
    }
    let journal = std::fs::read_to_string(dir.path().join("github.jsonl")).unwrap();
    assert_eq!(journal.lines().filter(|line| line.contains("<!-- afterhook:")).count(), 2);
}

#[tokio::test]
async fn dev_once_ends_with_the_reason_and_the_whole_advice_when_the_model_refuses_all_calls() {
    for (refusal, reason, advice) in [
        (Refusal::LeakedKey, "reported as leaked", "look where the old one stood"),
        (Refusal::Credits, "credits are depleted", "or raise its cap, in AI Studio"),
        (Refusal::Retired, "no longer available", "(the `-latest` names exist in v1beta only)"),
        (Refusal::Location, "location is not supported", "where only the free tier is missing"),
        (Refusal::Denied, "has been denied access", "or use a key of another project"),
    ] {
        let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
        world.break_model(FaultRule::always(Fault::Refused(refusal)));
        let mut command = afterhook(world.variables());
        command.args(["dev", "--once", "--port", "0", "--data-dir"]).arg(dir.path());
        let said = run(&mut command).await;
        said.assert_failure(&["the model cannot be used", reason]);
        assert!(said.stderr.trim_end().ends_with(advice), "{}", said.stderr);
    }
}

/// What is known of the models rests in the data directory; and the key may be good for one of them.
#[tokio::test]
async fn a_key_that_is_refused_later_or_for_one_model_ends_dev_once_as_well() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let mut once = afterhook(world.variables());
    once.args(["dev", "--once", "--port", "0", "--data-dir"]).arg(dir.path());
    run(&mut once).await.assert_success();
    let leaked = || FaultRule::always(Fault::Refused(Refusal::LeakedKey));
    for rule in [leaked().on("gemini-pro-latest"), leaked()] {
        world.break_model(rule);
        run(&mut once).await.assert_failure(&["the model cannot be used", "reported as leaked"]);
    }
}

#[tokio::test]
async fn no_secret_is_ever_shown_or_logged() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let mut command = afterhook(world.variables());
    command
        .env("AFTERHOOK_LOG", "debug")
        .args(["dev", "--once", "--port", "0", "--data-dir"])
        .arg(dir.path());
    let said = run(&mut command).await;
    let all = format!("{}{}", said.assert_success().stdout, said.stderr);
    assert!(all.contains("on this machine: not the service's own address"), "{all}");
    assert!(!all.contains(": real"), "{all}");
    for (name, value) in world.variables().into_iter().filter(|(name, _)| !name.ends_with("URL")) {
        let secret = value.rsplit(':').next().unwrap();
        assert!(!all.contains(secret), "{name} is shown");
    }
}

#[tokio::test]
async fn dev_on_aws_services_does_the_same_and_finds_its_tasks_again() {
    let (dir, emulator) = (tempfile::tempdir().unwrap(), Emulator::shared());
    let aws = |rest: &[&str]| {
        let mut command = afterhook(emulator.environment());
        command.env("CONSOLE_TOKEN", format!("ann:{TOKEN}"));
        command.args(["dev", "--aws", "--port", "0", "--data-dir"]).arg(dir.path()).args(rest);
        command
    };
    let said = run(&mut aws(&["--once"])).await;
    let stdout = &said.assert_success().stdout;
    assert!(stdout.contains("DynamoDB") && stdout.contains("posted comment http"), "{stdout}");
    let again = Process::start(&mut aws(&["--no-sample"])).await;
    let tasks = again.api().get("/tasks?status=completed").await.json();
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);
    again.kill().await;
}

#[tokio::test]
async fn dev_json_speaks_in_json_lines() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(&mut dev(dir.path(), &["--once", "--json"])).await;
    let lines: Vec<&str> = said.assert_success().stdout.lines().collect();
    let events: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((names.first(), names.last()), (Some(&"started"), Some(&"ended")));
    assert!(names.contains(&"step"), "{names:?}");
    let ready: Vec<&Value> = events.iter().filter(|event| event["event"] == "ready").collect();
    assert_eq!(ready.len(), 1, "{names:?}");
    let (url, message) = (ready[0]["url"].as_str().unwrap(), ready[0]["message"].as_str().unwrap());
    assert_eq!(
        message,
        format!("ready on {url} until Ctrl-C"),
        "the words of people, for who looks for them"
    );
    assert_eq!(events.last().unwrap()["task"]["status"], "completed");
    assert!(events[0]["services"].as_array().unwrap().iter().all(|service| service["standin"] == true));
    for line in said.stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "the log is JSON as well: {line}");
    }
}

#[tokio::test]
async fn dev_on_a_port_in_use_says_how_to_choose_another() {
    let (dir, taken) = (tempfile::tempdir().unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = afterhook([]);
    command.args(["dev", "--no-sample", "--port", &port, "--data-dir"]).arg(dir.path());
    run(&mut command).await.assert_failure(&[&port, "--port N"]);
}

#[tokio::test]
async fn dev_on_a_data_directory_in_use_refuses() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let _first = Process::dev(&world, dir.path()).await;
    let said = run(&mut dev(dir.path(), &["--once"])).await;
    said.assert_failure(&[dir.path().to_str().unwrap()]);
}

#[tokio::test]
async fn dev_without_a_sample_serves_and_has_no_task() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    assert_eq!(process.api().get("/tasks").await.json()["tasks"], serde_json::json!([]));
    assert_eq!(process.api().get_as("/health", None).await.status, 200);
    process.kill().await;
}

#[tokio::test]
async fn an_unknown_key_in_agent_toml_is_named_with_its_line_and_what_was_meant() {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("agent.toml");
    std::fs::write(dir.path().join("persona.md"), "You are a maintainer.").unwrap();
    let text = "[agent]\npersona = \"persona.md\"\nconfidence_treshold = 0.9\n[models]\n[sources.github]\n";
    std::fs::write(&config, text).unwrap();
    let words = ["agent.toml", "3", "confidence_treshold", "confidence_threshold"];
    let config = config.to_str().unwrap();
    run(&mut dev(dir.path(), &["--once", "--config", config])).await.assert_failure(&words);
    run(afterhook([]).args(["check", "--config", config])).await.assert_failure(&words);
}

#[tokio::test]
async fn check_shows_the_limits_and_never_a_secret() {
    let world = World::new().await;
    let said = run(afterhook(world.variables()).arg("check")).await;
    let stdout = &said.assert_success().stdout;
    for part in ["agent/agent.toml is sound", "gemini-pro-latest", "90", "GITHUB_WEBHOOK_SECRET: set"] {
        assert!(stdout.contains(part), "`{part}` is not in {stdout}");
    }
    for (name, value) in world.variables() {
        assert!(name.ends_with("URL") || !stdout.contains(&value), "{name} is shown");
    }
    assert!(!stdout.contains(TOKEN));
}

#[tokio::test]
async fn check_fails_for_an_environment_that_makes_no_sense() {
    let said = run(afterhook([("GEMINI_BASE_URL", "nonsense".to_owned())]).arg("check")).await;
    said.assert_failure(&["GEMINI_BASE_URL"]);
}

/// `send` and `tasks` against a running `dev` that made its secrets up.
#[tokio::test]
async fn an_event_that_was_sent_can_be_followed_with_the_tasks_command() {
    let dir = tempfile::tempdir().unwrap();
    let process = Process::start(&mut dev(dir.path(), &["--no-sample"])).await;
    let url = process.url.clone();
    let send = |rest: &'static [&'static str]| {
        let mut command = afterhook([]);
        command.args(["send", ISSUE, "--to", &url, "--data-dir"]).arg(dir.path()).args(rest);
        command
    };
    let sent = run(&mut send(&[])).await;
    assert!(sent.assert_success().stdout.starts_with("202 {\"status\":\"accepted\""), "{sent:?}");
    let again = run(&mut send(&[])).await;
    assert!(again.assert_success().stdout.contains("duplicate"), "{again:?}");
    let fresh = run(&mut send(&["--fresh"])).await;
    assert!(fresh.assert_success().stdout.contains("accepted"), "{fresh:?}");
    let mut forge = afterhook([("GITHUB_WEBHOOK_SECRET", "another".to_owned())]);
    let json = run(&mut send(&["--fresh", "--json", "--wait"])).await;
    let lines: Vec<Value> =
        json.assert_success().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&lines[0]["status"], &lines[0]["answer"]["status"]),
        (&202.into(), &"accepted".into()),
        "{json:?}"
    );
    assert_eq!((lines.len(), &lines[1]["task_id"]), (2, &lines[0]["answer"]["task_id"]), "{json:?}");
    let forged = run(forge.args(["send", ISSUE, "--to", &url])).await;
    forged.assert_failure(&["signed with GITHUB_WEBHOOK_SECRET of the environment"]);
    let list = completed(&url, dir.path(), 3).await;
    let id = list[1]["task_id"].as_str().unwrap();
    let shown = tasks(&url, dir.path(), &["show", id, "--json"]).await.json();
    assert_eq!((&shown["task_id"], &shown["status"]), (&id.into(), &"completed".into()));
    let told = tasks(&url, dir.path(), &["show", id]).await;
    assert!(told.stdout.contains("issues.opened") && told.stdout.contains("published http"), "{told:?}");
    for plain in ["  picked up\n", "  cost        $0.", " simulated\n"] {
        assert!(told.stdout.contains(plain), "`{plain}` is not in {told:?}");
    }
    let lines = || told.stdout.lines().map(str::trim);
    assert!(lines().any(|line| line.contains("s ago ") && line.ends_with("  received")), "{told:?}");
    assert!(
        lines().filter(|line| line.starts_with("received ")).all(|line| line.ends_with("s ago")),
        "{told:?}"
    );
    let refused = tasks(&url, dir.path(), &["retry", id]).await;
    refused.assert_failure(&["409", "completed"]);
    let unknown = tasks(&url, dir.path(), &["show", "nonsense"]).await;
    unknown.assert_failure(&["404"]);
    process.kill().await;
}

async fn tasks(url: &str, data_dir: &Path, rest: &[&str]) -> Said {
    let mut command = afterhook([]);
    run(command.args(["tasks", "--url", url, "--data-dir"]).arg(data_dir).args(rest)).await
}

/// The list, once it has so many completed tasks.
async fn completed(url: &str, data_dir: &Path, count: usize) -> Vec<Value> {
    for _ in 0..200 {
        let list = tasks(url, data_dir, &["list", "--status", "completed", "--json"]).await;
        let lines = list.assert_success().stdout.lines();
        let list: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        if list.len() == count {
            return list;
        }
    }
    panic!("the tasks never completed")
}

#[tokio::test]
async fn a_parked_draft_is_approved_from_the_command_line() {
    let world = World::scripted(e2e::world::triage_says("question", 0.3, false)).await;
    let dir = tempfile::tempdir().unwrap();
    let process = Process::dev(&world, dir.path()).await;
    let api = process.api();
    let id = api.accept(7).await;
    api.until(&id, "awaiting_approval").await;
    let mut approve = afterhook(world.variables());
    approve.args(["tasks", "--url", &process.url, "approve", &id, "--text", "Said by a person."]);
    run(&mut approve).await.assert_success();
    api.until(&id, "completed").await;
    assert!(world.comments(7)[0].body.starts_with("Said by a person."));
    process.kill().await;
}

#[tokio::test]
async fn send_to_nobody_says_so() {
    let world = World::new().await;
    let mut command = afterhook(world.variables());
    // Port 9 is nobody's: nothing on this machine may listen there.
    command.args(["send", ISSUE, "--to", "http://127.0.0.1:9"]);
    run(&mut command).await.assert_failure(&["127.0.0.1:9"]);
}

#[tokio::test]
async fn a_printed_event_is_one_of_api_gateway_with_a_signature_that_holds() {
    let world = World::new().await;
    let mut command = afterhook(world.variables());
    let event = run(command.args(["send", ISSUE, "--print-event"])).await.assert_success().json();
    assert_eq!((&event["version"], &event["rawPath"]), (&"2.0".into(), &"/webhooks/github".into()));
    let body = event["body"].as_str().unwrap();
    let signed = hooks::signed("issues", body.as_bytes());
    assert_eq!(event["headers"]["x-hub-signature-256"], signed["x-hub-signature-256"].to_str().unwrap());
    assert_eq!(event["headers"]["x-github-event"], "issues");
}

/// Thirty events, an outage and a crash; what must hold after them is said and decides the exit code.
#[tokio::test]
async fn the_demo_loses_nothing_and_says_nothing_twice() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    // Credentials make no difference: a demo is for nobody's repository.
    let mut demo = afterhook(world.variables());
    demo.args(["dev", "--demo", "--once", "--json", "--port", "0", "--data-dir"]).arg(dir.path());
    let said = run(&mut demo).await;
    let lines = said.assert_success().stdout.lines();
    let lines: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let held: Vec<&Value> = lines.iter().filter(|line| line["event"] == "held").collect();
    assert_eq!(held.len(), 4, "{said:?}");
    assert!(held.iter().all(|line| line["holds"] == true), "{held:?}");
    let last = lines.last().unwrap()["what"].as_str().unwrap();
    assert!(
        last.contains("--once") && !last.contains("http"),
        "nobody is led to an address that is gone: {last}"
    );
    let counts =
        lines.iter().rfind(|line| line["event"] == "seen" && line["what"].to_string().contains(", "));
    for status in ["awaiting_approval", "completed", "expired", "failed", "ignored", "rejected", "waiting"] {
        assert!(counts.unwrap()["what"].as_str().unwrap().contains(status), "{status}: {counts:?}");
    }
    assert!(world.gemini.requests().is_empty() && world.github.requests().is_empty());
}

/// The shipped agent with a change, in a folder of its own.
fn changed_agent(from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/.");
    let copied = std::process::Command::new("cp").args(["-r", shipped]).arg(dir.path()).status().unwrap();
    assert!(copied.success());
    let file = dir.path().join("agent.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
    dir
}

#[tokio::test]
async fn dev_once_ends_with_the_mend_when_the_budget_is_below_a_call() {
    let (dir, agent) =
        (tempfile::tempdir().unwrap(), changed_agent("per_day_usd = 20", "per_day_usd = 0.001"));
    // In the minute before midnight it waits for the next day's budget first.
    let mut command = dev(dir.path(), &["--once", "--config"]);
    let ends = tokio::time::timeout(Duration::from_secs(120), command.arg(agent.path()).output());
    let output = ends.await.expect("it ends by itself").unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    for part in ["the sample is put off until", "$0.001", "per_day_usd in agent.toml"] {
        assert!(stderr.contains(part), "`{part}` is not in {stderr}");
    }
}

#[tokio::test]
async fn dev_once_says_that_nothing_was_published_in_shadow() {
    let (dir, agent) = (
        tempfile::tempdir().unwrap(),
        changed_agent("[sources.github]", "[sources.github]\nmode = \"shadow\""),
    );
    let said = run(dev(dir.path(), &["--once", "--config"]).arg(agent.path())).await;
    let stdout = &said.assert_success().stdout;
    assert!(stdout.contains("drafted, published nothing (shadow)") && !stdout.contains("posted"), "{stdout}");
}

#[tokio::test]
async fn what_is_misspelt_on_the_command_line_exits_2() {
    for line in [&["deliveries", "--outcome", "bogus"][..], &["token", "ada/bogus"], &["token", "a:b"]] {
        let said = run(afterhook([]).args(line)).await;
        assert_eq!(said.status.code(), Some(2), "{said:?}");
    }
}

#[tokio::test]
async fn a_sample_of_a_sender_without_a_source_is_refused_with_the_table_to_add() {
    let mut send = afterhook([]);
    send.args(["send", "events/bodies/slack/app_mention.json", "--to", "http://127.0.0.1:9"]);
    run(&mut send).await.assert_misspelt(&[
        "add that table",
        "`afterhook setup slack`",
        "--source one of: github",
    ]);
}

#[tokio::test]
async fn without_an_agent_toml_the_way_to_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    run(afterhook([]).current_dir(dir.path()).arg("check")).await.assert_failure(&["afterhook init DIR"]);
    std::fs::write(dir.path().join("agent.toml"), "").unwrap();
    let said = run(afterhook([]).current_dir(dir.path()).arg("check")).await;
    said.assert_failure(&["`--config agent.toml`"]);
}

#[tokio::test]
async fn check_asks_the_route_with_the_secret_that_dev_made_up() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let process = Process::start(&mut dev(dir.path(), &["--no-sample"])).await;
    let check = async |data_dir: &Path| {
        let mut check = afterhook([]);
        check.args(["check", "--online", "--url", &process.url, "--data-dir"]).arg(data_dir);
        run(&mut check).await.stdout
    };
    let said = check(dir.path()).await;
    assert!(
        said.contains("webhook github: is reached, and GITHUB_WEBHOOK_SECRET is the receiver's"),
        "{said}"
    );
    let said = check(other.path()).await;
    assert!(said.contains("skip  webhook github: GITHUB_WEBHOOK_SECRET is not set"), "{said}");
    process.kill().await;
}

#[tokio::test]
async fn each_line_of_the_log_about_a_task_names_the_function_that_wrote_it() {
    let dir = tempfile::tempdir().unwrap();
    let said = run(&mut dev(dir.path(), &["--once", "--json"])).await;
    let lines = said.assert_success().stderr.lines().map(|line| serde_json::from_str(line).unwrap());
    let of_tasks: Vec<Value> = lines.filter(|line: &Value| line["task_id"].is_string()).collect();
    assert!(of_tasks.iter().all(|line| line["function"].is_string()), "{of_tasks:#?}");
    assert!(of_tasks.iter().any(|line| line["function"] == "processor"), "{of_tasks:#?}");
}
