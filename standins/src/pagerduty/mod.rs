//! The stand-in for PagerDuty: incidents with their notes, and a plain page for every incident.

#[cfg(test)]
mod tests;

use domain::{ThreadState, Timestamp};
use serde_json::{Value, json};

use crate::kit::{
    ACCOUNT, Call, Handler, Note, Notes, Reply, Resource, Rest, Route, Standin, Voice, Words, rest,
};

/// The stand-in for PagerDuty. Its threads are the ids of incidents.
pub type PagerdutyStandin = Standin<Notes<Pagerduty>>;

/// PagerDuty's words.
#[derive(Debug)]
pub struct Pagerduty;

impl Voice for Pagerduty {
    fn error(status: u16, message: &str) -> Reply {
        Reply::new(status, json!({"error": {"message": message, "code": 2000}}))
    }
}

impl Words for Pagerduty {
    const TITLE: &'static str = "PagerDuty";
    const PAGE: &'static str = "/page/";
    const API: &'static [&'static str] = &["/incidents", "/users"];
    const HANDLER: Handler<Self> = rest;
}

impl Rest for Pagerduty {
    const SCHEMES: &'static [&'static str] = &["Token"];
    const ROUTES: &'static [Route] = &[
        ("GET", "/users", Resource::Me),
        ("GET", "/incidents/*", Resource::Thread),
        ("GET", "/incidents/*/notes", Resource::List),
        ("POST", "/incidents/*/notes", Resource::New),
    ];

    fn me(call: &Call) -> Value {
        let email = call.query("query").unwrap_or_default();
        json!({"users": [{"id": ACCOUNT, "email": email, "name": ACCOUNT}], "more": false})
    }

    fn thread(notes: &Notes<Self>, name: &str) -> Value {
        let status = if notes.state(name) == ThreadState::Open { "triggered" } else { "resolved" };
        json!({"incident": {"id": name, "status": status}})
    }

    fn shown(_: &Call, note: &Note) -> Value {
        let user = json!({"id": note.author, "type": "user_reference", "summary": note.author});
        json!({"id": note.id, "user": user, "content": note.text, "created_at": note.time()})
    }

    fn list(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply {
        let rows: Value = notes.of(thread).rev().map(|note| Self::shown(call, note)).collect();
        Reply::ok(json!({"notes": rows}))
    }

    fn note(notes: &Notes<Self>, call: &Call, thread: &str, now: Timestamp) -> Result<Note, Reply> {
        let content = call.body["note"]["content"].as_str().unwrap_or_default();
        if content.trim().is_empty() || !call.header("from").contains('@') {
            return Err(Self::error(400, "Invalid Input Provided"));
        }
        Ok(notes.ours(thread, content, now))
    }

    fn made(_: &Notes<Self>, call: &Call, note: &Note) -> Reply {
        Reply::ok(json!({"note": Self::shown(call, note)}))
    }
}
