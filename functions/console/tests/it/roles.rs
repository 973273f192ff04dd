//! What a token is good for, and who may decide about what.

use axum::body::Body;
use domain::{Task, short_sha256};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::rig::{Answer, DRAFT, Rig};

const READER: &str = "a-token-that-may-read-and-nothing-else";
const SUBMITTER: &str = "a-token-that-may-submit-and-nothing-else";
const DECIDER: &str = "a-token-that-may-decide-and-nothing-else";
const BOTH: &str = "a-token-that-may-read-and-decide-as-well";

fn rig() -> Rig {
    let lines =
        [("rita/read", READER), ("sue/submit", SUBMITTER), ("dan/decide", DECIDER), ("bo/read+decide", BOTH)];
    Rig::new().with_tokens(&lines)
}

async fn ask(rig: &Rig, token: &str, method: Method, path: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    rig.send(request.body(Body::from(body.to_string())).unwrap()).await
}

fn approval() -> Value {
    json!({ "draft_hash": short_sha256(DRAFT) })
}

#[tokio::test]
async fn every_route_wants_its_role() {
    let rig = rig();
    let task = rig.parked(1).await;
    let path = |what: &str| format!("/tasks/{}{what}", task.id);
    let wanted = [
        (Method::GET, "/tasks".to_owned(), [READER, BOTH]),
        (Method::GET, "/deliveries".to_owned(), [READER, BOTH]),
        (Method::GET, "/models".to_owned(), [READER, BOTH]),
        (Method::GET, "/versions".to_owned(), [READER, BOTH]),
        (Method::GET, path(""), [READER, BOTH]),
        (Method::GET, path("/transcript"), [READER, BOTH]),
        (Method::GET, path("/payload"), [READER, BOTH]),
        (Method::POST, "/tasks".to_owned(), [SUBMITTER, SUBMITTER]),
        (Method::POST, path("/approve"), [DECIDER, BOTH]),
        (Method::POST, path("/reject"), [DECIDER, BOTH]),
        (Method::POST, path("/retry"), [DECIDER, BOTH]),
        (Method::POST, path("/correct"), [DECIDER, BOTH]),
    ];
    for (method, path, good) in wanted {
        for token in [READER, SUBMITTER, DECIDER, BOTH] {
            let answer = ask(&rig, token, method.clone(), &path, &json!({"wrong": 1})).await;
            if good.contains(&token) {
                assert_ne!(answer.status, 403, "{method} {path} {token}");
            } else {
                let detail = answer.problem(403, "forbidden");
                assert!(detail.contains("may"), "{detail}");
            }
        }
    }
    assert_eq!(rig.stored(&task.id).await, task, "nothing was decided");
}

#[tokio::test]
async fn a_token_decides_as_far_as_its_role_goes() {
    let rig = rig();
    let task = rig.parked(1).await;
    let path = format!("/tasks/{}/approve", task.id);
    ask(&rig, READER, Method::POST, &path, &approval()).await.problem(403, "forbidden");
    assert_eq!(ask(&rig, DECIDER, Method::POST, &path, &approval()).await.ok()["decision"]["by"], "dan");
}

#[tokio::test]
async fn pages_are_for_those_who_may_read() {
    let rig = rig();
    for token in [SUBMITTER, DECIDER] {
        let form = format!("token={token}");
        let answer = rig.send(crate::rig::form_request("/ui/login", &form, None)).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (403, None));
        assert!(answer.text().contains("needs one that may read"), "{}", answer.text());
    }
    let cookie = rig.log_in(READER).await;
    assert_eq!(rig.page_as("/", &cookie).await.status, 200);
}

