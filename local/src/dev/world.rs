//! The outside world of `dev`: the real services where there are credentials or addresses, stand-ins
//! for the rest of what is needed.

mod apart;
mod received;
mod standins;

use std::path::Path;

use domain::Clock;
use processor::OutsideService;
use settings::{Environment, Settings};
use tokio::task::JoinSet;

pub(super) use received::Received;

use crate::Failure;

/// One outside service, for the banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a stand-in.
    pub standin: bool,
    /// Where it is.
    pub address: String,
    /// How to have the real one.
    pub hint: String,
}

/// The services outside, and what the stand-ins among them receive.
pub(super) struct World {
    pub(super) services: Vec<Service>,
    pub(super) received: Received,
}

/// Starts the stand-ins of what `settings` needs and `environment` has nothing for, and points
/// `environment` at them.
pub(super) fn populate(
    settings: &Settings,
    environment: &mut Environment,
    data_dir: Option<&Path>,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> Result<World, Failure> {
    let mut around = standins::Around { environment, data_dir, clock, tasks, received: Received::default() };
    let mut services = vec![around.gemini()?];
    let needs = processor::needs(settings);
    for service in OutsideService::ALL {
        if let Some(address) = real(service, around.environment) {
            services.push(Service { name: service.title(), standin: false, address, hint: hint(service) });
        } else if needs.contains_key(&service) {
            let address = around.start(service)?;
            services.push(Service { name: service.title(), standin: true, address, hint: hint(service) });
        }
    }
    Ok(World { services, received: around.received })
}

fn hint(service: OutsideService) -> String {
    format!("{} for the real one", service.how())
}

/// Where the real service is; `None` when the environment has neither credentials nor an address.
fn real(service: OutsideService, environment: &Environment) -> Option<String> {
    let at = |url: &Option<String>, default: String| Some(url.clone().unwrap_or(default));
    match service {
        _ if !service.is_configured(environment) => None,
        OutsideService::Github => at(&environment.github_api_url, github::Config::default().base_url),
        OutsideService::Slack => at(&environment.slack_api_url, slack::default_config().base_url),
        OutsideService::Zendesk => environment.zendesk.as_ref().map(|zendesk| zendesk.url.clone()),
        OutsideService::Jira => environment.jira.as_ref().map(|jira| jira.url.clone()),
        OutsideService::Stripe => at(&environment.stripe_api_url, stripe::default_config().base_url),
    }
}
