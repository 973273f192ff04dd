//! [`Resources`]: what the work on a task draws on.

use std::sync::Arc;
use std::time::Duration;

use domain::{AgentVersion, Audience, Clock, Event, Jitter, Model, ServiceError, StatsRecorder, Stores};
use settings::{Intent, Settings};
use telemetry::Metrics;
use wiring::Services;

use crate::Interrupt;
use crate::automation::stalls::Stalls;
use crate::reply::sightings::Sightings;
use crate::task::refusals::Refusals;
use crate::version_documents::KeptDocuments;

/// How long an outside call may take, whatever the service's own client thinks.
pub(crate) const OUTSIDE_CALL: Duration = Duration::from_secs(10);

/// What the work on a task draws on, the same for all tasks of an execution environment. It holds no state
/// of its own but figures that are about to be written: a crash loses no work.
pub(crate) struct Resources {
    /// Storage and queues.
    pub(crate) stores: Stores,
    /// What thinks.
    pub(crate) model: Arc<dyn Model>,
    /// Where results go.
    pub(crate) services: Services,
    /// agent.toml.
    pub(crate) settings: Arc<Settings>,
    /// Which agent that makes, with this code.
    pub(crate) version: AgentVersion,
    /// The time.
    pub(crate) clock: Clock,
    /// Randomness for back-off.
    pub(crate) jitter: Jitter,
    /// Where metrics go.
    pub(crate) metrics: Metrics,
    /// The figures of the day, for the console.
    pub(crate) stats: StatsRecorder,
    /// Which automation runs.
    pub(crate) stalls: Arc<Stalls>,
    /// Which services refuse our account.
    pub(crate) refusals: Refusals,
    /// Which acts nobody has said how they ended.
    pub(crate) sightings: Sightings,
    /// Whether the documents of this version are kept for those who look back.
    pub(crate) kept_documents: KeptDocuments,
}

impl Resources {
    /// The intent called `name`.
    pub(crate) fn intent(&self, name: &str) -> Option<&Intent> {
        self.settings.intents.iter().find(|intent| intent.name == name)
    }

    /// The intents that `event` of `source` can have: those whose automation can handle it.
    pub(crate) fn intents_for(&self, source: &str, event: &Event) -> Vec<Intent> {
        let source = self.settings.sources.get(source);
        let fits = |intent: &&Intent| {
            source.is_none_or(|source| {
                wiring::can_handle(source, &intent.automation)
                    && wiring::has_place(event.target.as_ref(), &intent.automation)
                    && (event.audience == Audience::Public || !wiring::tells_others(&intent.automation))
            })
        };
        self.settings.intents.iter().filter(fits).cloned().collect()
    }

    /// Why nothing handles `event` of `source`, whatever triage made of it: the default has no place to act in, and no
    /// intent fits.
    pub(crate) fn lacks_place(&self, source: &str, event: &Event) -> Option<String> {
        let is_lost = self.intents_for(source, event).is_empty();
        self.lacks_place_for(source, event, "").filter(|_| is_lost)
    }

    /// Why `event` of `source`, sorted as `intent`, is not handled, where the automation has no place to act in.
    pub(crate) fn lacks_place_for(&self, source: &str, event: &Event, intent: &str) -> Option<String> {
        let settings = self.settings.sources.get(source)?;
        let default = self.default_automation(source);
        let automation = self.intent(intent).map_or(default, |intent| intent.automation.as_str());
        let has_place = wiring::has_place(event.target.as_ref(), automation);
        (!has_place).then(|| match event.target {
            None => wiring::no_thread(settings, &event.name),
            Some(_) => format!("{automation} has nothing to do in the thread of {}", event.name),
        })
    }

    /// Whether nothing but an answer in its thread can come of `event` of `source`, whatever triage makes of it.
    pub(crate) fn can_only_be_answered(&self, source: &str, event: &Event) -> bool {
        let default = self.default_automation(source);
        let intents = self.intents_for(source, event);
        wiring::only_answers(default) && intents.iter().all(|intent| wiring::only_answers(&intent.automation))
    }

    /// Whether a model is shown `event` of `source` whatever comes of it: by triage, or by what handles it without.
    pub(crate) fn asks_a_model(&self, source: &str, event: &Event) -> bool {
        !self.intents_for(source, event).is_empty() || wiring::always_asks(self.default_automation(source))
    }

    /// What handles events of `source` that no intent fits.
    pub(crate) fn default_automation(&self, source: &str) -> &str {
        match self.settings.sources.get(source) {
            Some(source) => self.settings.default_of(source),
            None => &self.settings.agent.default_automation,
        }
    }

    /// What a service answers to a question that changes nothing there. `what` is the step in errors.
    pub(crate) async fn look_up<T>(
        &self,
        what: &str,
        answer: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, Interrupt> {
        match tokio::time::timeout(OUTSIDE_CALL, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Interrupt::from_service(what, &error, self.clock.now())),
            Err(_) => Err(Interrupt::defer(format!("{what}: no answer came in time"), None)),
        }
    }
}
