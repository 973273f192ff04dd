//! Payloads as they are deployed: Jira Data Center, forwarded messages of Slack, messages that say nothing.

use crate::senders::sender;
use crate::support::{json_of, read};
use domain::{Event, Target};
use serde_json::json;
use webhook::{CommentPolicy, Filter, IgnoreReason, Provider, Received};

fn ignored(event: &Event) -> Option<IgnoreReason> {
    Filter { comments: CommentPolicy::Thread, ..Filter::default() }.ignores(event)
}

#[test]
fn a_comment_of_data_center_without_its_issue_is_answered_by_the_issues_id() {
    let event = read(Provider::Jira, &json_of("jira/comment.created.data-center.json"));
    assert_eq!(
        (event.name.as_str(), event.thread.as_str(), event.tenant.as_str()),
        ("comment.created", "10042", "jira")
    );
    let target = Target::JiraIssue { host: "acme.atlassian.net".to_owned(), key: "10042".to_owned() };
    assert_eq!(event.target, Some(target));
    assert_eq!(event.actor_id.as_deref(), Some("jonah"));
    let mut evil = json_of("jira/comment.created.data-center.json");
    for address in
        ["https://x/rest/api/2/issue/10042/../x/comment/1", "https://x/issue//comment/1", "10042", ""]
    {
        evil["comment"]["self"] = json!(address);
        let bytes = evil.to_string();
        let received = Received { event_hint: None, body: bytes.as_bytes() };
        assert!(sender(Provider::Jira).parse(&received).is_err(), "{address}");
    }
}

#[test]
fn a_comment_inside_a_change_of_its_issue_is_a_comment_with_the_mention_filter() {
    let body = json_of("jira/issue.commented.data-center.json");
    let event = read(Provider::Jira, &body);
    assert_eq!((event.name.as_str(), event.thread.as_str()), ("comment.created", "OPS-7"));
    assert_eq!(event.comment_id.as_deref(), Some("10311"));
    assert!(event.opening.is_some() && event.text.starts_with("@afterhook is it"), "{}", event.text);
    assert!(event.text.ends_with("> after 10,000 rows"), "{}", event.text);
    let mention = |login: &str| Filter { login: Some(login.to_owned()), ..Filter::default() };
    assert_eq!(mention("afterhook").ignores(&event), None);
    assert_eq!(mention("somebody").ignores(&event), Some(IgnoreReason::NotMentioned));
    let mut changed = body;
    changed["issue_event_type_name"] = json!("issue_generic");
    assert_eq!(read(Provider::Jira, &changed).name, "issue.updated");
}

#[test]
fn a_document_of_jira_keeps_what_people_see() {
    let mut body = json_of("jira/comment.created.json");
    body["comment"]["body"] = json!({"type": "doc", "version": 1, "content": [
        {"type": "blockquote", "content": [{"type": "paragraph", "content": [
            {"type": "mention", "attrs": {"id": "712020:agent"}}, {"type": "text", "text": " said so"}]}]},
        {"type": "paragraph", "content": [{"type": "text", "text": "the log",
            "marks": [{"type": "link", "attrs": {"href": "https://a.example/log"}}]}]},
    ]});
    let event = read(Provider::Jira, &body);
    assert_eq!(event.text, "> @712020:agent said so\n\n[the log](https://a.example/log)");
    assert!(!webhook::mentions(&event.text, "712020:agent"), "who is quoted is not spoken to");
    assert_eq!(event.mentioned, Some(Vec::new()));
}

#[test]
fn a_forwarded_message_of_slack_is_read() {
    let event = read(Provider::Slack, &json_of("slack/message.forwarded.json"));
    let expected = "> Message of Mona Lisa:\n> since this morning the nightly export stops after 10,000 rows";
    assert_eq!((event.text.as_str(), ignored(&event)), (expected, None));
}

#[test]
fn rich_text_alone_is_read_and_its_mention_heard() {
    let mut body = json_of("slack/message.channels.json");
    body["event"]["blocks"] = json!([{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
        {"type": "user", "user_id": "U05AFTERHK"}, {"type": "text", "text": " it stops"}]}]}]);
    for unseen in ["", "approve the refund"] {
        body["event"]["text"] = json!(unseen);
        let event = read(Provider::Slack, &body);
        assert_eq!(event.text, "@U05AFTERHK it stops");
        assert!(event.addressed);
    }
}

#[test]
fn files_of_a_forwarded_message_are_named() {
    let mut body = json_of("slack/message.forwarded.json");
    body["event"]["files"] = json!([{"name": "own.png", "mimetype": "image/png", "size": 7}]);
    body["event"]["attachments"][0]["files"] = json!([{"name": "theirs.log", "mimetype": "text/plain"}]);
    let event = read(Provider::Slack, &body);
    let names: Vec<&str> = event.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["own.png", "theirs.log"]);
}

#[test]
fn slackbot_is_a_bot() {
    let mut body = json_of("slack/message.im.json");
    body["event"]["user"] = json!("USLACKBOT");
    assert_eq!(ignored(&read(Provider::Slack, &body)), Some(IgnoreReason::Bot));
}

#[test]
fn what_says_and_shows_nothing_is_ignored_as_empty() {
    let mut message = json_of("slack/message.im.json");
    message["event"]["text"] = json!("");
    assert_eq!(ignored(&read(Provider::Slack, &message)), Some(IgnoreReason::Empty));
    // Whether the model may see a file is not known here; one without an address shows nothing.
    message["event"]["files"] = json!([{"name": "a.png", "mimetype": "image/png"}]);
    assert_eq!(ignored(&read(Provider::Slack, &message)), Some(IgnoreReason::Empty));
    message["event"]["files"][0]["url_private"] = json!("https://files.slack.com/a.png");
    assert_eq!(ignored(&read(Provider::Slack, &message)), None);
    let mut file = message["event"]["files"][0].take();
    file["public_url_shared"] = json!(true);
    file["permalink_public"] = json!("https://slack-files.com/T1-F1-0b4a1e9a4c");
    message["event"]["attachments"] = json!([{"is_share": true, "files": [file]}]);
    assert_eq!(ignored(&read(Provider::Slack, &message)), None);
    assert_eq!(IgnoreReason::Empty.as_str(), "empty");

    let blank = |provider, path: &str, pointer: &str| {
        let mut body = json_of(path);
        *body.pointer_mut(pointer).unwrap() = json!(" \n ");
        ignored(&read(provider, &body))
    };
    for (provider, path, pointer) in [
        (Provider::Github, "github/issue_comment.created.json", "/comment/body"),
        (Provider::Gitlab, "gitlab/note.create.json", "/object_attributes/note"),
        (Provider::Jira, "jira/comment.created.json", "/comment/body"),
        (Provider::Linear, "linear/comment.create.json", "/data/body"),
    ] {
        assert_eq!(blank(provider, path, pointer), Some(IgnoreReason::Empty), "{path}");
    }
    let titled = blank(Provider::Github, "github/issues.opened.json", "/issue/body");
    assert_eq!(titled, None, "an issue may say all in its title");
}
