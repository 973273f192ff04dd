//! The stand-in through its HTTP interface and across restarts.

use axum::body::Bytes;
use domain::Clock;
use http::{HeaderMap, Request, StatusCode};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

use super::{Fault, FaultRule, GithubStandin, IssueState, PRIMARY_LIMIT, SECONDARY_LIMIT, Scope};
use crate::kit::testing::{self, Answer};

const COMMENTS: &str = "/repos/octo/repo/issues/7/comments";

async fn send(github: &GithubStandin, method: &str, path: &str, token: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("user-agent", "test");
    let request = request.header("authorization", format!("Bearer {token}"));
    testing::send(github.router(), request, body.to_owned()).await
}

async fn get(github: &GithubStandin, path: &str) -> Answer {
    send(github, "GET", path, "pat", "").await
}

async fn comment(github: &GithubStandin, text: &str) -> Answer {
    send(github, "POST", COMMENTS, "pat", &json!({"body": text}).to_string()).await
}

#[tokio::test]
async fn a_comment_is_created_and_shown() {
    let github = GithubStandin::new();
    let made = comment(&github, "Hello <b>").await;
    assert_eq!(made.status, 201);
    let made = made.json();
    assert_eq!(made["user"]["login"], "afterhook");
    let page = made["html_url"].as_str().unwrap();
    assert_eq!(page, format!("http://127.0.0.1:1/octo/repo/issues/7#issuecomment-{}", made["id"]));
    assert_eq!(get(&github, COMMENTS).await.json(), json!([made]));
    let page = get(&github, "/octo/repo/issues/7").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("Hello &lt;b&gt;") && page.text().contains("afterhook"));
    assert_eq!(github.requests()[0].status, Some(201));
}

#[tokio::test]
async fn pages_are_linked_as_github_links_them() {
    let github = GithubStandin::new();
    for number in 0..5 {
        github.seed_comment("octo", "repo", 7, "mona", &format!("comment {number}")).unwrap();
    }
    let mut path = format!("{COMMENTS}?per_page=2");
    let mut seen = Vec::new();
    loop {
        let page = get(&github, &path).await;
        seen.extend(page.json().as_array().unwrap().iter().map(|c| c["body"].as_str().unwrap().to_owned()));
        let Some(next) = page.header("link").split(", ").find(|link| link.ends_with("rel=\"next\"")) else {
            break;
        };
        path = next[1..next.find('>').unwrap()].replace("http://127.0.0.1:1", "");
        assert!(page.header("link").contains("&page=3>; rel=\"last\""), "{}", page.header("link"));
    }
    assert_eq!(seen, (0..5).map(|n| format!("comment {n}")).collect::<Vec<_>>());
    assert_eq!(get(&github, "/repos/octo/repo/issues/7/comments").await.header("link"), "");
    assert_eq!(get(&github, &format!("{COMMENTS}?page=99")).await.json(), json!([]));
}

#[tokio::test]
async fn since_leaves_out_what_is_older() {
    let clock = Clock::fixed("2026-11-20T12:00:00.7Z".parse().unwrap());
    let github = GithubStandin::builder().clock(clock).build().unwrap();
    comment(&github, "x").await;
    assert_eq!(get(&github, COMMENTS).await.json()[0]["created_at"], "2026-11-20T12:00:00Z");
    let count = async |since: &str| {
        get(&github, &format!("{COMMENTS}?since={since}")).await.json().as_array().unwrap().len()
    };
    assert_eq!(count("2026-11-20T12:00:00Z").await, 1);
    assert_eq!(count("2026-11-20T12:00:01Z").await, 0);
    assert_eq!(get(&github, &format!("{COMMENTS}?since=yesterday")).await.status, 422);
}

