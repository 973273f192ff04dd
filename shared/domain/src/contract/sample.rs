//! Tasks and bytes for the facts.

use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{
    Classification, Closed, Content, Decision, DraftOrigin, DraftRef, Effect, EffectState, FollowUp,
    MessageRef, ModelCall, ModelRole, NewTask, Notice, NoticeState, Origin, Outcome, OutputFormat, Priority,
    Proof, Speaker, StepUsage, Task, TaskError, TaskId, TaskOutput, TaskResult, Timestamp, Turn, after,
    short_sha256,
};

/// A text that no other call returns, in this process or a later one.
pub(super) fn unique(label: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{label}-{}-{count}", Timestamp::now().as_nanosecond())
}

/// An id that no other call returns.
#[must_use]
pub fn fresh_id(label: &str) -> TaskId {
    TaskId::derive("contract", unique(label).as_bytes())
}

/// A task just received at `now` from `source`, due for a look two minutes later.
#[must_use]
pub fn plain_task(source: &str, now: Timestamp) -> Task {
    Task::received(fresh_id(source), new_task(source), now, after(now, Duration::from_secs(120)))
}

/// What such a task is made of.
#[must_use]
pub fn new_task(source: &str) -> NewTask {
    NewTask {
        source: source.to_owned(),
        event: "issues.opened".to_owned(),
        tenant: "octo/repo".to_owned(),
        thread: "octo/repo#7".to_owned(),
        actor: "mona".to_owned(),
        priority: Priority::DEFAULT,
        metadata: Map::new(),
        content_type: "application/json".to_owned(),
        event_hint: None,
    }
}

/// A question to the answer model, which need not be answered soon.
#[must_use]
pub fn plain_call(text: &str) -> ModelCall {
    ModelCall {
        task_id: TaskId::derive("contract", b"call"),
        step: "answer".to_owned(),
        role: ModelRole::Answer,
        tenant: "octo/repo".to_owned(),
        thread: "octo/repo#7".to_owned(),
        priority: Priority::DEFAULT,
        system: "Be kind.".to_owned(),
        documents: Vec::new(),
        turns: vec![Turn::text(Speaker::User, text)],
        output: OutputFormat::Text,
        slot: None,
        waiting_since: None,
        deadline: Timestamp::MAX,
    }
}

/// A task with every optional part filled, awkward characters, names at their longest and metadata
/// of several kilobytes.
#[must_use]
pub fn full_task(now: Timestamp) -> Task {
    let mut task = plain_task("contract-full", now);
    let doc = &mut task.doc;
    doc.tenant = "ü".repeat(128);
    doc.thread = "#".repeat(256);
    doc.actor = "мона\u{200d}🦀 \"quoted\" \\ '\n\t\u{7f}".to_owned();
    doc.priority = Priority::HIGHEST;
    doc.metadata = metadata();
    doc.event_hint = Some("issues".to_owned());
    doc.deferrals = 3;
    doc.wakes = 2;
    doc.round = 1;
    doc.version = Some("ver_0123456789ab".to_owned());
    doc.shadow = true;
    doc.retry_note = Some("shorter, please".to_owned());
    doc.classification = Some(Classification {
        intent: "bug_report".to_owned(),
        confidence: 0.93,
        parameters: json!({"version": "1.2", "nested": [1, null, {"ok": true}]}),
    });
    doc.draft = Some(DraftRef {
        hash: short_sha256("Hello"),
        from: DraftOrigin::Fallback,
        parked_because: Some("confidence 0.5 is below 0.8".to_owned()),
    });
    doc.expires_at = Some(after(now, Duration::from_secs(172_800)));
    doc.decision = Some(Decision {
        outcome: Outcome::Edited,
        by: "mona".to_owned(),
        from: Some(Origin::Slack { team: "T1".to_owned(), user: "U1".to_owned() }),
        at: now,
        draft_hash: short_sha256("Hello"),
        publish_hash: Some(short_sha256("Hallo")),
        reason: Some("in German".to_owned()),
    });
    doc.title = Some("It crashes ✓".to_owned());
    doc.note_asked("When I *start* it.\n\nEvery time. ✓");
    doc.thread_url = Some("https://example.com/octo/repo/issues/7".to_owned());
    doc.notices = notices(now);
    doc.follow_up = Some(FollowUp { due_at: now, counted: true, tries: 3 });
    (doc.reported, doc.settled_fence, doc.runs_alone, doc.alone_fence) = (true, 2, true, 3);
    doc.counted_call = Some(crate::PartKey::call(3, 1).to_string());
    doc.failed_tries = vec!["model_error".to_owned()];
    fill_outcome(&mut task, now);
    task
}

/// One of each state that is still to be looked after.
fn notices(now: Timestamp) -> Vec<Notice> {
    let message =
        MessageRef { place: "C1".to_owned(), id: "1.000100".to_owned(), team: Some("T1".to_owned()) };
    let closed = Closed { outcome: Some(Outcome::Expired), by: "afterhook".to_owned(), from: None, at: now };
    let intended = NoticeState::Intended { at: now, owner: "claim 2".to_owned() };
    let states = [NoticeState::Wanted, intended, NoticeState::Posted { message }];
    states
        .into_iter()
        .zip([None, Some(closed.clone()), Some(closed)])
        .map(|(state, closed)| Notice {
            name: "approval:2".to_owned(),
            draft_hash: short_sha256("Hello"),
            since: now,
            state,
            closed,
        })
        .collect()
}

fn metadata() -> Map<String, Value> {
    let mut metadata = Map::new();
    for n in 0..40 {
        metadata.insert(format!("ключ {n} \"x\""), json!(format!("{}\u{1F980}", "v".repeat(80))));
    }
    metadata.insert(String::new(), json!([i64::MIN, u64::MAX, 0.5, true, null, {"": {}}]));
    metadata
}

fn fill_outcome(task: &mut Task, now: Timestamp) {
    let doc = &mut task.doc;
    let proof = Proof { id: "4711".to_owned(), url: Some("https://example.com/c/4711".to_owned()) };
    doc.effects = vec![
        Effect {
            name: "label".to_owned(),
            content: None,
            state: EffectState::Intended { at: now, fence: 3, settles_at: Some(now) },
        },
        Effect {
            name: "reply".to_owned(),
            content: Some(Content { hash: short_sha256("Hallo"), round: 2 }),
            state: EffectState::Done { at: now, proof },
        },
    ];
    doc.result = Some(TaskResult {
        success: true,
        output: TaskOutput::Draft(short_sha256("Hallo")),
        output_url: Some("https://example.com/c/4711".to_owned()),
        execution_time_ms: 812.5,
    });
    doc.usage = vec![StepUsage {
        step: "triage".to_owned(),
        model: "gemini-flash-lite".to_owned(),
        prompt_tokens: 5_000,
        cached_tokens: 4_096,
        output_tokens: 300,
        thought_tokens: 12,
        cost_usd: Some(0.25),
        saved_usd: None,
        attempts: 2,
        ms: 450,
    }];
    doc.older_tokens = 77;
    doc.older_cost_usd = 0.125;
    doc.cost_unknown = true;
    let mut error = TaskError::new("publish", "unavailable", "GitHub answered 502; try again later");
    error.automation = Some("reply".to_owned());
    doc.error = Some(error);
    for n in 0..30 {
        task.note(now, &format!("note {n} ✓"));
    }
}

/// `length` bytes that no compressor makes smaller; other bytes for another `seed`.
#[must_use]
pub fn incompressible(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
