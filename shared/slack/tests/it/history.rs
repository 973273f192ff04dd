//! Reading a thread.

use domain::Publisher;
use serde_json::json;

use crate::support::{THREAD, client, message, serving, target};

#[tokio::test]
async fn the_last_messages_come_oldest_first_with_their_authors() {
    let mut ours = message("1767323048.000000", "U1", "I am a bot");
    ours["bot_id"] = json!("B1");
    let server = serving(vec![
        message(THREAD, "U2", "It &lt;crashes&gt;"),
        message("1767323046.000000", "U3", "<@U2> see <https://x.example|this>"),
        message("1767323047.000000", "U2", "three"),
        ours,
        message("1767323049.500000", "U2", "five"),
    ])
    .await;
    let comments = client(&server).history(&target(), 4).await.unwrap();
    let seen: Vec<_> = comments.iter().map(|c| (c.author.as_str(), c.ours, c.text.as_str())).collect();
    assert_eq!(
        seen,
        [
            ("U3", false, "@U2 see this (https://x.example)"),
            ("U2", false, "three"),
            ("U1", true, "I am a bot"),
            ("U2", false, "five"),
        ]
    );
    assert_eq!(comments[3].at.to_string(), "2026-01-02T03:04:09.5Z");
    assert_eq!(comments[3].id, "1767323049.500000");
    // The first message comes with every page, and counts once.
    let all = client(&server).history(&target(), 100).await.unwrap();
    assert_eq!(all.iter().filter(|comment| comment.text == "It <crashes>").count(), 1);
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn notices_of_slack_itself_are_left_out() {
    let mut joined = message("1767323046.000000", "U3", "<@U3> has joined the channel");
    joined["subtype"] = json!("channel_join");
    let mut integration = message("1767323047.000000", "", "deployed");
    integration["subtype"] = json!("bot_message");
    integration["user"] = json!(null);
    integration["username"] = json!("deployer");
    let server = serving(vec![message(THREAD, "U2", "Hi"), joined, integration]).await;
    let comments = client(&server).history(&target(), 5).await.unwrap();
    let authors: Vec<_> = comments.iter().map(|comment| comment.author.as_str()).collect();
    assert_eq!(authors, ["U2", "deployer"]);
}

#[tokio::test]
async fn who_we_are_is_asked_once() {
    let server = serving(vec![message(THREAD, "U2", "Hi")]).await;
    let slack = client(&server);
    for _ in 0..3 {
        slack.history(&target(), 5).await.unwrap();
    }
    assert_eq!(server.lines().iter().filter(|line| line.ends_with("auth.test")).count(), 1);
    assert!(slack.history(&target(), 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn words_that_stand_in_blocks_or_in_what_is_forwarded_alone_are_read_and_files_are_named() {
    let mut blocks = message("1767323046.000000", "U3", "");
    blocks["blocks"] = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "*down* again"}}]);
    let mut forwarded = message("1767323047.000000", "U3", "");
    forwarded["attachments"] = json!([{"is_share": true, "author_name": "Mona", "text": "It is on fire"}]);
    let mut file = message("1767323048.000000", "U3", "look");
    file["files"] = json!([{"name": "trace.log"}]);
    let server = serving(vec![message(THREAD, "U2", "Hi"), blocks, forwarded, file]).await;
    let comments = client(&server).history(&target(), 3).await.unwrap();
    let texts: Vec<_> = comments.iter().map(|comment| comment.text.as_str()).collect();
    assert!(texts[0].contains("down") && texts[0].contains("again"), "{texts:?}");
    assert!(texts[1].contains("Mona") && texts[1].contains("> It is on fire"), "{texts:?}");
    assert_eq!(texts[2], "look\n\n[file: trace.log]");
}
