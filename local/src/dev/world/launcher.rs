//! [`Launcher`]: starts the stand-ins.

use std::path::Path;

use domain::Clock;
use settings::Environment;
use tokio::task::JoinSet;
use wiring::OutsideService;

use super::{Received, Service, thread};
use crate::Failure;
use crate::standins::{GEMINI, Opened, Since, Standin};

const GEMINI_HINT: &str = "set GEMINI_API_KEY for the real one";
/// The credential of every stand-in.
const TOKEN: &str = "standin";

/// Starts stand-ins and points the environment at them.
pub(super) struct Launcher<'w> {
    pub(super) environment: &'w mut Environment,
    /// Where the stand-ins keep what must survive a restart.
    pub(super) data_dir: Option<&'w Path>,
    pub(super) clock: &'w Clock,
    pub(super) tasks: &'w mut JoinSet<()>,
    pub(super) received: Received,
}

impl Launcher<'_> {
    /// The model: the real one if there is a key or an address.
    pub(super) fn gemini(&mut self) -> Result<Service, Failure> {
        let (name, hint) = ("Gemini", GEMINI_HINT.to_owned());
        if wiring::model::is_configured(self.environment) {
            let address = self.environment.gemini_base_url.clone();
            let address = address.unwrap_or_else(|| gemini::DEFAULT_BASE_URL.to_owned());
            return Ok(Service { name, standin: false, address, hint });
        }
        let no_key = || Failure::new(format!("the model has no stand-in: {GEMINI_HINT}"));
        let (address, _) = self.serve(Standin::named(GEMINI).ok_or_else(no_key)?, name, None)?;
        self.environment.gemini_base_url = Some(address.clone());
        self.environment.gemini_api_key = Some(TOKEN.into());
        Ok(Service { name, standin: true, address, hint })
    }

    /// Starts the stand-in of `service`, listens to what it receives, and points the environment at it.
    /// Returns where it is reached.
    pub(super) fn start(&mut self, service: OutsideService) -> Result<String, Failure> {
        let journal = self.data_dir.map(|dir| dir.join(format!("{}.jsonl", service.name())));
        let standin = Standin::named(service.name());
        let none = || Failure::new(format!("{service} has no stand-in: {}", service.how()));
        let (address, received) =
            self.serve(standin.ok_or_else(none)?, service.title(), journal.as_deref())?;
        self.received.add(service.title(), received);
        service.redirect(self.environment, &address, TOKEN.into());
        Ok(address)
    }

    fn serve(
        &mut self,
        standin: &Standin,
        title: &'static str,
        journal: Option<&Path>,
    ) -> Result<(String, Since), Failure> {
        let Opened { serve, received } = standin.open(self.clock.clone(), journal)?;
        let (listener, address) = thread::listen()?;
        thread::serve(title, listener, self.tasks, serve)?;
        Ok((address, received))
    }
}
