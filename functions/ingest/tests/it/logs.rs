//! One line a request, with what an operator looks for and nothing that a log must not hold; and the
//! figures.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use domain::{Lane, Save, TaskStatus};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::rig::{Parts, SECRET, bytes, issue, request, signed_headers, task_id};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Captured {
    fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test]
async fn each_request_leaves_one_line_without_secret_signature_or_body() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(captured.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let rig = Parts::default().rig();
    let body = bytes(&issue(7));
    let mut taken = rig.signed(&body);
    taken.headers_mut().insert("x-request-id", "req-1".parse().unwrap());
    rig.send(taken).await.assert_taken("accepted", &body);
    let forged = request(signed_headers("another", &body, rig.watch.now()), body.clone());
    rig.send(forged).await.assert_problem(401, "signature");
    drop(guard);

    let lines = captured.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let fields = &lines[0]["fields"];
    assert_eq!((&lines[0]["level"], &fields["outcome"]), (&"INFO".into(), &"accepted".into()));
    assert_eq!(fields["task_id"], task_id(&body).as_str());
    assert_eq!((&fields["source"], &fields["request_id"]), (&"github".into(), &"req-1".into()));
    let fields = &lines[1]["fields"];
    assert_eq!((&lines[1]["level"], &fields["reason"]), (&"WARN".into(), &"signature_wrong".into()));
    assert_eq!(fields["status"], 401);

    let text = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    let signature = signed_headers(SECRET, &body, rig.watch.now())["x-hub-signature-256"].clone();
    for hidden in [SECRET, "words of the issue", "It fails", &signature.to_str().unwrap()[7..]] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[cfg(feature = "lambda")]
#[tokio::test]
async fn each_line_of_an_invocation_names_its_function_and_its_ids() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt().json().with_writer(captured.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let rig = Parts::default().rig();
    let mut taken = rig.signed(&bytes(&issue(7)));
    let mut context = lambda_http::Context::default();
    context.request_id = "8476a536".to_owned();
    taken.extensions_mut().insert(context);
    rig.send(taken).await;
    drop(guard);
    let line = captured.lines().remove(0);
    assert_eq!(
        (&line["span"]["function"], &line["span"]["request_id"]),
        (&json!("ingest"), &json!("8476a536"))
    );
}

#[tokio::test]
async fn every_kind_of_answer_is_counted() {
    let mut parts = Parts::default();
    parts.source.filter.events = Some(vec!["issues.opened".to_owned()]);
    let rig = parts.rig();
    let body = bytes(&issue(7));
    rig.post(&body).await.assert_taken("accepted", &body);
    rig.drain(Lane::Standard).await;
    let mut task = rig.task(&body).await.unwrap();
    task.transition(TaskStatus::Ignored, rig.watch.now(), "spam").unwrap();
    assert_eq!(rig.stores.tasks.save(&mut task).await.unwrap(), Save::Done);
    rig.post(&body).await.assert_taken("duplicate", &body);
    let mut closed = issue(7);
    closed["action"] = json!("closed");
    rig.post(&bytes(&closed)).await.assert(200, &json!({ "status": "ignored", "reason": "unsubscribed" }));
    rig.post(&bytes(&json!({ "zen": "Keep it simple.", "hook_id": 5 }))).await;
    rig.send(request(signed_headers("another", &body, rig.watch.now()), body)).await;

    let metrics = &rig.metrics;
    for (name, dimensions) in [
        ("Accepted", &[][..]),
        ("Duplicates", &[]),
        ("Ignored", &[("reason", "unsubscribed")]),
        ("Rejected", &[("reason", "signature_wrong")]),
        ("RefusedSignatures", &[("source", "github")]),
    ] {
        assert!((metrics.total(name, dimensions) - 1.0).abs() < f64::EPSILON, "{name}");
    }
    let timed = metrics.documents().iter().filter(|document| document["AckLatency"].is_number()).count();
    assert_eq!(timed, 2);
}
