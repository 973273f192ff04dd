//! Adding a comment: once, or not at all, or said to be in doubt.

use std::time::Duration;

use domain::{Publisher, ServiceError, ServiceFailure, ThreadState};
use outbound::scripted::{Asked, Reply, Server};
use serde_json::{Value, json};

use crate::support::{ME, STAMP, at, client, mark, target, ticket, updated};

const LINES: [&str; 2] = ["GET /api/v2/tickets/7.json", "PUT /api/v2/tickets/7.json"];

async fn answering(put: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |asked| if asked.method == "GET" { ticket("open") } else { put(asked) }).await
}

/// The failure of a comment that is answered so; it was sent once.
async fn failed(status: u16, headers: &[(&'static str, &'static str)], body: Value) -> ServiceError {
    let headers = headers.to_vec();
    let server = answering(move |_| {
        let reply = Reply::json(status, body.clone());
        headers.iter().fold(reply, |reply, (name, value)| reply.header(name, value))
    })
    .await;
    let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(server.lines(), LINES, "sent once");
    error
}

#[tokio::test]
async fn a_public_comment_carries_its_mark_and_the_state_that_it_was_made_for() {
    let server = answering(|_| updated(&mark("1"))).await;
    let proof = client(&server).publish(&target(), "**Hi** <script>x</script>", &mark("1")).await.unwrap();
    assert_eq!(proof.id, "21");
    assert_eq!(proof.url.unwrap(), format!("{}/agent/tickets/7", server.base));
    let asked = server.asked();
    assert_eq!(server.lines(), LINES);
    assert_eq!(
        asked[1].header("authorization"),
        "Basic YWdlbnRAYWNtZS5leGFtcGxlL3Rva2VuOm5vdC1hLXJlYWwtYXBpLXRva2Vu"
    );
    assert_eq!(
        asked[1].json(),
        json!({"ticket": {
            "comment": {
                "html_body": "<p><strong>Hi</strong> &lt;script&gt;x&lt;/script&gt;</p>\n",
                "public": true,
            },
            "metadata": {"afterhook_task_id": mark("1").task_id, "afterhook_effect": "reply"},
            "safe_update": true,
            "updated_stamp": STAMP,
        }})
    );
}

#[tokio::test]
async fn a_ticket_that_changed_meanwhile_is_for_later() {
    let body = json!({"error": "UpdateConflict", "description": "Safe Update prevented the update"});
    let error = failed(409, &[], body).await;
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert!(error.message.contains("UpdateConflict") && error.message.contains("same moment"), "{error}");
}

#[tokio::test]
async fn a_closed_ticket_is_refused_without_an_attempt() {
    let server = Server::start(|_| ticket("closed")).await;
    let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Closed);
    assert!(error.message.contains("follow-up"), "{error}");
    assert_eq!(server.lines(), LINES[..1]);
}

#[tokio::test]
async fn only_a_closed_ticket_takes_nothing_more() {
    for status in ["new", "open", "pending", "hold", "solved"] {
        let server = Server::start(move |_| ticket(status)).await;
        assert_eq!(client(&server).state(&target()).await.unwrap(), ThreadState::Open, "{status}");
        assert_eq!(server.lines(), LINES[..1]);
    }
    let server = Server::start(|_| ticket("closed")).await;
    assert_eq!(client(&server).state(&target()).await.unwrap(), ThreadState::Locked);
}

#[tokio::test]
async fn refusals_are_final_and_say_how_to_mend_them() {
    for (status, word) in [(422, "does not accept"), (302, "ZENDESK_API_URL")] {
        let error = failed(status, &[], json!({"error": "no"})).await;
        assert_eq!(error.failure, ServiceFailure::Refused, "{status}");
        assert!(error.message.starts_with(&format!("HTTP {status}: no")), "{error}");
        assert!(error.message.contains(word), "{error}");
    }
    for (status, word) in [(401, "ZENDESK_EMAIL"), (402, "bill")] {
        let error = failed(status, &[], json!({"error": "no"})).await;
        assert_eq!(error.failure, ServiceFailure::AccountRefused, "{status}");
        assert!(error.message.contains(word), "{error}");
    }
    let lacking =
        json!({"error": "RecordInvalid", "details": {"base": [{"description": "Disclosed: is needed"}]}});
    assert_eq!(failed(422, &[], lacking).await.failure, ServiceFailure::Refused);
    let closed = json!({"error": "RecordInvalid", "details": {"status": [{"description": "Status: closed prevents ticket update"}]}});
    let error = failed(422, &[], closed).await;
    assert_eq!(error.failure, ServiceFailure::Closed, "closed after it was read");
    assert!(error.message.contains("follow-up"), "{error}");
    assert_eq!(failed(410, &[], json!({"error": "RecordDeleted"})).await.failure, ServiceFailure::Closed);
}

