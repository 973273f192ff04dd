//! Notes: a page of them, a new one, and who sees one.

use domain::{Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, ThreadState};
use outbound::notes::{Note, Page};
use outbound::{Call, Request, Sight, marker};

use crate::api::{Gitlab, STATE};
use crate::config::SERVICE;
use crate::place::Place;
use crate::wire::{Created, Discussion, NewNote, Noteable, Project, WireNote};

/// Notes on a page: the most that GitLab gives.
const PER_PAGE: &str = "100";
/// Shown as the author of a note whose account was deleted, as on GitLab's pages.
const GHOST: &str = "ghost";

/// A page of notes, or a whole discussion if the place is one. Shown are those of people that all can read who will
/// see an answer for `audience`; ours are looked for among all notes, since those of discussions stand among the others.
pub(crate) async fn page(
    api: &Gitlab,
    call: Call,
    place: Place<'_>,
    me: &str,
    audience: Option<Audience>,
    next: Option<String>,
) -> Result<Page, ServiceError> {
    let (read, next) = match place.discussion.filter(|_| audience.is_some()) {
        Some(id) => (discussion(api, call, place, id).await?.notes, None),
        None => {
            let url = place.url(api.client.base(), &["notes"]);
            let number = next.as_deref().unwrap_or("1");
            let query =
                [("order_by", "created_at"), ("sort", "desc"), ("per_page", PER_PAGE), ("page", number)];
            api.page(call, url, &query).await?
        }
    };
    let shows_internal = audience >= Some(Audience::Internal) && place.is_among_staff();
    let notes = read.into_iter().map(|note: WireNote| {
        let is_shown = !note.system && (shows_internal || !note.is_internal());
        let url = address(api, place, note.id);
        let ours = note.author.as_ref().is_some_and(|author| author.id.to_string() == me);
        let author = note.author.map_or_else(|| GHOST.to_owned(), |author| author.username);
        let comment = Comment { id: note.id.to_string(), author, ours, text: note.body, at: note.created_at };
        Note { comment, is_shown, url }
    });
    Ok(Page { notes: notes.collect(), next })
}

async fn discussion(
    api: &Gitlab,
    call: Call,
    place: Place<'_>,
    id: &str,
) -> Result<Discussion, ServiceError> {
    api.call(call, &Request::get(place.url(api.client.base(), &["discussions", id]), &[])).await
}

/// Adds a note for `audience`.
pub(crate) async fn create(
    api: &Gitlab,
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
    let created: Created = match api.call(call, &request).await {
        Ok(created) => created,
        Err(error) => return Err(explained(api, call, place, error).await),
    };
    Ok(Proof { id: created.id.to_string(), url: address(api, place, created.id) })
}

/// Whether the staff alone can see a discussion. Its first note decides it for all that answer it: one that is public
/// takes no internal note.
async fn is_among_staff(api: &Gitlab, call: Call, place: Place<'_>, id: &str) -> Result<bool, ServiceError> {
    let read = discussion(api, Call { operation: STATE, ..call }, place, id).await?;
    Ok(read.notes.first().is_some_and(WireNote::is_internal))
}

/// Whether an answer for the staff must be an internal note. Those who see a confidential issue may see what is
/// answered in it; its author, who may be a guest, would not see an internal note.
async fn is_internal_note(api: &Gitlab, call: Call, place: Place<'_>) -> Result<bool, ServiceError> {
    if place.is_among_staff() {
        return Ok(true);
    }
    let issue = noteable(api, Call { operation: STATE, ..call }, place).await?;
    Ok(!issue.confidential)
}

/// Who can see the note called `id`; `None` if there is none any more.
pub(crate) async fn audience(
    api: &Gitlab,
    call: Call,
    place: Place<'_>,
    id: &str,
) -> Result<Option<Audience>, ServiceError> {
    let Ok(id) = id.parse::<u64>() else { return Ok(None) };
    let url = place.url(api.client.base(), &["notes", &id.to_string()]);
    let note: WireNote = match api.call(call, &Request::get(url, &[])).await {
        Ok(note) => note,
        // A note that is gone, or that our account does not see, says nothing.
        Err(error) if error.failure == ServiceFailure::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let among_staff = note.is_internal() || noteable(api, call, place).await?.confidential;
    Ok(Some(if among_staff { Audience::Internal } else { Audience::Public }))
}

/// The issue or merge request as it is now.
pub(crate) async fn noteable(api: &Gitlab, call: Call, place: Place<'_>) -> Result<Noteable, ServiceError> {
    api.call(call, &Request::get(place.url(api.client.base(), &[]), &[])).await
}

/// Whether the issue or merge request goes on. Nobody can write in an archived project, whose issues look as ever.
pub(crate) async fn state(api: &Gitlab, call: Call, place: Place<'_>) -> Result<ThreadState, ServiceError> {
    if is_archived(api, call, place).await? {
        return Ok(ThreadState::Locked);
    }
    Ok(noteable(api, call, place).await?.thread())
}

async fn is_archived(api: &Gitlab, call: Call, place: Place<'_>) -> Result<bool, ServiceError> {
    Ok(project(api, call, place).await?.archived)
}

async fn project(api: &Gitlab, call: Call, place: Place<'_>) -> Result<Project, ServiceError> {
    api.call(call, &Request::get(place.project_url(api.client.base()), &[])).await
}

/// What our account sees of the project. Who is a guest there, or nobody, does not see its confidential issues.
pub(crate) async fn sight(api: &Gitlab, call: Call, place: Place<'_>) -> Result<Sight, ServiceError> {
    match project(api, call, place).await {
        Ok(project) if project.shows_all() => Ok(Sight::Whole),
        Ok(_) => Ok(Sight::Part),
        Err(error) if error.failure == ServiceFailure::NotFound => Ok(Sight::Nothing),
        Err(error) => Err(error),
    }
}

/// What a refusal is about. GitLab says `403 Forbidden` of an archived project and a locked discussion as it does of a
/// missing role.
pub(crate) async fn explained(
    api: &Gitlab,
    call: Call,
    place: Place<'_>,
    error: ServiceError,
) -> ServiceError {
    if error.failure != ServiceFailure::AccountRefused {
        return error;
    }
    match state(api, Call { operation: STATE, ..call }, place).await {
        Ok(ThreadState::Locked) => {
            let message = "the project is archived, or the discussion locked: nobody can write there";
            api.client.error(call, ServiceFailure::Closed, message.to_owned())
        }
        _ => error,
    }
}

fn address(api: &Gitlab, place: Place<'_>, note: u64) -> Option<String> {
    let mut url = place.link(api.client.base())?;
    url.set_fragment(Some(&format!("note_{note}")));
    Some(url.into())
}
