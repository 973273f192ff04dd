//! Notes: the last ones, a new one, and ours found again by its marker.

use domain::{Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, Timestamp};
use outbound::notes::{self, Note, Page};
use outbound::{Call, Request, marker};

use crate::api::{Api, STATE};
use crate::config::SERVICE;
use crate::place::Place;
use crate::wire::{Created, Discussion, NewNote, Noteable, WireNote};

/// Notes on a page: the most that GitLab gives.
const PER_PAGE: &str = "100";
/// Shown as the author of a note whose account was deleted, as on GitLab's pages.
const GHOST: &str = "ghost";

/// The last `limit` notes of people that all of `audience` can read, oldest first: of the discussion, if the place is
/// one.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    place: Place<'_>,
    limit: usize,
    audience: Audience,
) -> Result<Vec<Comment>, ServiceError> {
    let me = &*api.me(call).await?;
    let shows =
        move |note: &WireNote| !note.system && (audience >= Audience::Internal || !note.is_internal());
    let Some(id) = place.discussion else {
        return notes::last(limit, |next| page(api, call, place, me, shows, next)).await;
    };
    notes::last(limit, |_| async move {
        let read = discussion(api, call, place, id).await?.notes;
        let notes = read.into_iter().map(|wire| note(api, place, me, shows, wire)).collect();
        Ok(Page { notes, next: None })
    })
    .await
}

async fn discussion(api: &Api, call: Call, place: Place<'_>, id: &str) -> Result<Discussion, ServiceError> {
    api.call(call, &Request::get(place.url(api.client.base(), &["discussions", id]), &[])).await
}

/// Looks for the note with `mark` by our own account, written not much earlier than `since`. Notes of discussions stand
/// among the others.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    place: Place<'_>,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let me = &*api.me(call).await?;
    let any = |_: &WireNote| true;
    notes::find(&api.client, call, mark, since, |next| page(api, call, place, me, any, next)).await
}

async fn page(
    api: &Api,
    call: Call,
    place: Place<'_>,
    me: &str,
    shows: impl Fn(&WireNote) -> bool,
    next: Option<String>,
) -> Result<Page, ServiceError> {
    let url = place.url(api.client.base(), &["notes"]);
    let number = next.as_deref().unwrap_or("1");
    let query = [("order_by", "created_at"), ("sort", "desc"), ("per_page", PER_PAGE), ("page", number)];
    let (read, next): (Vec<WireNote>, _) = api.page(call, url, &query).await?;
    let notes = read.into_iter().map(|wire| note(api, place, me, &shows, wire)).collect();
    Ok(Page { notes, next })
}

fn note(api: &Api, place: Place<'_>, me: &str, shows: impl Fn(&WireNote) -> bool, wire: WireNote) -> Note {
    let (is_shown, url) = (shows(&wire), address(api, place, wire.id));
    let author = wire.author.map_or_else(|| GHOST.to_owned(), |author| author.username);
    let ours = author.eq_ignore_ascii_case(me);
    let comment = Comment { id: wire.id.to_string(), author, ours, text: wire.body, at: wire.created_at };
    Note { comment, is_shown, url }
}

/// Adds a note for `audience`.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    place: Place<'_>,
    text: &str,
    mark: &Mark,
    audience: Audience,
) -> Result<Proof, ServiceError> {
    let internal = match audience {
        Audience::Public => false,
        Audience::Internal | Audience::Restricted => is_internal_note(api, call, place).await?,
    };
    let body = marker::compose(text, mark, SERVICE.longest_text);
    let url = match place.discussion {
        Some(id) if !internal || is_among_staff(api, call, place, id).await? => {
            place.url(api.client.base(), &["discussions", id, "notes"])
        }
        _ => place.url(api.client.base(), &["notes"]),
    };
    let request = api.client.checked(call, Request::post(url, &NewNote { body: &body, internal }))?;
    let created: Created = api.call(call, &request).await?;
    Ok(Proof { id: created.id.to_string(), url: address(api, place, created.id) })
}

/// Whether the staff alone can see a discussion. Its first note decides it for all that answer it: one that is public
/// takes no internal note.
async fn is_among_staff(api: &Api, call: Call, place: Place<'_>, id: &str) -> Result<bool, ServiceError> {
    let read = discussion(api, Call { operation: STATE, ..call }, place, id).await?;
    Ok(read.notes.first().is_some_and(WireNote::is_internal))
}

/// Whether an answer for the staff must be an internal note. Those who see a confidential issue may see what is
/// answered in it; its author, who may be a guest, would not see an internal note.
async fn is_internal_note(api: &Api, call: Call, place: Place<'_>) -> Result<bool, ServiceError> {
    if !place.is_issue() {
        let message = "an answer on a merge request cannot be kept among the staff";
        return Err(api.client.refused(call, message));
    }
    if place.internal {
        return Ok(true);
    }
    let issue = noteable(api, Call { operation: STATE, ..call }, place).await?;
    Ok(!issue.confidential)
}

/// Who can see the note called `id`; `None` if there is none any more.
pub(crate) async fn audience(
    api: &Api,
    call: Call,
    place: Place<'_>,
    id: &str,
) -> Result<Option<Audience>, ServiceError> {
    let Ok(id) = id.parse::<u64>() else { return Ok(None) };
    let url = place.url(api.client.base(), &["notes", &id.to_string()]);
    let note: WireNote = match api.call(call, &Request::get(url, &[])).await {
        Ok(note) => note,
        // A note that is gone, or that our account does not see, says nothing.
        Err(error) if error.failure == ServiceFailure::Refused => return Ok(None),
        Err(error) => return Err(error),
    };
    let among_staff = note.is_internal() || noteable(api, call, place).await?.confidential;
    Ok(Some(if among_staff { Audience::Internal } else { Audience::Public }))
}

/// The issue or merge request as it is now.
pub(crate) async fn noteable(api: &Api, call: Call, place: Place<'_>) -> Result<Noteable, ServiceError> {
    api.call(call, &Request::get(place.url(api.client.base(), &[]), &[])).await
}

fn address(api: &Api, place: Place<'_>, note: u64) -> Option<String> {
    let mut url = place.link(api.client.base())?;
    url.set_fragment(Some(&format!("note_{note}")));
    Some(url.into())
}
