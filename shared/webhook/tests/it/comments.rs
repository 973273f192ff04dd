//! What a comment says: its own words, as people see them, to those whom it names.

use crate::senders::sender;
use crate::support::{json_of, read, read_by};
use domain::{Event, Target};
use serde_json::{Value, json};
use webhook::{CommentPolicy, FieldMap, Filter, IgnoreReason, Pointer, Provider, Sender, is_wordless};

/// Comments of all senders that have them: the sample, where its words stand, and the event's own description.
const COMMENTS: [(Provider, &str, &str); 10] = [
    (Provider::Github, "github/issue_comment.created.json", "/comment/body"),
    (Provider::Github, "github/discussion_comment.created.json", "/comment/body"),
    (Provider::Github, "github/pull_request_review.submitted.json", "/review/body"),
    (Provider::Github, "github/pull_request_review_comment.created.json", "/comment/body"),
    (Provider::Gitlab, "gitlab/note.create.json", "/object_attributes/note"),
    (Provider::Jira, "jira/comment.created.json", "/comment/body"),
    (Provider::Linear, "linear/comment.create.json", "/data/body"),
    (Provider::Pagerduty, "pagerduty/incident.annotated.json", "/event/data/content"),
    (Provider::Slack, "slack/message.im.json", "/event/text"),
    (Provider::Zendesk, "zendesk/ticket.comment_added.json", "/event/comment/body"),
];

/// The comment of `path` that somebody typed these words in.
fn saying(provider: Provider, path: &str, pointer: &str, words: &Value) -> Event {
    match (provider, words) {
        (Provider::Slack, Value::String(typed)) => {
            let sent = typed.replace('<', "&lt;").replace('>', "&gt;");
            reading(provider, path, pointer, &json!(sent))
        }
        _ => reading(provider, path, pointer, words),
    }
}

/// The comment of `path` that came with these words.
fn reading(provider: Provider, path: &str, pointer: &str, words: &Value) -> Event {
    let mut body = json_of(path);
    if provider == Provider::Slack {
        body["event"].as_object_mut().unwrap().remove("blocks");
    }
    *body.pointer_mut(pointer).unwrap() = words.clone();
    read(provider, &body)
}

fn thread() -> Filter {
    Filter { comments: CommentPolicy::Thread, ..Filter::default() }
}

#[test]
fn a_comment_says_what_it_says_itself_and_nothing_older() {
    for (provider, path, pointer) in COMMENTS {
        for silence in [json!(null), json!(""), json!(" \n")] {
            let event = saying(provider, path, pointer, &silence);
            assert_eq!(event.text.trim(), "", "{path}");
            assert!(is_wordless(&event), "{path}");
            assert_eq!(thread().ignores(&event), Some(IgnoreReason::Empty), "{path}");
        }
    }
}

#[test]
fn a_comment_in_which_nobody_sees_anything_is_empty() {
    for (provider, path, pointer) in COMMENTS {
        // Where there is no HTML, a comment of HTML is shown.
        let knows_html = matches!(provider, Provider::Github | Provider::Gitlab);
        for (hidden, is_shown) in [
            ("<!-- answer: yes -->", !knows_html),
            ("<!-- a -->\n\n<!-- b\n\nc -->\n", !knows_html),
            ("\u{200b}\u{2060}\u{feff}", false),
            ("\u{e0061}\u{202e}", false),
            ("\u{3164}\u{200d}", false),
        ] {
            let event = saying(provider, path, pointer, &json!(hidden));
            let reason = (!is_shown).then_some(IgnoreReason::Empty);
            assert_eq!(thread().ignores(&event), reason, "{path}: {hidden:?}");
        }
        let event = saying(provider, path, pointer, &json!("<!-- a --> yes"));
        assert_eq!(thread().ignores(&event), None, "{path}");
    }
}

#[test]
fn files_of_jira_that_nobody_else_can_open_are_no_words() {
    let said = |words: &Value| saying(Provider::Jira, "jira/comment.created.json", "/comment/body", words);
    let media = json!({"type": "media", "attrs": {"alt": "graph.png"}});
    let document =
        json!({"type": "doc", "version": 1, "content": [{"type": "mediaSingle", "content": [media]}]});
    for files in [json!("!graph.png|thumbnail!"), json!("[^trace.log]\n!a.png!"), document] {
        assert_eq!(thread().ignores(&said(&files)), Some(IgnoreReason::Empty), "{files}");
    }
    assert_eq!(thread().ignores(&said(&json!("Why this? !graph.png!"))), None);
}

