//! `afterhook tasks` and `afterhook redrive`, as a person at a terminal, and as a program, uses them.

use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::contract::plain_task;
use domain::{Clock, Envelope, Lane, Stores, TaskStatus, Visibility};
use e2e::world::{TOKEN, World, triage_says};
use embedded::Embedded;
use serde_json::json;
use settings::Environment;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::binary::{Said, afterhook, run};
use crate::dev::System;

async fn tasks(system: &System, rest: &[&str]) -> Said {
    let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    run(command.args(["tasks", "--url", system.api.url()]).args(rest)).await
}

async fn parked() -> (System, String) {
    let system = System::start_in(World::scripted(triage_says("question", 0.4, false)).await).await;
    let id = system.api.accept(7).await;
    system.api.until(&id, "awaiting_approval").await;
    (system, id)
}

#[tokio::test]
async fn servers_on_this_machine_are_called_neither_stand_ins_nor_the_services() {
    let system = System::start().await;
    let page = system.overview().await;
    assert!(page.contains("Not the services' own addresses: <strong>Gemini, GitHub, Slack"), "{page}");
    assert!(!page.contains("Stand-ins:"), "{page}");
}

#[tokio::test]
async fn tasks_are_listed_in_columns_without_colours_for_a_program() {
    let (system, id) = parked().await;
    let said = tasks(&system, &["list"]).await;
    let lines: Vec<&str> = said.assert_success().stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{said:?}");
    assert!(lines[0].starts_with("TASK "), "{said:?}");
    assert!(lines[1].starts_with(&id) && lines[1].ends_with("confidence 0.40 is below 0.80"), "{said:?}");
    // In characters: a title that is cut ends in one of several bytes.
    let column = |line: &str, word: &str| line.split(word).next().unwrap().chars().count();
    assert_eq!(column(lines[1], "awaiting_approval"), column(lines[0], "STATUS"));
    assert_eq!(column(lines[1], "issues.opened"), column(lines[0], "EVENT"));
    assert!(!said.stdout.contains('\u{1b}'), "{said:?}");
}

#[tokio::test]
async fn a_draft_is_rejected_with_a_reason_and_sent_around_again_with_a_note() {
    let (system, id) = parked().await;
    let rejected = tasks(&system, &["reject", &id, "--reason", "off topic"]).await;
    assert!(rejected.assert_success().stdout.contains("off topic"), "{rejected:?}");
    tasks(&system, &["approve", &id]).await.assert_failure(&["409"]);
    let retried = tasks(&system, &["retry", &id, "--note", "be brief", "--json"]).await;
    assert_eq!(retried.assert_success().json()["task_id"], id);
    system.api.until(&id, "awaiting_approval").await;
}

#[tokio::test]
async fn refusals_and_mistakes_have_exit_codes_of_their_own() {
    let (system, id) = parked().await;
    tasks(&system, &["approve", &id, "--draft-hash", "0123"]).await.assert_failure(&["409", "changed"]);
    tasks(&system, &["list", "--cursor", "nonsense"]).await.assert_failure(&["400", "`cursor`"]);
    tasks(&system, &["show", "nonsense"]).await.assert_failure(&["404", "no task `nonsense`"]);
    for (mistake, named) in [
        (&["aprove", id.as_str()][..], "aprove"),
        (&["list", "--status", "nonsense"], "awaiting_approval"),
        (&["list", "--limit", "0"], "1..=100"),
    ] {
        let said = tasks(&system, mistake).await;
        assert_eq!(said.status.code(), Some(2), "{said:?}");
        assert!(said.stderr.contains(named), "{said:?}");
    }
    let mut stranger =
        afterhook([("CONSOLE_TOKEN", "ann:a-wrong-one-of-sufficient-length-all-the-same".to_owned())]);
    let said = run(stranger.args(["tasks", "--url", system.api.url()])).await;
    said.assert_failure(&["401", "does not know the token (ann's in CONSOLE_TOKEN)"]);
    assert!(!said.stderr.contains("a-wrong-one"), "{said:?}");
}

