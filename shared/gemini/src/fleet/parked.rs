//! [`Parked`]: a model that refuses whoever asks, or whoever asks with these credentials.

use std::time::Duration;

use domain::{Timestamp, after};
use serde::{Deserialize, Serialize};

use super::policy::Rules;
use crate::failure::{ASK_AGAIN, FailureClass};

/// A probe that is not heard of is followed by the next one after so long.
const PROBE: Duration = Duration::from_secs(180);

/// Why a model is left alone, and until when. Kept for the whole fleet: one call after that time tries again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parked {
    #[serde(rename = "u")]
    pub(crate) until: Timestamp,
    /// Whose call was refused: other credentials are tried at once.
    #[serde(rename = "k")]
    pub(crate) credentials: u32,
    /// By which name the model was called: it may go on under another.
    #[serde(default, rename = "i")]
    pub(crate) name: u32,
    /// Whether another model may be asked meanwhile.
    #[serde(rename = "m")]
    pub(crate) is_of_the_model: bool,
    /// Whether the account has no money left: that rings an alarm of its own.
    #[serde(default, rename = "n", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_for_money: bool,
    /// For people: the service's own words, and how to mend it.
    #[serde(rename = "w")]
    pub(crate) words: String,
    /// Whether other credentials are taken meanwhile: nobody is told of it any more, and those that were refused wait.
    #[serde(default, rename = "o", skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_over: bool,
}

impl Parked {
    /// What a refusal of `class`, in `words`, means for whoever calls under `rules`; `None` if the next call may fare better.
    pub(crate) fn of(class: FailureClass, rules: &Rules, words: String, now: Timestamp) -> Option<Self> {
        let (until, is_of_the_model) = (after(now, class.parks()?), class.is_of_the_model());
        let (Rules { credentials, name, .. }, is_for_money) = (*rules, class == FailureClass::NoMoney);
        Some(Self { until, credentials, name, is_of_the_model, is_for_money, words, is_over: false })
    }

    /// Whether whoever calls under `rules` must wait at `now`.
    pub(crate) fn holds(&self, rules: &Rules, now: Timestamp) -> bool {
        self.concerns(rules) && now < self.ends(rules)
    }

    fn ends(&self, rules: &Rules) -> Timestamp {
        after(self.until, rules.turn)
    }

    pub(crate) fn concerns(&self, rules: &Rules) -> bool {
        self.credentials == rules.credentials && self.is_of_name(rules)
    }

    /// Whether it is about the model as `rules` name it: an answer to them shows that at most other credentials are refused.
    pub(crate) fn is_of_name(&self, rules: &Rules) -> bool {
        !self.is_of_the_model || self.name == rules.name
    }

    /// When a task asks again at `now`: soon, for other credentials may be there. It costs no request while they are not.
    pub(crate) fn asks_at(&self, rules: &Rules, now: Timestamp) -> Timestamp {
        self.ends(rules).min(after(now, ASK_AGAIN))
    }

    /// The one call that tries again goes out: the others wait for what comes of it.
    pub(crate) fn probe(&mut self, now: Timestamp) {
        self.until = after(now, PROBE);
    }
}