#[test]
fn a_title_that_nobody_sees_says_nothing() {
    let mut body = json_of("github/issues.opened.json");
    body["issue"]["body"] = json!("<!-- describe the problem -->");
    assert_eq!(thread().ignores(&read(Provider::Github, &body)), None, "it may say all in its title");
    body["issue"]["title"] = json!("\u{200b}");
    assert_eq!(thread().ignores(&read(Provider::Github, &body)), Some(IgnoreReason::Empty));
}

/// A comment of Zendesk that has files alone, on a ticket that `is_public` or not, which began with an internal note.
fn files_alone(is_public: bool) -> Value {
    json!({
        "id": "e1", "type": "zen:event-type:ticket.comment_added", "time": "2026-11-20T10:00:00Z",
        "detail": {"id": "7", "actor_id": "777", "subject": "Refund", "is_public": is_public,
            "description": "internal: she is on the fraud list"},
        "event": {"comment": {"id": "99", "author": {"id": "778", "is_staff": false, "name": "Kim"}, "body": "",
            "is_public": true, "attachments": [{"filename": "a.png", "content_type": "image/png", "size": 9,
                "content_url": "https://acme.zendesk.com/attachments/token/x/?name=a.png"}]}},
    })
}

#[test]
fn the_description_of_a_ticket_is_told_with_no_comment_and_with_no_later_change() {
    for is_public in [true, false] {
        let event = read(Provider::Zendesk, &files_alone(is_public));
        assert_eq!((event.text.as_str(), event.opening.as_ref(), event.attachments.len()), ("", None, 1));
        assert!(is_wordless(&event));
        assert_eq!(thread().ignores(&event), None, "whether its file is shown is known to the processor");
        let mut said = files_alone(is_public);
        said["event"]["comment"]["body"] = json!("Any news?");
        let event = read(Provider::Zendesk, &said);
        assert_eq!((event.text.as_str(), event.opening), ("Any news?", None));
    }
    for change in ["status_changed", "priority_changed", "description_changed", "tags_changed"] {
        let mut body = files_alone(true);
        body["type"] = json!(format!("zen:event-type:ticket.{change}"));
        body["event"] = json!({"current": "OPEN", "previous": "NEW"});
        let event = read(Provider::Zendesk, &body);
        assert_eq!((event.text.as_str(), event.opening), ("", None), "{change}");
    }
    let created = read(Provider::Zendesk, &json_of("zendesk/ticket.created.json"));
    assert!(created.text.contains("charged"), "{}", created.text);
}

#[test]
fn a_mapped_comment_says_what_the_map_names_or_nothing() {
    let at = |text: &str| Some(Pointer::new(text).unwrap());
    let map =
        FieldMap { text: at("/body"), comment: at("/comment"), title: at("/title"), ..FieldMap::default() };
    let custom = Sender { map, ..Sender::new("shop", Provider::Svix) };
    let event = read_by(&custom, &json!({"comment": 7, "title": "Refund", "note": "internal"}), None);
    assert_eq!((event.text.as_str(), thread().ignores(&event)), ("", Some(IgnoreReason::Empty)));
    let whole = read_by(&custom, &json!({"title": "Refund", "note": "new"}), None);
    assert!(whole.text.contains("\"new\""), "what is no comment loses nothing: {}", whole.text);
}

#[test]
fn a_trigger_whose_words_are_blank_says_nothing_by_its_tickets_title() {
    let at = |text: &str| Some(Pointer::new(text).unwrap());
    let map = FieldMap {
        event: at("/event"),
        thread: at("/ticket"),
        title: at("/title"),
        text: at("/text"),
        public: at("/public"),
        ..FieldMap::default()
    };
    let trigger = Sender { map, ..sender(Provider::Zendesk) };
    let mut body = json_of("zendesk/ticket.triggered.json");
    assert!(read_by(&trigger, &body, None).title.is_some());
    body["text"] = json!("");
    assert_eq!(thread().ignores(&read_by(&trigger, &body, None)), Some(IgnoreReason::Empty));
}

