//! [`Github`]: GitHub as a [`Publisher`].

use async_trait::async_trait;
use domain::{
    Clock, Comment, Document, Event, FailedDeliveries, FailedDelivery, Labels, Mark, Proof, Publisher,
    ReadsReactions, Redeliveries, Reference, ServiceError, Target, ThreadState, Timestamp,
};
use outbound::{BuildError, Call, Credential, CredentialSource, LOGIN, marker};

use crate::account::{Account, RecentAccount};
use crate::api::Api;
use crate::comments;
use crate::config::{Config, Credentials, SERVICE};
use crate::deliveries;
use crate::discussions::{self, Place};
use crate::labels;
use crate::operation::{
    ADD_LABELS, DELIVERIES, FILES, FIND, HISTORY, LABELS, PUBLISH, REACTIONS, REDELIVER, REFERENCE, STATE,
};
use crate::reactions;
use crate::reference;
use crate::state;
use crate::thread::Thread;

/// GitHub, by its REST API; discussions by GraphQL.
///
/// One value per process: it holds the connections, the installation tokens and the login.
#[derive(Debug)]
pub struct Github {
    api: Api,
    account: RecentAccount,
}

impl Github {
    /// A client with these credentials. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work, such as a damaged private key.
    pub fn new(credentials: Credentials, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(credentials, config, clock)?, account: RecentAccount::default() })
    }

    pub(crate) fn api(&self) -> &Api {
        &self.api
    }
}

/// Opens what is attached in a repository, which `place` names as `owner/repo`.
#[async_trait]
impl CredentialSource for Github {
    async fn credential(&self, place: &str) -> Result<Credential, ServiceError> {
        let call = self.api.client.begin(FILES);
        let thread = Thread::in_repository(&self.api.client, call, place)?;
        self.api.credential(call, thread).await
    }
}

#[async_trait]
impl Publisher for Github {
    async fn login(&self) -> Result<String, ServiceError> {
        self.account.get(&self.api, self.api.client.begin(LOGIN)).await?.login()
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let (call, thread) = self.api.client.begin_on(HISTORY, target, Thread::of)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        if let Some(place) = discussion(target, thread) {
            let login = self.account.get(&self.api, call).await?.of_history();
            return discussions::last(&self.api, call, place, limit, &login).await;
        }
        let (account, last) =
            tokio::join!(self.account.get(&self.api, call), comments::last(&self.api, call, thread, limit));
        let (login, last) = (account?.of_history(), last?);
        Ok(last.into_iter().map(|comment| comment.seen_by(&login)).collect())
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, thread) = self.api.client.begin_on(STATE, target, Thread::of)?;
        if let Some(place) = discussion(target, thread) {
            return discussions::state(&self.api, call, place).await;
        }
        Box::pin(state::of(&self.api, call, thread)).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let (call, thread) = self.api.client.begin_on(PUBLISH, target, Thread::of)?;
        let body = marker::compose(text, mark, SERVICE.longest_text);
        if let Some(place) = discussion(target, thread) {
            let top = discussions::top(&self.api, Call { operation: HISTORY, ..call }, place).await?;
            return discussions::create(&self.api, call, place, &body, top.as_deref()).await;
        }
        comments::create(&self.api, call, thread, &body).await
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let (call, thread) = self.api.client.begin_on(FIND, target, Thread::of)?;
        let find = async |account: &Account| match discussion(target, thread) {
            Some(place) => discussions::find(&self.api, call, place, account, mark, since).await,
            None => comments::find(&self.api, call, thread, account, mark, since).await,
        };
        let account = Account::of(&self.api, call).await?;
        if let Some(found) = find(&account).await? {
            return Ok(Some(found));
        }
        // Renamed in between, it would take its own comment for a copy, and write it again.
        let renamed = Account::of(&self.api, call).await?;
        if renamed.is_called_as(&account) { Ok(None) } else { find(&renamed).await }
    }

    fn labels(&self) -> Option<&dyn Labels> {
        Some(self)
    }

    fn reference(&self) -> Option<&dyn Reference> {
        Some(self)
    }

    fn reactions(&self) -> Option<&dyn ReadsReactions> {
        Some(self)
    }

    fn redeliveries(&self) -> Option<&dyn Redeliveries> {
        Some(self)
    }

    fn link(&self, target: &Target) -> Option<String> {
        let (_, thread) = self.api.client.begin_on(HISTORY, target, Thread::of).ok()?;
        Some(thread.page(self.api.client.base()).into())
    }
}

/// The place in a discussion that `target` names, if it names one.
fn discussion<'t>(target: &'t Target, thread: Thread<'t>) -> Option<Place<'t>> {
    match target {
        Target::GithubDiscussion { id, reply_to, .. } => {
            Some(Place { thread, id, reply_to: reply_to.as_deref() })
        }
        _ => None,
    }
}

#[async_trait]
impl ReadsReactions for Github {
    async fn thumbs(&self, tenant: &str, proof: &Proof) -> Result<Option<(u64, u64)>, ServiceError> {
        let call = self.api.client.begin(REACTIONS);
        let repository = Thread::in_repository(&self.api.client, call, tenant)?;
        reactions::of(&self.api, call, repository, proof).await
    }
}

#[async_trait]
impl Redeliveries for Github {
    async fn failed(&self, source: &str, hooks: &[String], since: Timestamp) -> FailedDeliveries {
        let call = self.api.client.begin(DELIVERIES);
        deliveries::failed(&self.api, call, source, hooks, since).await
    }

    async fn redeliver(&self, delivery: &FailedDelivery) -> Result<(), ServiceError> {
        deliveries::redeliver(&self.api, self.api.client.begin(REDELIVER), delivery).await
    }
}

#[async_trait]
impl Reference for Github {
    async fn about(&self, event: &Event) -> Result<Vec<Document>, ServiceError> {
        reference::about(&self.api, self.api.client.begin(REFERENCE), event).await
    }
}

#[async_trait]
impl Labels for Github {
    async fn list(&self, target: &Target) -> Result<Vec<String>, ServiceError> {
        let (call, thread) = self.api.client.begin_on(LABELS, target, Thread::labelled)?;
        labels::list(&self.api, call, thread).await
    }

    async fn add(&self, target: &Target, labels: &[String]) -> Result<(), ServiceError> {
        let (call, thread) = self.api.client.begin_on(ADD_LABELS, target, Thread::labelled)?;
        labels::add(&self.api, call, thread, labels).await
    }
}
