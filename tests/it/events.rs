//! The sample events are true: signed as their senders sign, readable by the functions' own types, and
//! about one and the same task.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{Lane, TaskId, Timestamp};
use lambda_http::request::{LambdaRequest, from_str};
use processor::SqsEvent;
use secrecy::SecretString;
use serde_json::Value;
use tokio::process::Command;
use webhook::{Headers, Parsed, Provider, Received, Rejection, Secrets, Sender};

use crate::binary::{Process, afterhook, run};

/// The sample events that a sender signs with the sample secret, and what each is about.
const SIGNED: [(&str, &str); 4] = [
    ("ingest-github-issue", "issues.opened"),
    ("ingest-github-issue-base64", "issues.opened"),
    ("ingest-github-comment", "issue_comment.created"),
    ("ingest-github-ping", "ping"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

fn text(name: &str) -> String {
    let path = folder().join(format!("{name}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// The names of all sample events whose file name begins with `prefix`.
fn all(prefix: &str) -> Vec<String> {
    let files =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files
        .filter_map(|file| file.strip_suffix(".json").map(str::to_owned))
        .filter(|name| name.starts_with(prefix))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "there is no sample event {prefix}…");
    names
}

/// A request as a function sees it, its body as the bytes that were sent.
struct Request {
    parts: http::request::Parts,
    body: Vec<u8>,
}

impl Request {
    fn read(name: &str) -> Self {
        let (parts, body) = from_str(&text(name)).unwrap().into_parts();
        Self { parts, body: body.to_vec() }
    }

    fn received(&self) -> Received<'_> {
        Received { event_hint: Provider::Github.event_hint(self), body: &self.body }
    }

    fn verify(&self) -> Result<(), Rejection> {
        let secret = variable("IngestFunction", "GITHUB_WEBHOOK_SECRET");
        let secrets = Secrets(vec![SecretString::from(secret)]);
        Provider::Github.scheme().verify(&secrets, self, &self.body, Timestamp::UNIX_EPOCH)
    }
}

impl Headers for Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

fn github() -> Sender {
    Sender::of(Provider::Github)
}

/// What events/env.json sets for a function.
fn variable(function: &str, name: &str) -> String {
    let value = json("env")[function][name].as_str().map(str::to_owned);
    value.unwrap_or_else(|| panic!("events/env.json sets no {name} for {function}"))
}

/// The task that the sample issue becomes.
fn sample_task() -> TaskId {
    let request = Request::read("ingest-github-issue");
    TaskId::derive("github", &github().identity(&request.received(), &request))
}

/// The events of GitHub that are read without `map`.
const GITHUB: [&str; 15] = [
    "discussion.created",
    "discussion_comment.created",
    "issue_comment.created",
    "issues.edited",
    "issues.labeled",
    "issues.opened",
    "issues.reopened",
    "pull_request.opened",
    "pull_request.ready_for_review",
    "pull_request.reopened",
    "pull_request.synchronize",
    "pull_request_review.submitted",
    "pull_request_review_comment.created",
    "release.published",
    "workflow_run.completed",
];

/// The events that a page has somebody list in `events`.
fn listed(page: &str) -> Vec<&str> {
    let lists = page.lines().filter_map(|line| line.trim().strip_prefix("events = [")?.split_once(']'));
    lists.flat_map(|(list, _)| list.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn every_event_that_a_guide_has_somebody_list_has_a_sample_and_so_has_every_event_of_github() {
    let mut missing = Vec::new();
    let mut look = |sender: &str, event: &str| {
        if !folder().join(format!("bodies/{sender}/{event}.json")).is_file() {
            missing.push(format!("{sender}/{event}"));
        }
    };
    for guide in fs::read_dir(folder().join("../docs/senders")).unwrap() {
        let guide = guide.unwrap().path();
        let (sender, page) =
            (guide.file_stem().unwrap().to_str().unwrap(), fs::read_to_string(&guide).unwrap());
        listed(&page).into_iter().for_each(|event| look(sender, event));
    }
    GITHUB.iter().for_each(|event| look("github", event));
    assert!(missing.is_empty(), "{missing:?}");
}

/// What comes behind the event's name in a sample's tells it from others of the event.
#[test]
fn every_sample_is_the_event_that_its_name_begins_with() {
    let mut read = 0;
    for provider in Provider::ALL.iter().filter(|provider| !provider.is_mapped()) {
        let Ok(files) = fs::read_dir(folder().join("bodies").join(provider.name())) else { continue };
        for file in files.map(|file| file.unwrap().path()).filter(|file| file.extension().unwrap() == "json")
        {
            let (stem, body) =
                (file.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read(&file).unwrap());
            let hint = (provider.row().hint_of)(&stem);
            let received = Received { event_hint: Some(&hint), body: &body };
            let Ok(Parsed::Event(event)) = Sender::of(*provider).parse(&received) else { continue };
            let name = event.name.as_str();
            assert!(stem.starts_with(name) || SAME.contains(&(&*stem, name)), "{stem} is {name}");
            read += 1;
        }
    }
    assert!(read > 30, "{read} samples were read");
}

/// Names of samples that say how their sender calls the event.
const SAME: [(&str, &str); 2] =
    [("issue.commented.data-center", "comment.created"), ("message.forwarded", "message.im")];

#[test]
fn http_events_are_requests_in_the_format_of_an_http_api() {
    for name in all("ingest-").into_iter().chain(all("console-")) {
        let event: LambdaRequest = serde_json::from_str(&text(&name)).unwrap();
        assert!(matches!(event, LambdaRequest::ApiGatewayV2(_)), "{name}");
        let request = Request::read(&name);
        let json = json(&name);
        assert_eq!(request.parts.uri.path(), json["rawPath"].as_str().unwrap(), "{name}");
        assert_eq!(
            request.parts.method,
            json["requestContext"]["http"]["method"].as_str().unwrap(),
            "{name}"
        );
    }
}

#[test]
fn signed_events_hold_the_bodies_as_they_are_and_verify() {
    for (name, event) in SIGNED {
        let request = Request::read(name);
        let body = fs::read(folder().join(format!("bodies/github/{event}.json"))).unwrap();
        assert!(request.body == body, "{name} has another body than bodies/github/{event}.json");
        assert!(request.verify().is_ok(), "{name} is not signed with the secret of events/env.json");
        let read = github().parse(&request.received()).unwrap();
        match read {
            Parsed::Event(read) => assert_eq!(read.name, event, "{name}"),
            Parsed::Ping => assert_eq!(event, "ping", "{name}"),
            other => panic!("{name} is {other:?}, which becomes no task"),
        }
    }
}

#[test]
fn base64_event_is_the_plain_one_in_another_encoding() {
    let [plain, encoded] = ["ingest-github-issue", "ingest-github-issue-base64"].map(json);
    assert_eq!((&plain["isBase64Encoded"], &encoded["isBase64Encoded"]), (&false.into(), &true.into()));
    assert_ne!(plain["body"], encoded["body"]);
    assert_eq!(plain["headers"], encoded["headers"]);
}

#[test]
fn forged_event_differs_from_the_true_one_in_its_signature_alone() {
    assert!(matches!(Request::read("ingest-github-forged").verify(), Err(Rejection::Wrong)));
    let [mut forged, genuine] = ["ingest-github-forged", "ingest-github-issue"].map(json);
    forged["headers"]["x-hub-signature-256"] = genuine["headers"]["x-hub-signature-256"].clone();
    assert_eq!(forged, genuine);
}

#[test]
fn batches_are_of_messages_that_the_processor_reads() {
    for (name, lane) in [("processor-batch", Lane::Standard), ("processor-batch-malformed", Lane::Bulk)] {
        let event: SqsEvent = serde_json::from_str(&text(name)).unwrap();
        for record in event.records {
            let arn = record.event_source_arn.clone().unwrap();
            let queue = arn.rsplit(':').next().unwrap().to_owned();
            let url =
                json("env")["Parameters"][format!("QUEUE_URL_{}", lane.as_str().to_uppercase())].clone();
            assert!(url.as_str().unwrap().ends_with(&queue), "{name}: {queue} is not in events/env.json");
            assert!(record.delivery(Some(lane), Timestamp::now()).is_some(), "{name}");
        }
    }
}

#[test]
fn batches_name_the_task_of_the_sample_issue() {
    let body = |name: &str, index: usize| json(name)["Records"][index]["body"].as_str().unwrap().to_owned();
    let wanted = format!(r#"{{"task_id":"{}"}}"#, sample_task());
    assert_eq!(body("processor-batch", 0), wanted);
    assert_eq!(body("processor-batch-malformed", 0), wanted);
    assert!(serde_json::from_str::<Value>(&body("processor-batch-malformed", 1)).is_err());
}

#[test]
fn console_requests_bear_the_sample_token_and_ask_for_the_sample_task() {
    let tokens = variable("ConsoleFunction", "CONSOLE_TOKEN");
    let (_, token) = tokens.split_once(':').unwrap();
    for name in all("console-") {
        let request = Request::read(&name);
        assert_eq!(request.header("authorization"), Some(format!("Bearer {token}").as_str()), "{name}");
        let path = request.parts.uri.path();
        let about = path.strip_prefix("/tasks/").map(|rest| rest.split('/').next().unwrap_or(rest));
        assert!(about.is_none_or(|id| id == sample_task().as_str()), "{name}: {path}");
    }
}

#[test]
fn schedule_event_is_readable() {
    assert_eq!(json("sweeper-schedule")["source"], "aws.events");
}

/// The sources that need more than their name, put behind the agent.toml that ships.
const SOURCES: &str = r#"
[sources.slack]
respond_to_comments = "thread"
[sources.zendesk]
subdomain = "harbor"
map = { event = "/event", thread = "/ticket", actor = "/author", title = "/title", text = "/text", public = "/public" }
[sources.jira]
host = "harbor.atlassian.net"
respond_to_comments = "thread"
[sources.billing]
scheme = { header = "X-Signature", prefix = "sha256=", signed = "{timestamp}.{body}", timestamp_header = "X-Timestamp" }
map = { event = "/type", tenant = "/account", thread = "/ticket/id", actor = "/user", text = "/ticket/description" }
identity = "/id"
"#;

/// The agent that ships, with a source of each kind.
fn agent_with_every_source(dir: &Path) -> PathBuf {
    let shipped = folder().join("../agent");
    for part in ["prompts", "docs"] {
        fs::create_dir(dir.join(part)).unwrap();
        for file in fs::read_dir(shipped.join(part)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), dir.join(part).join(file.file_name())).unwrap();
        }
    }
    let path = dir.join("agent.toml");
    let agent = fs::read_to_string(shipped.join("agent.toml")).unwrap();
    let events = "events = [\"issues.opened\", \"issue_comment.created\"]\n";
    assert!(agent.contains(events));
    let mut agent = agent.replace(events, "") + SOURCES;
    for sender in fs::read_dir(folder().join("bodies")).unwrap() {
        let section = format!("[sources.{}]", sender.unwrap().file_name().to_str().unwrap());
        if !agent.lines().any(|line| line == section) {
            agent += &format!("{section}\n");
        }
    }
    fs::write(&path, agent).unwrap();
    path
}

/// Every sample body, as a path from the project's directory.
fn bodies() -> Vec<String> {
    let mut found = Vec::new();
    for sender in fs::read_dir(folder().join("bodies")).unwrap() {
        let sender = sender.unwrap().file_name().into_string().unwrap();
        for file in fs::read_dir(folder().join("bodies").join(&sender)).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            found.push(format!("events/bodies/{sender}/{file}"));
        }
    }
    found.sort();
    found
}

/// What a sample is answered with: most become tasks.
fn expected(body: &str) -> &'static str {
    match body.rsplit('/').next().unwrap_or_default() {
        "ping.json" => "200 {\"status\":\"pong\"}",
        "url_verification.json" => "200 {\"challenge\":\"3eZbrw1a",
        "block_actions.form" => "200 {\"status\":\"ignored\",\"reason\":\"interaction\"}",
        // The second report of the comment of `comment.created.data-center.json`.
        "issue.commented.data-center.json" => "200 {\"status\":\"duplicate\"",
        _ if body.contains("/slack/") || body.contains("/jira/") => "200 {\"status\":\"accepted\"",
        _ => "202 {\"status\":\"accepted\"",
    }
}

#[tokio::test]
async fn sample_of_every_sender_is_signed_by_send_and_taken_by_dev_with_secrets_it_made_up() {
    let (data, agent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = agent_with_every_source(agent.path());
    let with = |mut command: Command| {
        command.arg("--data-dir").arg(data.path()).arg("--config").arg(&config);
        command
    };
    let mut dev = afterhook([]);
    dev.args(["dev", "--no-sample", "--port", "0"]);
    let process = Process::start(&mut with(dev)).await;
    for body in bodies() {
        let mut send = afterhook([]);
        send.args(["send", &body, "--to", &process.url]);
        let said = run(&mut with(send)).await;
        assert!(said.stdout.starts_with(expected(&body)), "{body}: {said:?}");
    }
    // Sent again it is the same event, and another one only if that is asked for.
    let mut ids = Vec::new();
    for rest in [&[][..], &[], &["--fresh"]] {
        let mut send = afterhook([]);
        send.args(["send", "events/bodies/stripe/charge.failed.json", "--to", &process.url]).args(rest);
        let said = run(&mut with(send)).await;
        let json = said.assert_success().stdout.split(['{', '}']).nth(1).unwrap().to_owned();
        let answer: Value = serde_json::from_str(&format!("{{{json}}}")).unwrap();
        ids.push(answer["task_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    process.kill().await;
}

#[tokio::test]
async fn printed_event_of_a_sender_that_signs_the_time_is_signed_now() {
    let (data, agent) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = agent_with_every_source(agent.path());
    let secret = "a secret of the tests";
    for (source, file) in [("slack", "slack/app_mention.json"), ("linear", "linear/issue.create.json")] {
        let mut send = afterhook([(settings::variable_of(source).as_str(), secret.to_owned())]);
        send.args(["send", &format!("events/bodies/{file}"), "--print-event", "--config"]).arg(&config);
        send.arg("--data-dir").arg(data.path());
        let event = run(&mut send).await.assert_success().json();
        let headers: Vec<(String, String)> =
            serde_json::from_value::<std::collections::BTreeMap<_, _>>(event["headers"].clone())
                .unwrap()
                .into_iter()
                .collect();
        let scheme = Provider::from_name(source).unwrap().scheme();
        let body = event["body"].as_str().unwrap().as_bytes();
        let secrets = Secrets(vec![SecretString::from(secret)]);
        assert_eq!(scheme.verify(&secrets, headers.as_slice(), body, Timestamp::now()), Ok(()), "{source}");
    }
}
