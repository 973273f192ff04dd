//! Comments of a ticket: the last ones, a new one, and ours found again among the audits.

use domain::{Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, ThreadState, Timestamp};
use markdown::to_html;
use outbound::{Call, Request, is_recent};

use crate::api::{Api, STATE};
use crate::config::SERVICE;
use crate::ticket::Ticket;
use crate::wire::{
    Audit, AuditsPage, CommentsPage, NewComment, Ours, TicketAnswer, TicketState, Update, UpdateAnswer,
    UpdateRequest, WireComment,
};

/// Comments or audits on a page: the most that Zendesk gives.
const PER_PAGE: &str = "100";
/// Pages that are looked through.
const MAX_PAGES: usize = 30;

/// The last `limit` comments that `audience` can see, oldest first. For the customer, internal notes are left out: a
/// model that has read them may repeat them.
pub(crate) async fn last(
    api: &Api,
    call: Call,
    ticket: Ticket,
    limit: usize,
    audience: Audience,
) -> Result<Vec<Comment>, ServiceError> {
    let me = api.me(call).await?;
    let url = ticket.list(api.client.base(), "comments.json");
    let (mut found, mut cursor): (Vec<Comment>, Option<String>) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let mut query = vec![("page[size]", PER_PAGE), ("sort", "-created_at"), ("include", "users")];
        query.extend(cursor.as_deref().map(|cursor| ("page[after]", cursor)));
        let page: CommentsPage = api.get(call, url.clone(), &query).await?;
        let names = page.names();
        for mut comment in page.comments.into_iter().filter(|comment| audience >= comment.audience()) {
            let author = names.get(&comment.author_id).cloned();
            found.push(Comment {
                id: comment.id.to_string(),
                author: author.unwrap_or_else(|| comment.author_id.to_string()),
                ours: comment.author_id == me,
                text: comment.text(),
                at: comment.created_at,
            });
        }
        cursor = page.meta.next();
        // If Zendesk does not keep the order that was asked for, the last ones are on the last page.
        let newest_first = found.first().map(|comment| comment.at) >= found.last().map(|comment| comment.at);
        if cursor.is_none() || (found.len() >= limit && newest_first) {
            break;
        }
    }
    found.sort_by_key(|comment| (comment.at, comment.id.parse::<u64>().unwrap_or(0)));
    let spare = found.len().saturating_sub(limit);
    Ok(found.split_off(spare))
}

/// The ticket as it is now.
pub(crate) async fn state(api: &Api, call: Call, ticket: Ticket) -> Result<TicketState, ServiceError> {
    let [root, version, list, file] = ticket.segments();
    let url = api.client.base().join(&[&root, &version, &list, &file]);
    let answer: TicketAnswer = api.get(call, url, &[]).await?;
    Ok(answer.ticket)
}

/// Who can see the comment `id`, if it is among the last ones.
pub(crate) async fn audience(
    api: &Api,
    call: Call,
    ticket: Ticket,
    id: &str,
) -> Result<Option<Audience>, ServiceError> {
    let url = ticket.list(api.client.base(), "comments.json");
    let query = [("page[size]", PER_PAGE), ("sort", "-created_at")];
    let page: CommentsPage = api.get(call, url, &query).await?;
    let comment = page.comments.iter().find(|comment| comment.id.to_string() == id);
    Ok(comment.map(WireComment::audience))
}

/// Adds a comment for `audience`.
pub(crate) async fn create(
    api: &Api,
    call: Call,
    ticket: Ticket,
    text: &str,
    mark: &Mark,
    audience: Audience,
) -> Result<Proof, ServiceError> {
    let public = audience == Audience::Public;
    let ticket_now = state(api, Call { operation: STATE, ..call }, ticket).await?;
    if ticket_now.thread() == ThreadState::Locked {
        let message = "the ticket is closed and takes no more comments: the requester must open a follow-up";
        return Err(api.client.error(call, ServiceFailure::Closed, message.to_owned()));
    }
    let html = to_html(text, SERVICE.longest_text);
    let update = UpdateRequest {
        ticket: Update {
            comment: NewComment { html_body: &html, public },
            metadata: Ours::of(mark),
            safe_update: true,
            updated_stamp: &ticket_now.updated_at,
        },
    };
    let [root, version, list, file] = ticket.segments();
    let segments = [root.as_str(), &version, &list, &file];
    let request = api.client.request(call, Request::put, &segments, &update)?;
    let answer: UpdateAnswer = api.call(call, &request).await?;
    if let Some((id, false)) = answer.audit.comment()
        && public
    {
        tracing::warn!(
            comment = id,
            "Zendesk made an internal note of the comment; the account may lack the permission to comment publicly"
        );
    }
    Ok(proof(api, ticket, &answer.audit))
}

/// Looks for the update with `mark` by our own user, made not much earlier than `since`.
pub(crate) async fn find(
    api: &Api,
    call: Call,
    ticket: Ticket,
    mark: &Mark,
    since: Timestamp,
) -> Result<Option<Proof>, ServiceError> {
    let me = api.me(call).await?;
    let url = ticket.list(api.client.base(), "audits.json");
    let mut cursor: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut query = vec![("page[size]", PER_PAGE)];
        query.extend(cursor.as_deref().map(|cursor| ("page[after]", cursor)));
        let page: AuditsPage = api.get(call, url.clone(), &query).await?;
        // Any agent's integration can write our metadata: only our own user's counts.
        let ours = |audit: &&Audit| {
            audit.author_id == me && is_recent(audit.created_at, since) && audit.carries(mark)
        };
        if let Some(audit) = page.audits.iter().find(ours) {
            return Ok(Some(proof(api, ticket, audit)));
        }
        cursor = page.meta.next();
        if cursor.is_none() {
            return Ok(None);
        }
    }
    // "Not found" would have the comment written again.
    Err(api.client.lost(call, format!("our comment is not among the first {MAX_PAGES} pages of audits")))
}

fn proof(api: &Api, ticket: Ticket, audit: &Audit) -> Proof {
    let id = audit.comment().map_or(audit.id, |(id, _)| id);
    Proof { id: id.to_string(), url: Some(ticket.page(api.client.base())) }
}
