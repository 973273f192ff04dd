//! [`Commenter`]: the [`Publisher`] of a service whose threads are lists of comments. The service adds what only it
//! has: its [`Comments`].

use std::fmt;

use async_trait::async_trait;
use domain::{
    AccountFacts, Audience, Comment, InternalNotes, Labels, Mark, Proof, Publisher, ServiceError,
    ServiceFailure, Target, ThreadState, Timestamp,
};
use markdown::html_as_text;

use crate::client::{Call, Client};
use crate::notes::{self, Page};
use crate::service::Operation;

/// The question who we are.
pub const LOGIN: Operation = Operation::reads("ask for our own account");

/// What is asked of a thread, as errors name it.
#[derive(Debug, Clone, Copy)]
pub struct Operations {
    /// Reading what was said.
    pub history: Operation,
    /// Reading whether it is open.
    pub state: Operation,
    /// Adding a comment.
    pub publish: Operation,
    /// Looking for a comment of ours.
    pub find: Operation,
}

impl Operations {
    /// Those of a service that calls them comments.
    #[must_use]
    pub const fn on_comments(state: Operation) -> Self {
        Self {
            history: Operation::reads("read the comments"),
            state,
            publish: Operation::creates("add a comment"),
            find: Operation::reads("look for our comment"),
        }
    }

    /// Those of a service that calls them notes.
    #[must_use]
    pub const fn on_notes(state: Operation) -> Self {
        Self {
            history: Operation::reads("read the notes"),
            state,
            publish: Operation::creates("add a note"),
            find: Operation::reads("look for our note"),
        }
    }
}

/// What our account sees of what a thread stands in: its project, its organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// All of its threads: one that is not found is gone.
    Whole,
    /// Some of them, or nobody can say.
    Part,
    /// Nothing of it.
    Nothing,
}

/// A service whose threads are lists of comments, as one account sees it.
#[async_trait]
pub trait Comments: fmt::Debug + Send + Sync {
    /// A thread, checked.
    type Place<'t>: Copy + Send + Sync;

    /// What it is asked.
    const OPERATIONS: Operations;
    /// Whether its threads have notes among the staff.
    const HAS_INTERNAL_NOTES: bool = false;
    /// Whether HTML in its comments is obeyed, so that it can hide words; elsewhere people see it.
    const HAS_HTML: bool = false;

    /// What asks.
    fn client(&self) -> &Client;

