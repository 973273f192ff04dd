//! The login, its session, and what changes nothing without them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use data_encoding::BASE64URL_NOPAD;
use http::{Request, StatusCode};

use crate::rig::{Answer, HOST, Rig, TOKENS, form_request};

const LISA: &str = "the-token-of-lisa-that-nobody-guesses";

async fn log_in(rig: &Rig, form: &str) -> Answer {
    rig.send(form_request("/ui/login", form, None)).await
}

#[tokio::test]
async fn a_page_leads_to_the_login_and_the_login_back_to_the_page() {
    let rig = Rig::new();
    let answer = rig.page_as("/?status=failed", "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), Some("/ui/login?to=%2F%3Fstatus%3Dfailed"));
    let answer = log_in(&rig, "token=the-token-of-lisa-that-nobody-guesses&to=%2F%3Fstatus%3Dfailed").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, Some("/?status=failed")));
    let elsewhere = log_in(&rig, "token=the-token-of-lisa-that-nobody-guesses&to=%2F%2Fevil.example").await;
    assert_eq!(elsewhere.header("location"), Some("/"));
}

#[tokio::test]
async fn the_line_of_the_token_logs_in_too_but_not_under_another_name() {
    let rig = Rig::new();
    assert_eq!(
        log_in(&rig, "token=lisa%3Athe-token-of-lisa-that-nobody-guesses").await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        log_in(&rig, "token=mona%3Athe-token-of-lisa-that-nobody-guesses").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn a_wrong_token_opens_no_session_and_is_not_repeated() {
    let rig = Rig::new();
    let answer = log_in(&rig, "token=wrong-one").await;
    assert_eq!((answer.status, answer.header("set-cookie")), (StatusCode::UNAUTHORIZED, None));
    assert!(!answer.text().contains("wrong-one"));
}

#[tokio::test]
async fn the_cookie_is_kept_from_scripts_and_other_sites_and_needs_tls_elsewhere() {
    let rig = Rig::new();
    let local = log_in(&rig, "token=the-token-of-lisa-that-nobody-guesses").await;
    let cookie = local.header("set-cookie").unwrap();
    for part in ["afterhook=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "{cookie}");
    let mut request = form_request("/ui/login", "token=the-token-of-lisa-that-nobody-guesses", None);
    request.headers_mut().insert("host", "console.example".parse().unwrap());
    request.headers_mut().insert("origin", "https://console.example".parse().unwrap());
    let public = rig.send(request).await;
    let cookie = public.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-afterhook=") && cookie.ends_with("; Secure"), "{cookie}");
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    rig.watch.advance(Duration::from_secs(12 * 3_600 - 1));
    assert_eq!(rig.page_as("/", &cookie).await.status, StatusCode::OK);
    rig.watch.advance(Duration::from_secs(1));
    assert_eq!(rig.page_as("/", &cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(rig.page_as("/ui/live/tasks", &cookie).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_changed_cookie_is_no_session() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let (name, value) = cookie.split_once('=').unwrap();
    for at in 0..value.len() {
        let mut bytes = value.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let forged = format!("{name}={}", String::from_utf8(bytes).unwrap());
        // The last character of an encoded signature has bits that mean nothing; they must be zero.
        assert_eq!(rig.page_as("/", &forged).await.status, StatusCode::SEE_OTHER, "{at}");
    }
}

#[tokio::test]
async fn a_session_ends_with_the_token_that_opened_it() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    assert_eq!(rig.mended().page_as("/", &cookie).await.status, StatusCode::OK, "the same tokens");
    let changed = rig.with_tokens(&[("lisa", "another-token-that-nobody-guesses")]);
    assert_eq!(changed.page_as("/", &cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(Rig::new().page_as("/", &cookie).await.status, StatusCode::SEE_OTHER, "other stores");
}

#[tokio::test]
async fn a_cookie_says_nothing_of_the_token_that_it_was_given_for() {
    let rig = Rig::new();
    let (one, other) = (rig.log_in(LISA).await, rig.log_in(LISA).await);
    let id = |cookie: &str| BASE64URL_NOPAD.decode(cookie.split_once('=').unwrap().1.as_bytes()).unwrap();
    let (one, other) = (id(&one), id(&other));
    // No name, no end, no signature: 32 bytes, all others the next time.
    assert_eq!((one.len(), other.len()), (32, 32));
    assert!(one.iter().zip(&other).filter(|(one, other)| one == other).count() < 8, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_token_that_is_taken_back_or_replaced_ends_its_sessions_with_the_next_request() {
    let kept = Arc::new(Mutex::new(crate::rig::tokens(&TOKENS)));
    let read = Arc::clone(&kept);
    let source = console::TokenSource::kept(Box::new(move || {
        let tokens = read.lock().unwrap().clone();
        Box::pin(async move { Ok(tokens) })
    }));
    let rig = Rig::with(source, |stores| stores);
    let (lisa, mona) = (rig.log_in(LISA).await, rig.log_in("the-token-of-mona-that-nobody-guesses").await);
    let page = rig.page_as("/", &lisa).await.text();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    // Removed, then back under the same name with another secret.
    for left in [vec![TOKENS[0]], vec![TOKENS[0], ("lisa", "the-rotated-token-that-nobody-guesses")]] {
        *kept.lock().unwrap() = crate::rig::tokens(&left);
        assert_eq!(rig.page_as("/", &lisa).await.status, StatusCode::SEE_OTHER);
        assert_eq!(rig.page_as("/ui/live/tasks", &lisa).await.status, StatusCode::UNAUTHORIZED);
        let form = form_request("/ui/logout", &format!("csrf={csrf}"), Some(&lisa));
        assert_eq!(rig.send(form).await.header("location"), Some("/ui/login"), "no form counts either");
        assert_eq!(rig.page_as("/", &mona).await.status, StatusCode::OK, "nobody else is logged out");
    }
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_after_logging_out_of_it() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    rig.watch.advance(Duration::from_secs(1));
    let other = rig.log_in(LISA).await;
    let answer = rig.submit("/ui/logout", &[], &cookie).await;
    assert_eq!(answer.header("location"), Some("/ui/login"));
    assert!(answer.header("set-cookie").unwrap().starts_with("afterhook=; Path=/; Max-Age=0"));
    // Whoever has kept a copy.
    assert_eq!(rig.page_as("/", &cookie).await.status, StatusCode::SEE_OTHER);
    assert_eq!(rig.page_as("/ui/live/tasks", &cookie).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(rig.page_as("/", &other).await.status, StatusCode::OK, "the same person's other browser");
    rig.watch.advance(Duration::from_secs(12 * 3_600));
    assert_eq!(
        rig.page_as("/", &cookie).await.status,
        StatusCode::SEE_OTHER,
        "forgotten, and over by its time"
    );
}

#[tokio::test]
async fn while_it_cannot_be_known_who_has_logged_out_nobody_is_let_in() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let down = rig.without_state();
    assert_eq!(down.page_as("/", &cookie).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(rig.page_as("/", &cookie).await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_form_counts_that_a_foreign_page_sends() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    let cookie = rig.log_in(LISA).await;
    let path = format!("/ui/tasks/{}/approve", task.id);
    let before = rig.stored(&task.id).await;
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let mut request = form_request(&path, "csrf=x", Some(&cookie));
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(rig.send(request).await.status, StatusCode::FORBIDDEN, "{name}: {value}");
    }
    for form in ["", "csrf=", "csrf=AAAA"] {
        let answer = rig.send(form_request(&path, form, Some(&cookie))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "our own origin, but not our form: {form}");
    }
    let mut request = form_request("/ui/login", "token=the-token-of-lisa-that-nobody-guesses", None);
    request.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(rig.send(request).await.status, StatusCode::FORBIDDEN, "nobody is logged in by somebody else");
    assert_eq!(rig.stored(&task.id).await, before);
}

#[tokio::test]
async fn the_form_of_another_session_does_not_count() {
    let rig = Rig::new();
    let (mona, lisa) = (rig.log_in(TOKENS[0].1).await, rig.log_in(LISA).await);
    let page = rig.page_as("/", &mona).await.text();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let answer = rig.send(form_request("/ui/logout", &format!("csrf={csrf}"), Some(&lisa))).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_cookie_is_no_key_to_the_api_and_the_token_none_to_the_page() {
    let rig = Rig::new();
    let cookie = rig.log_in(LISA).await;
    let request = Request::get("/tasks").header("host", HOST).header("cookie", cookie);
    rig.send(request.body(Body::empty()).unwrap()).await.problem(401, "unauthorized");
    assert_eq!(rig.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nothing_is_decided_by_following_a_link() {
    let rig = Rig::new();
    let task = rig.parked(1).await;
    for what in ["approve", "reject", "retry", "preview"] {
        let answer = rig.page(&format!("/ui/tasks/{}/{what}", task.id)).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
}
