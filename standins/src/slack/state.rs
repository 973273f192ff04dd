//! Slack's Web API: nearly every answer is a 200 that says whether it is `ok`.

use domain::Timestamp;
use serde_json::{Value, json};

use super::store::{Change, Workspace, micros};
use super::{BOT, TEAM, USER, channels, chat, page};
use crate::kit::{Call, Kept, Reply, State};

impl State for Workspace {
    type Change = Change;
    const TITLE: &'static str = "Slack";
    const PREFIX: &'static str = "/api";
    const STYLE: &'static str = ".reply{margin-left:2rem}";
    const HEADERS: &'static [(&'static str, &'static str)] =
        &[("cache-control", "private, no-cache, no-store")];

    fn apply(&mut self, change: Change) {
        match change {
            Change::Posted(message) => {
                self.last = self.last.max(micros(&message.ts));
                self.messages.entry(message.channel.clone()).or_default().push(message);
            }
            Change::Updated(message) => {
                let of_channel = self.messages.entry(message.channel.clone()).or_default();
                if let Some(known) = of_channel.iter_mut().find(|known| known.ts == message.ts) {
                    *known = message;
                }
            }
        }
    }

    fn answer(kept: &mut Kept<Self>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.body.is_object() && !call.body.is_null() {
            return Err(refusal("json_not_object"));
        }
        let token = call.header("authorization").strip_prefix("Bearer ").map(str::to_owned);
        match token.unwrap_or_else(|| text(call, "token")).trim() {
            "" => return Err(refusal("not_authed")),
            "INVALID" => return Err(refusal("invalid_auth")),
            _ => {}
        }
        let mut fields = match method(call) {
            "auth.test" => json!({
                "url": format!("{}/", call.origin), "team": "Stand-in", "user": "afterhook", "team_id": TEAM,
                "user_id": USER, "bot_id": BOT, "is_enterprise_install": false,
            }),
            "chat.postMessage" => chat::post(kept, call, now)?,
            "chat.update" => chat::update(kept, call)?,
            "chat.postEphemeral" => chat::whisper(kept, call, now)?,
            "conversations.replies" => channels::replies(kept, call)?,
            "conversations.history" => channels::history(kept, call)?,
            _ => return Err(refusal("unknown_method")),
        };
        fields["ok"] = Value::Bool(true);
        Ok(Reply::ok(fields))
    }

    /// An error below 500 is one of the arguments, and a 200 like any other refusal.
    fn error(status: u16, message: &str) -> Reply {
        if status < 500 { because("invalid_arguments", message) } else { Self::of_status(status) }
    }

    fn of_status(status: u16) -> Reply {
        let code = if status >= 500 { "service_unavailable" } else { "invalid_request" };
        refusal(code).under(status)
    }

    fn unreadable(_problem: &str) -> Reply {
        refusal("invalid_json")
    }

    fn refusal(code: &str) -> Reply {
        refusal(code)
    }

    fn rate_limited() -> Reply {
        refusal("ratelimited").under(429).with("retry-after", "30")
    }

    fn is_api(call: &Call) -> bool {
        !call.prefix.is_empty()
    }

    fn writes(call: &Call) -> bool {
        method(call).starts_with("chat.")
    }

    fn page(&self, segments: &[&str]) -> Option<(String, String)> {
        page::show(self, segments)
    }
}

/// Slack's method: `chat.postMessage`.
fn method(call: &Call) -> &str {
    call.path.trim_start_matches('/')
}

/// 200 with `ok: false` and this code.
pub(super) fn refusal(code: &str) -> Reply {
    Reply::ok(json!({"ok": false, "error": code}))
}

/// The same with what is wrong.
pub(super) fn because(code: &str, message: &str) -> Reply {
    let messages = [format!("[ERROR] {message}")];
    Reply::ok(json!({"ok": false, "error": code, "response_metadata": {"messages": messages}}))
}

/// An argument as text, or nothing: of the body if it is there, else of the query.
pub(super) fn text(call: &Call, name: &str) -> String {
    match call.body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
        None => call.query(name).unwrap_or_default().to_owned(),
    }
}

/// An argument that is an object or a list: in a form it is JSON in a text.
pub(super) fn nested(call: &Call, name: &str) -> Result<Option<Value>, serde_json::Error> {
    match call.body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => serde_json::from_str(text).map(Some),
        Some(value) => Ok(Some(value.clone())),
    }
}

/// Whether an argument is true.
pub(super) fn is_set(call: &Call, name: &str) -> bool {
    matches!(text(call, name).as_str(), "true" | "1")
}
