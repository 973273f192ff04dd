//! [`Rest`]: a REST API for the notes of threads, declared as a table of its resources.

use domain::{ThreadState, Timestamp};
use serde_json::Value;

use super::{Call, Kept, Note, Notes, Reply, Words};

/// What a resource is, or what a request of it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Me,
    Thread,
    List,
    /// One of them; its id is the last part of the path.
    One,
    New,
    /// What only this service has.
    Other,
}

/// A method, the pattern of a path, and what is there. In a pattern, `*` is a part of the thread's name, `-` anything.
pub(crate) type Route = (&'static str, &'static str, Resource);

/// A service whose API is a table.
pub(crate) trait Rest: Words {
    /// The schemes of credentials that it takes.
    const SCHEMES: &'static [&'static str];
    /// What it has where.
    const ROUTES: &'static [Route];
    /// What it says to strangers.
    const UNAUTHORIZED: &'static str = "Unauthorized";
    /// What it says of what is not there.
    const NOT_FOUND: &'static str = "Not Found";
    /// Whether a locked thread is hidden from our account.
    const HIDES_LOCKED: bool = false;

    fn me(call: &Call) -> Value;

    fn thread(notes: &Notes<Self>, name: &str) -> Value;

    fn shown(call: &Call, note: &Note) -> Value;

    /// The notes of a thread: a page.
    fn list(notes: &Notes<Self>, call: &Call, thread: &str) -> Reply;

    /// The note that a request asks for.
    fn note(notes: &Notes<Self>, call: &Call, thread: &str, now: Timestamp) -> Result<Note, Reply>;

    /// The answer to that request.
    fn made(_notes: &Notes<Self>, call: &Call, note: &Note) -> Reply {
        Reply::new(201, Self::shown(call, note))
    }

    /// What is there besides.
    fn other(_notes: &Notes<Self>, _call: &Call, _thread: &str) -> Reply {
        Self::error(404, Self::NOT_FOUND)
    }
}

/// Answers a request by the service's table.
pub(crate) fn rest<W: Rest>(kept: &mut Kept<Notes<W>>, call: &Call, now: Timestamp) -> Result<Reply, Reply> {
    if !call.is_authorised(W::SCHEMES) {
        return Err(W::error(401, W::UNAUTHORIZED));
    }
    let absent = || W::error(404, W::NOT_FOUND);
    let (resource, thread) = W::ROUTES.iter().find_map(|route| at(route, call)).ok_or_else(absent)?;
    if W::HIDES_LOCKED && kept.state(&thread) == ThreadState::Locked {
        return Err(absent());
    }
    Ok(match resource {
        Resource::Me => Reply::ok(W::me(call)),
        Resource::Thread => Reply::ok(W::thread(kept, &thread)),
        Resource::List => W::list(kept, call, &thread),
        Resource::One => {
            let id = call.segments().pop().unwrap_or_default();
            Reply::ok(W::shown(call, kept.with_id(id).ok_or_else(absent)?))
        }
        Resource::New => {
            let note = W::note(kept, call, &thread, now)?;
            kept.record(note.clone())?;
            W::made(kept, call, &note)
        }
        Resource::Other => W::other(kept, call, &thread),
    })
}

/// The resource and the thread, if the request is for this route.
fn at((method, pattern, resource): &Route, call: &Call) -> Option<(Resource, String)> {
    let (mut name, segments) = (Vec::new(), call.segments());
    let wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    if call.method != *method || wanted.len() != segments.len() {
        return None;
    }
    for (wanted, segment) in wanted.into_iter().zip(segments) {
        match wanted.strip_prefix('*') {
            Some(end) => name.push(segment.strip_suffix(end)?),
            None if wanted == "-" || wanted == segment => {}
            None => return None,
        }
    }
    Some((*resource, name.join("/")))
}
