//! A backlog: many tasks at once, whose processors all die in mid-drain, several times.

use std::time::Duration;

use super::{Credential, Happening, Kind, Nature, Policy, Scenario, Webhook};

/// All of them come within this.
const SPAN: Duration = Duration::from_secs(10);
/// A task takes about a third of a second, as they are drained side by side: so the processors die before half of them
/// are done, times the number of tasks.
const EVERY: Duration = Duration::from_millis(60);
/// Processors of each lane.
const PROCESSORS: usize = 3;

impl Scenario {
    /// So many tasks, each in a thread of its own, and so many deaths of all processors while they are drained.
    #[must_use]
    pub fn backlog(tasks: u32, deaths: u32) -> Self {
        let deaths = (1..=deaths).map(|number| SPAN + EVERY * tasks * number);
        Self::drained(4_500, tasks, deaths.collect())
    }

    /// So many tasks in one process, which is killed so often, once a second.
    #[must_use]
    pub fn restarts(seed: u64, tasks: u32, deaths: u32) -> Self {
        let deaths = (1..=deaths).map(|number| SPAN + Duration::from_secs(number.into()));
        Self { is_lambda: false, is_one_process: true, ..Self::drained(seed, tasks, deaths.collect()) }
    }

    fn drained(seed: u64, tasks: u32, deaths: Vec<Duration>) -> Self {
        let arrivals = (0..tasks).map(|number| {
            let webhook = Webhook {
                thread: u64::from(number) + 1,
                actor: "mona",
                kind: Kind::Opened,
                tries: vec![Duration::from_secs(10); 8],
                replays: false,
                nature: Nature::default(),
            };
            (SPAN.mul_f64(f64::from(number) / f64::from(tasks)), Happening::Webhook(webhook))
        });
        let deaths = deaths.into_iter().map(|at| (at, Happening::KillAll));
        let plan: Vec<_> = arrivals.chain(deaths).collect();
        let calm = plan.last().map_or(SPAN, |(at, _)| *at) + Duration::from_secs(1);
        Self {
            seed,
            policy: policy(),
            plan,
            weather: Vec::new(),
            calm,
            max_skew: Duration::ZERO,
            retired_per_mille: 0,
            stalled_per_mille: 0,
            lane_bounds: None,
            processors: PROCESSORS,
            is_lambda: true,
            is_one_process: false,
            stale_per_mille: 100,
            late_per_mille: 20,
            doubled_per_mille: 20,
            lost_per_mille: 20,
            held_up_per_mille: 0,
            max_lag: Duration::ZERO,
            deleted_per_mille: 0,
            damaged_per_mille: 0,
            retried_per_mille: 0,
            credential: Credential::Person,
        }
    }
}

/// Nothing holds the tasks up but their number.
fn policy() -> Policy {
    Policy {
        approval: "never",
        history: 2,
        sorts: true,
        expires: "2h",
        replies: 50,
        asks_channel: false,
        budget_cents: Some(1_000_000),
        tenant_cents: None,
        rpm: 100_000,
        rpd: None,
        output_tokens: 512,
        calls_per_host: 10,
        tpm: None,
        concurrency: None,
    }
}
