//! Adding a comment: once, or not at all, or said to be in doubt; and finding it again by its id.

use std::time::Duration;

use domain::{Publisher, ServiceError, ServiceFailure};
use outbound::scripted::{Reply, Server};
use serde_json::{Value, json};

use crate::support::{
    ISSUE, KEY, ME, client, comment, data, failed, field, mark, start, target, thread, viewer,
};

/// The id under which the comment is made.
async fn id() -> String {
    let server = Server::start(|_| Reply::json(500, json!({}))).await;
    client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    server.asked()[0].json()["variables"]["input"]["id"].as_str().unwrap().to_owned()
}

/// The failure of a comment that is answered so; nothing is found under its id.
async fn refused(reply: impl Fn() -> Reply + Send + Sync + 'static) -> ServiceError {
    let server = Server::start(move |asked| match field(asked).as_str() {
        "commentCreate" => reply(),
        "viewer" => viewer(),
        _ => failed(400, "Entity not found: Comment", "INPUT_ERROR"),
    })
    .await;
    let error = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap_err();
    let made = server.asked().into_iter().filter(|asked| field(asked) == "commentCreate");
    assert_eq!(made.count(), 1, "sent once");
    error
}

#[tokio::test]
async fn a_comment_is_made_under_an_id_of_its_mark() {
    let server = Server::start(|asked| {
        let id = asked.json()["variables"]["input"]["id"].clone();
        data(
            json!({"commentCreate": {"success": true, "comment": {"id": id, "url": "https://linear.app/c"}}}),
        )
    })
    .await;
    let proof = client(&server).publish(&target(), "**Hi**", &mark("1")).await.unwrap();
    assert_eq!((proof.id, proof.url.as_deref()), (id().await, Some("https://linear.app/c")));
    let asked = server.asked().remove(0);
    assert_eq!((asked.line().as_str(), asked.header("authorization")), ("POST /graphql", KEY));
    let input = &asked.json()["variables"]["input"];
    assert_eq!((&input["issueId"], &input["body"]), (&json!(ISSUE), &json!("**Hi**")));
}

#[tokio::test]
async fn a_reply_stands_in_the_thread_of_the_comment_that_began_it() {
    let server = Server::start(|_| Reply::json(500, json!({}))).await;
    for (target, parent) in [(target(), Value::Null), (thread("c1"), json!("c1"))] {
        client(&server).publish(&target, "Hi", &mark("1")).await.unwrap_err();
        let input = server.asked().pop().unwrap().json()["variables"]["input"].clone();
        assert_eq!((&input["issueId"], &input["parentId"]), (&json!(ISSUE), &parent));
    }
}

#[tokio::test]
async fn a_second_request_for_one_comment_ends_with_the_first() {
    let server = Server::start(|asked| match field(asked).as_str() {
        "commentCreate" => failed(400, "conflict on insert of Comment", "INPUT_ERROR"),
        "viewer" => viewer(),
        _ => {
            let id = asked.json()["variables"]["id"].as_str().unwrap().to_owned();
            data(json!({"comment": comment(&id, ME, 4, "Hi")}))
        }
    })
    .await;
    let proof = client(&server).publish(&target(), "Hi", &mark("1")).await.unwrap();
    assert_eq!(proof.id, id().await);
}

#[tokio::test]
async fn refusals_are_final_and_say_how_to_mend_them() {
    for (status, message, code, word, failure) in [
        (400, "You don't have permission", "FORBIDDEN", "permission to write", ServiceFailure::PlaceRefused),
        (400, "Entity not found: Issue", "INPUT_ERROR", "private team", ServiceFailure::PlaceRefused),
        (400, "Entity not found: Comment", "INPUT_ERROR", "was deleted", ServiceFailure::Closed),
        (200, "Argument Validation Error", "INVALID_INPUT", "Argument", ServiceFailure::Refused),
    ] {
        let error = refused(move || failed(status, message, code)).await;
        assert_eq!(error.failure, failure, "{message}");
        assert!(error.message.contains(message) && error.message.contains(word), "{error}");
    }
}

#[tokio::test]
async fn a_rate_limit_throttles_until_the_limit_that_is_spent_is_free() {
    let reset = (start().as_millisecond() + 90_000).to_string();
    let error = refused(move || {
        failed(400, "Rate limit exceeded", "RATELIMITED")
            .header("x-ratelimit-requests-remaining", "0")
            .header("x-ratelimit-requests-reset", &reset)
            .header("x-ratelimit-complexity-remaining", "7")
            .header("x-ratelimit-complexity-reset", "9999999999999")
    })
    .await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(90) });
    let error = refused(|| failed(400, "Rate limit exceeded", "RATELIMITED")).await;
    assert_eq!(error.failure, ServiceFailure::Throttled { after: Duration::from_secs(60) });
}

#[tokio::test]
async fn server_errors_and_unreadable_successes_leave_it_in_doubt() {
    let unsure = json!({"data": {"commentCreate": {"success": false, "comment": null}}});
    for (status, body) in [(500, json!({})), (502, json!("x")), (200, json!({"data": null})), (200, unsure)] {
        let error = refused(move || Reply::json(status, body.clone())).await;
        assert!(error.failure.is_in_doubt(), "{status}");
    }
    let error = refused(|| failed(200, "Something broke", "INTERNAL_SERVER_ERROR")).await;
    assert_eq!(error.failure, ServiceFailure::InDoubt);
}

#[tokio::test]
async fn a_comment_that_is_too_long_is_cut_with_a_sign() {
    let server = Server::start(|_| Reply::json(500, json!({}))).await;
    client(&server).publish(&target(), &"word ".repeat(20_000), &mark("1")).await.unwrap_err();
    let body = server.asked()[0].json()["variables"]["input"]["body"].as_str().unwrap().to_owned();
    assert!(body.len() <= 60_010 && body.contains("too long for one message"), "{}", body.len());
}

/// What `find` makes of this answer to the question for the comment.
async fn found(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<Option<String>, ServiceFailure> {
    let server = Server::start(move |asked| if field(asked) == "viewer" { viewer() } else { reply() }).await;
    let found = client(&server).find(&target(), &mark("1"), start()).await;
    found.map(|proof| proof.map(|proof| proof.id)).map_err(|error| error.failure)
}

#[tokio::test]
async fn a_comment_is_found_by_its_id_under_our_name_alone() {
    let by = |author: &'static str| move || data(json!({"comment": comment("c1", author, 4, "Hi")}));
    assert_eq!(found(by(ME)).await, Ok(Some("c1".to_owned())));
    assert_eq!(found(by("mallory")).await, Ok(None));
    assert_eq!(found(|| data(json!({"comment": Value::Null}))).await, Ok(None));
    assert_eq!(found(|| failed(400, "Entity not found: Comment", "INPUT_ERROR")).await, Ok(None));
}

#[tokio::test]
async fn what_linear_cannot_say_now_is_no_absence() {
    let later = Err(ServiceFailure::Later { after: None });
    assert_eq!(found(|| Reply::json(500, json!({}))).await, later);
    assert_eq!(found(|| failed(200, "Something broke", "INTERNAL_SERVER_ERROR")).await, later);
    let refused = found(|| failed(401, "Authentication required", "AUTHENTICATION_ERROR")).await;
    assert_eq!(refused, Err(ServiceFailure::AccountRefused));
}
