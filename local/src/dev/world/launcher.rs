//! [`Launcher`]: starts the stand-ins.

use std::path::Path;

use settings::{Environment, Settings};
use tokio::task::JoinSet;
use wiring::OutsideService;

use super::ports::Ports;
use super::{GEMINI, Received, Service, kind, thread};
use crate::dev::stage::Stage;
use crate::{Failure, stand_ins};

const GEMINI_HINT: &str = "set GEMINI_API_KEY for the real one";
/// The credential of every stand-in.
const TOKEN: &str = "standin";

/// Starts stand-ins and points the environment at them.
pub(super) struct Launcher<'w> {
    pub(super) environment: &'w mut Environment,
    /// Where the stand-ins keep what must survive a restart.
    pub(super) data_dir: Option<&'w Path>,
    pub(super) ports: Ports,
    pub(super) stage: &'w Stage,
    pub(super) tasks: &'w mut JoinSet<()>,
    pub(super) received: Received,
}

impl Launcher<'_> {
    /// The model: the real one if there is a key, an address, or a project on Vertex AI.
    pub(super) fn gemini(&mut self, settings: &Settings) -> Result<Service, Failure> {
        let (name, hint) = (GEMINI, GEMINI_HINT.to_owned());
        if wiring::model::is_configured(settings, self.environment) {
            let named = self.environment.gemini_base_url.clone();
            let is_keyless = self.environment.gemini_api_key.is_none() && named.is_some();
            let listed = settings.models.endpoints.first().map(|endpoint| endpoint.base_url.clone());
            let address = named.or(listed).unwrap_or_else(|| gemini::DEFAULT_BASE_URL.to_owned());
            let hint =
                if is_keyless { "named by GEMINI_BASE_URL, asked without a key" } else { kind(&address) }
                    .to_owned();
            return Ok(Service { name, standin: false, address, hint });
        }
        let (listener, address) = self.ports.listen(name)?;
        thread::serve(name, listener, self.tasks, self.stage.gemini())?;
        self.environment.gemini_base_url = Some(address.clone());
        self.environment.gemini_api_key = Some(TOKEN.into());
        Ok(Service { name, standin: true, address, hint })
    }

    /// Starts the stand-in of `service`, listens to what it receives, and points the environment at it.
    /// Returns where it is reached.
    pub(super) fn start(&mut self, service: OutsideService) -> Result<String, Failure> {
        let journal = self.data_dir.map(|dir| dir.join(format!("{}.jsonl", service.name())));
        let standin = match self.stage.held(service) {
            Some(held) => held,
            None => stand_ins::open(service, self.stage.clock.clone(), journal.as_deref())?,
        };
        let (listener, address) = self.ports.listen(service.title())?;
        self.received.add(service.title(), standin.received);
        thread::serve(service.title(), listener, self.tasks, standin.serve)?;
        service.redirect(self.environment, &address, TOKEN.into());
        Ok(address)
    }
}