#[test]
fn an_account_that_jira_marks_is_spoken_to_whatever_the_words_around_it_look_like() {
    let agent = "712020:agent";
    let mentions = Filter { login: Some(agent.to_owned()), ..Filter::default() };
    let told = |words: &Value| {
        let event = saying(Provider::Jira, "jira/comment.created.json", "/comment/body", words);
        mentions.ignores(&event).is_none()
    };
    let mention = json!({"type": "mention", "attrs": {"id": agent}});
    let adf = |kind: &str, before: &str| {
        let line = json!({"type": "paragraph", "content": [{"type": "text", "text": before}, mention]});
        let block = if kind == "paragraph" { line } else { json!({"type": kind, "content": [line]}) };
        json!({"type": "doc", "version": 1, "content": [block]})
    };
    for before in ["> ", "`", "    ", "<pre>", "<!-- ", "```\n", "<code>"] {
        assert!(told(&adf("paragraph", before)), "{before:?}");
        assert!(told(&json!(format!("{before}[~accountid:{agent}] why?"))), "{before:?}");
        assert!(!told(&adf("blockquote", before)), "{before:?}");
    }
    for quoted in ["a {quote}[~X]{quote} b", "a {code}[~X]{code}", "{noformat}a\n[~X]{noformat}b", "bq. [~X]"]
    {
        assert!(!told(&json!(quoted.replace("~X", &format!("~accountid:{agent}")))), "{quoted}");
    }
    assert!(!told(&json!(format!("@{agent}"))), "who writes a name has mentioned nobody");
}

#[test]
fn a_bot_that_stands_in_a_quote_or_in_code_alone_is_not_spoken_to_in_slack() {
    let told = |text: &str| {
        let event = reading(Provider::Slack, "slack/app_mention.json", "/event/text", &json!(text));
        Filter { login: Some("U05AFTERHK".to_owned()), ..Filter::default() }.ignores(&event).is_none()
    };
    assert!(told("<@U05AFTERHK> why?") && told("&lt;pre&gt; <@U05AFTERHK> why?"));
    assert!(!told("&gt; <@U05AFTERHK> said so\n\nindeed") && !told("`<@U05AFTERHK>`"));
    let mut body = json_of("slack/app_mention.json");
    body["authorizations"] = json!([]);
    assert!(read(Provider::Slack, &body).addressed, "where Slack does not name our account, its word counts");
}

#[test]
fn what_is_no_html_to_its_readers_hides_nothing_from_the_model() {
    for (provider, path, pointer) in COMMENTS {
        let event = saying(provider, path, pointer, &json!("a <!-- b --> c"));
        let is_html = matches!(provider, Provider::Github | Provider::Gitlab);
        let expected = if is_html { "a <!-- b --> c" } else { "a &lt;!-- b --> c" };
        assert_eq!(event.text, expected, "{path}");
    }
}

#[test]
fn a_page_in_an_error_or_an_opening_hides_nothing_that_stands_behind_it() {
    let mut body = json_of("sentry/issue.created.json");
    body["data"]["issue"]["metadata"] = json!({"value": "unexpected token in <!DOCTYPE html: line 1"});
    let text = read(Provider::Sentry, &body).text;
    assert!(text.contains("in &lt;!DOCTYPE html: line 1"), "{text}");
    let mut body = json_of("linear/comment.create.json");
    body["data"]["issue"]["description"] = json!("<!-- a");
    assert_eq!(read(Provider::Linear, &body).opening.as_deref(), Some("&lt;!-- a"));
}

#[test]
fn a_mention_counts_by_the_configured_name_and_the_guard_by_the_account_as_well() {
    let comment =
        |words: &str| saying(Provider::Linear, "linear/comment.create.json", "/data/body", &json!(words));
    let mut filter = Filter { login: Some("afterhook".to_owned()), ..Filter::default() };
    filter.know("c0ffee5f-0000-4f52-b4bd-ab4e84cf51bb");
    assert_eq!(filter.ignores(&comment("@afterhook why?")), None);
    assert_eq!(filter.ignores(&comment("why?")), Some(IgnoreReason::NotMentioned));
    filter.know("c0ffee5f-8adc-4f52-b4bd-ab4e84cf51bb");
    assert_eq!(filter.ignores(&comment("@afterhook why?")), Some(IgnoreReason::OwnAccount));
    let mut unnamed = Filter::default();
    unnamed.know("mona");
    assert_eq!((unnamed.login.as_deref(), unnamed.account.as_deref()), (Some("mona"), Some("mona")));
}

#[test]
fn a_comment_of_zendesk_is_answered_where_it_was_written() {
    let target = Target::ZendeskTicket { subdomain: "acme".to_owned(), id: 7 };
    assert_eq!(read(Provider::Zendesk, &files_alone(true)).target, Some(target));
}
