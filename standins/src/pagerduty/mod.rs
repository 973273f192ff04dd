//! The stand-in for PagerDuty: incidents with their notes, and a plain page for every incident.

#[cfg(test)]
mod tests;

pub use crate::kit::{ACCOUNT, Fault, FaultRule, Note, ReceivedRequest, Scope};

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{Call, Kept, Notes, Reply, Standin, Words};

/// The stand-in for PagerDuty: a cheap handle, all clones of which share one state. Its threads are the ids of
/// incidents.
pub type PagerdutyStandin = Standin<Notes<Pagerduty>>;

/// PagerDuty's words.
#[derive(Debug)]
pub struct Pagerduty;

impl Words for Pagerduty {
    const TITLE: &'static str = "PagerDuty";
    const PAGE: &'static str = "/page/";

    fn is_api(call: &Call) -> bool {
        call.path.starts_with("/incidents") || call.path.starts_with("/users")
    }

    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"error": {"message": message, "code": 2000}}))
    }

    fn answer(kept: &mut Kept<Notes<Self>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
        if !call.is_authorised(&["Token"]) {
            return Err(Self::error(401, "Unauthorized"));
        }
        match (call.method.as_str(), call.segments().as_slice()) {
            ("GET", ["users"]) => {
                let email = call.query("query").unwrap_or_default();
                Ok(Reply::ok(
                    json!({"users": [{"id": ACCOUNT, "email": email, "name": ACCOUNT}], "more": false}),
                ))
            }
            ("GET", ["incidents", id]) => {
                let resolved = kept.state(id) != ThreadState::Open;
                let status = if resolved { "resolved" } else { "triggered" };
                Ok(Reply::ok(json!({"incident": {"id": id, "status": status}})))
            }
            ("GET", ["incidents", id, "notes"]) => {
                Ok(Reply::ok(json!({"notes": kept.of(id).rev().map(shown).collect::<Value>()})))
            }
            ("POST", ["incidents", id, "notes"]) => create(kept, id, call, now),
            _ => Err(Self::error(404, "Not Found")),
        }
    }
}

fn create(kept: &mut Kept<Notes<Pagerduty>>, id: &str, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    let content = call.body["note"]["content"].as_str().unwrap_or_default();
    if content.trim().is_empty() || !call.header("from").contains('@') {
        return Err(Pagerduty::error(400, "Invalid Input Provided"));
    }
    let note = kept.ours(id, content, now);
    let made = shown(&note);
    kept.record(note)?;
    Ok(Reply::ok(json!({"note": made})))
}

fn shown(note: &Note) -> Value {
    let user = json!({"id": note.author, "type": "user_reference", "summary": note.author});
    json!({"id": note.id, "user": user, "content": note.text, "created_at": note.time()})
}
