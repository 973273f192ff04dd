//! Replays against the stand-in: of tasks that it has answered before.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use domain::Stores;

use super::*;
use crate::cli::ArchiveArgs;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    replay: ReplayArgs,
}

fn args(line: &str) -> ReplayArgs {
    Line::parse_from(["replay"].into_iter().chain(line.split_whitespace())).replay
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The agent that ships; its past tasks fetch nothing.
fn settings() -> Settings {
    let mut settings = load(&root().join("agent/agent.toml")).unwrap();
    settings.agent.media_hosts = settings::Hosts::default();
    settings
}

const TEXTS: [(&str, &str); 3] = [
    ("Crash on start", "It crashes with an error, see ![log](https://files.example/a.png)."),
    ("How do I sort rows?", "I could not find it in the manual."),
    ("Best SEO services", "We sell backlinks, click here now."),
];

fn body(title: &str, text: &str) -> Vec<u8> {
    let sample = include_str!("../../../events/bodies/github/issues.opened.json");
    let mut body: Value = serde_json::from_str(sample).unwrap();
    body["issue"]["title"] = title.into();
    body["issue"]["body"] = text.into();
    serde_json::to_vec(&body).unwrap()
}

fn ground(settings: &Settings, dir: &Path) -> Ground {
    Ground::prepare(
        "replay",
        settings,
        Environment::from_map([("AFTERHOOK_CONFIG", "none")]).unwrap(),
        dir,
        None,
    )
    .unwrap()
}

/// A data directory in which the agent has answered [`TEXTS`].
async fn history(dir: &Path) {
    let settings = for_show(settings(), ["github"].into_iter(), None).unwrap();
    let ground = ground(&settings, dir);
    let rig = Rig::open(&settings, &ground.environment, dir, |model| model).await.unwrap();
    rig.run(&jobs(&settings, &TEXTS)).await.unwrap();
    rig.close().await;
}

fn jobs(settings: &Settings, texts: &[(&str, &str)]) -> Vec<Job> {
    let job = |(title, text): &(&str, &str)| {
        let body = body(title, text);
        let event = EventOf { source: "github", event: "issues.opened", body: &body };
        Job::new(settings, TaskId::derive("github", &body), event, Timestamp::now()).unwrap()
    };
    texts.iter().map(job).collect()
}

/// A data directory in which the agent of `settings` has worked on `texts` live: it has read and written at the stand-ins, and
/// nobody has decided.
async fn lived(dir: &Path, settings: Settings, texts: &[(&str, &str)]) {
    let environment =
        Environment::from_map([("AFTERHOOK_CONFIG", "none"), ("AUTOMATION_PING", "x")]).unwrap();
    let jobs = jobs(&settings, texts);
    let backend = crate::dev::Backend::Sqlite(dir.to_owned());
    let dev =
        crate::dev::Dev { settings, environment, backend, data_dir: None, port: 0, made_up: Vec::new() };
    let running = crate::dev::start(dev).await.unwrap();
    for job in &jobs {
        domain::take_in(&running.stores, &job.task, &job.body, Timestamp::now(), |_| {}).await.unwrap();
    }
    for job in &jobs {
        for tries in 0.. {
            let task = running.stores.tasks.get(&job.task.id).await.unwrap().unwrap();
            let status = task.control.status;
            if status.is_end() || status == domain::TaskStatus::AwaitingApproval {
                break;
            }
            assert!(tries < 3_000, "{status:?}: {:?}", task.doc.timeline);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    running.stop().await;
}

/// What `dir` has. The connections of the one who read it before may still be at closing, and hold it until then.
async fn archive(dir: &Path) -> Archive {
    for _ in 0..1_000 {
        if let Ok(archive) = Archive::open(&ArchiveArgs::of(dir)).await {
            return archive;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} is never free", dir.display())
}

async fn replayed(dir: &Path, settings: Settings, line: &str) -> Vec<Pair> {
    let args = args(line);
    let archive = archive(dir).await;
    let past = read(&archive, &wanted(&args)).await.unwrap();
    drop(archive);
    Box::pin(compared(&ground(&settings, dir), settings, &past, &args)).await.unwrap()
}

fn renamed(mut settings: Settings) -> Settings {
    for intent in &mut settings.intents {
        intent.name = intent.name.replace("question", "usage");
    }
    settings.agent.confidence_threshold = 1.0;
    settings
}

async fn calls(stores: &Stores) -> usize {
    let page = stores.tasks.list(&domain::ListQuery { limit: 100, ..Default::default() }).await.unwrap();
    let mut calls = 0;
    for task in page.tasks {
        calls += stores.payloads.list(&task.id, domain::PartKey::CALLS).await.unwrap().len();
    }
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_agent_changes_nothing_and_another_one_is_shown_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    history(dir.path()).await;

    let same = replayed(dir.path(), settings(), "").await;
    assert_eq!(same.len(), 3);
    for pair in &same {
        assert!(pair.changed.is_empty(), "{pair:?}");
        assert_eq!(pair.before.version, pair.after.as_ref().unwrap().version);
        assert_eq!(
            pair.before.tokens,
            pair.after.as_ref().unwrap().tokens,
            "what was said then is said again"
        );
    }

    let other = replayed(dir.path(), renamed(settings()), "").await;
    let summary = compare::Summary::of(&other);
    assert_eq!((summary.intent, summary.newly_parked, summary.not_run), (1, 2, 0), "{other:?}");
    let question = other.iter().find(|pair| pair.before.intent == "question").unwrap();
    assert_eq!(question.after.as_ref().unwrap().intent, "usage");

    let one = replayed(dir.path(), settings(), "--intent question --source github").await;
    assert_eq!(one.len(), 1);
    assert!(replayed(dir.path(), settings(), "--day 2001-01-01").await.is_empty());
}

/// The id of a task in `dir` that is as if a context cache at the model had held what its answer read.
async fn cached(dir: &Path, documents: Option<&[domain::Document]>) -> String {
    let embedded = embedded::Embedded::open(dir, domain::Clock::system()).unwrap();
    let stores = embedded.stores();
    let page = stores.tasks.list(&domain::ListQuery { limit: 100, ..Default::default() }).await.unwrap();
    for task in page.tasks {
        let calls = stores.payloads.list(&task.id, domain::PartKey::CALLS).await.unwrap();
        let calls: Vec<Value> = calls.iter().map(|(_, blob)| blob.json("read a call").unwrap()).collect();
        let Some(mut call) = calls.into_iter().find(|call| call["step"] == "answer") else { continue };
        call["request"].as_object_mut().unwrap().remove("systemInstruction");
        call["request"]["cachedContent"] = "cachedContents/c1".into();
        let blob = domain::Blob::of_json("keep a call", &call).unwrap();
        let (part, now) = (domain::PartKey::call(9_999, 0), Timestamp::now());
        stores.payloads.put_new(&task.id, &part, &blob, task.parts_forgotten_at()).await.unwrap();
        if let Some(documents) = documents {
            let version = task.doc.version.unwrap();
            domain::keep_documents(&*stores.payloads, &version, documents, now).await.unwrap();
        }
        return task.id.to_string();
    }
    panic!("nothing was answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_a_cache_held_are_those_of_the_version_or_the_report_says_so() {
    let document = domain::Document { name: "faq.md".to_owned(), text: "It is free.".to_owned() };
    for kept in [Some(vec![document]), None] {
        let dir = tempfile::tempdir().unwrap();
        history(dir.path()).await;
        let id = cached(dir.path(), kept.as_deref()).await;
        let archive = archive(dir.path()).await;
        let past = read(&archive, &wanted(&args(&id))).await.unwrap();
        assert_eq!(past[0].said.as_ref().unwrap().documents, kept);
        drop(archive);
        let pairs = replayed(dir.path(), settings(), &id).await;
        assert_eq!(pairs[0].documents_of_now, kept.is_none(), "{pairs:?}");
        assert_eq!(pairs[0].note.as_ref().is_some_and(|note| note.contains("are not kept")), kept.is_none());
        let summary = compare::Summary::of(&replayed(dir.path(), settings(), "--documents now").await);
        assert_eq!(summary.documents_of_now, 2, "both that are answered");
    }
}

/// A data directory with one answered comment, before which its author had `said` something else that it answers for.
async fn comment(dir: &Path, said: &[String]) {
    let settings = for_show(settings(), ["github"].into_iter(), None).unwrap();
    let ground = ground(&settings, dir);
    let rig = Rig::open(&settings, &ground.environment, dir, |model| model).await.unwrap();
    let body = include_bytes!("../../../events/bodies/github/issue_comment.created.json");
    let event = EventOf { source: "github", event: "issue_comment.created", body };
    let job = Job::new(&settings, TaskId::derive("github", body), event, Timestamp::now()).unwrap();
    rig.run(&[job.carrying(said).unwrap()]).await.unwrap();
    rig.close().await;
}

/// The requests of the one task in `dir`, by their steps.
async fn requests(dir: &Path) -> BTreeMap<String, String> {
    let embedded = embedded::Embedded::open(dir, domain::Clock::system()).unwrap();
    let stores = embedded.stores();
    let page = stores.tasks.list(&domain::ListQuery { limit: 2, ..Default::default() }).await.unwrap();
    let [task] = &page.tasks[..] else { panic!("{} tasks", page.tasks.len()) };
    let calls = stores.payloads.list(&task.id, domain::PartKey::CALLS).await.unwrap();
    let calls = calls.iter().map(|(_, blob)| blob.json::<domain::Exchange>("read a call").unwrap());
    calls.map(|call| (call.step, call.request["contents"].to_string())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn triage_is_asked_again_what_older_tasks_had_left_to_a_task() {
    let dir = tempfile::tempdir().unwrap();
    comment(dir.path(), &["It crashed before, too.".to_owned(), "On two machines.".to_owned()]).await;
    let then = requests(dir.path()).await;
    assert!(
        then["triage"].contains("It crashed before, too.") && then["triage"].contains("On two machines.")
    );
    let pairs = replayed(dir.path(), settings(), "").await;
    assert_eq!(pairs[0].before.tokens, pairs[0].after.as_ref().unwrap().tokens, "{pairs:?}");
    let now = requests(&ground(&settings(), dir.path()).dir).await;
    for said in ["It crashed before, too.", "On two machines."] {
        assert!(now["triage"].contains(said) && now["answer"].contains(said), "{now:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_was_retried_with_a_note_is_answered_with_it_again() {
    let dir = tempfile::tempdir().unwrap();
    comment(dir.path(), &[]).await;
    let embedded = embedded::Embedded::open(dir.path(), domain::Clock::system()).unwrap();
    let stores = embedded.stores();
    let task = stores
        .tasks
        .list(&domain::ListQuery { limit: 1, ..Default::default() })
        .await
        .unwrap()
        .tasks
        .remove(0);
    let calls = stores.payloads.list(&task.id, domain::PartKey::CALLS).await.unwrap();
    let mut call: Value = calls.last().unwrap().1.json("read a call").unwrap();
    let parts = call["request"]["contents"].as_array_mut().unwrap().last_mut().unwrap();
    let text = parts["parts"].as_array_mut().unwrap().last_mut().unwrap();
    let note = "A maintainer did not like the draft before and says: name the version";
    text["text"] = format!("{}\n{note}", text["text"].as_str().unwrap()).into();
    let blob = domain::Blob::of_json("keep a call", &call).unwrap();
    let part = domain::PartKey::call(9_999, 0);
    stores.payloads.put_new(&task.id, &part, &blob, task.parts_forgotten_at()).await.unwrap();
    drop((stores, embedded));
    replayed(dir.path(), settings(), "").await;
    let now = requests(&ground(&settings(), dir.path()).dir).await;
    assert!(now["answer"].contains(note) && !now["triage"].contains(note), "{now:?}");
}

const AUTOMATIONS: &str = r#"
[automations.label]
allowed = ["bug"]
[automations.summarise]
channel = "C0SUMMARY"
[automations.refund_request]
max_amount = { usd = 50.00 }
[automations.http.ping]
url = "https://api.example.com/ping"
approval = "always"
headers = { Authorization = "AUTOMATION_PING" }
"#;

/// A refund that a person is asked about, one that Stripe's words forbid, and one that names no payment.
const REFUNDS: [(&str, &str); 3] = [
    ("Refund please", "I was charged for ch_1042, refund 19.99 of it."),
    ("Refund please", "I was charged for ch_1043, refund 70.00 of it."),
    ("Refund please", "I was charged twice."),
];

#[tokio::test(flavor = "multi_thread")]
async fn automations_stop_offline_where_they_would_act_and_need_no_credentials() {
    let automations = ["label", "summarise", "refund_request", "http.ping"];
    let mut text = std::fs::read_to_string(root().join("agent/agent.toml")).unwrap() + AUTOMATIONS;
    for (number, automation) in automations.iter().enumerate() {
        let intent =
            format!("[[intents]]\nname = \"x{number}\"\nwhen = \"never\"\nautomation = \"{automation}\"\n");
        text.push_str(&intent);
    }
    let settings = Settings::parse(&text, &root().join("agent")).unwrap();
    for automation in automations {
        let (dir, mut settings) = (tempfile::tempdir().unwrap(), settings.clone());
        settings.intents.iter_mut().for_each(|intent| intent.automation = automation.to_owned());
        let texts = [&TEXTS[..], &REFUNDS[..]].concat();
        lived(dir.path(), settings.clone(), &texts).await;
        let (pairs, mut unread) = (replayed(dir.path(), settings, "").await, 0);
        assert_eq!(pairs.len(), texts.len());
        for pair in &pairs {
            let after = pair.after.as_ref().unwrap();
            assert_eq!((&pair.changed[..], after.unfinished), (&[][..], false), "{automation}: {pair:?}");
            // The stand-in finds no label.
            let ended = after.unanswered.as_deref().is_none_or(|why| why.contains("no label"));
            assert!(ended, "{automation}: {pair:?}");
            let stopped =
                after.unread.as_deref().is_none_or(|why| why == "stopped before Stripe could be read");
            assert!(stopped && (after.unread.is_none() || pair.before.parked_because.is_some()), "{pair:?}");
            unread += usize::from(after.unread.is_some());
        }
        let summary = compare::Summary::of(&pairs);
        assert_eq!((unread, summary.without_answer), (unread, unread), "{automation}");
        assert_eq!(unread, if automation == "refund_request" { 2 } else { 0 }, "{pairs:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replay_pays_for_nothing() {
    let dir = tempfile::tempdir().unwrap();
    history(dir.path()).await;
    let count = async || {
        let kept = ground(&settings(), dir.path()).dir;
        let embedded = embedded::Embedded::open(&kept, domain::Clock::system()).unwrap();
        calls(&embedded.stores()).await
    };
    replayed(dir.path(), settings(), "").await;
    let paid = count().await;
    // Triage of three, and two answers.
    assert_eq!(paid, 5);
    replayed(dir.path(), settings(), "").await;
    assert_eq!(count().await, paid);
}

#[tokio::test]
async fn what_cannot_be_run_again_is_named() {
    let view = |source: &str| serde_json::json!({"task_id": "tsk_1", "source": source, "event": "issues.opened", "status": "completed"});
    let past = |source: &str, body: Result<Vec<u8>, String>| Past {
        id: "tsk_1".to_owned(),
        view: view(source),
        body,
        said: None,
        question: None,
        served: Vec::new(),
        usage: Vec::new(),
    };
    let mut superseded = past("github", Ok(body("Crash", "It crashes.")));
    superseded.view["status"] = "ignored".into();
    superseded.view["timeline"] = serde_json::json!([{"note": "superseded by tsk_2"}]);
    let past =
        [past("github", Err("404: forgotten".to_owned())), past("gone", Ok(b"{}".to_vec())), superseded];
    let dir = tempfile::tempdir().unwrap();
    let pairs = compared(&ground(&settings(), dir.path()), settings(), &past, &args("")).await.unwrap();
    let notes: Vec<&str> = pairs.iter().map(|pair| pair.note.as_deref().unwrap()).collect();
    assert!(pairs.iter().all(|pair| pair.after.is_none()));
    assert!(notes[0].contains("forgotten") && notes[1].contains("[sources.gone]"), "{notes:?}");
    assert_eq!(notes[2], "no model was asked about it then: superseded by tsk_2");
}
