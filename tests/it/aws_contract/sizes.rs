//! Items stay far below DynamoDB's 400 KB, and the task item below 8 KB: every write of it is billed
//! by its size.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::contract::{incompressible, plain_task};
use domain::{
    Blob, Classification, Content, Decision, DraftOrigin, DraftRef, Effect, EffectState, Insert, Origin,
    Outcome, PartKey, Proof, StepUsage, StoreError, Task, TaskOutput, TaskResult, TaskStatus, Timestamp,
    short_sha256,
};
use e2e::emulator::{Emulator, Resources};
use serde_json::json;

use super::now;

/// What DynamoDB counts: names and values, numbers at half a byte a digit.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
fn weight(name: &str, value: &AttributeValue) -> usize {
    let value = match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        other => panic!("no item of ours has {other:?}"),
    };
    name.len() + value
}

/// The weight of every item in the table of tasks.
async fn weights(resources: &Resources) -> Vec<usize> {
    let dynamo = aws_sdk_dynamodb::Client::new(&Emulator::shared().sdk_config().await);
    let scan = dynamo.scan().table_name(&resources.config.tasks_table).into_paginator().items().send();
    let items = scan.collect::<Result<Vec<_>, _>>().await.unwrap();
    items.iter().map(|item| item.iter().map(|(name, value)| weight(name, value)).sum()).collect()
}

/// A task as it is after an eventful life: two triages, two drafts, a person's decision, published.
fn eventful(now: Timestamp) -> Task {
    let mut task = plain_task("sizes", now);
    let doc = &mut task.doc;
    let number =
        json!({"url": "https://github.com/octo/repo/issues/7", "number": 7, "labels": ["bug", "p1"]});
    doc.metadata.extend(number.as_object().unwrap().clone());
    doc.classification = Some(Classification {
        intent: "bug_report".to_owned(),
        confidence: 0.72,
        parameters: json!({"component": "installer", "version": "1.2.3", "severity": "high"}),
    });
    let hash = short_sha256("Thank you for the report!");
    let why = "confidence 0.72 is below 0.8".to_owned();
    doc.draft = Some(DraftRef { hash: hash.clone(), from: DraftOrigin::Person, parked_because: Some(why) });
    doc.decision = Some(Decision {
        outcome: Outcome::Edited,
        by: "mona".to_owned(),
        from: Some(Origin::Slack { team: "T1DC2JH3J".to_owned(), user: "U2CERLKJA".to_owned() }),
        at: now,
        draft_hash: hash.clone(),
        publish_hash: Some(hash.clone()),
        reason: Some("a friendlier tone".to_owned()),
    });
    let url = "https://github.com/octo/repo/issues/7#issuecomment-1234567890".to_owned();
    let proof = Proof { id: "1234567890".to_owned(), url: Some(url.clone()) };
    let content = Some(Content { hash: short_sha256("Hallo"), round: 0 });
    doc.effects =
        vec![Effect { name: "reply".to_owned(), content, state: EffectState::Done { at: now, proof } }];
    doc.result = Some(TaskResult {
        success: true,
        output: TaskOutput::Draft(hash),
        output_url: Some(url),
        execution_time_ms: 8_123.4,
    });
    for step in ["triage", "answer", "triage", "answer"] {
        task.add_usage(StepUsage {
            step: step.to_owned(),
            model: "gemini-flash-lite-latest-preview-09-2026".to_owned(),
            prompt_tokens: 12_345,
            cached_tokens: 10_000,
            output_tokens: 1_234,
            thought_tokens: 567,
            cost_usd: Some(0.001_234_5),
            saved_usd: None,
            attempts: 2,
            ms: 12_345,
        });
    }
    for _ in 0..40 {
        task.note(
            now,
            "deferred: the model is throttled; starts again in 32 s (quota of requests per minute)",
        );
    }
    task
}

#[tokio::test]
async fn the_task_item_of_an_eventful_life_is_below_8_kb() {
    let resources = Emulator::shared().resources().await;
    resources.stores.tasks.insert(&eventful(now())).await.unwrap();
    let weights = weights(&resources).await;
    assert_eq!(weights.len(), 1);
    assert!(weights[0] < 8 << 10, "{} bytes", weights[0]);
}

#[tokio::test]
async fn no_part_makes_an_item_much_larger_than_100_kb() {
    let resources = Emulator::shared().resources().await;
    let id = plain_task("sizes", now()).id;
    for size in [1_usize, 100 << 10, (100 << 10) + 1, 4 << 20] {
        let blob = Blob::from_packed(incompressible(size, 1));
        let part = PartKey::draft(&size.to_string());
        resources.stores.payloads.put_new(&id, &part, &blob, now()).await.unwrap();
        assert!(resources.stores.payloads.get(&id, &part).await.unwrap() == Some(blob), "{size} bytes");
    }
    let weights = weights(&resources).await;
    assert_eq!(weights.len(), 4);
    assert!(weights.iter().all(|weight| *weight < 101 << 10), "{weights:?}");
}

#[tokio::test]
async fn a_task_too_large_for_an_item_is_refused_in_plain_words() {
    let resources = Emulator::shared().resources().await;
    let mut task = plain_task("sizes", now());
    assert_eq!(resources.stores.tasks.insert(&task).await.unwrap(), Insert::New);
    task.doc.metadata.insert("huge".to_owned(), "x".repeat(310 << 10).into());
    let Err(StoreError::Broken { message, .. }) = resources.stores.tasks.save(&mut task).await else {
        panic!("it was saved");
    };
    assert!(message.contains(task.id.as_str()) && message.contains("bytes"), "{message}");
    let stored = resources.stores.tasks.get(&task.id).await.unwrap().unwrap();
    assert_eq!((stored.control.revision, stored.control.status), (1, TaskStatus::Received));
}
