use domain::{Classification, DraftOrigin, DraftRef, NewTask, Notice, Priority, Task, TaskId, short_sha256};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn parked(draft: &str) -> Task {
    let new = NewTask {
        source: "github".to_owned(),
        event: "issues.opened".to_owned(),
        tenant: "octo/repo".to_owned(),
        thread: "octo/repo#7".to_owned(),
        actor: "<!channel>".to_owned(),
        priority: Priority::DEFAULT,
        metadata: serde_json::Map::new(),
        content_type: "application/json".to_owned(),
        event_hint: None,
    };
    let mut task = Task::received(TaskId::derive("github", b"1"), new, at(0), at(1));
    task.doc.classification =
        Some(Classification { intent: "bug_report".to_owned(), confidence: 0.414, parameters: Value::Null });
    task.doc.draft = Some(DraftRef {
        hash: short_sha256(draft),
        from: DraftOrigin::Model,
        parked_because: Some("confidence 0.41 is below 0.80".to_owned()),
    });
    task.doc.thread_url = Some("https://github.com/octo/repo/issues/7".to_owned());
    task.doc.title = Some("It <crashes>".to_owned());
    task.doc.note_asked("<!channel> When I start it.\n\nSee <https://evil.example|here> & @here.");
    task.doc.expires_at = Some(at(3_600));
    task.ask_people(at(2));
    task
}

