//! The outside world of `dev`: the real services where there are credentials or addresses, stand-ins
//! for the rest of what is needed.

mod launcher;
mod ports;
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
use ports::Ports;

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
    let ports = Ports::of(data_dir)?;
    let mut launcher = Launcher { environment, data_dir, ports, stage, tasks, received: Received::default() };
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
    let (stage, ports) = (Stage::default(), Ports::of(None)?);
    Launcher { environment, data_dir: None, ports, stage: &stage, tasks, received: Received::default() }
        .gemini(settings)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// What a start in `dir` says of its stand-ins. They stop before it returns.
    async fn start(dir: &Path) -> Vec<(&'static str, String)> {
        let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent");
        let text = "[agent]\npersona = \"prompts/persona.md\"\n[sources.github]\n[sources.slack]\n";
        let settings = Settings::parse(text, &agent).unwrap();
        let mut tasks = JoinSet::new();
        let mut environment = Environment::default();
        let world = populate(&settings, &mut environment, Some(dir), &Stage::default(), &mut tasks).unwrap();
        let found = world.services.into_iter().filter(|service| service.standin);
        let found: Vec<_> = found.map(|service| (service.name, service.address)).collect();
        for (_, address) in &found {
            TcpStream::connect(address.trim_start_matches("http://")).unwrap();
        }
        tasks.shutdown().await;
        for (name, address) in &found {
            until_free(name, address).await;
        }
        found
    }

    /// The thread of a stand-in ends when it notices that nobody wants it any more.
    async fn until_free(name: &str, address: &str) {
        for _ in 0..500 {
            if TcpListener::bind(address.trim_start_matches("http://")).is_ok() {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{name} still listens on {address}");
    }

    #[tokio::test]
    async fn stand_ins_listen_where_they_did_before() {
        let dir = tempfile::tempdir().unwrap();
        let first = start(dir.path()).await;
        let names: Vec<_> = first.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [GEMINI, "GitHub", "Slack"]);
        assert_eq!(start(dir.path()).await, first);
        let elsewhere = tempfile::tempdir().unwrap();
        assert_ne!(start(elsewhere.path()).await, first);
    }

    #[tokio::test]
    async fn a_port_that_somebody_else_has_stops_no_start_and_the_next_one_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let first = start(dir.path()).await;
        let taken = TcpListener::bind(first[1].1.trim_start_matches("http://")).unwrap();
        let second = start(dir.path()).await;
        assert_ne!(second[1], first[1]);
        assert_eq!((&second[0], &second[2]), (&first[0], &first[2]), "the others stay where they were");
        drop(taken);
        assert_eq!(start(dir.path()).await, second);
    }
}