#[tokio::test]
async fn an_address_that_is_none_or_answers_nobody_is_told_apart() {
    let tasks = |url: &str| {
        let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
        command.args(["tasks", "--url", url]);
        command
    };
    run(&mut tasks("ftp://localhost"))
        .await
        .assert_misspelt(&["--url ftp://localhost", "address of a server"]);
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for url in [format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"), format!("localhost:{port}")]
    {
        run(&mut tasks(&url)).await.assert_failure(&["cannot be reached", "`afterhook dev`"]);
    }
}

#[tokio::test]
async fn dead_letters_are_not_looked_for_where_nothing_is() {
    let dir = tempfile::tempdir().unwrap();
    let misspelt = dir.path().join("misspelt");
    let mut command = afterhook([]);
    let said = run(command.args(["redrive", "--data-dir"]).arg(&misspelt)).await;
    said.assert_failure(&["no data directory", "--data-dir"]);
    assert!(!misspelt.exists(), "nothing is made by looking");
}

/// A message that was received too often, in the data directory of a stopped `dev`.
async fn dead_letter(dir: &Path, stores: &Stores, status: TaskStatus) -> String {
    let now = Clock::system().now();
    let mut task = plain_task("terminal", now);
    if status != TaskStatus::Received {
        task.transition(status, now, "of the test").unwrap();
    }
    stores.tasks.insert(&task).await.unwrap();
    let envelope =
        Envelope { task_id: task.id.clone(), lane: Lane::Standard, tenant: "octo/repo".to_owned() };
    stores.queue.send(&envelope).await.unwrap();
    let lane = Visibility { lane: Some(Lane::Standard), timeout: Duration::ZERO };
    for _ in 0..100 {
        if stores.queue.receive(lane, 1, Duration::ZERO).await.unwrap().is_empty() {
            return task.id.to_string();
        }
    }
    panic!("the message in {} never died", dir.display());
}

#[tokio::test]
async fn dead_letters_are_shown_and_go_back_to_work_or_away() {
    let dir = tempfile::tempdir().unwrap();
    let stores = Embedded::open(dir.path(), Clock::system()).unwrap().stores();
    let open = dead_letter(dir.path(), &stores, TaskStatus::Received).await;
    let ended = dead_letter(dir.path(), &stores, TaskStatus::Failed).await;
    drop(stores);
    let redrive = |rest: &[&str]| {
        let mut command = afterhook([]);
        command.args(["redrive", "--data-dir"]).arg(dir.path()).args(rest);
        command
    };
    let unasked = run(&mut redrive(&[])).await;
    unasked.assert_failure(&["--yes"]);
    assert!(unasked.stdout.starts_with("MESSAGE ") && unasked.stdout.contains(&open), "{unasked:?}");
    // What somebody else looks at is not gone.
    let dead = Visibility { lane: None, timeout: Duration::from_secs(300) };
    let queue = || Embedded::open(dir.path(), Clock::system()).unwrap().stores().queue;
    let theirs = queue().receive(dead, 10, Duration::ZERO).await.unwrap();
    let nothing = run(&mut redrive(&["--yes"])).await;
    assert!(
        nothing.assert_success().stdout.contains("somebody else is looking at right now: 2;"),
        "{nothing:?}"
    );
    let nothing = run(&mut redrive(&["--yes", "--json"])).await.assert_success().json();
    assert_eq!((nothing["letters"].as_array().unwrap().len(), &nothing["in_flight"]), (0, &2.into()));
    for letter in theirs {
        queue().set_visibility(&letter.receipt, Duration::ZERO).await.unwrap();
    }
    // Nothing was changed by that, and nothing is hidden after it.
    let done = run(&mut redrive(&["--yes", "--json"])).await.assert_success().json();
    assert_eq!((&done["sent"], &done["dropped"], &done["kept"]), (&1.into(), &1.into(), &0.into()), "{done}");
    let fates: Vec<&str> =
        done["letters"].as_array().unwrap().iter().map(|it| it["fate"].as_str().unwrap()).collect();
    assert!(fates.contains(&"redrive") && fates.contains(&"drop"), "{done}");
    assert!(done.to_string().contains(&ended), "{done}");
    let nothing = run(&mut redrive(&["--yes"])).await;
    assert!(nothing.assert_success().stdout.contains("the dead-letter queue is empty"), "{nothing:?}");
    let stores = Embedded::open(dir.path(), Clock::system()).unwrap().stores();
    let lane = Visibility { lane: Some(Lane::Standard), timeout: Duration::ZERO };
    let back = stores.queue.receive(lane, 10, Duration::ZERO).await.unwrap();
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].task_id().unwrap().to_string(), open);
}

