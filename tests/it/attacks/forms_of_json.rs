//! Signed bodies that a parser might choke on, or read in two ways. The sender is genuine; what it quotes is a stranger's.

use e2e::hooks;

use super::scene::{Record, Scene};

pub(super) async fn run() -> Vec<Record> {
    let scene = Scene::set("forms of JSON").await;
    let event = String::from_utf8(hooks::bytes(&hooks::issue(8))).unwrap();
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(200_000), close.repeat(200_000)).into_bytes();
    let with_bom = [b"\xef\xbb\xbf".as_slice(), event.as_bytes()].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("arrays 200,000 deep", deep("[", "]")),
        ("objects 200,000 deep", deep("{\"a\":", "}")),
        ("lists in objects 200,000 deep", deep("{\"a\":[", "]}")),
        ("a nest that never closes", "[".repeat(500_000).into_bytes()),
        ("a byte order mark", with_bom),
        ("something behind the JSON", format!("{event}{event}").into_bytes()),
        ("half of the JSON", event.as_bytes()[..event.len() / 2].to_vec()),
        ("bytes that are no UTF-8", b"{\"action\":\"opened\",\"x\":\"\xff\xfe\"}".to_vec()),
        ("half a surrogate pair", br#"{"action":"opened","issue":{"title":"\ud800"}}"#.to_vec()),
        ("comments", format!("/* */ {event}").into_bytes()),
        ("JSON in quotes", serde_json::to_vec(&event).unwrap()),
        ("a number", b"7".to_vec()),
        ("nothing but blanks", b"  \n ".to_vec()),
        ("NaN", b"{\"action\":NaN}".to_vec()),
        (
            "XML",
            b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"
                .to_vec(),
        ),
        ("a form in a form", b"payload=payload%3D%7B%7D".to_vec()),
    ];
    for (name, body) in cases {
        let mut headers = hooks::signed("issues", &body);
        if body.starts_with(b"payload=") {
            headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        }
        scene.refused_or_unread(name, scene.hook("github", headers, body).await).await;
    }
    let ping = r#"{"__proto__":{"action":"opened"},"constructor":{"issue":{}},"zen":"x","hook_id":1}"#;
    let heard =
        scene.hook("github", hooks::signed("issues", ping.as_bytes()), ping.as_bytes().to_vec()).await;
    let leaves_no_task = heard.status == 200 && !heard.body.contains("task_id");
    scene.tried("keys of a prototype", leaves_no_task, &heard).await;
    for (name, body) in [
        (
            "an action twice",
            r#"{"action":"closed","action":"deleted","issue":{"number":8},"repository":{"full_name":"octo/tidepool"},"sender":{"login":"mona"}}"#,
        ),
        (
            "an endless number",
            r#"{"action":"closed","issue":{"number":1e999999},"repository":{"full_name":"octo/tidepool"},"sender":{"login":"mona"}}"#,
        ),
    ] {
        let signed = hooks::signed("issues", body.as_bytes());
        scene.refused_or_unread(name, scene.hook("github", signed, body.as_bytes().to_vec()).await).await;
    }
    scene.leave().await
}
