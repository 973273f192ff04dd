//! The page: forged cookies, other sites' forms, logins by somebody else, and what strangers write shown on it.

use e2e::hooks;
use e2e::world::{PERSON, TOKEN};
use http::{HeaderMap, Method};
use serde_json::json;

use super::scene::{Record, Scene, headers};

const FORM: &str = "application/x-www-form-urlencoded";

impl Scene {
    async fn form(&self, path: &str, form: &str, more: &[(&str, &str)]) -> super::scene::Heard {
        let origin = self.api.url().to_owned();
        let mut all = headers(&[("content-type", FORM), ("origin", &origin)]);
        for (name, value) in headers(more) {
            all.insert(name.unwrap(), value);
        }
        self.send(Method::POST, path, all, form.as_bytes().to_vec()).await
    }

    /// The cookie of a person who has logged in.
    async fn cookie(&self) -> String {
        let heard = self.form("/ui/login", &format!("token={TOKEN}"), &[]).await;
        let cookie = heard.headers.get("set-cookie").unwrap_or_else(|| panic!("{heard:?}")).to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("sessions").await;
    let approve = format!("/ui/tasks/{}/approve", scene.id);
    let cookie = scene.cookie().await;
    let (name, value) = cookie.split_once('=').unwrap();
    let (half, _) = value.split_at(value.len() / 2);
    let turned: String = value.chars().rev().collect();
    for (what, forged) in [
        ("no cookie", String::new()),
        ("an empty cookie", format!("{name}=")),
        ("a name for a cookie", format!("{name}={PERSON}")),
        ("half of a cookie", format!("{name}={half}")),
        ("a cookie turned around", format!("{name}={turned}")),
        ("a cookie and some more", format!("{name}={value}A")),
        ("a cookie of nothing but zeros", format!("{name}={}", "A".repeat(value.len()))),
        ("somebody else's name before the cookie", format!("{name}=root{value}")),
        ("a cookie under the name for TLS", format!("__Host-{name}={value}")),
        ("the token for a cookie", format!("{name}={TOKEN}")),
    ] {
        for path in ["/", "/ui/overview"] {
            let all = if forged.is_empty() { HeaderMap::new() } else { headers(&[("cookie", &forged)]) };
            let heard = scene.send(Method::GET, path, all, Vec::new()).await;
            scene.tried(&format!("{path} with {what}"), !heard.body.contains("tsk_"), &heard).await;
        }
    }
    let path = format!("/ui/tasks/{}", scene.id);
    let page = scene.send(Method::GET, &path, headers(&[("cookie", &cookie)]), Vec::new()).await;
    assert_eq!(page.status, 200, "{page:?}");
    let csrf =
        page.body.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let form = format!("csrf={csrf}&draft_hash={}", scene.hash);
    for (what, more) in [
        ("another site", ("origin", "https://evil.example")),
        ("a site under ours", ("origin", "http://127.0.0.1.evil.example")),
        ("nowhere", ("origin", "null")),
        ("another port", ("origin", "http://127.0.0.1:1")),
        ("what a browser calls cross-site", ("sec-fetch-site", "cross-site")),
    ] {
        let heard = scene.form(&approve, &form, &[("cookie", &cookie), more]).await;
        scene.refused(&format!("an approval by the form of {what}"), heard).await;
    }
    for (what, form) in [
        ("no proof of its page", format!("draft_hash={}", scene.hash)),
        ("an empty proof", format!("csrf=&draft_hash={}", scene.hash)),
        ("a made-up proof", format!("csrf=AAAA&draft_hash={}", scene.hash)),
        ("the cookie for a proof", format!("csrf={value}&draft_hash={}", scene.hash)),
    ] {
        let heard = scene.form(&approve, &form, &[("cookie", &cookie)]).await;
        scene.refused(&format!("an approval with {what}"), heard).await;
    }
    let without = scene.form(&approve, &form, &[]).await;
    scene.tried("an approval without a session", without.status != 200, &without.status).await;
    for verb in ["approve", "reject", "retry"] {
        let path = format!("/ui/tasks/{}/{verb}?csrf={csrf}&draft_hash={}", scene.id, scene.hash);
        let heard = scene.send(Method::GET, &path, headers(&[("cookie", &cookie)]), Vec::new()).await;
        scene.refused(&format!("{verb} by a link"), heard).await;
    }
    let all = headers(&[("cookie", &cookie), ("content-type", "application/json")]);
    let decision = json!({"draft_hash": scene.hash}).to_string().into_bytes();
    let path = format!("/tasks/{}/approve", scene.id);
    scene.refused("the API with a cookie", scene.send(Method::POST, &path, all, decision).await).await;
    let login =
        scene.form("/ui/login", &format!("token={TOKEN}"), &[("origin", "https://evil.example")]).await;
    let let_in = login.headers.contains_key("set-cookie") && login.status == 303;
    scene.tried("a login by another site", !let_in, &login.status).await;
    let elsewhere = scene.form("/ui/login?to=https://evil.example/", &format!("token={TOKEN}"), &[]).await;
    let to = elsewhere.headers.get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
    scene.tried("a login that leads away", !to.contains("evil.example"), &to).await;
    for to in ["//evil.example/", "/\\evil.example", "/%2f%2fevil.example", "javascript:alert(1)"] {
        let heard = scene.form(&format!("/ui/login?to={to}"), &format!("token={TOKEN}"), &[]).await;
        let to = heard.headers.get("location").map(|to| to.to_str().unwrap().to_owned()).unwrap_or_default();
        let stays = to.is_empty() || (to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"));
        scene.tried(&format!("a login that leads to {to}"), stays, &to).await;
    }
    let mut records = scene.leave().await;
    records.extend(shown().await);
    records
}

/// What a stranger writes is text on every page, and no page may be framed or run what is not ours.
async fn shown() -> Vec<Record> {
    const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>";
    let scene = Scene::set("pages").await;
    let cookie = scene.cookie().await;
    let mut event = hooks::issue(66);
    event["issue"]["title"] = json!(EVIL);
    event["issue"]["body"] = json!(format!("{EVIL}\n\n</textarea></title>[a](javascript:alert(4))"));
    event["sender"]["login"] = json!("mona");
    let id = scene.api.hook("issues", &event).await.task_id();
    scene.api.until(&id, "awaiting_approval").await;
    let mut records = Vec::new();
    for path in [
        "/".to_owned(),
        format!("/ui/tasks/{id}"),
        format!("/ui/tasks/{id}/transcript"),
        format!("/ui/tasks/{id}/payload"),
        format!("/?q={}", form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>()),
    ] {
        let heard = scene.send(Method::GET, &path, headers(&[("cookie", &cookie)]), Vec::new()).await;
        let body = heard.body.to_lowercase();
        let runs = ["<script>alert", "<img src=x", "<svg onload", "href=\"javascript:"]
            .iter()
            .any(|tag| body.contains(tag));
        let policy = heard.headers.get("content-security-policy").map(|it| it.to_str().unwrap().to_owned());
        let guarded =
            policy.is_some_and(|it| it.contains("frame-ancestors 'none'") && !it.contains("unsafe-inline"));
        let broken = (runs || !guarded || heard.status != 200)
            .then(|| format!("pages: {path}: {} {runs} {guarded}", heard.status));
        records.push(Record { broken });
    }
    records
}
