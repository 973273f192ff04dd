//! Notes of a thread, page by page: the last ones, and ours found again by its marker.
//!
//! For services whose notes take nothing but text, so that the proof of ours is its [`marker`]. A service gives
//! the page behind a cursor, newest first if it can; the rest is here.

use std::future::Future;

use domain::{Comment, Mark, Proof, ServiceError, Timestamp};

use crate::client::{Call, Client};
use crate::marker;
use crate::search::is_recent;

/// Pages that are looked through.
const MAX_PAGES: usize = 30;

/// Some of the notes of a thread.
#[derive(Debug)]
pub struct Page {
    /// The newest first, if the service keeps the order that it was asked for.
    pub notes: Vec<Note>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// A note of a thread.
#[derive(Debug)]
pub struct Note {
    /// What is read of it; the text of one of ours ends with its marker.
    pub comment: Comment,
    /// Whether it may be shown to the model. It is looked at for our marker in any case.
    pub is_shown: bool,
    /// Where a person can look at it.
    pub url: Option<String>,
}

/// The last `limit` notes that may be shown, oldest first, ours without their markers.
///
/// # Errors
/// Those of `page`.
pub async fn last<F>(limit: usize, page: impl Fn(Option<String>) -> F) -> Result<Vec<Comment>, ServiceError>
where
    F: Future<Output = Result<Page, ServiceError>>,
{
    let (mut found, mut next) = (Vec::<Comment>::new(), None);
    for _ in 0..MAX_PAGES {
        let read = page(next).await?;
        found.extend(read.notes.into_iter().filter(|note| note.is_shown).map(|note| note.comment));
        next = read.next;
        // A service that lists the oldest first has the last ones on its last page.
        if next.is_none() || (found.len() >= limit && is_newest_first(&found)) {
            break;
        }
    }
    if is_newest_first(&found) {
        found.reverse();
    } else {
        found.sort_by_key(|comment| comment.at);
    }
    let mut last = found.split_off(found.len().saturating_sub(limit));
    for comment in last.iter_mut().filter(|comment| comment.ours) {
        comment.text = marker::strip(&comment.text);
    }
    Ok(last)
}

/// The note of our own account with `mark`, written not much earlier than `since`. Under another name a marker
/// proves nothing: anybody can paste it.
///
/// # Errors
/// Those of `page`; and a search that ended before the thread did is one, since "not found" would have the
/// note written again.
pub async fn find<F>(
    client: &Client,
    call: Call,
    mark: &Mark,
    since: Timestamp,
    page: impl Fn(Option<String>) -> F,
) -> Result<Option<Proof>, ServiceError>
where
    F: Future<Output = Result<Page, ServiceError>>,
{
    let mut next = None;
    for _ in 0..MAX_PAGES {
        let read = page(next).await?;
        let is_over = is_past(&read.notes, since);
        let is_ours = |note: &Note| {
            let comment = &note.comment;
            comment.ours && is_recent(comment.at, since) && marker::carries(&comment.text, mark)
        };
        if let Some(note) = read.notes.into_iter().find(is_ours) {
            return Ok(Some(Proof { id: note.comment.id, url: note.url }));
        }
        next = read.next.filter(|_| !is_over);
        if next.is_none() {
            return Ok(None);
        }
    }
    Err(client.lost(call, format!("our note is not among the last {MAX_PAGES} pages of notes")))
}

/// Whether all notes behind these are too old.
fn is_past(notes: &[Note], since: Timestamp) -> bool {
    notes.is_sorted_by(|one, next| one.comment.at >= next.comment.at)
        && notes.last().is_some_and(|note| !is_recent(note.comment.at, since))
}

fn is_newest_first(comments: &[Comment]) -> bool {
    comments.is_sorted_by(|one, next| one.at >= next.at)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use domain::{Clock, ServiceFailure, TaskId};
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::config::Config;
    use crate::failure::tests::SERVICE;
    use crate::service::Operation;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn mark() -> Mark {
        Mark { task_id: TaskId::derive("notes", b"1"), effect: "reply".into() }
    }

    fn note(second: i64, ours: bool, text: &str) -> Note {
        let comment = Comment {
            id: second.to_string(),
            author: "mona".into(),
            ours,
            text: text.into(),
            at: at(second),
        };
        Note { comment, is_shown: true, url: None }
    }

    fn marked(second: i64, ours: bool) -> Note {
        note(second, ours, &marker::compose("Hi", &mark(), markdown::Limit::chars(1_000)))
    }

    /// Pages of one note each.
    async fn found(notes: impl Fn() -> Vec<Note>) -> (Result<Option<String>, ServiceError>, usize) {
        let client = Client::anonymous(
            &SERVICE,
            &Config::at("http://127.0.0.1:9"),
            &HeaderMap::new(),
            Clock::system(),
        );
        let (client, pages) = (client.unwrap(), Cell::new(0));
        let call = client.begin(Operation::reads("look"));
        let page = |next: Option<String>| {
            pages.set(pages.get() + 1);
            let place: usize = next.map_or(0, |next| next.parse().unwrap());
            let mut all = notes();
            let next = (place + 1 < all.len()).then(|| (place + 1).to_string());
            let notes = if all.is_empty() { all } else { vec![all.swap_remove(place)] };
            async move { Ok(Page { notes, next }) }
        };
        let found = find(&client, call, &mark(), at(0), page).await;
        (found.map(|proof| proof.map(|proof| proof.id)), pages.get())
    }

    #[tokio::test]
    async fn our_note_is_found_by_its_marker_under_our_name_alone() {
        let (proof, _) = found(|| vec![marked(9, false), note(8, true, "Hi"), marked(7, true)]).await;
        assert_eq!(proof.unwrap().as_deref(), Some("7"));
        assert_eq!(found(|| vec![marked(9, false)]).await.0.unwrap(), None);
        assert_eq!(found(Vec::new).await, (Ok(None), 1));
    }

    #[tokio::test]
    async fn the_search_ends_at_the_first_note_that_is_too_old() {
        let (proof, pages) =
            found(|| vec![note(9, false, "x"), note(-301, false, "x"), marked(-302, true)]).await;
        assert_eq!((proof.unwrap(), pages), (None, 2));
    }

    #[tokio::test]
    async fn a_search_that_was_cut_short_is_not_taken_for_an_absence() {
        let (proof, pages) = found(|| (1..100).rev().map(|second| note(second, false, "x")).collect()).await;
        assert_eq!(proof.unwrap_err().failure, ServiceFailure::Later { after: None });
        assert_eq!(pages, MAX_PAGES);
    }

    #[tokio::test]
    async fn the_last_notes_come_oldest_first_without_hidden_ones_and_markers() {
        let hidden = || Note { is_shown: false, ..note(9, false, "internal") };
        let newest_first = || vec![hidden(), marked(8, true), note(7, false, "b"), note(6, false, "a")];
        let oldest_first = || newest_first().into_iter().rev().collect();
        assert_eq!(texts(newest_first).await, ["b", "Hi"]);
        assert_eq!(texts(oldest_first).await, ["b", "Hi"], "whatever order the service has");
    }

    /// What the last two of these say.
    async fn texts(notes: impl Fn() -> Vec<Note>) -> Vec<String> {
        let page = |_| async { Ok(Page { notes: notes(), next: None }) };
        last(2, page).await.unwrap().into_iter().map(|comment| comment.text).collect()
    }
}
