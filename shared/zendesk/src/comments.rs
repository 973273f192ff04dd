//! Zendesk's [`Comments`]: those of a ticket, ours found again among its audits.

use async_trait::async_trait;
use domain::{
    AccountFacts, Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, Target, ThreadState,
    Timestamp,
};
use markdown::to_inert_html;
use outbound::notes::{Note, Page};
use outbound::{Call, Client, Comments, Operations, Request, Sight, is_recent};

use crate::api::{STATE, Zendesk};
use crate::config::SERVICE;
use crate::ticket::Ticket;
use crate::wire::{
    Audit, AuditsPage, CommentsPage, Me, MeAnswer, NewComment, Ours, TicketAnswer, TicketState, Update,
    UpdateAnswer, UpdateRequest, WireComment,
};

/// Comments or audits on a page: the most that Zendesk gives.
const PER_PAGE: &str = "100";
/// Pages that are looked through.
const MAX_PAGES: usize = 30;

#[async_trait]
impl Comments for Zendesk {
    type Place<'t> = Ticket;

    const OPERATIONS: Operations = Operations::on_comments(STATE);
    const HAS_INTERNAL_NOTES: bool = true;

    fn client(&self) -> &Client {
        &self.client
    }

    fn place(client: &Client, call: Call, target: &Target) -> Result<Ticket, ServiceError> {
        Ticket::of(client, call, target)
    }

    fn link(&self, ticket: Self::Place<'_>) -> Option<String> {
        Some(ticket.page(self.client.base()))
    }

    /// The agent's user id, which is the author of its comments.
    async fn account(&self, call: Call) -> Result<String, ServiceError> {
        myself(self, call).await?.id.map(|id| id.to_string()).ok_or_else(|| {
            let hint = "Zendesk does not know who we are: check ZENDESK_EMAIL and ZENDESK_API_TOKEN (or \
                        ZENDESK_OAUTH_TOKEN)";
            self.client.error(call, ServiceFailure::AccountRefused, hint.to_owned())
        })
    }

    async fn facts(&self, call: Call) -> AccountFacts {
        let me = myself(self, call).await.ok();
        let rights = me.as_ref().and_then(Me::rights);
        let needs = Some("the account is an agent's that sees all tickets");
        AccountFacts { name: me.and_then(|me| me.name), rights, needs }
    }

    /// For the customer, internal notes are left out: a model that has read them may repeat them.
    async fn page(
        &self,
        call: Call,
        ticket: Self::Place<'_>,
        me: &str,
        audience: Option<Audience>,
        next: Option<String>,
    ) -> Result<Page, ServiceError> {
        let url = ticket.list(self.client.base(), "comments.json");
        let mut query = vec![("page[size]", PER_PAGE), ("sort", "-created_at"), ("include", "users")];
        query.extend(next.as_deref().map(|cursor| ("page[after]", cursor)));
        let page: CommentsPage = self.get(call, url, &query).await?;
        let names = page.names();
        let notes = page.comments.into_iter().map(|mut comment| {
            let by = comment.author_id.to_string();
            let author = names.get(&comment.author_id).cloned().unwrap_or_else(|| by.clone());
            let (id, ours, text) = (comment.id.to_string(), by == me, comment.text());
            let is_shown = audience >= Some(comment.audience());
            Note { comment: Comment { id, author, ours, text, at: comment.created_at }, is_shown, url: None }
        });
        Ok(Page { notes: notes.collect(), next: page.meta.next() })
    }

    async fn state(&self, call: Call, ticket: Self::Place<'_>) -> Result<ThreadState, ServiceError> {
        Ok(ticket_state(self, call, ticket).await?.thread())
    }

    async fn create(
        &self,
        call: Call,
        ticket: Self::Place<'_>,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        let public = audience == Audience::Public;
        let ticket_now = ticket_state(self, Call { operation: STATE, ..call }, ticket).await?;
        if ticket_now.thread() == ThreadState::Locked {
            let message =
                "the ticket is closed and takes no more comments: the requester must open a follow-up";
            return Err(self.client.error(call, ServiceFailure::Closed, message.to_owned()));
        }
        // Zendesk fills placeholders in an agent's comment: one in a draft could publish what is internal.
        let html = to_inert_html(text, SERVICE.longest_text);
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
        let request = self.client.request(call, Request::put, &segments, &update)?;
        let answer: UpdateAnswer = self.call(call, &request).await?;
        if let Some((id, false)) = answer.audit.comment()
            && public
        {
            tracing::warn!(
                comment = id,
                "Zendesk made an internal note of the comment; the account may lack the permission to comment publicly"
            );
        }
        Ok(proof(self, ticket, &answer.audit))
    }

    /// Looks for the update with `mark` by our own user, made not much earlier than `since`.
    async fn find(
        &self,
        call: Call,
        ticket: Self::Place<'_>,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let me = self.me(call).await?;
        let url = ticket.list(self.client.base(), "audits.json");
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = vec![("page[size]", PER_PAGE)];
            query.extend(cursor.as_deref().map(|cursor| ("page[after]", cursor)));
            let page: AuditsPage = self.get(call, url.clone(), &query).await?;
            // Any agent's integration can write our metadata: only our own user's counts.
            let ours = |audit: &&Audit| {
                audit.author_id.to_string() == me && is_recent(audit.created_at, since) && audit.carries(mark)
            };
            if let Some(audit) = page.audits.iter().find(ours) {
                return Ok(Some(proof(self, ticket, audit)));
            }
            cursor = page.meta.next();
            if cursor.is_none() {
                return Ok(None);
            }
        }
        // "Not found" would have the comment written again.
        Err(self.client.lost(call, format!("our comment is not among the first {MAX_PAGES} pages of audits")))
    }

    /// A ticket that is deleted is not found even by whoever sees all.
    async fn sight(&self, call: Call, _: Self::Place<'_>) -> Result<Sight, ServiceError> {
        Ok(if myself(self, call).await?.sees_all() { Sight::Whole } else { Sight::Part })
    }

    /// Who can see the comment `id`, if it is among the last ones.
    async fn audience(
        &self,
        call: Call,
        ticket: Self::Place<'_>,
        id: &str,
    ) -> Result<Option<Audience>, ServiceError> {
        let url = ticket.list(self.client.base(), "comments.json");
        let query = [("page[size]", PER_PAGE), ("sort", "-created_at")];
        let page: CommentsPage = self.get(call, url, &query).await?;
        let comment = page.comments.iter().find(|comment| comment.id.to_string() == id);
        Ok(comment.map(WireComment::audience))
    }
}

/// Our own account.
async fn myself(api: &Zendesk, call: Call) -> Result<Me, ServiceError> {
    let url = api.client.base().join(&["api", "v2", "users", "me.json"]);
    let answer: MeAnswer = api.get(call, url, &[]).await?;
    Ok(answer.user)
}

/// The ticket as it is now.
async fn ticket_state(api: &Zendesk, call: Call, ticket: Ticket) -> Result<TicketState, ServiceError> {
    let [root, version, list, file] = ticket.segments();
    let url = api.client.base().join(&[&root, &version, &list, &file]);
    let answer: TicketAnswer = api.get(call, url, &[]).await?;
    Ok(answer.ticket)
}

fn proof(api: &Zendesk, ticket: Ticket, audit: &Audit) -> Proof {
    let id = audit.comment().map_or(audit.id, |(id, _)| id);
    Proof { id: id.to_string(), url: Some(ticket.page(api.client.base())) }
}
