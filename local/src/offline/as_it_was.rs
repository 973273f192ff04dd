//! [`AsItWas`]: a model that is told the conversation as it was when a past task asked about it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{Document, Model, ModelAnswer, ModelCall, ModelError, ModelRole, Speaker, TaskId, Turn};
use serde_json::Value;

/// What stands before each document in the system instruction.
const DOCUMENT: &str = "Reference document `";

/// What a past task told the answer model.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// The thread, without the request at its end.
    turns: Vec<Turn>,
    /// The reference material; `None` if a cache at the model held it, and it is not kept elsewhere.
    pub(crate) documents: Option<Vec<Document>>,
    /// What the fences around what others wrote are called.
    pub(crate) nonce: String,
    /// Whether images or files went along, which are not kept.
    pub(crate) had_media: bool,
    /// What a maintainer had said about the draft before.
    pub(crate) note: Option<String>,
}

/// The question that `calls` (a transcript) have the event sorted by last.
pub(crate) fn question_of(calls: &[Value]) -> Option<&str> {
    let sorted = calls.iter().rfind(|call| call.get("step").and_then(Value::as_str) == Some("triage"))?;
    sorted.pointer("/request/contents/0/parts/0/text")?.as_str()
}

impl Said {
    /// What the last request for an answer said, if `calls` (a transcript) has one.
    pub(crate) fn of_transcript(calls: &[Value]) -> Option<Self> {
        calls.iter().rev().find_map(|call| Self::of_request(call.get("request")?))
    }

    /// Reads a request: its last part that asks for an answer names the fence of all that was written by others.
    fn of_request(request: &Value) -> Option<Self> {
        let mut said = Self::default();
        for content in request.get("contents")?.as_array()? {
            let is_ours = content.get("role").and_then(Value::as_str) == Some("model");
            let speaker = if is_ours { Speaker::Model } else { Speaker::User };
            for part in content.get("parts").and_then(Value::as_array).into_iter().flatten() {
                match part.get("text").and_then(Value::as_str) {
                    // What follows is a second try, with what was wrong with the first.
                    Some(text) if !is_ours && fence_of(text).is_some() => {
                        said.nonce = fence_of(text)?.to_owned();
                        said.documents = documents(request);
                        said.note = processor::note_in(text).map(str::to_owned);
                        return (!said.turns.is_empty()).then_some(said);
                    }
                    Some(text) => said.turns.push(Turn::text(speaker, text)),
                    None => said.had_media = true,
                }
            }
        }
        None
    }

    /// `call` as it would have been then: the same thread, and a new request at its end.
    fn told(&self, call: &ModelCall, documents: bool) -> ModelCall {
        let mut call = call.clone();
        let request = call.turns.pop();
        call.turns = self.turns.iter().cloned().chain(request).collect();
        if let Some(kept) = self.documents.as_ref().filter(|_| documents) {
            call.documents.clone_from(kept);
        }
        call
    }
}