#[tokio::test]
async fn a_rate_limit_throttles_as_long_as_told() {
    let error = failed(429, &[("retry-after", "93")], json!({"error": "TooManyRequests"})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(93) });
    let error = failed(429, &[], json!({})).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(60) });
}

#[tokio::test]
async fn a_time_out_leaves_it_in_doubt_and_one_before_it_does_not() {
    let server = answering(|_| Reply::Hang).await;
    let zendesk = at(&server.base, Duration::from_millis(400));
    let error = zendesk.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::InDoubt);

    let server = Server::start(|_| Reply::Hang).await;
    let zendesk = at(&server.base, Duration::from_millis(400));
    let error = zendesk.publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    assert_eq!(error.failure, ServiceFailure::Later { after: None });
    assert_eq!(server.lines(), LINES[..1]);
}

#[tokio::test]
async fn a_comment_is_never_longer_than_zendesk_takes() {
    let server = answering(|_| updated(&mark("1"))).await;
    client(&server).publish(&target(), &"<x> & ".repeat(40_000), &mark("1")).await.unwrap();
    let body = server.asked()[1].json()["ticket"]["comment"]["html_body"].as_str().unwrap().to_owned();
    assert!(body.len() <= 65_535 && body.contains('…'));
}

#[tokio::test]
async fn placeholders_of_a_draft_are_not_filled() {
    let server = answering(|_| updated(&mark("1"))).await;
    let draft = "As said: {{ticket.latest_comment}} {% if x %} `{{dc.secret}}`";
    client(&server).publish(&target(), draft, &mark("1")).await.unwrap();
    let body = server.asked()[1].json()["ticket"]["comment"]["html_body"].as_str().unwrap().to_owned();
    assert!(!body.contains("{{") && !body.contains("{%"), "{body}");
    assert!(
        body.replace('\u{200B}', "")
            .contains("{{ticket.latest_comment}} {% if x %} <code>{{dc.secret}}</code>")
    );
}

#[tokio::test]
async fn a_note_among_the_staff_is_not_public_and_carries_its_mark() {
    let server = answering(|_| updated(&mark("1"))).await;
    let zendesk = client(&server);
    zendesk.internal_notes().unwrap().publish(&target(), "Hi", &mark("1")).await.unwrap();
    let sent = &server.asked()[1].json()["ticket"];
    assert_eq!(sent["comment"]["public"], json!(false));
    assert_eq!(sent["metadata"]["afterhook_task_id"], json!(mark("1").task_id));
}

#[tokio::test]
async fn a_ticket_that_is_not_found_is_told_by_what_our_account_sees() {
    for (user, expected) in [
        (json!({"role": "agent", "ticket_restriction": null}), ServiceFailure::Closed),
        (json!({"role": "admin"}), ServiceFailure::Closed),
        (json!({"role": "agent", "ticket_restriction": "groups"}), ServiceFailure::PlaceRefused),
        (json!({"role": "end-user"}), ServiceFailure::PlaceRefused),
    ] {
        let server = Server::start(move |asked| match asked.path.as_str() {
            "/api/v2/users/me.json" => {
                let mut user = user.clone();
                user["id"] = json!(ME);
                Reply::json(200, json!({"user": user}))
            }
            _ => Reply::json(404, json!({"error": "RecordNotFound", "description": "Not found"})),
        })
        .await;
        let zendesk = client(&server);
        for error in [
            zendesk.state(&target()).await.unwrap_err(),
            Publisher::publish(&zendesk, &target(), "Hi", &mark("1")).await.unwrap_err(),
        ] {
            assert_eq!(error.failure, expected, "{error}");
            assert!(error.message.contains("RecordNotFound"), "{error}");
        }
    }
}
