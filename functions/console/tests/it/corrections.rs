//! What people say would have been right: by the API and on the page.

use std::time::Duration;

use axum::body::Body;
use domain::{SPAM, Save, TaskStatus, labels_of_day, note_reactions, short_sha256};
use serde_json::{Value, json};

use crate::rig::{Answer, DRAFT, Rig, TOKENS, request};

async fn correct(rig: &Rig, id: &impl std::fmt::Display, body: Value) -> Answer {
    rig.post(&format!("/tasks/{id}/correct"), &body).await
}

#[tokio::test]
async fn an_approval_with_another_intent_publishes_the_draft_that_was_seen_and_keeps_the_label() {
    let (rig, recorded) = Rig::with_intents();
    let task = rig.sorted(1).await;
    let body = json!({"draft_hash": short_sha256(DRAFT), "intent": "question"});
    let shown = rig.post(&format!("/tasks/{}/approve", task.id), &body).await.ok();
    assert_eq!((&shown["status"], &shown["decision"]["outcome"]), (&json!("waiting"), &json!("approved")));
    assert_eq!(shown["decision"]["publish_hash"], json!(short_sha256(DRAFT)));
    assert_eq!(shown["classification"]["intent"], "bug_report", "what the model said stays");
    let [correction] = &shown["corrections"].as_array().unwrap()[..] else { panic!("{shown:#}") };
    assert_eq!(
        *correction,
        json!({
            "kind": "intent", "said": "question", "model_said": "bug_report", "confidence": 0.6, "by": "mona",
            "from": {"channel": "console", "ip": null}, "at": rig.watch.now(),
        })
    );
    assert_eq!(recorded.documents().iter().filter(|line| line["kind"] == "intent").count(), 1);
}

#[tokio::test]
async fn an_approval_that_is_refused_leaves_no_label() {
    let (rig, _) = Rig::with_intents();
    let task = rig.sorted(1).await;
    for (body, status, kind) in [
        (json!({"draft_hash": "another", "intent": "question"}), 409, "stale_draft"),
        (json!({"draft_hash": short_sha256(DRAFT), "intent": "refund"}), 400, "malformed"),
    ] {
        rig.post(&format!("/tasks/{}/approve", task.id), &body).await.problem(status, kind);
    }
    assert_eq!(rig.get(&format!("/tasks/{}", task.id)).await.ok()["corrections"], json!([]));
    assert_eq!(rig.stored(&task.id).await, task);
}

/// Whatever its status: the item of the task, which its processor writes, is never touched.
#[tokio::test]
async fn a_correction_moves_no_task_sends_no_message_and_takes_no_write_from_a_processor() {
    let (rig, _) = Rig::with_intents();
    for (number, status) in (1..).zip(TaskStatus::ALL) {
        let mut task = rig.sorted(number).await;
        task.control.status = status;
        rig.save(&mut task).await;
        for body in [json!({"intent": "question"}), json!({"spam": true}), json!({"spam": false})] {
            correct(&rig, &task.id, body).await.ok();
        }
        assert_eq!(rig.stored(&task.id).await, task, "{status}");
        assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done, "{status}");
    }
    assert_eq!(rig.drain().await, []);
}

#[tokio::test]
async fn tasks_of_every_sender_can_be_corrected() {
    let (rig, _) = Rig::with_intents();
    for (number, source) in (1..).zip(["github", "slack", "zendesk", "jira", "stripe", "api", "billing"]) {
        let mut task = rig.task(source, number).await;
        task.doc.classification = rig.sorted(100 + number).await.doc.classification;
        rig.save(&mut task).await;
        let shown = correct(&rig, &task.id, json!({"spam": true})).await.ok();
        assert_eq!(shown["corrections"][0]["said"], "spam", "{source}");
    }
}

#[tokio::test]
async fn what_was_called_spam_can_be_said_to_be_a_question() {
    let (rig, _) = Rig::with_intents();
    let mut task = rig.task("github", 1).await;
    task.transition(TaskStatus::Processing, rig.watch.now(), "claimed").unwrap();
    task.transition(TaskStatus::Ignored, rig.watch.now(), SPAM).unwrap();
    rig.save(&mut task).await;
    let shown = correct(&rig, &task.id, json!({"spam": false, "intent": "question"})).await.ok();
    let said = |index: usize| &shown["corrections"][index];
    assert_eq!(shown["corrections"].as_array().unwrap().len(), 2, "{shown:#}");
    for one in [said(0), said(1)] {
        assert_eq!((&one["model_said"], &one["confidence"]), (&json!("spam"), &json!(null)));
    }
}