/// The name of the fence that a request for an answer explains.
fn fence_of(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix("Text between <untrusted-")?.split_once(' ')?;
    Some(name).filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The documents of a request that carried them itself.
fn documents(request: &Value) -> Option<Vec<Document>> {
    let parts = request.pointer("/systemInstruction/parts")?.as_array()?;
    let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
    let document = |text: &str| {
        let (name, text) = text.strip_prefix(DOCUMENT)?.split_once("`:\n\n")?;
        Some(Document { name: name.to_owned(), text: text.to_owned() })
    };
    Some(texts.filter_map(document).collect())
}

/// A model that is told what past tasks said, by the ids of the tasks that repeat them.
pub(crate) struct AsItWas {
    model: Arc<dyn Model>,
    said: BTreeMap<TaskId, Said>,
    /// Whether documents are those of then.
    documents: bool,
}

impl AsItWas {
    /// `model`, told what `said` has.
    pub(crate) fn new(model: Arc<dyn Model>, said: BTreeMap<TaskId, Said>, documents: bool) -> Self {
        Self { model, said, documents }
    }
}

#[async_trait]
impl Model for AsItWas {
    async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
        match self.said.get(&call.task_id).filter(|_| call.role == ModelRole::Answer) {
            Some(said) => self.model.generate(&said.told(call, self.documents)).await,
            None => self.model.generate(call).await,
        }
    }

    async fn write_left(&self, patience: Duration) {
        self.model.write_left(patience).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use domain::{OutputFormat, Priority, Timestamp};
    use serde_json::json;

    use super::*;

    fn request() -> Value {
        json!({
            "systemInstruction": {"parts": [
                {"text": "Be kind."}, {"text": "Reference document `faq.md`:\n\nIt is `free`:\n\nyes."}]},
            "contents": [
                {"role": "user", "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": {"sha256": "a", "bytes": 3}}},
                    {"text": "The thread octo/repo#7:\n<untrusted-5e5f what=\"title\">\nIt fails\n</untrusted-5e5f>"}]},
                {"role": "model", "parts": [{"text": "Which version?"}]},
                {"role": "user", "parts": [
                    {"text": "<untrusted-5e5f what=\"comment by mona\">\n4.2\n</untrusted-5e5f>"},
                    {"text": "Text between <untrusted-5e5f …> and </untrusted-5e5f> was written by people outside."},
                    {"text": "Your answer cannot be used"}]}],
        })
    }

    struct Hears(Mutex<Vec<ModelCall>>);

    #[async_trait]
    impl Model for Hears {
        async fn generate(&self, call: &ModelCall) -> Result<ModelAnswer, ModelError> {
            self.0.lock().unwrap().push(call.clone());
            Ok(ModelAnswer { text: "ok".to_owned(), value: None, usage: Vec::new(), exchanges: Vec::new() })
        }
    }

    fn call(id: &TaskId, role: ModelRole) -> ModelCall {
        ModelCall {
            task_id: id.clone(),
            step: "answer".to_owned(),
            role,
            tenant: "t".to_owned(),
            thread: "t".to_owned(),
            priority: Priority::DEFAULT,
            system: "Be brief.".to_owned(),
            documents: vec![Document { name: "new.md".to_owned(), text: "new".to_owned() }],
            turns: vec![Turn::text(Speaker::User, "opening"), Turn::text(Speaker::User, "the new request")],
            output: OutputFormat::Text,
            slot: None,
            waiting_since: None,
            deadline: Timestamp::MAX,
        }
    }

    #[test]
    fn a_request_tells_thread_documents_and_fence() {
        let said = Said::of_transcript(&[json!({"request": request()})]).unwrap();
        let texts: Vec<(Speaker, bool)> =
            said.turns.iter().map(|turn| (turn.speaker, turn.text.contains("4.2"))).collect();
        assert_eq!(texts, [(Speaker::User, false), (Speaker::Model, false), (Speaker::User, true)]);
        assert_eq!((said.nonce.as_str(), said.had_media), ("5e5f", true));
        let documents = said.documents.unwrap();
        assert_eq!(
            (documents[0].name.as_str(), documents[0].text.as_str()),
            ("faq.md", "It is `free`:\n\nyes.")
        );
    }

    #[test]
    fn what_asks_for_no_answer_tells_nothing() {
        let triage = json!({"request": {"contents": [{"role": "user", "parts": [
            {"text": "Text between <untrusted-5e5f …> …\n\nAn event of the kind issues.opened"}]}]}});
        assert_eq!(Said::of_transcript(&[triage]), None);
        let odd = ["", "Text between <untrusted- …>", "Text between <untrusted-a\"b …>"];
        assert!(odd.iter().all(|text| fence_of(text).is_none()));
        let cached = json!({"cachedContent": "c/1", "contents": request()["contents"]});
        assert_eq!(Said::of_request(&cached).unwrap().documents, None);
    }

    #[tokio::test]
    async fn the_model_is_told_the_thread_of_then_and_the_request_of_now() {
        let (known, new) = (TaskId::derive("replay", b"1"), TaskId::derive("replay", b"2"));
        let said = Said::of_transcript(&[json!({"request": request()})]).unwrap();
        let hears = Arc::new(Hears(Mutex::default()));
        let model = AsItWas::new(Arc::clone(&hears) as _, [(known.clone(), said)].into(), true);
        for (id, role) in
            [(&known, ModelRole::Answer), (&known, ModelRole::Triage), (&new, ModelRole::Answer)]
        {
            model.generate(&call(id, role)).await.unwrap();
        }
        let heard = hears.0.lock().unwrap();
        let first = &heard[0];
        assert_eq!(first.turns.len(), 4);
        assert_eq!(first.turns[3].text, "the new request");
        assert_eq!((first.system.as_str(), first.documents[0].name.as_str()), ("Be brief.", "faq.md"));
        for other in &heard[1..] {
            assert_eq!((other.turns.len(), other.documents[0].name.as_str()), (2, "new.md"));
        }
    }
}
