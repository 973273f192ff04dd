//! What a task is about: on its page, in the list, in the API.

use domain::{PartKey, short_sha256};
use serde_json::{Value, json};

use crate::rig::Rig;

fn issue(title: &str, text: &str) -> Value {
    json!({
        "action": "opened",
        "issue": {
            "number": 7, "title": title, "body": text, "state": "open", "user": {"login": "mona", "id": 1, "type": "User"},
            "html_url": "https://github.com/octo/repo/issues/7", "labels": [], "author_association": "NONE",
            "created_at": "2026-11-18T11:00:00Z", "updated_at": "2026-11-18T11:00:00Z"
        },
        "repository": {"full_name": "octo/repo", "name": "repo", "owner": {"login": "octo", "id": 2}, "private": false},
        "sender": {"login": "mona", "id": 1, "type": "User"}
    })
}

#[tokio::test]
async fn a_task_shows_what_was_asked_beside_the_draft_and_leads_to_it() {
    let rig = Rig::with_sources(&["github"]);
    let task = rig.parked_event(1, &issue("It **crashes**", "When I *start* it.\n\nEvery time.")).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    for part in [
        "What was asked",
        "<h1>It **crashes**</h1>",
        "When I <em>start</em> it.",
        "href=\"https://github.com/octo/repo/issues/7\"",
        "<title>It **crashes** · Afterhook</title>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(
        page.find("When I").unwrap() < page.find("Thank you, this is fixed").unwrap(),
        "question, then answer"
    );
    let list = rig.page("/").await.text();
    assert!(list.contains("<strong>It **crashes**</strong>") && list.contains("octo/repo#1 · "), "{list}");
    let found = rig.page("/?status=all&q=CRASHES").await.text();
    assert!(found.contains(task.id.as_str()), "the title can be searched for");
    let one = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    assert_eq!(
        (&one["title"], &one["link"]),
        (&json!("It **crashes**"), &json!("https://github.com/octo/repo/issues/7"))
    );
    assert_eq!(one["asked"]["text"], "When I *start* it.\n\nEvery time.");
}

/// In the answer that Lambda takes, of 6 MB at most, it is a string of JSON within JSON.
#[tokio::test]
async fn of_what_is_longer_than_an_answer_may_be_the_beginning_is_shown() {
    let rig = Rig::with_sources(&["github"]);
    let long = format!("{} zanzibarine", "\u{1}".repeat(600_000));
    let task = rig.parked_event(1, &issue(&long, &long)).await;
    let one = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    let text = one["asked"]["text"].as_str().unwrap();
    assert!(text.ends_with("bytes more: see the raw body]"), "{}", &text[text.len() - 80..]);
    let answer = json!(one.to_string()).to_string();
    assert!(answer.len() < 6_000_000, "{} bytes", answer.len());
    let found = rig.page("/?status=all&q=zanzibarine").await.text();
    assert!(found.contains(task.id.as_str()), "all of it can be searched");
}

/// Whoever decides sees every question that the answer is for, also where no model has seen them.
#[tokio::test]
async fn what_was_asked_in_tasks_that_gave_way_is_shown_as_well() {
    let rig = Rig::with_sources(&["github"]);
    let task = rig.parked_event(1, &issue("It crashes", "And again.")).await;
    for (nth, at, text) in [(2, "12:00", "Then *this* happened."), (3, "11:00", "First, that.")] {
        let gone = rig.task("github", nth).await;
        let part =
            json!({"comment": "1", "author": "mona", "text": text, "at": format!("2026-11-18T{at}:00Z")});
        rig.put(&task.id, &PartKey::superseded(&gone.id), part.to_string().as_bytes()).await;
    }
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    let places =
        ["First, that.", "Then <em>this</em> happened.", "And again."].map(|text| page.find(text).unwrap());
    assert!(places.is_sorted(), "{page}");
    // Who decides from the list sees them, too.
    let list = rig.page("/").await.text();
    let places = ["First, that.", "Then *this* happened.", "And again."].map(|text| list.find(text).unwrap());
    assert!(places.is_sorted(), "{list}");
    let one = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    assert_eq!(one["asked"]["before"], json!(["First, that.", "Then *this* happened."]));
}

/// Few bytes of a table are many cells.
#[tokio::test]
async fn a_page_that_lambda_passes_on_shows_every_question_however_much_html_it_becomes() {
    let rig = Rig::with_sources(&["github"]);
    let table = format!("{}|\n{}|\n{}", "|a".repeat(400), "|-".repeat(400), "a\n".repeat(138));
    let task = rig.parked_event(1, &issue("Tables", &format!("The last.\n\n{table}"))).await;
    for nth in 2..32 {
        let gone = rig.task("github", nth).await;
        let text = format!("Question {nth}.\n\n{table}");
        let part = json!({"comment": "1", "author": "mona", "text": text, "at": "2026-11-18T11:00:00Z"});
        rig.put(&task.id, &PartKey::superseded(&gone.id), part.to_string().as_bytes()).await;
    }
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    let bytes = json!(page).to_string().len();
    assert!(bytes < 6_000_000, "{bytes} bytes");
    assert!(page.contains("The last.") && (2..32).all(|nth| page.contains(&format!("Question {nth}."))));
}

