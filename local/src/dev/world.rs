//! The outside world of `dev`: the real services where there are credentials or addresses, stand-ins
//! for the rest of what is needed.

mod launcher;
mod received;
mod thread;

use std::path::Path;

use settings::{Environment, Settings};
use tokio::task::JoinSet;
use wiring::OutsideService;

pub(super) use received::Received;

use super::stage::Stage;
use crate::Failure;
use launcher::Launcher;

/// The name of the model's service.
pub(super) const GEMINI: &str = "Gemini";

/// One outside service, for the banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a stand-in.
    pub standin: bool,
    /// Where it is.
    pub address: String,
    /// For a stand-in: how to configure the real service. Otherwise: what the address is.
    pub hint: String,
}

/// Whether an address is on this machine, where no service of others is: at the most a way to one.
pub(crate) fn is_here(address: &str) -> bool {
    let host = reqwest::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned));
    matches!(host.as_deref(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// What is at an address that the environment has named, or its credentials imply.
pub(crate) fn kind(address: &str) -> &'static str {
    if is_here(address) { "on this machine: not the service's own address" } else { "real" }
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
    stage: &Stage,
    tasks: &mut JoinSet<()>,
) -> Result<World, Failure> {
    let mut launcher = Launcher { environment, data_dir, stage, tasks, received: Received::default() };
    let mut services = vec![launcher.gemini(settings)?];
    let needs = wiring::needs(settings);
    for service in OutsideService::ALL.iter().copied() {
        let real = service.address(launcher.environment);
        let standin = real.is_none();
        let address = match real {
            Some(address) => address,
            None if needs.contains_key(&service) => launcher.start(service)?,
            None => continue,
        };
        let hint = match service.asked_without_credentials(launcher.environment) {
            _ if standin => format!("{} for the real one", service.how()),
            Some(variable) => format!("named by {variable}, asked without credentials; {}", service.how()),
            None => kind(&address).to_owned(),
        };
        services.push(Service { name: service.title(), standin, address, hint });
    }
    Ok(World { services, received: launcher.received })
}

/// The model alone: its stand-in is started if `environment` has no other, and stops with `tasks`.
pub(crate) fn model(
    settings: &Settings,
    environment: &mut Environment,
    tasks: &mut JoinSet<()>,
) -> Result<Service, Failure> {
    let stage = Stage::default();
    Launcher { environment, data_dir: None, stage: &stage, tasks, received: Received::default() }
        .gemini(settings)
}
