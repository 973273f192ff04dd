//! What went wrong for each environment: what invariants make allowance for, there and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use domain::Timestamp;

use super::{EnvId, Port, lock};

/// By environment.
#[derive(Default)]
pub(crate) struct Troubles(Mutex<BTreeMap<EnvId, Trouble>>);

/// What went wrong for one of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trouble {
    /// Whose operations met with a mishap.
    pub(crate) ports: BTreeSet<Port>,
    /// When an operation of the state store last did.
    pub(crate) state_at: Option<Timestamp>,
    /// Until when it last stood still.
    pub(crate) still_until: Option<Timestamp>,
    /// When it last began to write what was left of its batch.
    pub(crate) left_at: Option<Timestamp>,
    /// The last write of its figures was not made, as far as it knows.
    pub(crate) owes_figures: bool,
}

impl Troubles {
    pub(crate) fn of(&self, env: EnvId) -> Trouble {
        lock(&self.0).get(&env).cloned().unwrap_or_default()
    }

    fn change(&self, env: EnvId, change: impl FnOnce(&mut Trouble)) {
        change(lock(&self.0).entry(env).or_default());
    }

    /// An operation of `port` meets with a mishap.
    pub(crate) fn met(&self, env: EnvId, port: Port, now: Timestamp) {
        self.change(env, |trouble| {
            trouble.ports.insert(port);
            if port == Port::State {
                trouble.state_at = Some(now);
            }
        });
    }

    pub(crate) fn stands_still(&self, env: EnvId, until: Timestamp) {
        self.change(env, |trouble| trouble.still_until = trouble.still_until.max(Some(until)));
    }

    pub(crate) fn writes_left(&self, env: EnvId, now: Timestamp) {
        self.change(env, |trouble| trouble.left_at = Some(now));
    }

    pub(crate) fn owes_figures(&self, env: EnvId, owes: bool) {
        self.change(env, |trouble| trouble.owes_figures = owes);
    }
}
