//! The bodies of `POST /tasks`.

use serde_json::{Map, Value, json};
use webhook::ApiTask;

use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "api",
    seeds: || {
        let task = json!({
            "text": "Sum up.", "event": "report.asked", "tenant": "acme", "thread": "t1", "actor": "ada", "priority": 5,
            "payload": {"a": [1, 2]}, "metadata": {"k": "v"}, "callback_url": "https://hooks.example.com/x?y=1",
        });
        vec![task.to_string().into_bytes()]
    },
    words: &["https://", "http://127.0.0.1", "user:pass@", "[::1]", "xn--", ":0", "priority", "callback_url"],
    check,
};

fn check(input: &[u8]) {
    let body = serde_json::from_slice::<Map<String, Value>>(input).unwrap_or_default();
    match ApiTask::read(&body) {
        Ok(task) => {
            if let Some(url) = &task.callback_url {
                assert!(url.host_str().is_some_and(|host| !host.is_empty()), "{url}");
                assert_eq!(url.scheme(), "https", "{url}");
            }
        }
        Err(mistakes) => assert!(!mistakes.is_empty()),
    }
}
