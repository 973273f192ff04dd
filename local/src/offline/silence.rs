//! [`Silence`]: why nothing ends, if the model cannot be reached.

use std::time::Duration;

use domain::Timestamp;
use gemini::Config;
use settings::{Environment, Settings};
use tokio::time::Instant;

use super::bar;

/// A run in which nothing has ended for so long may be one whose model does not answer.
const QUIET: Duration = Duration::from_secs(10);

/// Looks for the reason of a silence, and tells it once.
pub(super) struct Silence {
    config: Config,
    /// The model that is asked first.
    model: String,
}

impl Silence {
    pub(super) fn new(settings: &Settings, environment: &Environment) -> Self {
        let config = wiring::model::config(settings, environment);
        Self { config, model: settings.models.triage.clone() }
    }

    /// Tells people if nothing has ended `since` long ago, and no address of the model has it; that no more is to be told
    /// then. `looked` is when it was looked last.
    pub(super) async fn tell(&self, since: Instant, looked: &mut Option<Instant>, now: Timestamp) -> bool {
        if since.elapsed() < QUIET || looked.is_some_and(|at| at.elapsed() < QUIET) {
            return false;
        }
        let why = self.reason(now).await;
        *looked = Some(Instant::now());
        if let Some(why) = &why {
            bar::close(1);
            eprintln!(
                "nothing has ended for {} s: {why}. Is GEMINI_BASE_URL right? The run goes on trying",
                QUIET.as_secs()
            );
        }
        why.is_some()
    }

    /// Why the model cannot be had; `None` if one of its addresses has it. Nothing is paid for it.
    async fn reason(&self, now: Timestamp) -> Option<String> {
        let all = match gemini::look_up(&self.config, &self.model, now).await {
            Ok(all) => all,
            Err(problem) => return Some(problem.to_string()),
        };
        let told = |looked: gemini::LookedUp| {
            looked.said.err().map(|why| format!("{} cannot be had at {}: {why}", looked.title, looked.at))
        };
        // One that has it says nothing.
        let why: Option<Vec<String>> = all.into_iter().map(told).collect();
        why.map(|why| why.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tokio::net::TcpListener;

    use super::*;
    use crate::dev::load;

    fn silence(url: &str) -> Silence {
        let settings = load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../agent/agent.toml")).unwrap();
        let known = [("GEMINI_BASE_URL", url), ("GEMINI_API_KEY", "key-of-nobody")];
        Silence::new(&settings, &Environment::from_map(known).unwrap())
    }

    #[tokio::test]
    async fn an_address_at_which_nobody_listens_is_told_with_its_reason() {
        let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let told = silence(&format!("http://{closed}")).reason(Timestamp::UNIX_EPOCH).await.unwrap();
        assert!(told.contains(&format!("cannot be had at http://{closed}")), "{told}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_looked_only_after_a_while() {
        let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
        let (silence, since, mut looked) = (silence(&format!("http://{closed}")), Instant::now(), None);
        assert!(!silence.tell(since, &mut looked, Timestamp::UNIX_EPOCH).await && looked.is_none());
        tokio::time::advance(QUIET).await;
        assert!(silence.tell(since, &mut looked, Timestamp::UNIX_EPOCH).await && looked.is_some());
    }
}