#[tokio::test]
async fn thumbs_are_for_published_answers_alone() {
    let (rig, recorded) = Rig::with_intents();
    let published = rig.published(1).await;
    let shown = correct(&rig, &published.id, json!({"thumb": "down"})).await.ok();
    assert_eq!((&shown["corrections"][0]["said"], &shown["status"]), (&json!("down"), &json!("completed")));
    assert_eq!(recorded.documents().iter().filter(|line| line["kind"] == "thumb").count(), 1);
    let parked = rig.sorted(2).await;
    let detail = correct(&rig, &parked.id, json!({"thumb": "up"})).await.problem(409, "conflict");
    assert!(detail.contains("no answer of it is published"), "{detail}");
}

#[tokio::test]
async fn a_body_that_says_nothing_or_nonsense_is_told_what_would_do() {
    let (rig, _) = Rig::with_intents();
    let task = rig.published(1).await;
    for (body, word) in [
        (json!({}), "`intent`, `spam` or `thumb`"),
        (json!({"intent": "refund"}), "bug_report, question"),
        (json!({"intent": "spam"}), "Spam is said by `spam`"),
        (json!({"intent": "question", "spam": true}), "Spam has no intent"),
        (json!({"thumb": "sideways"}), "`up` or `down`"),
        (json!({"spam": "yes"}), "expected a boolean"),
        (json!({"inten": "question"}), "unknown field"),
    ] {
        let detail = correct(&rig, &task.id, body.clone()).await.problem(400, "malformed");
        assert!(detail.contains(word), "{body}: {detail}");
    }
    let unsorted = rig.task("github", 2).await;
    let detail = correct(&rig, &unsorted.id, json!({"spam": true})).await.problem(409, "conflict");
    assert!(detail.contains("no model has sorted it"), "{detail}");
    correct(&rig, &"tsk_00000000000000000000000000", json!({"spam": true}))
        .await
        .problem(404, "unknown_task");
    assert_eq!(rig.get(&format!("/tasks/{}", task.id)).await.ok()["corrections"], json!([]));
}

