//! [`Services`]: the clients of what is outside, as far as there are credentials.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Clock, Publisher, ServiceError, ServiceFailure, Target};
use outbound::{BuildError, Caller, Fetcher, Reach};
use settings::{Environment, Settings};
use webhook::{Provider, Secrets};

use crate::calls::{calls, reach};
use crate::files::files;
use crate::{Client, OutsideService, ServiceClient, needs};

/// A client for each service that has credentials, and what else automations call.
#[derive(Clone, Default)]
pub struct Services {
    /// The clients, by service.
    pub clients: BTreeMap<OutsideService, Client>,
    /// The APIs of `[automations.http.NAME]`, by name.
    pub calls: BTreeMap<String, Arc<Caller>>,
    /// Fetches the files that events show.
    pub files: Fetcher,
    /// Where those and callbacks may go.
    pub reach: Reach,
    /// `API_WEBHOOK_SECRET`: signs what is posted to a `callback_url`; without one it goes unsigned.
    pub api_secrets: Secrets,
    /// Whether nothing outside can be asked: a task in shadow ends where a service has to be.
    pub is_offline: bool,
}

/// An address where nobody answers.
const NOBODY: &str = "http://127.0.0.1:9";

/// A service that agent.toml needs and that has no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service}: {needed_by} needs it, and there are no credentials: {}", .service.how())]
pub struct MissingCredential {
    /// The service.
    pub service: OutsideService,
    /// What in agent.toml needs it.
    pub needed_by: String,
}

/// Why there are not all clients that are needed. Never carries any part of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// Credentials are missing, all of these.
    #[error("{}", lines(.0))]
    Missing(Vec<MissingCredential>),
    /// Calls of `[automations.http]` cannot be made, all of these.
    #[error("{}", .0.join("\n"))]
    Calls(Vec<String>),
    /// The settings of a service cannot work.
    #[error("{0}: {1}")]
    Client(OutsideService, BuildError),
}

fn lines(missing: &[MissingCredential]) -> String {
    missing.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A client for every service that `environment` has credentials for.
///
/// # Errors
/// [`ServicesError`]: a service without credentials is an error only when `settings` needs it.
pub fn services(
    settings: &Settings,
    environment: &Environment,
    clock: &Clock,
) -> Result<Services, ServicesError> {
    let mut services = Services {
        clients: BTreeMap::new(),
        calls: calls(settings, environment, clock).map_err(ServicesError::Calls)?,
        files: Fetcher::default(),
        reach: reach(settings, environment),
        api_secrets: environment.secrets_for(Provider::Api.name()).cloned().unwrap_or_default(),
        is_offline: false,
    };
    if !settings.api.callback_hosts.is_empty() && services.api_secrets.0.is_empty() {
        tracing::warn!(
            "API_WEBHOOK_SECRET is not set: results are posted to their callback_url unsigned, so whoever knows that \
             address can forge them"
        );
    }
    for service in OutsideService::ALL.iter().copied() {
        let client = (service.row().client)(settings, environment, clock.clone())
            .map_err(|error| ServicesError::Client(service, error))?;
        services.clients.extend(client.map(|client| (service, client)));
    }
    services.files = files(settings, environment, services.clients.values())
        .map_err(|error| ServicesError::Calls(vec![error.to_string()]))?;
    let missing: Vec<MissingCredential> = needs(settings)
        .into_iter()
        .filter(|(service, _)| !services.has(*service))
        .map(|(service, needed_by)| MissingCredential { service, needed_by })
        .collect();
    if missing.is_empty() { Ok(services) } else { Err(ServicesError::Missing(missing)) }
}

impl Services {
    /// What automations act with, in a run that changes nothing outside: clients without credentials, of addresses where
    /// nobody is, and the calls of agent.toml without their headers. Every service has its threads at `threads`, which is
    /// asked for the publisher of each. What has to be read elsewhere is not known ([`Services::is_offline`]).
    ///
    /// # Errors
    /// [`ServicesError`] when the settings of a service cannot work.
    pub fn offline(
        settings: &Settings,
        clock: &Clock,
        threads: impl Fn(OutsideService) -> Arc<dyn Publisher>,
    ) -> Result<Self, ServicesError> {
        let mut services = Self { is_offline: true, ..Self::default() };
        let (to, mut mistakes) = (reach(settings, &Environment::default()), Vec::new());
        for (name, call) in &settings.automations.http {
            match Caller::new(&call.url.origin(), &[], &to, clock.clone()) {
                Ok(caller) => drop(services.calls.insert(name.clone(), Arc::new(caller))),
                Err(error) => mistakes.push(format!("[automations.http.{name}]: {error}")),
            }
        }
        if !mistakes.is_empty() {
            return Err(ServicesError::Calls(mistakes));
        }
        for service in OutsideService::ALL.iter().copied().filter(|service| service.provider().is_some()) {
            let mut environment = Environment::default();
            service.redirect(&mut environment, NOBODY, "none".into());
            let client = service.client(settings, &environment, clock.clone());
            let client = client.map_err(|error| ServicesError::Client(service, error))?;
            services.clients.extend(client.map(|client| (service, client.with_publisher(threads(service)))));
        }
        Ok(services)
    }

    /// The same with `client` as that of `service`.
    #[must_use]
    pub fn with(mut self, service: OutsideService, client: Client) -> Self {
        self.clients.insert(service, client);
        self
    }

    /// Whether there is a client of `service`.
    #[must_use]
    pub fn has(&self, service: OutsideService) -> bool {
        self.clients.contains_key(&service)
    }

    /// The service that the thread `target` lives in.
    ///
    /// # Errors
    /// [`ServiceFailure::Refused`] when there is no client of it, naming the variable that is missing.
    pub fn of(&self, target: &Target) -> Result<&dyn Publisher, ServiceError> {
        let Some(service) = OutsideService::of(target) else {
            return Err(refused(target.service(), "no answer can be written there".to_owned()));
        };
        self.publisher(service).ok_or_else(|| missing(service))
    }

    /// `service` as a place where threads live; `None` when there is no client of it, or no threads in it.
    #[must_use]
    pub fn publisher(&self, service: OutsideService) -> Option<&dyn Publisher> {
        self.clients.get(&service)?.publisher()
    }

    /// The client of type `T`, for an automation that needs more than a thread.
    ///
    /// # Errors
    /// [`ServiceFailure::Refused`] when there is none, naming the variable that is missing.
    pub fn client<T: ServiceClient>(&self) -> Result<&T, ServiceError> {
        self.clients.get(&T::SERVICE).and_then(Client::typed).ok_or_else(|| missing(T::SERVICE))
    }
}

fn missing(service: OutsideService) -> ServiceError {
    let message = format!("there are no credentials: {}; then retry the task", service.how());
    refused(service.name(), message)
}

fn refused(service: &'static str, message: String) -> ServiceError {
    ServiceError { service, operation: "open a client", failure: ServiceFailure::Refused, message }
}

#[cfg(test)]
mod tests;