#[tokio::test]
async fn a_token_is_made_as_a_line_that_can_be_pasted_and_never_twice() {
    let made = async |name: &str| run(afterhook([]).args(["token", name])).await;
    let said = made("ada/read+decide").await;
    let line = said.assert_success().stdout.trim().to_owned();
    let token = line.strip_prefix("ada/read+decide:").unwrap();
    assert!(token.len() == 64 && token.chars().all(|c| c.is_ascii_hexdigit()), "{line}");
    let environment = Environment::from_map([("CONSOLE_TOKEN", line.clone())]).unwrap();
    assert_eq!(environment.console_tokens[0].roles.to_string(), "read+decide");
    assert_ne!(made("ada/read+decide").await.stdout.trim(), line);
    for (name, why) in
        [("ada/admin", "an unknown role"), ("a:b", "no colon"), (" ", "no name"), ("a\nb", "no line end")]
    {
        let said = made(name).await;
        assert!(said.status.code() == Some(2) && said.stderr.contains(why), "{said:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_too_short_is_refused_at_start_and_by_check_which_offer_a_good_one() {
    let dir = tempfile::tempdir().unwrap();
    for command in [&["check"][..], &["dev", "--once", "--port", "0"], &["tasks"]] {
        let mut command_line = afterhook([("CONSOLE_TOKEN", "ann:hunter2".to_owned())]);
        command_line.args(command);
        if command[0] != "check" {
            command_line.arg("--data-dir").arg(dir.path().join("data"));
        }
        let said = run(&mut command_line).await;
        said.assert_failure(&[
            "CONSOLE_TOKEN: line 1: the token is shorter than 32 characters",
            "afterhook token",
        ]);
        let offered = said.stderr.split("a good token for CONSOLE_TOKEN: ").nth(1).unwrap().trim();
        assert_eq!(offered.len(), 64, "{said:?}");
        assert!(!format!("{said:?}").contains("hunter2"), "{said:?}");
    }
}

#[tokio::test]
async fn deliveries_say_what_became_of_each_webhook_and_why() {
    let system = System::start().await;
    let id = system.api.accept(7).await;
    let mut opened = e2e::hooks::issue(8);
    opened["sender"]["type"] = "Bot".into();
    opened["issue"]["user"]["type"] = "Bot".into();
    assert_eq!(system.api.hook("issues", &opened).await.word(), "ignored");
    let deliveries = async |rest: &[&str]| {
        let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
        run(command.args(["deliveries", "--url", system.api.url()]).args(rest)).await
    };
    let said = deliveries(&[]).await;
    let lines: Vec<&str> = said.assert_success().stdout.lines().collect();
    assert!(
        lines[0].starts_with("WHEN ") && lines[1].contains("  ignored  ") && lines[1].contains("bot"),
        "{said:?}"
    );
    assert!(lines[2].contains("  accepted ") && lines[2].ends_with(&id), "{said:?}");
    let said = deliveries(&["--outcome", "accepted", "--json"]).await;
    let lines: Vec<&str> = said.assert_success().stdout.lines().collect();
    assert_eq!(lines.len(), 1, "a JSON object a line");
    let delivery: serde_json::Value = serde_json::from_str(lines[0]).unwrap();
    assert_eq!((&delivery["task_id"], &delivery["source"]), (&id.into(), &"github".into()));
    let said = deliveries(&["--outcome", "lost"]).await;
    assert!(said.status.code() == Some(2) && said.stderr.contains("duplicate"), "{said:?}");
}

#[tokio::test]
async fn several_tasks_are_decided_by_the_beginnings_of_their_ids_and_waiting_ends_with_the_address() {
    let system = System::start_in(World::scripted(triage_says("question", 0.4, false)).await).await;
    let ids = [system.api.accept(1).await, system.api.accept(2).await, system.api.accept(3).await];
    for id in &ids {
        system.api.until(id, "awaiting_approval").await;
    }
    let begin = |id: &String| id[..12].to_lowercase();
    let said = tasks(&system, &["approve", &begin(&ids[0]), &begin(&ids[1]), "--wait"]).await;
    let lines: Vec<&str> = said.assert_success().stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{said:?}");
    assert!(
        lines[0].contains("/issues/1#issuecomment-") && lines[1].contains("/issues/2#issuecomment-"),
        "{said:?}"
    );
    tasks(&system, &["show", "tsk_"]).await.assert_misspelt(&["`tsk_` is the beginning of every id", "more"]);
    let mixed = tasks(&system, &["reject", &ids[0], &ids[2], "--reason", "no"]).await;
    mixed.assert_failure(&["409", ids[0].as_str()]);
    assert_eq!(system.api.task(&ids[2]).await["status"], "rejected", "one failure costs the others nothing");
    tasks(&system, &["approve", &ids[1], &ids[2], "--text", "x"]).await.assert_misspelt(&["one draft"]);
}

/// `tasks review` by somebody who types this, and then is gone.
async fn review(url: &str, typed: &str) -> Said {
    let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    command.args(["tasks", "review", "--url", url]).stdin(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut child.stdin.take().unwrap(), typed.as_bytes()).await.unwrap();
    let output =
        tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await.expect("it ends");
    let output = output.unwrap();
    Said {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A console that lists two tasks of three, since one is damaged, and can show the second alone.
async fn damaged_console() -> (String, [String; 2], JoinSet<()>) {
    let ids = [1, 2].map(|n| plain_task(&format!("damaged{n}"), Clock::system().now()).id.to_string());
    let task = |id: &String| {
        let draft = json!({"text": "Thanks.", "hash": "0123"});
        json!({"task_id": id, "status": "awaiting_approval", "updated_at": Clock::system().now(), "draft": draft})
    };
    let list = Json(json!({"tasks": [task(&ids[1]), task(&ids[0])], "cursor": null, "unreadable": 1}));
    let (broken, shown) = (ids[0].clone(), Json(task(&ids[1])));
    let one = move |axum::extract::Path(id): axum::extract::Path<String>| async move {
        let refused = (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"detail": "It cannot be read."})));
        if id == broken { Err(refused) } else { Ok(shown) }
    };
    let router = Router::new()
        .route("/tasks", get(|| async { list }))
        .route("/tasks/{id}", get(one.clone()))
        .route("/tasks/{id}/retry", post(one));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut served = JoinSet::new();
    served.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, ids, served)
}