#[tokio::test]
async fn who_may_only_read_sees_no_buttons_and_no_form_of_theirs_counts() {
    let rig = rig();
    let task = rig.parked(1).await;
    let cookie = rig.log_in(READER).await;
    let page = rig.page_as(&format!("/ui/tasks/{}", task.id), &cookie).await.text();
    assert!(page.contains("Your token may not decide") && !page.contains("Approve and publish"));
    let hash = short_sha256(DRAFT);
    for what in ["approve", "reject", "retry", "preview", "correct"] {
        let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
        let answer = rig.submit(&format!("/ui/tasks/{}/{what}", task.id), &fields, &cookie).await;
        assert_eq!(answer.status, 403, "{what}");
    }
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn a_role_that_is_taken_back_ends_with_the_next_request() {
    let rig = rig();
    let cookie = rig.log_in(BOTH).await;
    let task = rig.parked(1).await;
    let demoted = rig.with_tokens(&[("bo/read", BOTH)]);
    let path = format!("/ui/tasks/{}/reject", task.id);
    let hash = short_sha256(DRAFT);
    assert_eq!(demoted.submit(&path, &[("draft_hash", &hash)], &cookie).await.status, 403);
    assert_eq!(rig.submit(&path, &[("draft_hash", &hash)], &cookie).await.status, 303);
}

/// A parked task that mona has requested.
async fn own(rig: &Rig) -> Task {
    let mut task = rig.parked(1).await;
    assert_eq!(task.doc.actor, "mona");
    task.doc.source = "api".to_owned();
    rig.save(&mut task).await;
    task
}

#[tokio::test]
async fn who_requested_a_task_does_not_decide_about_it() {
    let rig = Rig::new();
    let task = own(&rig).await;
    for (verb, body) in [
        ("approve", approval()),
        ("approve", json!({"draft_hash": short_sha256(DRAFT), "text": "Mine."})),
        ("reject", approval()),
    ] {
        let detail = rig.post(&format!("/tasks/{}/{verb}", task.id), &body).await.problem(403, "own_task");
        assert!(detail.contains("mona") && detail.contains("somebody else"), "{detail}");
    }
    // The same person's other token is the same person, and so is another way to write the name.
    let other = rig.with_tokens(&[("Mona", "another-token-of-the-very-same-person")]);
    let path = format!("/tasks/{}/approve", task.id);
    let token = "another-token-of-the-very-same-person";
    ask(&other, token, Method::POST, &path, &approval()).await.problem(403, "own_task");
    assert_eq!(rig.stored(&task.id).await, task);
}

/// A correction decides nothing, so that it is an own task takes nothing from the role; and it gives nothing.
#[tokio::test]
async fn who_requested_a_task_corrects_it_by_the_role_decide_and_not_without() {
    let rig = Rig::new();
    let mut task = own(&rig).await;
    let parameters = json!({});
    task.doc.classification =
        Some(domain::Classification { intent: "bug_report".to_owned(), confidence: 0.9, parameters });
    rig.save(&mut task).await;
    let path = format!("/tasks/{}/correct", task.id);
    let token = "the-only-token-of-the-one-who-requested-it";
    for (roles, status) in [("mona/submit", 403), ("mona/read+submit", 403), ("mona/decide", 200)] {
        let rig = rig.with_tokens(&[(roles, token)]);
        let answer = ask(&rig, token, Method::POST, &path, &json!({"spam": true})).await;
        assert_eq!(answer.status, status, "{roles}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_page_of_an_own_task_has_no_buttons_and_takes_no_form() {
    let rig = Rig::new();
    let task = own(&rig).await;
    let cookie = rig.log_in(crate::rig::TOKENS[0].1).await;
    let path = format!("/ui/tasks/{}", task.id);
    let page = rig.page_as(&path, &cookie).await.text();
    assert!(page.contains("somebody else has to decide") && !page.contains("Approve and publish"));
    let hash = short_sha256(DRAFT);
    let fields = [("draft_hash", hash.as_str()), ("text", DRAFT)];
    let answer = rig.submit(&format!("{path}/approve"), &fields, &cookie).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("Somebody else has to decide"));
    assert_eq!(rig.stored(&task.id).await, task);
}

#[tokio::test]
async fn somebody_else_decides_about_a_requested_task_and_events_of_namesakes_are_nobodys_own() {
    let rig = Rig::new();
    let task = own(&rig).await;
    let path = format!("/tasks/{}/approve", task.id);
    let token = crate::rig::TOKENS[1].1;
    assert_eq!(ask(&rig, token, Method::POST, &path, &approval()).await.ok()["decision"]["by"], "lisa");
    // GitHub's mona is another person than the console's.
    let task = rig.parked(2).await;
    assert_eq!((task.doc.actor.as_str(), task.doc.source.as_str()), ("mona", "github"));
    rig.approve(&task).await.ok();
}