fn with<T>(draft: &str, read: impl FnOnce(&Ask<'_>) -> T) -> T {
    let task = parked(draft);
    let notice: &Notice = &task.doc.notices[0];
    read(&Ask { task: &task, notice, draft })
}

/// A click on Approve would be refused.
#[test]
fn an_answer_that_nobody_has_written_has_no_button_that_publishes_it() {
    let (written, unwritten) = (actions_of("Hi."), actions_of(UNWRITTEN));
    assert!(written.contains("Approve as question") && written.contains(r#""text":"Approve""#), "{written}");
    assert!(!unwritten.contains("Approve"), "{unwritten}");
    for button in ["Reject", "Write it", "Reject, it is spam"] {
        assert!(unwritten.contains(&format!(r#""text":"{button}""#)), "{unwritten}");
    }
}

fn actions_of(draft: &str) -> String {
    with(draft, |ask| request(ask, Some("https://console"), &intents())).to_string()
}

fn intents() -> Vec<String> {
    ["bug_report", "question"].map(str::to_owned).into()
}

/// Every text of every block, with its length in characters.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value.as_str() {
            Some(text) if key == "text" => found.push(text.to_owned()),
            _ => texts(value, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        _ => {}
    }
}

fn all(blocks: &Value) -> String {
    let mut found = Vec::new();
    texts(blocks, &mut found);
    found.join("\n")
}

fn decided(outcome: Option<Outcome>, from: Option<Origin>) -> Closed {
    Closed { outcome, by: "ann".to_owned(), from, at: at(60) }
}

#[test]
fn a_request_says_what_it_is_about_and_has_three_buttons_and_a_menu() {
    let blocks = with("Thanks, **fixed**.", |ask| request(ask, Some("https://console.example/"), &intents()));
    let text = all(&blocks);
    for part in [
        "github, issues.opened by &lt;!channel&gt;",
        "<https://github.com/octo/repo/issues/7|octo/repo#7>",
        "bug_report",
        "41 %",
        "confidence 0.41 is below 0.80",
        "*It &lt;crashes&gt;*\n> &lt;!channel&gt; When I start it.\n> \n> See &lt;https://evil.example|here&gt; &amp; @here.",
        "Thanks, *fixed*.",
        "<!date^1800003600^",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let buttons = blocks.as_array().unwrap().last().unwrap()["elements"].as_array().unwrap().clone();
    let task = TaskId::derive("github", b"1");
    for (button, is) in buttons.iter().zip([Button::Approve, Button::Reject]) {
        let (id, value) = (button["action_id"].as_str().unwrap(), button["value"].as_str().unwrap());
        let read = Button::read(id, value).unwrap();
        assert_eq!(read, (is, task.clone(), short_sha256("Thanks, **fixed**.").as_str()));
    }
    assert_eq!(buttons[2]["url"], format!("https://console.example/ui/tasks/{task}"));
    assert!(buttons[0]["confirm"].is_null() && buttons[2]["value"].is_null());
}

/// Linear's threads, say, are ids of programs. A message that is closed still says what it was about.
#[test]
fn a_thread_has_the_name_that_people_know_and_the_longest_question_fits() {
    let mut task = parked("Hello");
    task.doc.source = "linear".to_owned();
    task.doc.metadata.insert("issue".to_owned(), json!("ENG-123"));
    task.doc.title = Some("&".repeat(160));
    task.doc.note_asked(&"&\n".repeat(1_000));
    let ask = Ask { task: &task, notice: &task.doc.notices[0], draft: "Hello" };
    let over = decided(Some(Outcome::Approved), None);
    for blocks in [request(&ask, None, &intents()), closed(&ask, &over, None)] {
        assert!(all(&blocks).contains("|ENG-123>"), "{blocks}");
        let mut found = Vec::new();
        texts(&blocks, &mut found);
        let question = found.iter().find(|text| text.starts_with("*&amp;")).unwrap();
        assert!(question.chars().count() <= 3_000 && question.contains("\n> &amp;\n"), "{question}");
        let rest = question.replace("&amp;", "").replace("&gt;", "");
        assert!(!rest.contains('&'), "no entity is cut: {rest}");
    }
    assert_eq!(notification(&ask), "A draft for ENG-123 waits for a decision");
}

#[test]
fn without_a_console_nothing_can_be_edited() {
    let blocks = with("Hello", |ask| request(ask, None, &intents()));
    assert_eq!(blocks.as_array().unwrap().last().unwrap()["elements"].as_array().unwrap().len(), 3);
}

#[test]
fn the_menu_offers_the_other_intents_and_spam_and_asks_again_before_it_decides() {
    let menu = |intents: &[String], draft: &str| {
        let blocks = with(draft, |ask| request(ask, None, intents));
        blocks.as_array().unwrap().last().unwrap()["elements"].as_array().unwrap().last().unwrap().clone()
    };
    let said = menu(&intents(), "Hello");
    let options = said["options"].as_array().unwrap();
    let read = |option: &Value| {
        let value = option["value"].as_str().unwrap().to_owned();
        let (button, task, hash) = Button::read(said["action_id"].as_str().unwrap(), &value).unwrap();
        assert_eq!((task, hash), (TaskId::derive("github", b"1"), short_sha256("Hello").as_str()));
        format!("{button:?}")
    };
    let read: Vec<String> = options.iter().map(read).collect();
    assert_eq!(read, ["RejectSpam", "ApproveAs(\"question\")"], "it was sorted as bug_report");
    assert!(said["confirm"]["text"]["text"].is_string());
    let cut = menu(&intents(), &"line of text\n\n".repeat(3_000));
    assert!(cut["confirm"]["text"]["text"].as_str().unwrap().contains("publishes all of it"));

    let many: Vec<String> = (0..200).map(|number| format!("{}{number:03}", "i".repeat(61))).collect();
    let said = menu(&many, "Hello");
    let options = said["options"].as_array().unwrap();
    assert_eq!(options.len(), 100, "Slack takes no more");
    for option in options {
        let (text, value) = (option["text"]["text"].as_str().unwrap(), option["value"].as_str().unwrap());
        assert!(text.chars().count() <= 75 && value.chars().count() <= 150, "{option}");
    }
    let confirm = &said["confirm"];
    for (key, most) in [("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)] {
        assert!(confirm[key]["text"].as_str().unwrap().chars().count() <= most, "{key}");
    }
    assert!(cut["confirm"]["text"]["text"].as_str().unwrap().chars().count() <= 300);
}

#[test]
fn a_long_draft_keeps_slacks_limits_is_cut_visibly_and_asks_before_it_is_published() {
    for draft in ["word & <b> ".repeat(5_000), "é".repeat(40_000), "line of text\n\n".repeat(3_000)] {
        let blocks = with(&draft, |ask| request(ask, None, &intents()));
        let mut found = Vec::new();
        texts(&blocks, &mut found);
        assert!(found.iter().all(|text| text.chars().count() <= 3_000));
        assert!(found.iter().map(|text| text.chars().count()).sum::<usize>() < 13_000);
        assert!(all(&blocks).contains("longer than this message"));
        let approve = &blocks.as_array().unwrap().last().unwrap()["elements"][0];
        assert!(approve["confirm"]["text"]["text"].is_string());
    }
}

#[test]
fn a_draft_that_fits_is_shown_whole() {
    let draft = "One sentence of some length. ".repeat(250);
    let blocks = with(&draft, |ask| request(ask, None, &intents()));
    let shown: String = all(&blocks).split_whitespace().collect();
    assert!(shown.contains(&draft.split_whitespace().collect::<String>()));
    assert!(!shown.contains("longerthanthismessage"));
}

#[test]
fn a_draft_cannot_mention_anybody() {
    let text =
        with("<!channel> <@U1> <https://evil.example|docs>", |ask| all(&request(ask, None, &intents())));
    assert!(
        !text.contains("<!channel") && !text.contains("<@U1") && !text.contains("<https://evil"),
        "{text}"
    );
}

#[test]
fn an_address_that_is_none_is_no_link() {
    for url in ["javascript:alert(1)", "https://x/a|b", "https://x/<b>", "https://x/ y"] {
        assert!(!is_link(url), "{url}");
    }
}

#[test]
fn a_closed_message_decides_nothing_any_more_and_says_who_what_and_when() {
    let slack = Origin::Slack { team: "T1".to_owned(), user: "U2".to_owned() };
    for (closed_as, said) in [
        (decided(Some(Outcome::Approved), Some(slack)), "Approved by <@U2> <!date^1800000060^"),
        (decided(Some(Outcome::Edited), Some(Origin::CONSOLE)), "Edited and approved by ann <!date^"),
        (decided(Some(Outcome::Rejected), None), "Rejected by ann"),
        (decided(Some(Outcome::Expired), Some(Origin::Sweeper)), "nobody decided in time"),
        (decided(None, None), "A new draft was asked for by ann"),
    ] {
        assert!(outcome(&closed_as).contains(said), "{}", outcome(&closed_as));
        let blocks = with("Hello", |ask| closed(ask, &closed_as, Some("https://c.example")));
        assert!(all(&blocks).contains(said));
        let text = blocks.to_string();
        assert!(!["approve", "reject", "choose"].iter().any(|id| text.contains(&format!("afterhook_{id}"))));
        let goes_out = matches!(closed_as.outcome, Some(Outcome::Approved | Outcome::Edited));
        assert_eq!(text.contains("afterhook_thumb_up") && text.contains("afterhook_thumb_down"), goes_out);
        assert!(all(&blocks).contains("Hello"));
    }
}

#[test]
fn a_cut_splits_no_entity_and_no_link() {
    let text = format!("{}&amp;more", "x".repeat(2_898));
    assert_eq!(split(&text, 2_900).0.len(), 2_898);
    let text = format!("{}<https://a.example|b> more", "x".repeat(2_890));
    assert_eq!(split(&text, 2_900).0.len(), 2_890);
}
