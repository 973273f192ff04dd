//! Jira's [`Comments`]: those of an issue, ours found again by its property.

use async_trait::async_trait;
use domain::{
    AccountFacts, Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, Target, ThreadState,
    Timestamp,
};
use markdown::to_adf;
use outbound::notes::{Note, Page};
use outbound::{Call, Client, Comments, Operation, Operations, Request, Sight, is_recent};
use serde::de::IgnoredAny;
use serde_json::json;
use webhook::adf_text;

use crate::api::Jira;
use crate::config::SERVICE;
use crate::issue::Issue;
use crate::state;
use crate::wire::{ByIds, CommentsPage, Created, MyPermissions, NewComment, WireComment};

/// Comments on a page: the most that Jira gives.
const PER_PAGE: &str = "100";
/// Pages that are looked through.
const MAX_PAGES: usize = 30;

#[async_trait]
impl Comments for Jira {
    type Place<'t> = Issue<'t>;

    const OPERATIONS: Operations = Operations::on_comments(Operation::reads("read the issue"));
    /// Comments of a service desk that its customers do not see.
    const HAS_INTERNAL_NOTES: bool = true;

    fn client(&self) -> &Client {
        &self.client
    }

    fn place<'t>(client: &Client, call: Call, target: &'t Target) -> Result<Issue<'t>, ServiceError> {
        Issue::of(client, call, target)
    }

    fn link(&self, issue: Issue<'_>) -> Option<String> {
        issue.link(self.client.base())
    }

    /// The account's id, which is the author of its comments and what a mention names.
    async fn account(&self, call: Call) -> Result<String, ServiceError> {
        Ok(self.myself(call).await?.account_id)
    }

    /// Without a project, Jira tells what the account may do in one project at least.
    async fn facts(&self, call: Call) -> AccountFacts {
        let url = self.client.base().join(&["rest", "api", "3", "mypermissions"]);
        let request = Request::get(url, &[("permissions", "BROWSE_PROJECTS,ADD_COMMENTS")]);
        let may: Option<MyPermissions> = self.call(call, &request).await.ok();
        AccountFacts {
            name: self.myself(call).await.ok().and_then(|myself| myself.display_name),
            rights: may.map(|may| may.to_comment()),
            needs: Some("the account has *Browse Projects* and *Add Comments* in each project"),
        }
    }

    async fn page(
        &self,
        call: Call,
        issue: Issue<'_>,
        me: &str,
        audience: Option<Audience>,
        next: Option<String>,
    ) -> Result<Page, ServiceError> {
        let start = next.and_then(|next| next.parse().ok()).unwrap_or(0);
        let page = listed(self, call, issue, start).await?;
        let next = page.next().map(|next| next.to_string());
        let properties = known_properties(self, call, &page.comments).await?;
        let notes = page.comments.into_iter().map(|comment| {
            let mut comment = comment.with(&properties);
            let (is_shown, ours) = (audience >= Some(comment.audience()), comment.is_by(me));
            let (author, text) = (comment.author(), adf_text(&comment.body));
            let comment = Comment { id: comment.id, author, ours, text, at: comment.created };
            Note { comment, is_shown, url: None }
        });
        Ok(Page { notes: notes.collect(), next })
    }

    async fn state(&self, call: Call, issue: Issue<'_>) -> Result<ThreadState, ServiceError> {
        state::of(self, call, issue).await
    }

    async fn create(
        &self,
        call: Call,
        issue: Issue<'_>,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        let comment = NewComment::new(to_adf(text, SERVICE.longest_text), mark, audience);
        let request = self.client.request(call, Request::post, &issue.comments(), &comment)?;
        let created: Created = self.call(call, &request).await?;
        Ok(proof(self, issue, created.id))
    }

    /// Looks for the comment with `mark` by our own account, written not much earlier than `since`.
    async fn find(
        &self,
        call: Call,
        issue: Issue<'_>,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let me = self.me(call).await?;
        let is_recent = |comment: &WireComment| is_recent(comment.created, since);
        let mut start = 0;
        for _ in 0..MAX_PAGES {
            let page = listed(self, call, issue, start).await?;
            // The page is sorted newest first, as asked: all comments behind the first one that is too old are too old.
            let ordered = page.comments.is_sorted_by(|one, next| one.created >= next.created);
            let next = page.next().filter(|_| !ordered || page.comments.iter().all(is_recent));
            // Whoever may edit a comment may set its properties: only our own account's counts.
            let ours = page.comments.into_iter().filter(|comment| comment.is_by(&me) && is_recent(comment));
            if let Some(comment) = marked(self, call, ours.collect(), mark).await? {
                return Ok(Some(proof(self, issue, comment.id)));
            }
            match next {
                Some(next) => start = next,
                None => return Ok(None),
            }
        }
        // "Not found" would have the comment written again.
        Err(self
            .client
            .lost(call, format!("our comment is not among the last {MAX_PAGES} pages of comments")))
    }

    /// Who sees the project sees its issues, but for those that a level of security hides.
    async fn sight(&self, call: Call, issue: Issue<'_>) -> Result<Sight, ServiceError> {
        let Some(path) = issue.project() else { return Ok(Sight::Part) };
        let url = self.client.base().join(&path);
        match self.call::<IgnoredAny>(call, &Request::get(url, &[])).await {
            Ok(_) => Ok(Sight::Whole),
            Err(error) if error.failure == ServiceFailure::NotFound => Ok(Sight::Nothing),
            Err(error) => Err(error),
        }
    }

    /// Who can read the comment `id`; `None` if there is none any more.
    async fn audience(&self, call: Call, _: Issue<'_>, id: &str) -> Result<Option<Audience>, ServiceError> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(by_ids(self, call, &[id]).await?.first().map(WireComment::audience))
    }
}