/// What is published, and what is answered, is on the page to its last word: a table may hide what follows it.
#[tokio::test]
async fn what_becomes_too_much_html_is_shown_as_it_was_written_and_whole() {
    let wide = format!("{}|\n{}|\n{}", "|a".repeat(500), "|-".repeat(500), "a\n".repeat(230));
    let rig = Rig::with_sources(&["github"]);
    let mut task = rig.parked_event(1, &issue("Tables", &format!("{wide}\nAnd what of my refund?"))).await;
    let text = format!("{wide}\nWe will refund you.");
    let hash = short_sha256(&text);
    rig.put(&task.id, &PartKey::draft(&hash), text.as_bytes()).await;
    task.doc.draft.as_mut().unwrap().hash = hash;
    rig.save(&mut task).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    let (shown, _) = page.split_once("<textarea").unwrap();
    assert!(shown.contains("We will refund you.") && page.contains("And what of my refund?"), "{page}");
}

#[tokio::test]
async fn what_strangers_ask_is_text() {
    const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";
    let rig = Rig::with_sources(&["github"]);
    let text = format!("{EVIL}\n\n![b](https://evil.example/p.png) [c](javascript:alert(1))");
    let task = rig.parked_event(1, &issue(EVIL, &text)).await;
    for path in [format!("/ui/tasks/{}", task.id), "/".to_owned(), format!("/ui/live/tasks/{}", task.id)] {
        crate::hostile::assert_harmless(&rig.page(&path).await.text());
    }
}

#[tokio::test]
async fn an_address_that_is_none_of_the_web_is_no_link() {
    let rig = Rig::with_sources(&["github"]);
    let mut event = issue("x", "y");
    for foreign in ["javascript:alert(1)", "http://internal.example/", "data:text/html,x"] {
        event["issue"]["html_url"] = foreign.into();
        let mut task = rig.stored(&rig.parked_event(foreign.len() as u32, &event).await.id).await;
        assert_eq!(task.doc.thread_url, None, "{foreign}");
        // Even if it was stored.
        task.doc.thread_url = Some("javascript:alert(1)".to_owned());
        rig.save(&mut task).await;
        let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
        assert!(!page.contains("href=\"javascript"), "{page}");
    }
}

#[tokio::test]
async fn a_long_question_unfolds_and_an_unreadable_one_costs_nothing() {
    let rig = Rig::with_sources(&["github"]);
    let task = rig.parked_event(1, &issue("Long", &"word ".repeat(2_000))).await;
    let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
    assert!(page.contains("All of it"), "{page}");
    let bare = rig.parked(2).await;
    rig.put(&bare.id, &domain::PartKey::payload(), b"\xff{").await;
    let page = rig.page(&format!("/ui/tasks/{}", bare.id)).await.text();
    assert!(!page.contains("What was asked") && page.contains("Event as received"), "{page}");
    assert_eq!(rig.get(&format!("/tasks/{}", bare.id)).await.ok()["asked"], json!(null));
}

/// What people remember of a task is rarely its title.
#[tokio::test]
async fn the_words_of_the_question_and_the_names_of_its_thread_can_be_searched_for() {
    let rig = Rig::with_sources(&["github", "linear"]);
    let task = rig.parked_event(1, &issue("It crashes", "The gearbox of the *exporter* whines.")).await;
    let other = rig.parked_event(2, &issue("It is slow", "Since Monday.")).await;
    let comment = rig.parked_event(3, &issue("A comment", "Opened with a *carburettor*.")).await;
    for (query, found) in [("GEARBOX+of", &task), ("carburettor", &comment), ("since+monday", &other)] {
        for path in [format!("/?status=all&q={query}"), format!("/?status=awaiting_approval&q={query}")] {
            let page = rig.page(&path).await.text();
            for one in [&task, &other, &comment] {
                assert_eq!(page.contains(one.id.as_str()), one.id == found.id, "{path}: {page}");
            }
        }
    }
    let none = rig.page("/?status=all&q=submarine").await.text();
    assert!(none.contains("No task matches"), "{none}");
}

/// An id of programs tells nobody anything.
#[tokio::test]
async fn a_thread_has_the_name_that_its_sender_gave_it() {
    let rig = Rig::new();
    for (number, source, thread, key, name) in [
        (1, "linear", "539068e2-ae88-4d09-bd75-22eb4a59612f", "issue", json!("ENG-123")),
        (2, "sentry", "issue/1170820242", "short_id", json!("EXPORT-4F")),
        (3, "pagerduty", "Q2YRCA8CP0ALGE", "number", json!(812)),
    ] {
        let mut task = rig.task(source, number).await;
        task.doc.thread = thread.to_owned();
        task.doc.title = Some("Exports stop".to_owned());
        task.doc.metadata.insert(key.to_owned(), name.clone());
        rig.save(&mut task).await;
        let name = name.as_str().map_or_else(|| format!("#{name}"), str::to_owned);
        let list = rig.page(&format!("/?status=all&q={}", name.trim_start_matches('#'))).await.text();
        assert!(list.contains(&format!("{name} · ")) && !list.contains(thread), "{list}");
        let page = rig.page(&format!("/ui/tasks/{}", task.id)).await.text();
        assert!(page.contains(&format!("{name} · issues.opened")) && page.contains(thread), "{page}");
    }
    // Who sends a task over the API names its thread, and nothing in its metadata takes its place.
    let mut task = rig.task("api", 4).await;
    task.doc.metadata.insert("issue".to_owned(), json!("ENG-9"));
    rig.save(&mut task).await;
    assert!(!rig.page("/?status=all&source=api").await.text().contains("ENG-9"));
}
