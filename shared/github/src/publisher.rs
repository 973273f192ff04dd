//! [`Github`]: GitHub as a [`Publisher`].

use async_trait::async_trait;
use domain::{
    Clock, Comment, Mark, Proof, Publisher, ServiceError, ServiceFailure, Target, ThreadState, Timestamp,
};

use crate::api::{Api, Call};
use crate::base::Thread;
use crate::comments;
use crate::config::{BuildError, Config, Credentials};
use crate::labels;
use crate::marker;
use crate::operation::Operation;
use crate::state;

/// GitHub, by its REST API.
///
/// One value per process: it holds the connections, the installation tokens and the login.
#[derive(Debug)]
pub struct Github {
    api: Api,
}

impl Github {
    /// A client with these credentials. Asks nobody and opens no connection.
    ///
    /// # Errors
    /// [`BuildError`] when a part of the configuration cannot work, such as a damaged private key.
    pub fn new(credentials: Credentials, config: &Config, clock: Clock) -> Result<Self, BuildError> {
        Ok(Self { api: Api::new(credentials, config, clock)? })
    }

    fn call<'a>(&self, operation: Operation, target: &'a Target) -> Result<Call<'a>, ServiceError> {
        Ok(Call { operation, thread: Thread::of(target, operation)?, deadline: self.api.deadline() })
    }
}

#[async_trait]
impl Publisher for Github {
    async fn login(&self) -> Result<String, ServiceError> {
        self.api.login(self.api.deadline()).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        let call = self.call(Operation::History, target)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (login, last) =
            tokio::join!(self.api.login(call.deadline), comments::last(&self.api, call, limit));
        let login = match login {
            Ok(login) => login,
            // Such a token may comment all the same; then nothing in the thread counts as ours.
            Err(error) if error.failure == ServiceFailure::Refused => {
                tracing::warn!(%error, "the agent's own comments are not told from others'");
                String::new()
            }
            Err(error) => return Err(error),
        };
        let last = last?;
        Ok(last.into_iter().map(|comment| comment.seen_by(&login)).collect())
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        state::of(&self.api, self.call(Operation::State, target)?).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        let call = self.call(Operation::Publish, target)?;
        comments::create(&self.api, call, &marker::compose(text, mark)).await
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let call = self.call(Operation::Find, target)?;
        let login = self.api.login(call.deadline).await?;
        comments::find(&self.api, call, &login, mark, since).await
    }

    async fn labels(&self, target: &Target) -> Result<Vec<String>, ServiceError> {
        labels::list(&self.api, self.call(Operation::Labels, target)?).await
    }

    async fn add_labels(&self, target: &Target, labels: &[String]) -> Result<(), ServiceError> {
        labels::add(&self.api, self.call(Operation::AddLabels, target)?, labels).await
    }

    fn link(&self, target: &Target) -> Option<String> {
        let thread = Thread::of(target, Operation::History).ok()?;
        Some(thread.page(&self.api.transport.base).into())
    }
}
