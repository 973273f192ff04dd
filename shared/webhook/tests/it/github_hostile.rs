//! Bodies that GitHub would not send today, or that somebody made up.

use crate::support::{commented, event, opened, parse, patched};
use domain::{Event, Target};
use proptest::prelude::*;
use serde_json::{Value, json};
use webhook::{ParseError, Parsed, Provider, Received, Sender};

/// Every place that the reader looks at, but those without which there is no event.
const OPTIONAL: [&str; 17] = [
    "/issue/title",
    "/issue/body",
    "/issue/state",
    "/issue/user",
    "/issue/user/login",
    "/issue/labels",
    "/issue/labels/0",
    "/issue/labels/0/name",
    "/issue/author_association",
    "/issue/created_at",
    "/issue/updated_at",
    "/comment/body",
    "/comment/user",
    "/comment/created_at",
    "/comment/author_association",
    "/sender/type",
    "/installation",
];

const NEEDED: [(&str, &str); 8] = [
    ("/action", "`action`"),
    ("/issue", "`issue`"),
    ("/issue/number", "`issue.number`"),
    ("/comment/id", "`comment.id`"),
    ("/repository", "`repository.full_name`"),
    ("/repository/full_name", "`repository.full_name`"),
    ("/sender", "`sender.login`"),
    ("/sender/login", "`sender.login`"),
];

fn odd_values() -> [Value; 7] {
    [json!(null), json!(true), json!(-1), json!(0.5), json!(""), json!([[]]), json!({ "": {} })]
}

fn unreadable(body: &[u8], hint: Option<&str>) -> String {
    match parse(body, hint) {
        Err(ParseError::Unreadable(why)) => why,
        other => panic!("not unreadable: {other:?}"),
    }
}

#[test]
fn odd_values_where_nothing_is_needed_leave_an_event() {
    for pointer in OPTIONAL {
        for value in odd_values() {
            let event = event(&patched(&commented(), pointer, value.clone()));
            assert_eq!(event.thread, "octo/tidepool#7", "{pointer} = {value}");
        }
    }
}

#[test]
fn what_is_lacking_is_named() {
    for (pointer, name) in NEEDED {
        for value in [json!(null), json!(false), json!(-7), json!([]), json!("")] {
            let why = unreadable(&patched(&commented(), pointer, value.clone()), Some("issue_comment"));
            assert!(why.contains(name), "{pointer} = {value}: {why}");
        }
    }
    assert!(unreadable(b"[]", None).contains("the body is not a JSON object"));
    assert!(unreadable(b"{}", None).contains("`issue`"));
    assert!(unreadable(b"{}", Some("ping")).contains("`zen`"));
    assert!(unreadable(&patched(&opened(), "/issue/number", json!(0)), None).contains("`issue.number`"));
}

#[test]
fn a_repository_that_would_lead_elsewhere_is_refused() {
    let long = format!("octo/{}", "x".repeat(101));
    for name in [
        "octo",
        "octo/",
        "/repo",
        "octo/re/po",
        "octo/..",
        "octo/.",
        "../repo",
        "./repo",
        "octo/re?po",
        "octo/re#po",
        "octo/re%2fpo",
        "octo\\repo",
        "octo/re po",
        "octo/repö",
        "o.cto/repo",
        "octo/repo\n",
        "a@b/repo",
        &long,
    ] {
        let why = unreadable(&patched(&opened(), "/repository/full_name", json!(name)), None);
        assert!(why.contains("`repository.full_name`"), "{name}: {why}");
    }
}

#[test]
fn a_repository_with_dots_and_hyphens_is_kept() {
    let event = event(&patched(&opened(), "/repository/full_name", json!("octo-labs_x/.github-a_b.c")));
    let (owner, repo) = ("octo-labs_x".to_owned(), ".github-a_b.c".to_owned());
    assert_eq!(event.target, Some(Target::GithubIssue { owner, repo, number: 7 }));
}

#[test]
fn urls_of_the_payload_do_not_steer_the_target() {
    let mut json: Value = serde_json::from_slice(&opened()).unwrap();
    for pointer in
        ["/issue/url", "/issue/comments_url", "/issue/html_url", "/repository/url", "/issue/repository_url"]
    {
        *json.pointer_mut(pointer).unwrap() = json!("https://evil.example/repos/octo/tidepool");
    }
    let link = event(&opened()).link;
    assert_eq!(Event { link, ..event(json.to_string().as_bytes()) }, event(&opened()));
}

