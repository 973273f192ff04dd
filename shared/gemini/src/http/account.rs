//! [`Account`]: whose quota calls draw on, and how they prove it. Accounts have nothing in common: when one is
//! refused, used up or down, the next one is asked for the same model.

use domain::{ModelAccount, ModelEndpoint, ServiceTier, TaskId};
use secrecy::{ExposeSecret, SecretString};

use super::balancer::by_weight;
use super::endpoints::{Endpoints, hash};
#[cfg(feature = "vertex")]
use super::google::Tokens;
use super::key::{Key, NoKey, fingerprint};
use crate::config::{Config, ConfigError};

/// One of them.
#[derive(Debug)]
pub(crate) struct Account {
    /// What its state is kept under; empty for the first with a key.
    pub(crate) name: String,
    pub(crate) endpoints: Endpoints,
    /// Stands for its credentials, and for where they are shown.
    pub(crate) fingerprint: u32,
    credentials: Credentials,
    weight: u32,
    /// Whether a tier is asked for by a header: Vertex AI refuses the field.
    pub(crate) is_vertex: bool,
    has_tiers: bool,
}

#[derive(Debug)]
enum Credentials {
    Key(Key),
    #[cfg(feature = "vertex")]
    Google(Tokens),
}

impl Account {
    /// All accounts of `config`; at least one.
    pub(crate) fn all(config: &Config) -> Result<Vec<Self>, ConfigError> {
        if config.endpoints.is_empty() {
            let only = ModelEndpoint::new(&config.base_url, &config.api_version);
            return Ok(vec![Self::new(config, String::new(), &[&only])?]);
        }
        if config.endpoints.iter().all(|endpoint| endpoint.weight == 0) {
            return Err(ConfigError::Weights);
        }
        let accounts = ModelEndpoint::accounts(&config.endpoints).into_iter();
        accounts.map(|(name, members)| Self::new(config, name, &members)).collect()
    }

    fn new(config: &Config, name: String, members: &[&ModelEndpoint]) -> Result<Self, ConfigError> {
        let account = &members[0].account;
        let (credentials, secret) = credentials(config, account)?;
        let location = match account {
            ModelAccount::Vertex { location, .. } => Some(location.as_str()),
            ModelAccount::Key(_) => None,
        };
        let secret = secret.as_ref().map_or("", |secret| secret.expose_secret());
        let endpoints = Endpoints::new(config, members)?;
        let places: Vec<String> = endpoints.all().iter().map(ToString::to_string).collect();
        Ok(Self {
            endpoints,
            fingerprint: fingerprint(&format!("{secret}\n{name}\n{}", places.join(" "))),
            name,
            credentials,
            weight: members.iter().map(|member| member.weight).fold(0, u32::saturating_add),
            is_vertex: location.is_some(),
            has_tiers: location.is_none_or(|location| location == "global"),
        })
    }

    /// What calls to it carry.
    pub(crate) async fn key(&self) -> Result<Key, NoKey> {
        match &self.credentials {
            Credentials::Key(key) => Ok(key.clone()),
            #[cfg(feature = "vertex")]
            Credentials::Google(tokens) => tokens.key().await,
        }
    }

    /// What calls carry once `refused` is refused; `None` if there is nothing else to try.
    #[cfg_attr(
        not(feature = "vertex"),
        expect(clippy::unused_async, unused_variables, reason = "a key is all there is")
    )]
    pub(crate) async fn other_than(&self, refused: &Key) -> Option<Key> {
        match &self.credentials {
            Credentials::Key(_) => None,
            #[cfg(feature = "vertex")]
            Credentials::Google(tokens) => tokens.other_than(refused).await.ok(),
        }
    }

    /// How a call that is to be served in `tier` can be: Vertex AI has tiers in the global location alone.
    pub(crate) fn tier(&self, tier: ServiceTier) -> ServiceTier {
        if self.has_tiers { tier } else { ServiceTier::Standard }
    }
}

/// In which order `accounts` are asked for `task`: its own by their weights, then the next ones in the list.
pub(crate) fn order(accounts: &[Account], task: &TaskId) -> impl Iterator<Item = usize> + use<> {
    let weights: Vec<u32> = accounts.iter().map(|account| account.weight).collect();
    // Within an account the endpoint is chosen by the other half of the number.
    let (own, count) = (by_weight(weights, hash(task).rotate_left(32)), accounts.len());
    (0..count).map(move |step| (own + step) % count)
}

fn credentials(
    config: &Config,
    account: &ModelAccount,
) -> Result<(Credentials, Option<SecretString>), ConfigError> {
    let key = match account {
        ModelAccount::Key(variable) if variable == domain::MODEL_KEY => config.api_key.clone(),
        ModelAccount::Key(variable) => {
            let key = config.other_keys.get(variable);
            Some(key.ok_or_else(|| ConfigError::NoKey(variable.clone()))?.clone())
        }
        #[cfg(not(feature = "vertex"))]
        ModelAccount::Vertex { .. } => return Err(ConfigError::NoVertex),
        #[cfg(feature = "vertex")]
        ModelAccount::Vertex { workload_identity, .. } => {
            let configured = workload_identity.clone().map(SecretString::from);
            let source = configured.or_else(|| config.google_credentials.clone());
            return Ok((Credentials::Google(Tokens::new(source.clone())), source));
        }
    };
    Ok((Credentials::Key(Key::new(key.as_ref())?), key))
}