/// The one of `comments` that carries `mark`.
async fn marked(
    api: &Jira,
    call: Call,
    comments: Vec<WireComment>,
    mark: &Mark,
) -> Result<Option<WireComment>, ServiceError> {
    let properties = known_properties(api, call, &comments).await?;
    Ok(comments.into_iter().map(|comment| comment.with(&properties)).find(|comment| comment.carries(mark)))
}

/// Those of `comments` that came without their properties, with them. The list of an issue's comments has the
/// properties when asked to, but Atlassian documents that for the list by ids only. A comment that comes without
/// properties may have some, so it is asked for by its id.
async fn known_properties(
    api: &Jira,
    call: Call,
    comments: &[WireComment],
) -> Result<Vec<WireComment>, ServiceError> {
    let silent: Vec<u64> = comments
        .iter()
        .filter(|comment| !comment.tells_properties())
        .filter_map(|comment| comment.id.parse().ok())
        .collect();
    if silent.is_empty() { Ok(Vec::new()) } else { by_ids(api, call, &silent).await }
}

/// Comments by their ids. In this list, a comment without properties has none.
async fn by_ids(api: &Jira, call: Call, ids: &[u64]) -> Result<Vec<WireComment>, ServiceError> {
    let list = ["rest", "api", "3", "comment", "list"];
    let request = api.client.request(call, with_properties, &list, &json!({"ids": ids}))?;
    let by_ids: ByIds = api.call(call, &request).await?;
    Ok(by_ids.values)
}

fn with_properties(mut url: outbound::Url, ids: &serde_json::Value) -> Result<Request, serde_json::Error> {
    url.query_pairs_mut().append_pair("expand", "properties");
    Request::post(url, ids)
}

/// A page of the comments, newest first.
async fn listed(
    api: &Jira,
    call: Call,
    issue: Issue<'_>,
    start: usize,
) -> Result<CommentsPage, ServiceError> {
    let start = start.to_string();
    let query = [
        ("startAt", start.as_str()),
        ("maxResults", PER_PAGE),
        ("orderBy", "-created"),
        ("expand", "properties"),
    ];
    let url = api.client.base().join(&issue.comments());
    api.call(call, &Request::get(url, &query)).await
}

fn proof(api: &Jira, issue: Issue<'_>, id: String) -> Proof {
    let url = issue.page(api.client.base(), &id);
    Proof { id, url }
}
