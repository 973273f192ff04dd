//! Notes of an incident: the last ones, a new one, and ours found again by its marker.

use domain::{Comment, Mark, Proof, ServiceError, ThreadState, Timestamp};
use outbound::notes::{self, Note, Page};
use outbound::{Call, Request, marker};
use serde_json::json;

use crate::api::Api;
use crate::config::SERVICE;
use crate::incident::Incident;
use crate::wire::{IncidentAnswer, NoteAnswer, Notes};

/// The last `limit` notes, oldest first.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    incident: Incident<'_>,
    limit: usize,
) -> Result<Vec<Comment>, ServiceError> {
    let me = &*api.me(call).await?;
    notes::last(limit, |_| all(api, call, incident, me)).await
}

/// Looks for the note with `mark` by our own user, written not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    incident: Incident<'_>,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let me = &*api.me(call).await?;
    notes::find(&api.client, call, mark, since, |_| all(api, call, incident, me)).await
}

/// All notes: PagerDuty lists them on one page.
async fn all(api: &Api, call: Call, incident: Incident<'_>, me: &str) -> Result<Page, ServiceError> {
    let url = api.client.base().join(&incident.notes());
    let read: Notes = api.call(call, &Request::get(url, &[])).await?;
    let notes = read.notes.into_iter().map(|note| {
        let (id, name) = note.user.map(|user| (user.id, user.summary)).unwrap_or_default();
        let ours = id.as_deref() == Some(me);
        let author = name.or(id).unwrap_or_else(|| "unknown".to_owned());
        let comment = Comment { id: note.id, author, ours, text: note.content, at: note.created_at };
        Note { comment, is_shown: true, url: None }
    });
    Ok(Page { notes: notes.collect(), next: None })
}

/// Adds a note.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    incident: Incident<'_>,
    text: &str,
    mark: &Mark,
) -> Result<Proof, ServiceError> {
    let body = json!({"note": {"content": marker::compose(text, mark, SERVICE.longest_text)}});
    let request = api.client.request(call, Request::post, &incident.notes(), &body)?;
    let answer: NoteAnswer = api.call(call, &request).await?;
    Ok(Proof { id: answer.note.id, url: None })
}

/// The present state of an incident. A resolved one still takes notes.
pub(crate) async fn state(
    api: &Api,
    call: Call,
    incident: Incident<'_>,
) -> Result<ThreadState, ServiceError> {
    let url = api.client.base().join(&incident.path());
    let answer: IncidentAnswer = api.call(call, &Request::get(url, &[])).await?;
    let resolved = answer.incident.status == "resolved";
    Ok(if resolved { ThreadState::Closed } else { ThreadState::Open })
}
