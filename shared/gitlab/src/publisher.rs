//! GitLab's [`Comments`] and [`Labels`].

use async_trait::async_trait;
use domain::{AccountFacts, Audience, Labels, Mark, Proof, ServiceError, Target, ThreadState};
use outbound::notes::Page;
use outbound::{Call, Client, Comments, Operations, Request, Sight};

use crate::api::{ADD_LABELS, Gitlab, LABELS, STATE};
use crate::place::Place;
use crate::wire::OwnToken;
use crate::{labels, notes};

#[async_trait]
impl Comments for Gitlab {
    type Place<'t> = Place<'t>;

    const OPERATIONS: Operations = Operations::on_notes(STATE);
    const HAS_HTML: bool = true;
    /// Internal notes, and what is said in confidential issues.
    const HAS_INTERNAL_NOTES: bool = true;

    fn client(&self) -> &Client {
        &self.client
    }

    fn place<'t>(client: &Client, call: Call, target: &'t Target) -> Result<Place<'t>, ServiceError> {
        Place::of(client, call, target)
    }

    fn link(&self, place: Place<'_>) -> Option<String> {
        place.link(self.client.base()).map(String::from)
    }

    /// The account's id: its name may change, and its notes are shown under the new one.
    async fn account(&self, call: Call) -> Result<String, ServiceError> {
        Ok(self.user(call).await?.id.to_string())
    }

    async fn name(&self, call: Call) -> Result<String, ServiceError> {
        Ok(self.user(call).await?.username)
    }

    /// Tokens of another kind than an access token say nothing of themselves.
    async fn facts(&self, call: Call) -> AccountFacts {
        let url = self.client.base().join(&["api", "v4", "personal_access_tokens", "self"]);
        let own = self.call::<OwnToken>(call, &Request::get(url, &[])).await.ok();
        let needs = "the token has the scope `api`, and its account the role Reporter in each project";
        AccountFacts::of_scopes(own.as_ref().map(|own| own.scopes.as_slice()), &["api"], needs)
    }

    async fn page(
        &self,
        call: Call,
        place: Place<'_>,
        me: &str,
        audience: Option<Audience>,
        next: Option<String>,
    ) -> Result<Page, ServiceError> {
        notes::page(self, call, place, me, audience, next).await
    }

    async fn state(&self, call: Call, place: Place<'_>) -> Result<ThreadState, ServiceError> {
        notes::state(self, call, place).await
    }

    async fn create(
        &self,
        call: Call,
        place: Place<'_>,
        text: &str,
        mark: &Mark,
        audience: Audience,
    ) -> Result<Proof, ServiceError> {
        notes::create(self, call, place, text, mark, audience).await
    }

    async fn audience(
        &self,
        call: Call,
        place: Place<'_>,
        id: &str,
    ) -> Result<Option<Audience>, ServiceError> {
        notes::audience(self, call, place, id).await
    }

    async fn sight(&self, call: Call, place: Place<'_>) -> Result<Sight, ServiceError> {
        notes::sight(self, call, place).await
    }

    fn labels(&self) -> Option<&dyn Labels> {
        Some(self)
    }
}

#[async_trait]
impl Labels for Gitlab {
    async fn list(&self, target: &Target) -> Result<Vec<String>, ServiceError> {
        let (call, place) = self.client.begin_on(LABELS, target, Place::of)?;
        match labels::list(self, call, place).await {
            Ok(labels) => Ok(labels),
            Err(error) => Err(self.explained(call, place, error).await),
        }
    }

    async fn add(&self, target: &Target, labels: &[String]) -> Result<(), ServiceError> {
        let (call, place) = self.client.begin_on(ADD_LABELS, target, Place::of)?;
        match labels::add(self, call, place, labels).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.explained(call, place, error).await),
        }
    }
}