#[tokio::test]
async fn who_may_not_decide_may_not_correct() {
    let (rig, _) = Rig::with_intents();
    let task = rig.sorted(1).await;
    let reader = rig.with_tokens(&[("mona/read+submit", TOKENS[0].1)]);
    correct(&reader, &task.id, json!({"spam": true})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_same_word_of_the_same_person_is_kept_once_and_a_hundred_corrections_are_enough() {
    let (rig, _) = Rig::with_intents();
    let task = rig.sorted(1).await;
    let count = async || labels_of_day(&*rig.stores.payloads, rig.watch.now()).await.unwrap().len();
    for _ in 0..3 {
        correct(&rig, &task.id, json!({"spam": true})).await.ok();
    }
    assert_eq!(count().await, 1);
    for number in 1..100 {
        rig.watch.advance(Duration::from_millis(1));
        correct(&rig, &task.id, json!({"spam": number % 2 == 0})).await.ok();
    }
    let detail = correct(&rig, &task.id, json!({"intent": "question"})).await.problem(409, "conflict");
    assert!(detail.contains("a hundred"), "{detail}");
    assert_eq!(count().await, 100);
}

#[tokio::test]
async fn whoever_returns_to_an_earlier_word_has_said_it_last() {
    let (rig, _) = Rig::with_intents();
    let (ann, bo) = (TOKENS[0].1, TOKENS[1].1);
    let (question, bug, spam) =
        (json!({"intent": "question"}), json!({"intent": "bug_report"}), json!({"spam": true}));
    let thumb = |thumb: &str| json!({"thumb": thumb});
    for (number, said) in (1..).zip([
        [(ann, question.clone()), (ann, spam), (ann, question.clone())],
        [(ann, question.clone()), (bo, bug), (ann, question)],
        [(ann, thumb("up")), (bo, thumb("down")), (ann, thumb("up"))],
    ]) {
        let task = rig.published(number).await;
        let mut shown = json!(null);
        // The last request comes twice.
        for (person, body) in said.iter().chain(&said[2..]) {
            rig.watch.advance(Duration::from_millis(1));
            let mut request =
                request("POST", &format!("/tasks/{}/correct", task.id), Body::from(body.to_string()));
            let headers = request.headers_mut();
            headers.insert("content-type", "application/json".parse().unwrap());
            headers.insert("authorization", format!("Bearer {person}").parse().unwrap());
            shown = rig.send(request).await.ok();
        }
        let corrections = shown["corrections"].as_array().unwrap();
        assert_eq!((corrections.len(), &corrections[2]["said"]), (3, &corrections[0]["said"]), "{shown:#}");
    }
}

#[tokio::test]
async fn the_page_has_the_forms_and_what_was_said() {
    let (rig, _) = Rig::with_intents();
    let task = rig.published(1).await;
    let cookie = rig.log_in(TOKENS[1].1).await;
    let (at, path) = (format!("/ui/tasks/{}", task.id), format!("/ui/tasks/{}/correct", task.id));
    let page = rig.page_as(&at, &cookie).await.text();
    for part in ["Was it right?", "Sorted as bug_report", "It is spam", "Good answer", "for=\"right-intent\""]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for fields in [[("intent", "question"), ("note", "")], [("intent", "question"), ("thumb", "up")]] {
        let answer = rig.submit(&path, &fields, &cookie).await;
        assert_eq!(answer.header("location"), Some(format!("{at}?done=corrected").as_str()), "{answer:?}");
    }
    let page = rig.page_as(&at, &cookie).await.text();
    assert!(
        page.contains("<strong>question</strong>, said by lisa") && page.contains("a good answer"),
        "{page}"
    );
    assert_eq!(
        rig.get(&format!("/tasks/{}", task.id)).await.ok()["corrections"].as_array().unwrap().len(),
        2
    );
    let refused = rig.submit(&path, &[("intent", "")], &cookie).await;
    assert!(
        refused.status == 400 && refused.text().contains("Say what would have been right"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn an_intent_that_is_chosen_with_a_decision_on_the_page_is_kept() {
    let (rig, _) = Rig::with_intents();
    let cookie = rig.log_in(TOKENS[1].1).await;
    for (number, verb) in (1..).zip(["approve", "reject", "retry"]) {
        let task = rig.sorted(number).await;
        let hash = short_sha256(DRAFT);
        let fields =
            [("draft_hash", hash.as_str()), ("text", DRAFT), ("publish", "draft"), ("intent", "question")];
        let answer = rig.submit(&format!("/ui/tasks/{}/{verb}", task.id), &fields, &cookie).await;
        assert_eq!(answer.status, 303, "{verb}: {answer:?}");
        let shown = rig.get(&format!("/tasks/{}", task.id)).await.ok();
        assert_eq!(shown["corrections"][0]["said"], "question", "{verb}: {shown:#}");
    }
}

#[tokio::test]
async fn the_overview_and_the_versions_count_what_people_said_of_each() {
    let (rig, _) = Rig::with_intents();
    let task = rig.published(1).await;
    let said = [json!({"intent": "question"}), json!({"intent": "bug_report"}), json!({"thumb": "down"})];
    for body in said {
        correct(&rig, &task.id, body).await.ok();
        rig.watch.advance(Duration::from_millis(1));
    }
    // The next day they think better of it.
    rig.watch.advance(Duration::from_secs(86_400));
    correct(&rig, &task.id, json!({"thumb": "up"})).await.ok();
    note_reactions(&*rig.stores.payloads, &task, 2, 1, rig.watch.now()).await.unwrap();
    let answer = rig.get("/versions").await.ok();
    let version = &answer["versions"][0];
    assert_eq!(version["version"], "ver_0123456789ab", "{answer:#}");
    assert_eq!(
        (&version["corrected"], &version["thumbs_up"], &version["thumbs_down"]),
        (&json!(0), &json!(3), &json!(1)),
        "a correction that is taken back counts no more"
    );
    let page = rig.page("/ui/overview").await.text();
    assert!(page.contains("Corrected") && page.contains("3 / 1"), "{page}");
    let shown = rig.get(&format!("/tasks/{}", task.id)).await.ok();
    assert_eq!((&shown["reactions"]["up"], &shown["reactions"]["down"]), (&json!(2), &json!(1)));
    assert!(rig.page(&format!("/ui/tasks/{}", task.id)).await.text().contains("👍 2 · 👎 1"));
}
