//! Sentry's [`Comments`]: activities of an issue.

use async_trait::async_trait;
use domain::{
    AccountFacts, Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, Target, ThreadState,
    Timestamp,
};
use outbound::notes::{Note, Page};
use outbound::{Call, Client, Comments, Operation, Operations, Request, Sight, marker};
use serde::de::IgnoredAny;
use serde_json::json;

use crate::api::Sentry;
use crate::config::SERVICE;
use crate::issue::Issue;
use crate::problem;
use crate::wire::{Created, WireComment, WireIssue};

/// Comments on a page: the most that Sentry gives.
const PER_PAGE: &str = "100";

#[async_trait]
impl Comments for Sentry {
    type Place<'t> = Issue<'t>;

    const OPERATIONS: Operations = Operations::on_comments(Operation::reads("read the issue"));

    fn client(&self) -> &Client {
        &self.client
    }

    fn place<'t>(client: &Client, call: Call, target: &'t Target) -> Result<Issue<'t>, ServiceError> {
        Issue::of(client, call, target)
    }

    fn link(&self, issue: Issue<'_>) -> Option<String> {
        Some(issue.link(self.client.base()))
    }

    /// The account's id, which is the author of its comments. The root of the API says whose the token is, also of an
    /// integration, which has a user of its own.
    async fn account(&self, call: Call) -> Result<String, ServiceError> {
        let root = self.root(call).await?;
        let hint = "the token belongs to no user: make one of an internal integration, or of a user";
        root.user
            .map(|user| user.id)
            .ok_or_else(|| self.client.error(call, ServiceFailure::AccountRefused, hint.to_owned()))
    }

    async fn facts(&self, call: Call) -> AccountFacts {
        let auth = self.root(call).await.ok().and_then(|root| root.auth);
        let (scopes, enough) =
            (auth.as_ref().and_then(|auth| auth.scopes.as_deref()), ["event:write", "event:admin"]);
        AccountFacts::of_scopes(scopes, &enough, "the token has the scope `event:write`")
    }

    async fn page(
        &self,
        call: Call,
        issue: Issue<'_>,
        me: &str,
        _: Option<Audience>,
        next: Option<String>,
    ) -> Result<Page, ServiceError> {
        let mut query = vec![("per_page", PER_PAGE)];
        query.extend(next.as_deref().map(|cursor| ("cursor", cursor)));
        let url = issue.url(self.client.base(), &["comments"]);
        let answer = self.client.send(call, &Request::get(url, &query)).await?;
        let next = answer.headers.get("link").and_then(|link| link.to_str().ok()).and_then(next_cursor);
        let read: Vec<WireComment> = self.client.read(call, &answer, problem::of)?;
        let notes = read.into_iter().map(|comment| {
            let (id, name) = comment.user.map(|user| (Some(user.id), user.name)).unwrap_or_default();
            let ours = id.as_deref() == Some(me);
            let author = name.or(id).unwrap_or_else(|| "unknown".to_owned());
            let (text, at) = (comment.data.text, comment.date_created);
            let comment = Comment { id: comment.id, author, ours, text, at };
            Note { comment, is_shown: true, url: self.link(issue) }
        });
        Ok(Page { notes: notes.collect(), next })
    }

    /// A resolved issue still takes comments.
    async fn state(&self, call: Call, issue: Issue<'_>) -> Result<ThreadState, ServiceError> {
        let url = issue.url(self.client.base(), &[]);
        let issue: WireIssue = self.call(call, &Request::get(url, &[])).await?;
        Ok(if issue.status == "resolved" { ThreadState::Closed } else { ThreadState::Open })
    }

    /// Whoever sees issues of the organisation sees all that the token's teams have.
    async fn sight(&self, call: Call, issue: Issue<'_>) -> Result<Sight, ServiceError> {
        let url = issue.all(self.client.base());
        match self.call::<IgnoredAny>(call, &Request::get(url, &[("limit", "1")])).await {
            Ok(_) => Ok(Sight::Whole),
            Err(error) if error.failure == ServiceFailure::NotFound => Ok(Sight::Nothing),
            Err(error) => Err(error),
        }
    }

    async fn create(
        &self,
        call: Call,
        issue: Issue<'_>,
        text: &str,
        mark: &Mark,
        _: Audience,
    ) -> Result<Proof, ServiceError> {
        let body = json!({"text": marker::compose(text, mark, SERVICE.longest_text)});
        let url = issue.url(self.client.base(), &["comments"]);
        let request = self.client.checked(call, Request::post(url, &body))?;
        let answer = self.client.send(call, &request).await?;
        if problem::is_repetition(&answer) {
            return made_before(self, call, issue, mark).await;
        }
        let created: Created = self.client.read(call, &answer, problem::of)?;
        Ok(Proof { id: created.id, url: self.link(issue) })
    }
}

/// Sentry has this very text already, from an earlier request.
async fn made_before(api: &Sentry, call: Call, issue: Issue<'_>, mark: &Mark) -> Result<Proof, ServiceError> {
    let looking = Call { operation: Sentry::OPERATIONS.find, ..call };
    let found = api.find(looking, issue, mark, Timestamp::UNIX_EPOCH).await;
    let lost = || api.client.lost(call, "Sentry has this comment already, and does not show it");
    found.ok().flatten().ok_or_else(lost)
}

/// The cursor of the next page: `<…>; rel="next"; results="true"; cursor="0:100:0"`.
fn next_cursor(link: &str) -> Option<String> {
    let next =
        link.split(',').find(|part| part.contains("rel=\"next\"") && part.contains("results=\"true\""))?;
    let (_, cursor) = next.split_once("cursor=\"")?;
    cursor.split_once('"').map(|(cursor, _)| cursor.to_owned())
}

#[cfg(test)]
mod tests {
    use super::next_cursor;

    #[test]
    fn the_next_page_is_that_of_the_link_that_has_results() {
        let link = "<https://sentry.io/a>; rel=\"previous\"; results=\"true\"; cursor=\"0:0:1\", \
                    <https://sentry.io/b>; rel=\"next\"; results=\"true\"; cursor=\"0:100:0\"";
        assert_eq!(next_cursor(link).as_deref(), Some("0:100:0"));
        assert_eq!(
            next_cursor(
                &link.replace("results=\"true\"; cursor=\"0:100", "results=\"false\"; cursor=\"0:100")
            ),
            None
        );
        assert_eq!(next_cursor("nonsense"), None);
    }
}