#[tokio::test]
async fn a_task_that_cannot_be_read_is_told_and_keeps_nobody_from_the_others() {
    let (url, [broken, whole], _served) = damaged_console().await;
    let tasks = async |rest: &[&str]| {
        let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
        run(command.args(["tasks", "--url", &url]).args(rest)).await
    };
    let left_out = "tasks that cannot be read and are left out: 1";
    let listed = tasks(&["list"]).await;
    assert!(listed.assert_success().stderr.contains(left_out), "{listed:?}");
    let named = format!("{broken}: 500");
    let retried = tasks(&["retry", "--failed-since", "1h"]).await;
    retried.assert_failure(&[left_out, named.as_str()]);
    assert!(retried.stdout.contains(&whole), "{retried:?}");
    let reviewed = review(&url, "q\n").await;
    assert!(reviewed.assert_success().stdout.contains(&whole), "{reviewed:?}");
    assert!(reviewed.stderr.contains(left_out) && reviewed.stderr.contains(&named), "{reviewed:?}");
}

#[tokio::test]
async fn an_input_that_ends_decides_nothing_wherever_it_ends() {
    let (system, id) = parked().await;
    for typed in [
        "",
        "a",
        "e\nhalf a sentence",
        "e\nhalf a text\n",
        "e\na text\n.\n",
        "e\na text\n.\np",
        "r\n",
        "r\noff to",
        "i\n",
        "n\n",
        "n\nshor",
    ] {
        let said = review(system.api.url(), typed).await;
        let stopped = "stopped; 0 decided, of 1; what was not decided waits";
        assert!(said.assert_success().stderr.contains(stopped), "{typed:?}: {said:?}");
        assert_eq!(system.api.task(&id).await["status"], "awaiting_approval", "{typed:?}");
    }
}

#[tokio::test]
async fn an_edit_is_published_as_it_was_shown_or_not_at_all() {
    let (system, id) = parked().await;
    let draft = system.api.task(&id).await["draft"]["text"].as_str().unwrap().to_owned();
    // Nothing typed, the draft itself, and a text that is thought better of: the draft is asked about again.
    let typed = format!("e\n.\ne\n{draft}\n.\ne\nRude words.\n.\nc\ni\n\nq\n");
    let said = review(system.api.url(), &typed).await;
    assert!(said.assert_success().stdout.ends_with("0 decided, of 1\n"), "{said:?}");
    assert_eq!(said.stdout.matches("the draft is as it was").count(), 2, "{said:?}");
    assert_eq!(system.api.task(&id).await["status"], "awaiting_approval");
    let said = review(system.api.url(), "e\nRude words.\n.\ne\nKind words.\n.\np\n").await;
    assert!(said.assert_success().stdout.ends_with("1 decided, of 1\n"), "{said:?}");
    assert_eq!(system.api.until(&id, "completed").await["draft"]["text"], "Kind words.");
    let mut json = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    run(json.args(["tasks", "review", "--json", "--url", system.api.url()]))
        .await
        .assert_misspelt(&["--json"]);
}