#[test]
fn tenant_and_thread_of_the_longest_names_stay_below_256_bytes() {
    let name = format!("{}/{}", "o".repeat(100), "r".repeat(100));
    let body = patched(&opened(), "/repository/full_name", json!(name));
    let event = event(&patched(&body, "/issue/number", json!(u64::MAX)));
    assert!(event.tenant.len() <= 256 && event.thread.len() <= 256);
}

#[test]
fn metadata_stays_small() {
    let mut body = commented();
    for pointer in ["/issue/state", "/issue/user/login", "/comment/user/login", "/comment/author_association"]
    {
        body = patched(&body, pointer, json!("é".repeat(5000)));
    }
    let event = event(&patched(&body, "/sender/login", json!("m".repeat(5000))));
    assert!(serde_json::to_vec(&event.metadata).unwrap().len() < 600);
    assert!(event.actor.len() <= 100);
}

#[test]
fn what_is_no_json_is_not_json() {
    let mut cut = opened();
    cut.truncate(5000);
    let bodies: [&[u8]; 8] =
        [b"", b" ", b"hello", b"{", b"{}x", b"{\"action\":\"\xff\"}", b"\xef\xbb\xbf{}", &cut];
    for body in bodies {
        assert!(matches!(parse(body, Some("issues")), Err(ParseError::NotJson(_))), "{body:?}");
    }
}

#[test]
fn json_of_another_shape_is_unreadable() {
    for body in ["[]", r#"["opened",{"number":7}]"#, r#"{"action":"a","action":"b"}"#] {
        unreadable(body.as_bytes(), None);
    }
    for body in ["null", "7", "\"issue\"", " {}", "x=1&payload=%7B%7D"] {
        assert!(matches!(parse(body.as_bytes(), None), Err(ParseError::NotJson(_))), "{body}");
    }
}

/// Senders cut texts within a character, and write what is left of it as an escape.
#[test]
fn half_a_surrogate_pair_is_a_replacement_character() {
    let text = String::from_utf8(patched(&opened(), "/issue/title", json!("smile HALF, \\ud83d"))).unwrap();
    let body = text.replace("HALF", r"\ud83d");
    assert!(body.contains(r"smile \ud83d, \\ud83d"), "{body}");
    assert_eq!(event(body.as_bytes()).title.as_deref(), Some("smile \u{fffd}, \\ud83d"));
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let objects = |depth: usize| "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
    let text = String::from_utf8(opened()).unwrap();
    for value in [deep(500_000), objects(200_000)] {
        for field in ["unknown", "installation", "zen"] {
            let text = text.replacen("\"installation\"", "\"other\"", 1);
            let body = text.replacen('{', &format!("{{\"{field}\":{value},"), 1);
            assert_eq!(event(body.as_bytes()).thread, "octo/tidepool#7");
        }
        assert!(parse(value.as_bytes(), None).is_err());
        assert!(parse(format!("{{\"issue\":{value}}}").as_bytes(), None).is_err());
    }
    assert!(parse("[".repeat(1_000_000).as_bytes(), None).is_err());
}

fn json_value() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "action",
        "issue",
        "comment",
        "repository",
        "sender",
        "installation",
        "zen",
        "hook_id",
        "number",
        "id",
        "title",
        "body",
        "user",
        "labels",
        "name",
        "full_name",
        "login",
        "type",
        "created_at",
        "pull_request",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("octo/repo")),
        Just(json!("opened")),
    ];
    leaf.prop_recursive(5, 60, 12, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..12)
                .prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_panic(mut body: Vec<u8>, begin in "(\\{|\\[|payload=|)", hint: Option<String>) {
        body.splice(0..0, begin.bytes());
        let received = Received { event_hint: hint.as_deref(), body: &body };
        let _ = Sender::of(Provider::Github).parse(&received);
    }

    #[test]
    fn no_damage_to_a_genuine_body_makes_a_panic(
        place: prop::sample::Index, end: prop::sample::Index, byte: u8,
    ) {
        let mut body = commented();
        let place = place.index(body.len());
        body[place] = byte;
        let _ = parse(&body, Some("issue_comment"));
        body.truncate(end.index(body.len()));
        let _ = parse(&body, None);
    }

    #[test]
    fn any_json_is_an_event_of_bounded_names_or_an_error(value in json_value(), hint in "[a-z_]{0,12}") {
        if let Ok(Parsed::Event(event)) = parse(value.to_string().as_bytes(), Some(&hint)) {
            prop_assert!((1..=256).contains(&event.tenant.len()));
            prop_assert!((1..=256).contains(&event.thread.len()));
            prop_assert!(event.target.is_some());
        }
    }
}
