//! One signed body has one reading, whatever content type it is sent with.

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, Request};
use serde_json::{Value, json};
use settings::SourceSettings;
use url::form_urlencoded::Serializer;
use webhook::{Filter, PriorityRules, Provider, Secrets, Sender};

use crate::rig::{Answer, Parts, Rig, bytes, issue};

const SECRET: &str = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw==";
const TYPES: [&str; 9] = [
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/x-www-form-urlencoded",
    "APPLICATION/X-WWW-FORM-URLENCODED;charset=utf-8",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/json, application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; application/json",
    "",
];

fn rig(provider: Provider) -> (Rig, Sender) {
    let sender = Sender::of(provider);
    let source = SourceSettings {
        automation: None,
        at: None,
        hooks: Vec::new(),
        name: provider.name().to_owned(),
        sender: sender.clone(),
        filter: Filter::default(),
        priorities: PriorityRules::default(),
        max_event_age: None,
        trusted: false,
        mode: settings::Mode::Live,
    };
    let secrets = ingest::SecretMap::from([(provider.name().to_owned(), Secrets(vec![SECRET.into()]))]);
    let secrets = ingest::SecretsSource::fixed(secrets);
    (Parts { source, secrets, ..Parts::default() }.rig(), sender)
}

async fn send(rig: &Rig, sender: &Sender, body: &Bytes, content_type: &str) -> Answer {
    let mut headers = HeaderMap::new();
    for (name, value) in sender.scheme.sign(&Secrets(vec![SECRET.into()]), body, rig.watch.now()) {
        headers.insert(HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    headers.insert("content-type", content_type.parse().unwrap());
    headers.insert("x-github-event", "issues".parse().unwrap());
    let mut request = Request::post(format!("/webhooks/{}", sender.name)).body(body.clone().into()).unwrap();
    *request.headers_mut() = headers;
    rig.send(request).await
}

fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// An event of `repository` as a form carries it.
fn payload(repository: &str) -> String {
    let mut event = issue(7);
    event["repository"]["full_name"] = json!(repository);
    form(&[("payload", &event.to_string())])
}

/// A click on Approve by somebody who may.
fn click() -> String {
    let click = json!({
        "type": "block_actions", "team": {"id": "T1"}, "user": {"id": "U1"}, "channel": {"id": "C1"},
        "actions": [{"action_id": "approve", "value": "x"}],
    });
    form(&[("payload", &click.to_string())])
}

fn with_text(text: &str) -> Value {
    let mut event = issue(7);
    event["issue"]["body"] = json!(text);
    event
}

fn bodies(provider: Provider) -> Vec<Bytes> {
    let message = |text: &str| {
        bytes(&json!({"type": "event_callback", "event_id": "Ev1", "team_id": "T1",
            "event": {"type": "message", "channel": "D1", "user": "U2", "ts": "1.1", "text": text}}))
    };
    let texts = [
        payload("octo/repo"),
        payload("octo/repo") + "&" + &payload("victim/other"),
        format!("x=1&{}", payload("victim/other")),
        click(),
        format!("token=x&command=%2Fask&text=hi&{}", click()),
        "payload=".to_owned(),
        "payload=7".to_owned(),
        String::new(),
        "null".to_owned(),
        " {}".to_owned(),
        "\u{feff}{}".to_owned(),
        "--x\r\ncontent-disposition: form-data; name=\"payload\"\r\n\r\n{}\r\n--x--".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
    ];
    let mut all: Vec<Bytes> = texts.into_iter().map(Bytes::from).collect();
    let planted = format!("&{}&", payload("victim/other"));
    all.push(bytes(&with_text(&planted)));
    all.push(bytes(&with_text(&format!("&{}&", click()))));
    if provider == Provider::Slack {
        all.push(message(&planted));
        all.push(message(&format!("&{}&", click())));
    }
    all
}

#[tokio::test]
async fn every_body_has_one_reading_at_most() {
    for provider in [Provider::Github, Provider::Slack, Provider::Stripe, Provider::Shopify, Provider::Custom]
    {
        for body in bodies(provider) {
            let mut readings = Vec::new();
            for content_type in TYPES {
                let (rig, sender) = rig(provider);
                let answer = send(&rig, &sender, &body, content_type).await;
                assert!(matches!(answer.status.as_u16(), 200 | 202 | 400 | 415), "{answer:?}");
                if answer.status.is_success() {
                    readings.push(answer.json);
                }
            }
            let count = readings.len();
            readings.dedup();
            assert!(readings.len() <= 1, "{}: {body:?}: {readings:?}", provider.name());
            assert!(count <= 3, "only the spellings of one media type agree with it: {body:?}");
        }
    }
}

#[tokio::test]
async fn signed_json_that_is_sent_again_as_a_form_is_refused() {
    let (rig, sender) = rig(Provider::Github);
    let body = bytes(&with_text(&format!("&{}&", payload("victim/other"))));
    let first = send(&rig, &sender, &body, "application/json").await;
    assert_eq!(first.json["status"], "accepted");
    let again = send(&rig, &sender, &body, "application/x-www-form-urlencoded").await;
    again.assert_problem(415, "media_type");
    let tasks =
        rig.stores.tasks.list(&domain::ListQuery { limit: 9, ..Default::default() }).await.unwrap().tasks;
    let tenants: Vec<&str> = tasks.iter().map(|task| task.doc.tenant.as_str()).collect();
    assert_eq!(tenants, ["octo/repo"]);
}

#[tokio::test]
async fn signed_message_that_is_sent_again_as_a_form_is_no_click() {
    let (rig, sender) = rig(Provider::Slack);
    for body in bodies(Provider::Slack).iter().filter(|body| body.starts_with(b"{")) {
        let again = send(&rig, &sender, body, "application/x-www-form-urlencoded").await;
        again.assert_problem(415, "media_type");
    }
    // And a click is no message.
    let click = Bytes::from(click());
    send(&rig, &sender, &click, "application/json").await.assert_problem(415, "media_type");
    let clicked = send(&rig, &sender, &click, "application/x-www-form-urlencoded").await;
    clicked.assert(200, &json!({ "status": "ignored", "reason": "interaction" }));
}

#[tokio::test]
async fn a_contradiction_is_told_only_to_whoever_signed() {
    let (rig, sender) = rig(Provider::Github);
    let body = bytes(&issue(7));
    let mut request = Request::post("/webhooks/github").body(body.clone().into()).unwrap();
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    rig.send(request).await.assert_problem(401, "signature");
    send(&rig, &sender, &body, "application/x-www-form-urlencoded").await.assert_problem(415, "media_type");
    rig.assert_nothing_stored(&body).await;
}