#[tokio::test]
async fn a_list_is_json_a_task_a_line_and_the_place_where_it_goes_on() {
    let system = System::start_in(World::scripted(triage_says("question", 0.4, false)).await).await;
    for issue in 1..4 {
        let id = system.api.accept(issue).await;
        system.api.until(&id, "awaiting_approval").await;
    }
    let lines = async |rest: &[&str]| -> Vec<serde_json::Value> {
        let said = tasks(&system, rest).await;
        said.assert_success().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines(&["--json"]).await;
    assert!(all.len() == 3 && all.iter().all(|task| task["status"] == "awaiting_approval"), "{all:?}");
    let first = lines(&["list", "--json", "--limit", "2"]).await;
    assert_eq!(first[..2], all[..2]);
    let rest = lines(&["list", "--json", "--cursor", first[2]["cursor"].as_str().unwrap()]).await;
    assert_eq!(rest[..], all[2..]);
    assert_eq!(lines(&["list", "--json", "--status", "failed"]).await.len(), 0);
    assert_eq!(lines(&["retry", "--failed-since", "1h", "--json"]).await.len(), 0);
}

#[tokio::test]
async fn drafts_are_reviewed_one_after_the_other() {
    let system = System::start_in(World::scripted(triage_says("question", 0.4, false)).await).await;
    let mut ids = Vec::new();
    for issue in 1..6 {
        ids.push(system.api.accept(issue).await);
        system.api.until(&ids[ids.len() - 1], "awaiting_approval").await;
    }
    let typed = "maybe\na\ne\nA person wrote this.\na\n.\np\nr\noff topic\ns\ni\nbug_report\n";
    let said = review(system.api.url(), typed).await.assert_success().stdout.clone();
    assert!(said.contains("4 decided, of 5"), "{said}");
    assert!(said.contains("asked:\n> "), "what is answered is shown: {said}");
    assert!(said.contains("an `a` or a `q` too"), "{said}");
    assert!(said.contains("what would be published:\n\nA person wrote this.\na\n"), "{said}");
    assert_eq!(system.api.until(&ids[0], "completed").await["decision"]["outcome"], "approved");
    let edited = system.api.until(&ids[1], "completed").await;
    assert_eq!(
        (&edited["decision"]["outcome"], &edited["draft"]["text"]),
        (&"edited".into(), &"A person wrote this.\na".into())
    );
    assert_eq!(system.api.task(&ids[2]).await["decision"]["reason"], "off topic");
    assert_eq!(system.api.task(&ids[3]).await["status"], "awaiting_approval");
    let corrected = system.api.until(&ids[4], "completed").await;
    let said = &corrected["corrections"][0];
    assert_eq!((&said["said"], &said["model_said"]), (&"bug_report".into(), &"question".into()));
    assert_eq!(corrected["decision"]["outcome"], "approved", "the draft that was seen is published");
}

#[tokio::test]
async fn a_transcript_has_every_prompt_and_answer() {
    let (system, id) = parked().await;
    let said = tasks(&system, &["transcript", &id]).await;
    let shown = &said.assert_success().stdout;
    assert!(
        shown.matches("=== ").count() >= 2 && shown.contains("--- system") && shown.contains("--- answer"),
        "{shown}"
    );
    let said = tasks(&system, &["transcript", &id, "--json"]).await;
    let lines: Vec<&str> = said.assert_success().stdout.lines().collect();
    assert!(
        lines.len() >= 2 && lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
}

#[tokio::test]
async fn all_that_failed_since_a_time_are_retried_and_no_other() {
    let (system, _) = parked().await;
    let said = tasks(&system, &["retry", "--failed-since", "1h"]).await;
    assert!(said.assert_success().stdout.contains("no task has failed"), "{said:?}");
    let refused = standins::gemini::FaultRule::always(standins::gemini::Fault::Status(400));
    system.world.break_model(refused);
    let failed = system.api.accept(8).await;
    system.api.until(&failed, "failed").await;
    system.world.mend_model();
    let said = tasks(&system, &["retry", "--failed-since", "5m", "--json"]).await;
    assert_eq!(said.assert_success().json()["task_id"], failed, "{said:?}");
    system.api.until(&failed, "awaiting_approval").await;
}