#[tokio::test]
async fn what_github_refuses_is_refused() {
    let github = GithubStandin::new();
    assert_eq!(send(&github, "POST", COMMENTS, "INVALID", "{}").await.json()["message"], "Bad credentials");
    let anonymous = Request::get("/user").header("user-agent", "test");
    assert_eq!(testing::send(github.router(), anonymous, "").await.status, 401);
    let bodies = [("{", 400), ("[]", 400), ("{}", 422), (r#"{"body":7}"#, 422), (r#"{"body":" "}"#, 422)];
    for (body, status) in bodies {
        assert_eq!(send(&github, "POST", COMMENTS, "pat", body).await.status, status, "{body}");
    }
    assert_eq!(comment(&github, &"é".repeat(65_537)).await.status, 422);
    assert_eq!(comment(&github, &"é".repeat(65_536)).await.status, 201);
    let issue = async || get(&github, "/repos/octo/repo/issues/7").await.json();
    assert_eq!((&issue().await["state"], &issue().await["locked"]), (&"open".into(), &false.into()));
    github.set_issue_state("Octo", "repo", 7, IssueState::Closed);
    assert_eq!((&issue().await["state"], &issue().await["locked"]), (&"closed".into(), &false.into()));
    assert_eq!(comment(&github, "y").await.status, 201, "a closed issue takes comments");
    github.set_issue_state("Octo", "repo", 7, IssueState::Locked);
    assert_eq!(issue().await["locked"], true);
    for (state, status) in [(IssueState::Missing, 404), (IssueState::Gone, 410), (IssueState::Locked, 403)] {
        github.set_issue_state("Octo", "repo", 7, state);
        assert_eq!(comment(&github, "x").await.status, status);
    }
    for path in ["/repos/octo/repo/issues/0/comments", "/repos/o%20o/repo/issues/1/comments", "/nowhere"] {
        assert_eq!(get(&github, path).await.status, 404, "{path}");
    }
    assert_eq!(github.comment_count(), 2);
}

#[tokio::test]
async fn an_app_gets_a_token_that_expires() {
    let (clock, pass) = testing::movable();
    let now = clock.now();
    let github = GithubStandin::builder().clock(clock).build().unwrap();
    let jwt = |exp: i64| {
        let claims = json!({"iss": "12345", "iat": now.as_second() - 60, "exp": exp}).to_string();
        let encode = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        format!("{}.{}.c2ln", encode(r#"{"alg":"RS256","typ":"JWT"}"#), encode(&claims))
    };
    let good = jwt(now.as_second() + 540);
    assert_eq!(send(&github, "GET", "/app", &good, "").await.json()["slug"], "afterhook");
    let installation = send(&github, "GET", "/repos/octo/repo/installation", &good, "").await.json();
    assert_eq!(send(&github, "GET", "/orgs/octo/installation", &good, "").await.json(), installation);
    let path = format!("/app/installations/{}/access_tokens", installation["id"]);
    let issued = send(&github, "POST", &path, &good, "").await;
    assert_eq!((issued.status, issued.json()["expires_at"].clone()), (201, json!("2026-11-20T13:00:00Z")));
    let token = issued.json()["token"].as_str().unwrap().to_owned();
    let made = send(&github, "POST", COMMENTS, &token, r#"{"body":"x"}"#).await.json();
    assert_eq!((&made["user"]["login"], &made["user"]["type"]), (&json!("afterhook[bot]"), &json!("Bot")));
    assert_eq!(send(&github, "GET", "/user", &token, "").await.status, 403);
    for exp in [now.as_second(), now.as_second() + 3_600] {
        assert_eq!(send(&github, "GET", "/app", &jwt(exp), "").await.status, 401);
    }
    pass(3_600);
    assert_eq!(send(&github, "GET", COMMENTS, &token, "").await.status, 401);
    assert_eq!(send(&github, "GET", COMMENTS, "ghs_forged", "").await.status, 401);
}

#[tokio::test]
async fn rate_limits_are_told() {
    let github = GithubStandin::new();
    assert_eq!(get(&github, "/user").await.header("x-ratelimit-remaining"), "4999");
    github.set_faults(vec![FaultRule::always(PRIMARY_LIMIT).first(1)]);
    let refused = get(&github, "/user").await;
    assert_eq!((refused.status, refused.header("x-ratelimit-remaining")), (403, "0"));
    assert!(refused.json()["message"].as_str().unwrap().starts_with("API rate limit exceeded"));
    github.set_faults(vec![FaultRule::always(SECONDARY_LIMIT).on(Scope::Writes).first(1)]);
    assert_eq!(get(&github, COMMENTS).await.status, 200);
    let refused = comment(&github, "x").await;
    assert_eq!((refused.status, refused.header("retry-after")), (403, "60"));
    assert_eq!(comment(&github, "x").await.status, 201);
}

#[tokio::test]
async fn a_lost_answer_leaves_the_comment_behind() {
    let github = GithubStandin::new();
    github.set_faults(vec![FaultRule::always(Fault::Lost).first(1)]);
    let headers = "user-agent: t\r\nauthorization: Bearer t";
    assert_eq!(testing::raw(github.router(), COMMENTS, headers, r#"{"body":"x"}"#).await, "");
    assert_eq!(github.comment_count(), 1);
    github.set_faults(vec![FaultRule::always(Fault::DoneBut502).first(1)]);
    assert_eq!(comment(&github, "y").await.status, 502);
    assert_eq!(github.comment_count(), 2);
}

fn open(path: &Path) -> std::io::Result<GithubStandin> {
    GithubStandin::builder().journal(path).build()
}

#[tokio::test]
async fn comments_survive_a_restart_and_ids_go_on_a_torn_line_is_cut_off_and_a_foreign_file_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("github.jsonl");
    let github = open(&path).unwrap();
    let first = comment(&github, "one\nline two").await.json();
    send(&github, "POST", "/repos/octo/repo/issues/7/labels", "pat", r#"{"labels":["bug"]}"#).await;
    assert!(open(&path).is_err(), "the journal is locked while it is open");
    drop(github);
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(br#"{"change":"comment","owner":"octo","#).unwrap();
    drop(file);
    let github = open(&path).unwrap();
    assert_eq!(get(&github, COMMENTS).await.json(), json!([first]));
    assert_eq!(github.labels("octo", "repo", 7), ["bug"]);
    let second = comment(&github, "two").await.json();
    assert!(second["id"].as_u64().unwrap() > first["id"].as_u64().unwrap());
    drop(github);
    let comments = open(&path).unwrap().comments("octo", "repo", 7);
    assert_eq!(comments.iter().map(|it| &*it.body).collect::<Vec<_>>(), ["one\nline two", "two"]);
    let foreign = folder.path().join("notes.txt");
    std::fs::write(&foreign, "my notes\n").unwrap();
    assert!(open(&foreign).unwrap_err().to_string().contains("line 1"));
}

#[tokio::test]
async fn labels_are_added_and_listed() {
    let github = GithubStandin::new();
    let path = "/api/v3/repos/octo/repo/issues/7/labels";
    send(&github, "POST", path, "pat", r#"["bug","Help wanted"]"#).await;
    let listed = send(&github, "POST", path, "pat", r#"{"labels":["BUG"]}"#).await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "labels do not differ by case");
    assert_eq!(github.labels("octo", "repo", 7), ["bug", "Help wanted"]);
    assert_eq!(send(&github, "POST", path, "pat", r#"{"labels":7}"#).await.status, 422);
}

/// A receiver of webhooks, which answers with these statuses in turn; and what it was sent.
async fn receiver(statuses: &'static [u16]) -> (String, Arc<Mutex<Vec<(HeaderMap, Bytes)>>>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (listener, heard) = (TcpListener::bind(("127.0.0.1", 0)).await.unwrap(), Arc::default());
    let url = format!("http://{}/webhooks/github", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>> = Arc::clone(&heard);
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        let mut seen = seen.lock().unwrap();
        seen.push((headers, body));
        StatusCode::from_u16(statuses[seen.len() - 1]).unwrap()
    };
    let app = axum::Router::new().route("/webhooks/github", axum::routing::post(answer));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, heard)
}

#[tokio::test]
async fn a_failed_delivery_is_listed_and_made_again_with_the_same_id_and_body_when_it_is_asked_for() {
    let github = GithubStandin::new();
    let event = json!({"action": "opened", "issue": {"number": 7}});
    assert_eq!(github.send("issues", &event).await, 0, "nobody is there");
    let (url, heard) = receiver(&[202, 503, 202]).await;
    github.set_hook(&url, "secret");
    let hooks = get(&github, "/orgs/octo/hooks").await.json();
    assert_eq!(json!([hooks[1]["config"]["url"], hooks[1]["config"]["secret"]]), json!([url, "********"]));
    assert_eq!([github.send("issues", &event).await, github.send("issues", &event).await], [202, 503]);
    let list = "/repos/octo/repo/hooks/2/deliveries";
    let failed = get(&github, &format!("{list}?status=failure")).await.json();
    let failed = failed.as_array().unwrap();
    assert_eq!(failed.iter().map(|it| it["status_code"].as_u64().unwrap()).collect::<Vec<_>>(), [503, 0]);
    assert_eq!(failed[0]["event"], "issues");
    let again = format!("{list}/{}/attempts", failed[0]["id"]);
    assert_eq!(send(&github, "POST", &again, "pat", "").await.status, 202);
    assert_eq!(send(&github, "POST", &format!("{list}/99/attempts"), "pat", "").await.status, 404);
    let last = loop {
        match github.deliveries() {
            all if all.len() == 4 => break all[3].clone(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    assert_eq!((last.status, last.redelivery, json!(last.guid)), (202, true, failed[0]["guid"].clone()));
    let heard = heard.lock().unwrap();
    let (first, second) = (&heard[1], &heard[2]);
    assert_eq!(first.1, second.1);
    for name in ["x-github-delivery", "x-github-event", "x-hub-signature-256"] {
        assert_eq!((first.0.get(name), first.0.contains_key(name)), (second.0.get(name), true), "{name}");
    }
    assert_ne!(heard[0].0["x-github-delivery"], first.0["x-github-delivery"]);
}

#[tokio::test]
async fn a_comment_carries_the_sums_of_its_reactions() {
    let github = GithubStandin::new();
    let id = comment(&github, "Hello").await.json()["id"].to_string();
    let path = format!("/repos/octo/repo/issues/comments/{id}");
    for (content, status) in [("+1", 201), ("+1", 200), ("heart", 201), ("thumbs", 422)] {
        let body = json!({"content": content}).to_string();
        let made = send(&github, "POST", &format!("{path}/reactions"), "pat", &body).await;
        assert_eq!(made.status, status, "{content}");
    }
    let shown = get(&github, &path).await.json();
    let sums = &shown["reactions"];
    assert_eq!((&sums["+1"], &sums["-1"], &sums["total_count"]), (&json!(1), &json!(0), &json!(2)));
    assert_eq!(get(&github, COMMENTS).await.json(), json!([shown]));
    assert_eq!(get(&github, "/repos/octo/repo/issues/comments/1").await.status, 404);
    assert_eq!(get(&github, &path.replace("octo", "other")).await.status, 404);
}
