//! The log: lines that a stranger would like to write into it, and secrets that must never be in it.

use std::process::Stdio;

use e2e::hooks::{self, SECRET};
use e2e::world::{TOKEN, World, triage_says};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::scene::Record;
use crate::binary;

/// What a log line of an attacker would look like.
const LINE: &str = "x\n{\"level\":\"ERROR\",\"message\":\"all keys are revoked\"}\r\n\u{1b}[31mred";

pub(super) async fn run() -> Vec<Record> {
    let world = World::scripted(triage_says("question", 0.4, false)).await;
    let dir = tempfile::tempdir().unwrap();
    let mut command = binary::dev(&world, dir.path());
    command.arg("--json").env("AFTERHOOK_LOG", "debug").stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reading = tokio::spawn(async move {
        let mut log = String::new();
        stderr.read_to_string(&mut log).await.unwrap();
        log
    });
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = loop {
        let line = stdout.next_line().await.unwrap().expect("it listens");
        let event: Value = serde_json::from_str(&line).unwrap();
        if event["event"] == "ready" {
            break event["url"].as_str().unwrap().to_owned();
        }
    };
    tokio::spawn(async move { while let Ok(Some(_)) = stdout.next_line().await {} });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let send = async |method: Method, path: &str, headers: HeaderMap, body: Vec<u8>| {
        let request = client.request(method, format!("{url}{path}")).headers(headers).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    let mut event = hooks::issue(7);
    for place in ["/issue/title", "/issue/body", "/issue/user/login"] {
        *event.pointer_mut(place).unwrap() = json!(LINE);
    }
    event["issue"]["body"] = json!(format!("{LINE} my key is xoxb-of-a-stranger"));
    let body = hooks::bytes(&event);
    send(Method::POST, "/webhooks/github", hooks::signed("issues", &body), body.clone()).await;
    let mut forged = hooks::signed_with("wrong", "issues", &body);
    forged.insert("x-github-delivery", HeaderValue::from_bytes(b"{\"level\":\"ERROR\"}\x09\xff").unwrap());
    send(Method::POST, "/webhooks/github", forged, body.clone()).await;
    send(Method::POST, "/webhooks/%0a%7b%22level%22:%22ERROR%22%7d", hooks::signed("issues", &body), body)
        .await;
    for (name, value) in
        [("authorization", format!("Bearer {TOKEN}x")), ("cookie", format!("afterhook={TOKEN}"))]
    {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        send(Method::GET, &format!("/tasks?token={TOKEN}"), headers, Vec::new()).await;
    }
    let api = e2e::api::Api::at(url.as_str());
    let began = std::time::Instant::now();
    while api.get("/tasks?status=awaiting_approval").await.json()["tasks"] == json!([]) {
        assert!(began.elapsed().as_secs() < 20, "the draft waits for a person");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    child.kill().await.unwrap();
    records(&reading.await.unwrap())
}

fn records(log: &str) -> Vec<Record> {
    let broken = |name: &str, holds: bool, what: &str| Record {
        broken: (!holds).then(|| format!("logs: {name}: {}", domain::clip(what, 300))),
    };
    let torn =
        log.lines().find(|line| !serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()));
    let forged = log.lines().find(|line| line.starts_with("{\"level\":\"ERROR\",\"message\":\"all keys"));
    let mut records = vec![
        broken("there is a log", log.lines().count() > 3, log),
        broken("every line is one object", torn.is_none(), torn.unwrap_or_default()),
        broken("no line is a stranger's", forged.is_none(), forged.unwrap_or_default()),
        broken("nothing colours the terminal", !log.contains('\u{1b}'), "an escape character"),
        broken("no words of a stranger", !log.contains("xoxb-of-a-stranger"), "the issue's text"),
    ];
    for (name, secret) in [
        ("the signing secret", SECRET),
        ("the console's token", TOKEN),
        ("the model's key", "a-key-of-the-tests"),
        ("GitHub's token", "ghp_of_the_tests"),
        ("Slack's token", "xoxb-of-the-tests"),
        ("Stripe's key", "rk_test_of_the_tests"),
        ("a signature", "sha256="),
    ] {
        let at = log.find(secret).map(|at| &log[log.floor_char_boundary(at.saturating_sub(200))..at]);
        records.push(broken(&format!("{name} is not logged"), at.is_none(), at.unwrap_or_default()));
    }
    records
}