    /// Checks a target: it must be a thread of this service that a path can be built for.
    fn place<'t>(client: &Client, call: Call, target: &'t Target) -> Result<Self::Place<'t>, ServiceError>;

    /// Where a person can look at a thread.
    fn link(&self, _place: Self::Place<'_>) -> Option<String> {
        None
    }

    /// Asks for our own account by what comments name their authors by, which stays the same for ever.
    async fn account(&self, call: Call) -> Result<String, ServiceError>;

    /// Our own account: the service is asked until it has answered once.
    async fn me(&self, within: Call) -> Result<String, ServiceError> {
        let (client, call) = (self.client(), Call { operation: LOGIN, ..within });
        client.account.get_by(client, call, |_| true, self.account(call)).await
    }

    /// What our account is called in events, by which they are known to be ours.
    async fn name(&self, call: Call) -> Result<String, ServiceError> {
        self.me(call).await
    }

    /// As [`Publisher::facts`].
    async fn facts(&self, call: Call) -> AccountFacts;

    /// The page behind a cursor, newest first if the service can. Shown are comments that all of `audience` can read;
    /// `None` looks for ours among all.
    async fn page(
        &self,
        call: Call,
        place: Self::Place<'_>,
        me: &str,
        audience: Option<Audience>,
        next: Option<String>,
    ) -> Result<Page, ServiceError>;

    /// The present state of a thread.
    async fn state(&self, call: Call, place: Self::Place<'_>) -> Result<ThreadState, ServiceError>;

    /// Adds a comment for `audience` that carries `mark`.
    async fn create(
        &self,
        call: Call,
        place: Self::Place<'_>,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError>;

    /// Looks for the comment with `mark` by our own account, written not much earlier than `since`: by its marker,
    /// where the service has no better proof.
    async fn find(
        &self,
        call: Call,
        place: Self::Place<'_>,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let me = &*self.me(call).await?;
        notes::find(self.client(), call, mark, since, |next| self.page(call, place, me, None, next)).await
    }

    /// Who can see the comment called `id`; `None` if there is none any more.
    async fn audience(
        &self,
        _call: Call,
        _place: Self::Place<'_>,
        _id: &str,
    ) -> Result<Option<Audience>, ServiceError> {
        Ok(None)
    }

    /// What our account sees of what `place` stands in. Services say of what is gone what they say of what is hidden
    /// from us, so this is asked where a thread is not found.
    async fn sight(&self, _call: Call, _place: Self::Place<'_>) -> Result<Sight, ServiceError> {
        Ok(Sight::Part)
    }

    /// What `error` is about: where the thread is not found, what that stands in is asked for. Nothing has happened yet,
    /// so what cannot be told now is asked later.
    async fn explained(&self, call: Call, place: Self::Place<'_>, error: ServiceError) -> ServiceError {
        if error.failure != ServiceFailure::NotFound {
            return error;
        }
        match self.sight(Call { operation: Self::OPERATIONS.state, ..call }, place).await {
            Ok(Sight::Whole) => ServiceError { failure: ServiceFailure::Closed, ..error },
            Ok(Sight::Part) => ServiceError { failure: ServiceFailure::PlaceRefused, ..error },
            Ok(Sight::Nothing) => ServiceError { failure: ServiceFailure::AccountRefused, ..error },
            Err(unknown) => unknown,
        }
    }

    /// Whether a second request for one comment is refused, or makes the same.
    fn knows_repetitions(&self) -> bool {
        false
    }

    /// The labels of its threads.
    fn labels(&self) -> Option<&dyn Labels> {
        None
    }
}

/// A service with [`Comments`] as a [`Publisher`].
///
/// One value per process: it holds the connections and who the account is.
#[derive(Debug)]
pub struct Commenter<S>(pub S);

impl<S: Comments> Commenter<S> {
    fn begin<'t>(
        &self,
        operation: Operation,
        target: &'t Target,
    ) -> Result<(Call, S::Place<'t>), ServiceError> {
        self.0.client().begin_on(operation, target, S::place)
    }

    async fn last(
        &self,
        target: &Target,
        limit: usize,
        audience: Audience,
    ) -> Result<Vec<Comment>, ServiceError> {
        let (call, place) = self.begin(S::OPERATIONS.history, target)?;
        if limit == 0 {
            return Ok(Vec::new());
        }
        let me = &*self.0.me(call).await?;
        let last = notes::last(limit, |next| self.0.page(call, place, me, Some(audience), next)).await;
        let mut last = self.told(call, place, last).await?;
        if !S::HAS_HTML {
            last.iter_mut().for_each(|comment| comment.text = html_as_text(&comment.text).into_owned());
        }
        Ok(last)
    }

    async fn create(
        &self,
        target: &Target,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        let (call, place) = self.begin(S::OPERATIONS.publish, target)?;
        let created = self.0.create(call, place, text, mark, audience).await;
        self.told(call, place, created).await
    }

    async fn told<T>(
        &self,
        call: Call,
        place: S::Place<'_>,
        result: Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        match result {
            Ok(told) => Ok(told),
            Err(error) => Err(self.0.explained(call, place, error).await),
        }
    }
}

#[async_trait]
impl<S: Comments> Publisher for Commenter<S> {
    async fn login(&self) -> Result<String, ServiceError> {
        self.0.name(self.0.client().begin(LOGIN)).await
    }

    async fn facts(&self) -> AccountFacts {
        self.0.facts(self.0.client().begin(LOGIN)).await
    }

    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Public).await
    }

    async fn state(&self, target: &Target) -> Result<ThreadState, ServiceError> {
        let (call, place) = self.begin(S::OPERATIONS.state, target)?;
        let state = self.0.state(call, place).await;
        self.told(call, place, state).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.create(target, text, mark, Audience::Public).await
    }

    async fn find(
        &self,
        target: &Target,
        mark: &Mark,
        since: Timestamp,
    ) -> Result<Option<Proof>, ServiceError> {
        let (call, place) = self.begin(S::OPERATIONS.find, target)?;
        let found = self.0.find(call, place, mark, since).await;
        self.told(call, place, found).await
    }

    fn knows_repetitions(&self) -> bool {
        self.0.knows_repetitions()
    }

    fn labels(&self) -> Option<&dyn Labels> {
        self.0.labels()
    }

    fn internal_notes(&self) -> Option<&dyn InternalNotes> {
        S::HAS_INTERNAL_NOTES.then_some(self)
    }

    fn link(&self, target: &Target) -> Option<String> {
        let (_, place) = self.begin(S::OPERATIONS.history, target).ok()?;
        self.0.link(place)
    }
}

#[async_trait]
impl<S: Comments> InternalNotes for Commenter<S> {
    async fn history(&self, target: &Target, limit: usize) -> Result<Vec<Comment>, ServiceError> {
        self.last(target, limit, Audience::Internal).await
    }

    async fn publish(&self, target: &Target, text: &str, mark: &Mark) -> Result<Proof, ServiceError> {
        self.create(target, text, mark, Audience::Internal).await
    }

    async fn audience(&self, target: &Target, id: &str) -> Result<Option<Audience>, ServiceError> {
        let (call, place) = self.begin(S::OPERATIONS.history, target)?;
        let audience = self.0.audience(call, place, id).await;
        self.told(call, place, audience).await
    }
}
