//! [`Job`]: an event as a task that is run for show.

use domain::{API_SOURCE, FIRST_LOOK, NewTask, Priority, Task, TaskId, Timestamp, after, read_json};
use settings::Settings;
use webhook::{Parsed, Provider, Received, Sender};

/// An event as a task.
#[derive(Debug)]
pub(crate) struct Job {
    /// The task as it is taken in.
    pub(crate) task: Task,
    /// The raw body.
    pub(crate) body: Vec<u8>,
    /// What was said, for people and judges.
    pub(crate) asked: String,
    /// What its actor said just before, and is answered with it.
    pub(crate) before: Vec<String>,
    /// Whether it has a thread to answer in.
    pub(crate) has_thread: bool,
    /// The text that is sorted.
    pub(crate) text: String,
    /// Whether it is a comment that others can have been said before.
    is_conversational: bool,
}

/// Where an event is from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EventOf<'o> {
    /// The source in agent.toml.
    pub(crate) source: &'o str,
    /// The kind of event.
    pub(crate) event: &'o str,
    /// The raw body.
    pub(crate) body: &'o [u8],
}

impl Job {
    /// The event of `origin` as the task `id`. Its thread and tenant are its own: samples share theirs, a thread has one task
    /// at a time, and equal calls of a tenant share one answer, of which only the first tells the price.
    ///
    /// # Errors
    /// Why the body is no event of its source.
    pub(crate) fn new(
        settings: &Settings,
        id: TaskId,
        origin: EventOf<'_>,
        now: Timestamp,
    ) -> Result<Self, String> {
        let api;
        let (source, sender) = match settings.sources.get(origin.source) {
            Some(source) => (source.name.as_str(), &source.sender),
            None if origin.source == API_SOURCE => {
                api = Sender::of(Provider::Api);
                (API_SOURCE, &api)
            }
            None => return Err(format!("there is no [sources.{}]", origin.source)),
        };
        // The result of a run for show is posted nowhere.
        let body = if source == API_SOURCE { without_callback(origin.body) } else { origin.body.to_vec() };
        let hint = (sender.provider.row().hint_of)(origin.event);
        let received = Received { event_hint: Some(&hint), body: &body };
        let event = match sender.parse(&received).map_err(|error| error.to_string())? {
            Parsed::Event(event) => *event,
            _ => return Err("its body is no event".to_owned()),
        };
        let (has_thread, is_conversational) = (event.target.is_some(), processor::is_conversational(&event));
        let new = NewTask {
            source: source.to_owned(),
            event: event.name,
            tenant: id.to_string(),
            thread: id.to_string(),
            actor: event.actor,
            priority: Priority::DEFAULT,
            metadata: event.metadata,
            content_type: "application/json".to_owned(),
            event_hint: Some(hint.to_string()),
        };
        let parts = [event.title.as_deref(), event.opening.as_deref(), Some(&event.text)];
        let asked = parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
        let task = Task::received(id, new, now, after(now, FIRST_LOOK));
        let (before, text) = (Vec::new(), event.text);
        Ok(Self { task, body, asked, before, has_thread, text, is_conversational })
    }

    /// The same, with what its actor said just `before`.
    ///
    /// # Errors
    /// That the event is no comment of a thread.
    pub(crate) fn carrying(mut self, before: &[String]) -> Result<Self, String> {
        if !before.is_empty() && !self.is_conversational {
            return Err("`before` stands with a comment in a thread, and its event is none".to_owned());
        }
        let around = self.asked.strip_suffix(self.text.as_str()).unwrap_or_default();
        self.asked = format!("{around}{}", [before, &[self.text.clone()][..]].concat().join("\n\n"));
        self.before = before.to_vec();
        Ok(self)
    }
}

/// `body` without the address that its result would be posted to.
fn without_callback(body: &[u8]) -> Vec<u8> {
    let mut fields: serde_json::Map<String, serde_json::Value> = match read_json(body) {
        Ok(fields) => fields,
        Err(_) => return body.to_vec(),
    };
    match fields.remove("callback_url") {
        Some(_) => serde_json::Value::Object(fields).to_string().into_bytes(),
        None => body.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        Settings::parse("[agent]\npersona = \"p.md\"\n[sources.github]\n", dir.path()).unwrap()
    }

    fn job(source: &str, body: &[u8]) -> Result<Job, String> {
        let id = TaskId::derive("eval", body);
        let event = EventOf { source, event: "issues.opened", body };
        Job::new(&settings(), id, event, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_result_of_a_requested_task_is_posted_nowhere() {
        let body = br#"{"prompt": "Sum it up.", "callback_url": "https://hooks.example/x"}"#;
        let job = job(API_SOURCE, body).unwrap();
        assert!(!String::from_utf8(job.body).unwrap().contains("hooks.example"));
        assert_eq!(job.asked, "Sum it up.");
    }

    #[test]
    fn every_event_has_a_thread_and_a_tenant_of_its_own() {
        let body = include_bytes!("../../../events/bodies/github/issues.opened.json");
        let job = job("github", body).unwrap();
        let id = job.task.id.to_string();
        assert_eq!((&job.task.doc.thread, &job.task.doc.tenant), (&id, &id));
        assert_eq!(job.body, body);
        assert!(job.asked.contains("export"), "{}", job.asked);
    }

    #[test]
    fn what_is_no_event_is_told() {
        assert!(job("github", b"[]").is_err());
        assert!(job("nobody", b"{}").unwrap_err().contains("[sources.nobody]"));
    }
}
