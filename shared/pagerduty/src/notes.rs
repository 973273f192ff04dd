//! PagerDuty's [`Comments`]: notes of an incident.

use async_trait::async_trait;
use domain::{
    AccountFacts, Audience, Comment, Mark, Proof, ServiceError, ServiceFailure, Target, ThreadState,
    Timestamp,
};
use outbound::notes::{Note, Page};
use outbound::{Call, Client, Comments, Operation, Operations, Request, is_recent, marker};
use serde_json::json;

use crate::api::Pagerduty;
use crate::config::SERVICE;
use crate::incident::Incident;
use crate::wire::{IncidentAnswer, NoteAnswer, Notes, Users};

#[async_trait]
impl Comments for Pagerduty {
    type Place<'t> = Incident<'t>;

    const OPERATIONS: Operations = Operations::on_notes(Operation::reads("read the incident"));

    fn client(&self) -> &Client {
        &self.client
    }

    fn place<'t>(client: &Client, call: Call, target: &'t Target) -> Result<Incident<'t>, ServiceError> {
        Incident::of(client, call, target)
    }

    /// The id of the user in whose name we write, which is the author of its notes: a token of the account belongs to
    /// nobody, so the user is looked up by the address.
    async fn account(&self, call: Call) -> Result<String, ServiceError> {
        let url = self.client.base().join(&["users"]);
        let query = [("query", self.email.as_str()), ("limit", "100")];
        let found: Users = self.call(call, &Request::get(url, &query)).await?;
        let mut users = found.users.into_iter();
        let me = users.find(|user| user.email.eq_ignore_ascii_case(&self.email));
        me.map(|user| user.id).ok_or_else(|| {
            let message = "PagerDuty has no user with the address of PAGERDUTY_EMAIL: correct it";
            self.client.error(call, ServiceFailure::AccountRefused, message.to_owned())
        })
    }

    /// PagerDuty does not tell what a key may do.
    async fn facts(&self, _call: Call) -> AccountFacts {
        let needs = "the key may write: it is not a read-only one";
        AccountFacts { needs: Some(needs), ..AccountFacts::default() }
    }

    /// That we write under this address is PAGERDUTY_EMAIL's word, not PagerDuty's: a note with our mark by somebody else
    /// may be ours still, from before it was changed, or where the token is a user's of its own.
    async fn find(
        &self,
        call: Call,
        incident: Incident<'_>,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let me = self.me(call).await?;
        let notes = self.page(call, incident, &me, None, None).await?.notes.into_iter();
        let is_it = |it: &Comment| is_recent(it.at, since) && marker::carries(&it.text, mark);
        let mut marked: Vec<Comment> = notes.map(|note| note.comment).filter(is_it).collect();
        marked.sort_by_key(|it| !it.ours);
        match marked.into_iter().next() {
            Some(it) if !it.ours => {
                let message = format!("a note by {} has our mark, who is not PAGERDUTY_EMAIL", it.author);
                Err(self.client.error(call, ServiceFailure::InDoubt, message))
            }
            found => Ok(found.map(|it| Proof { id: it.id, url: None })),
        }
    }

    /// All notes: PagerDuty lists them on one page.
    async fn page(
        &self,
        call: Call,
        incident: Incident<'_>,
        me: &str,
        _: Option<Audience>,
        _: Option<String>,
    ) -> Result<Page, ServiceError> {
        let url = self.client.base().join(&incident.notes());
        let read: Notes = self.call(call, &Request::get(url, &[])).await?;
        let notes = read.notes.into_iter().map(|note| {
            let (id, name) = note.user.map(|user| (user.id, user.summary)).unwrap_or_default();
            let ours = id.as_deref() == Some(me);
            let author = name.or(id).unwrap_or_else(|| "unknown".to_owned());
            let comment = Comment { id: note.id, author, ours, text: note.content, at: note.created_at };
            Note { comment, is_shown: true, url: None }
        });
        Ok(Page { notes: notes.collect(), next: None })
    }

    /// A resolved incident still takes notes.
    async fn state(&self, call: Call, incident: Incident<'_>) -> Result<ThreadState, ServiceError> {
        let url = self.client.base().join(&incident.path());
        let answer: IncidentAnswer = self.call(call, &Request::get(url, &[])).await?;
        let resolved = answer.incident.status == "resolved";
        Ok(if resolved { ThreadState::Closed } else { ThreadState::Open })
    }

    async fn create(
        &self,
        call: Call,
        incident: Incident<'_>,
        text: &str,
        mark: &Mark,
        _: Audience,
    ) -> Result<Proof, ServiceError> {
        let body = json!({"note": {"content": marker::compose(text, mark, SERVICE.longest_text)}});
        let request = self.client.request(call, Request::post, &incident.notes(), &body)?;
        let answer: NoteAnswer = self.call(call, &request).await?;
        Ok(Proof { id: answer.note.id, url: None })
    }
}
