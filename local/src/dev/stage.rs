//! [`Stage`]: what `dev` runs on: a clock, and stand-ins that somebody else holds as well, to have them fail.

use domain::Clock;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::slack::SlackStandin;
use wiring::OutsideService;

use crate::stand_ins::{self, Opened, Serve};

/// The real time, and stand-ins of nobody's.
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) gemini: Option<GeminiStandin>,
    pub(super) github: Option<GithubStandin>,
    pub(super) slack: Option<SlackStandin>,
}

impl Default for Stage {
    fn default() -> Self {
        Self { clock: Clock::system(), gemini: None, github: None, slack: None }
    }
}

impl Stage {
    /// The stand-in of the model.
    pub(super) fn gemini(&self) -> Serve {
        match &self.gemini {
            Some(held) => stand_ins::serve_gemini(held.clone()),
            None => stand_ins::gemini(self.clock.clone()),
        }
    }

    /// The stand-in of `service` that is held; `None` when there is none.
    pub(super) fn held(&self, service: OutsideService) -> Option<Opened> {
        match service.name() {
            "github" => self.github.clone().map(stand_ins::opened),
            "slack" => self.slack.clone().map(stand_ins::opened),
            _ => None,
        }
    }
}
