//! Comments as the REST API has them, and the pages they are listed on.
//!
//! The list of a thread's comments is ascending by id, and nothing turns it round: the last ones are
//! on the last page, whose number the `Link` header of the first page tells.

use std::collections::VecDeque;

use domain::{Comment, Mark, Proof, ServiceError, Timestamp};
use outbound::{CLOCK_SKEW, Call, Request, marker};
use serde::{Deserialize, Serialize};

use crate::account::{Account, Marked};
use crate::api::Api;
use crate::link::Pages;
use crate::thread::Thread;

/// Comments on a page: the most that GitHub gives.
const PER_PAGE: &str = "100";
/// Pages that are looked through for a comment of ours.
const MAX_PAGES: u64 = 30;
/// Shown as the author of a comment whose account was deleted, as on GitHub's pages.
const GHOST: &str = "ghost";

/// A comment in an answer.
#[derive(Debug, Deserialize)]
struct WireComment {
    id: u64,
    body: Option<String>,
    user: Option<WireUser>,
    created_at: Timestamp,
    html_url: Option<String>,
    /// Of a review: the comment that its thread began with.
    in_reply_to_id: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct WireUser {
    login: String,
    /// `Bot` of an app's account.
    #[serde(rename = "type", default)]
    kind: String,
}

/// The body of a request that adds a comment.
#[derive(Debug, Serialize)]
struct NewComment<'a> {
    body: &'a str,
}

/// What is read of the answer to that request.
#[derive(Debug, Deserialize)]
struct Created {
    id: u64,
    html_url: Option<String>,
}

/// The last `limit` comments of a thread, oldest first; which of them are ours is not known yet.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    limit: usize,
) -> Result<Vec<Raw>, ServiceError> {
    let (first, pages) = page(api, call, thread, 1, None).await?;
    let mut found = VecDeque::new();
    let last = pages.last.unwrap_or(1);
    for number in (2..=last).rev() {
        if found.len() >= limit || last - number >= MAX_PAGES {
            break;
        }
        prepend(&mut found, page(api, call, thread, number, None).await?.0, limit);
    }
    prepend(&mut found, first, limit);
    Ok(found.into_iter().map(Raw).collect())
}

/// Puts a page before those that follow it, as far as `limit` leaves room.
fn prepend(found: &mut VecDeque<WireComment>, page: Vec<WireComment>, limit: usize) {
    let room = limit.saturating_sub(found.len());
    for comment in page.into_iter().rev().take(room) {
        found.push_front(comment);
    }
}

/// A comment; whether it is ours is not known yet.
#[derive(Debug)]
pub(crate) struct Raw(WireComment);

impl Raw {
    /// The comment as `login` sees it.
    pub(crate) fn seen_by(self, login: &str) -> Comment {
        let Self(wire) = self;
        let ours = is_by(&wire, login);
        let body = wire.body.unwrap_or_default();
        Comment {
            id: wire.id.to_string(),
            author: wire.user.map_or_else(|| GHOST.to_owned(), |user| user.login),
            ours,
            text: if ours { marker::strip(&body) } else { body },
            at: wire.created_at,
        }
    }
}

/// Looks for the comment with `mark` by our `account`, written not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    account: &Account,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let since = since_parameter(since);
    let mut marked = Marked::by(account);
    for number in 1..=MAX_PAGES {
        let (comments, pages) = page(api, call, thread, number, Some(&since)).await?;
        let carries = |it: &WireComment| marker::carries(it.body.as_deref().unwrap_or_default(), mark);
        let is_ours = |it: &WireComment| {
            carries(it)
                && it.user.as_ref().is_some_and(|user| marked.is_ours(&user.login, user.kind == "Bot"))
        };
        if let Some(comment) = comments.into_iter().find(is_ours) {
            return Ok(Some(Proof { id: comment.id.to_string(), url: comment.html_url }));
        }
        if pages.next.is_none() {
            return marked.none(&api.client, call);
        }
    }
    // "Not found" would have the comment written again.
    let message = format!("our comment is not among the first {MAX_PAGES} pages of comments since {since}");
    Err(api.client.lost(call, message))
}

/// Adds a comment.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    body: &str,
) -> Result<Proof, ServiceError> {
    let url = thread.new_comment(api.client.base());
    let request = api.post(call, url, &NewComment { body })?;
    let (created, _): (Created, _) = api.call(call, thread, &request).await?;
    Ok(Proof { id: created.id.to_string(), url: created.html_url })
}

async fn page(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    number: u64,
    since: Option<&str>,
) -> Result<(Vec<WireComment>, Pages), ServiceError> {
    let number = number.to_string();
    let mut query = vec![("per_page", PER_PAGE), ("page", &number)];
    query.extend(since.map(|since| ("since", since)));
    let url = thread.comments(api.client.base());
    let (mut comments, pages): (Vec<WireComment>, _) =
        api.call(call, thread, &Request::get(url, &query)).await?;
    comments.retain(|comment| thread.has(comment.id, comment.in_reply_to_id));
    Ok((comments, pages))
}

/// `since` in the form that GitHub takes: whole seconds.
fn since_parameter(since: Timestamp) -> String {
    let skew = jiff::SignedDuration::try_from(CLOCK_SKEW).unwrap_or(jiff::SignedDuration::ZERO);
    let from = since.saturating_sub(skew).unwrap_or(Timestamp::UNIX_EPOCH);
    Timestamp::from_second(from.as_second()).unwrap_or(from).to_string()
}

fn is_by(comment: &WireComment, login: &str) -> bool {
    comment.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_begins_before_the_time_asked_for_in_whole_seconds() {
        let since = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(since_parameter(since), "2026-01-02T02:59:05Z");
    }
}
