//! From a seed to a scenario.

use std::time::Duration;

use domain::Lane;
use fastrand::Rng;

use super::{ApiTask, Credential, Happening, Kind, Nature, Policy, Scenario, Webhook};
use crate::world::{GIVE, Mishap, Port, SPEND, Which, Window};

/// Everything is sent within this, minutes.
const SPAN: std::ops::RangeInclusive<u64> = 3..=40;
/// How long a new comment may be missing in listings.
const MAX_LAG: Duration = Duration::from_secs(8);
/// Likewise where that is longer than the minute after which the ledger looks for a proof.
const UNSEEN: Duration = Duration::from_secs(180);
/// Of a thousand comments whose answers are lost, those that a person deletes there.
const DELETED: u32 = 200;
/// Events of a run.
const EVENTS: std::ops::RangeInclusive<usize> = 2..=9;

impl Scenario {
    /// The scenario of `seed`: always the same.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut lot = Rng::with_seed(seed);
        let span = Duration::from_secs(60 * lot.u64(SPAN));
        let storm = storm(&mut lot, span);
        let end = storm.map_or(span, |storm| storm.until.max(span));
        let calm = end + Duration::from_secs(lot.u64(60..1_200));
        let rough = lot.u32(0..4);
        let of_rough = |each: u32| rough * each;
        let max_skew = skew(&mut lot);
        let ordinary = Self {
            seed,
            policy: Policy { calls_per_host: calls_per_host(seed), ..policy(&mut lot) },
            plan: plan(&mut lot, span),
            weather: storm.into_iter().chain(weather(&mut lot, rough, calm)).collect(),
            calm,
            max_skew,
            processors: lot.usize(1..=3),
            is_lambda: lot.bool(),
            retired_per_mille: retired_per_mille(seed),
            stalled_per_mille: stalled_per_mille(seed),
            lane_bounds: None,
            is_one_process: false,
            stale_per_mille: of_rough(150),
            late_per_mille: of_rough(60),
            doubled_per_mille: of_rough(50),
            lost_per_mille: of_rough(40),
            held_up_per_mille: of_rough(40),
            max_lag: MAX_LAG,
            deleted_per_mille: 0,
            damaged_per_mille: choose(&mut lot, &[0, 0, 0, 5]),
            retried_per_mille: choose(&mut lot, &[400, 400, 900]),
            credential: credential(lot.u32(0..4), seed),
        };
        let concurrency = concurrency(seed, ordinary.processors);
        let policy = Policy { concurrency, tpm: tpm(seed), sorts: sorts(seed), ..ordinary.policy };
        let ordinary = Self { lane_bounds: Some(ordinary.processors), policy, ..ordinary };
        match lot.u32(0..12) {
            0 => lose_bodies(&mut lot, ordinary),
            1 if lot.bool() => ask_alone(&mut lot, ordinary),
            1 => revive_late(&mut lot, ordinary),
            _ => with_more_budgets(ordinary),
        }
    }

    /// The same in a world that no ledger can see through: comments are missing in listings for longer than a proof is waited
    /// for, and people delete comments whose answers were lost.
    #[must_use]
    pub fn without_proof(self) -> Self {
        Self { max_lag: UNSEEN, deleted_per_mille: DELETED, ..self }
    }
}

/// Half of the runs have a person's token, and an eighth a token whose account is told by no way.
fn credential(lot: u32, seed: u64) -> Credential {
    match lot {
        0 => Credential::App,
        1 if seed.is_multiple_of(2) => Credential::Installation,
        1 => Credential::Unnamed,
        _ => Credential::Person,
    }
}

/// Nothing happens but that parts of a few tasks are lost on their way, and whoever reads one waits for it. Two minutes
/// after their receipt the sweeper looks at the tasks for the first time, and the senders' next tries come while what it
/// sends is worked on. A try writes two parts, the happening's and the body: about one in four makes a task without a
/// body, and two in five complete it, so that one in four is completed between the look for its body and what is made of
/// that.
fn lose_bodies(lot: &mut Rng, mut scenario: Scenario) -> Scenario {
    scenario.plan.truncate(6);
    for (_, what) in &mut scenario.plan {
        if let Happening::Webhook(webhook) = what {
            let after_first_look = Duration::from_millis(lot.u64(120_300..122_000));
            let meanwhile = [Duration::from_millis(1_500); 7];
            let late = [60, 600].map(Duration::from_secs);
            webhook.tries = [after_first_look].into_iter().chain(meanwhile).chain(late).collect();
        }
    }
    let all_along = Duration::ZERO..scenario.calm;
    let lost = failing(all_along.clone(), Port::Payloads, Which::Writes, 350);
    let read = failing(all_along, Port::Payloads, Which::Reads, 1_000);
    let awaited = Window { mishap: Some(Mishap::Slow), ..read };
    scenario.weather = vec![lost, awaited];
    scenario
}

/// Nothing happens but that what is shared of the models takes no write for a while, and all that can. The one environment
/// that works keeps to its share of the day's requests, which is all of them. What it asks meanwhile counts afterwards.
fn ask_alone(lot: &mut Rng, scenario: Scenario) -> Scenario {
    let mut ask = |minutes: std::ops::Range<u64>| {
        let task = ApiTask {
            priority: 5,
            callback: false,
            tries: vec![Duration::from_secs(60); 8],
            nature: Nature::default(),
        };
        (
            Duration::from_millis(lot.u64(minutes.start * 60_000..minutes.end * 60_000)),
            Happening::ApiTask(task),
        )
    };
    let meanwhile: Vec<_> = (0..3).map(|_| ask(0..10)).collect();
    let afterwards: Vec<_> = (0..6).map(|_| ask(20..30)).collect();
    Scenario {
        policy: Policy {
            approval: "never",
            asks_channel: false,
            budget_cents: None,
            tenant_cents: None,
            rpm: 30,
            tpm: None,
            rpd: Some(6),
            concurrency: None,
            ..scenario.policy
        },
        plan: meanwhile.into_iter().chain(afterwards).collect(),
        weather: vec![failing(
            Duration::ZERO..Duration::from_secs(900),
            Port::State,
            Which::Named("swap"),
            1_000,
        )],
        calm: Duration::from_secs(2_400),
        max_skew: Duration::ZERO,
        processors: 1,
        retired_per_mille: 0,
        stalled_per_mille: 0,
        lane_bounds: None,
        stale_per_mille: 0,
        doubled_per_mille: 0,
        lost_per_mille: 0,
        damaged_per_mille: 0,
        retried_per_mille: 0,
        ..scenario
    }
}

/// Nothing happens but that bodies are lost on their way, until their tasks have failed for it; and that the senders' next
/// tries, which store them, cannot all give the tasks a new life: another try has to.
fn revive_late(lot: &mut Rng, mut scenario: Scenario) -> Scenario {
    let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
    let again = [minutes(45), minutes(1), minutes(1), minutes(10), minutes(10)];
    scenario.plan.retain(|(_, what)| matches!(what, Happening::Webhook(_) | Happening::ApiTask(_)));
    scenario.plan.truncate(6);
    for (at, what) in &mut scenario.plan {
        *at = within(lot, minutes(2));
        match what {
            Happening::Webhook(webhook) => webhook.tries = again.to_vec(),
            Happening::ApiTask(task) => task.tries = again.to_vec(),
            _ => {}
        }
    }
    let lost = failing(Duration::ZERO..minutes(10), Port::Payloads, Which::Writes, 500);
    let unwritten = failing(minutes(44)..minutes(48), Port::Tasks, Which::Writes, 600);
    Scenario { weather: vec![lost, unwritten], calm: minutes(60), ..scenario }
}

/// A time in which so many of a thousand operations fail, and do nothing.
fn failing(time: std::ops::Range<Duration>, port: Port, which: Which, per_mille: u32) -> Window {
    let std::ops::Range { start: from, end: until } = time;
    Window { from, until, port, which, mishap: Some(Mishap::FailBefore), per_mille }
}

fn choose<T: Copy>(lot: &mut Rng, of: &[T]) -> T {
    of[lot.usize(..of.len())]
}

fn policy(lot: &mut Rng) -> Policy {
    let policy = Policy {
        approval: choose(lot, &["always", "low_confidence", "never"]),
        history: choose(lot, &[0, 2, 5]),
        sorts: true,
        expires: choose(lot, &["10m", "10m", "2h", "2h", "13d"]),
        replies: choose(lot, &[2, 50]),
        asks_channel: lot.bool(),
        budget_cents: Some(500),
        tenant_cents: None,
        rpm: choose(lot, &[3, 30, 30]),
        tpm: None,
        rpd: None,
        output_tokens: 16_384,
        calls_per_host: 1,
        concurrency: None,
    };
    // Much may be set aside for long answers: what is scarce is scarce for short ones.
    if lot.bool() {
        return policy;
    }
    Policy { budget_cents: Some(choose(lot, &[15, 500])), output_tokens: 512, ..policy }
}

/// So few that a run's receivers come up against it. From a lot of its own: it came later than what else is drawn, which is
/// as it was.
fn calls_per_host(seed: u64) -> u32 {
    Rng::with_seed(!seed).u32(1..=2)
}

/// In a third of the runs each environment's share is one call or two. From a lot of its own, as [`calls_per_host`].
fn concurrency(seed: u64, processors: usize) -> Option<u32> {
    let each = Rng::with_seed(seed.rotate_left(16)).choice([0, 0, 0, 0, 1, 2]).unwrap_or_default();
    let environments = u32::try_from(processors * Lane::ALL.len()).unwrap_or(1);
    (each > 0).then_some(each * environments)
}

/// In a quarter of the runs so many tokens a minute that they bind where there is much to say. From a lot of its own, as
/// [`calls_per_host`].
fn tpm(seed: u64) -> Option<u64> {
    Rng::with_seed(!seed.rotate_left(16)).choice([0, 0, 0, 0, 0, 0, 2_000, 6_000]).filter(|tpm| *tpm > 0)
}

/// In an eighth of the runs there is nothing to sort by. From a lot of its own, as [`calls_per_host`].
fn sorts(seed: u64) -> bool {
    Rng::with_seed(!seed.rotate_left(32)).u32(0..8) > 0
}

/// In an eighth of the runs a tenant's day has a bound of its own, and in a sixteenth a wide fleet keeps the day's money in
/// shards. From a lot of its own, as [`calls_per_host`].
fn with_more_budgets(ordinary: Scenario) -> Scenario {
    let mut lot = Rng::with_seed(ordinary.seed.rotate_left(48));
    let tenant_cents =
        ordinary.policy.budget_cents.filter(|_| lot.u32(0..8) == 0).map(|cents| cents.min(300));
    let policy = Policy { tenant_cents, ..ordinary.policy.clone() };
    let scenario = Scenario { policy, ..ordinary };
    if lot.u32(0..16) == 0 { in_shards(&mut lot, scenario) } else { scenario }
}

/// Many long answers of a fleet that is so wide that it keeps the day's money in shards, and with six processors a lane what
/// it knows of a model, too. What the whole gives is given for ten minutes without its being heard, most times; later
/// a shard does not always hear that it was written down.
fn in_shards(lot: &mut Rng, mut scenario: Scenario) -> Scenario {
    let (processors, rpm) = choose(lot, &[(4, 30), (4, 3_000), (6, 3_000)]);
    for number in 0..12 {
        let task = ApiTask {
            priority: 1 + number % 5,
            callback: false,
            tries: vec![Duration::from_secs(60); 8],
            nature: Nature::default(),
        };
        scenario.plan.push((within(lot, Duration::from_secs(900)), Happening::ApiTask(task)));
    }
    let calm = scenario.calm.max(Duration::from_secs(1_200));
    let unheard = |time, name, per_mille| Window {
        mishap: Some(Mishap::FailAfter),
        ..failing(time, Port::State, Which::Named(name), per_mille)
    };
    let given = unheard(Duration::ZERO..Duration::from_secs(600), GIVE, 600);
    let had = unheard(Duration::ZERO..calm, SPEND, 100);
    Scenario {
        policy: Policy {
            budget_cents: Some(2_000),
            tenant_cents: scenario.policy.tenant_cents.map(|_| 1_000),
            output_tokens: 16_384,
            rpm,
            concurrency: None,
            ..scenario.policy
        },
        weather: [given, had].into_iter().chain(scenario.weather).collect(),
        calm,
        processors,
        lane_bounds: Some(processors),
        ..scenario
    }
}

/// In every other run, environments end while they are warm. From a lot of its own, as [`calls_per_host`].
fn retired_per_mille(seed: u64) -> u32 {
    Rng::with_seed(seed.rotate_left(32)).choice([0, 300]).unwrap_or_default()
}

/// In a quarter of the runs, processors stand still for long at the last moment before they publish. Likewise.
fn stalled_per_mille(seed: u64) -> u32 {
    Rng::with_seed(seed.rotate_left(40)).choice([0, 0, 0, 150]).unwrap_or_default()
}

/// Now and then, one thing is out of order for long.
fn storm(lot: &mut Rng, span: Duration) -> Option<Window> {
    let (port, which) = match lot.u32(0..16) {
        0 | 1 => (Port::Threads, Which::Writes),
        2 => (Port::Payloads, Which::Writes),
        3 => (Port::State, Which::All),
        _ => return None,
    };
    let from = within(lot, span);
    let until = from + Duration::from_secs(lot.u64(600..3_000));
    Some(failing(from..until, port, which, 1_000))
}

fn skew(lot: &mut Rng) -> Duration {
    Duration::from_secs(choose(lot, &[0, 0, 2, 8, 120]))
}

fn within(lot: &mut Rng, span: Duration) -> Duration {
    Duration::from_millis(lot.u64(0..u64::try_from(span.as_millis()).unwrap_or(1).max(1)))
}

fn plan(lot: &mut Rng, span: Duration) -> Vec<(Duration, Happening)> {
    let threads = lot.u64(1..=3);
    let mut plan = Vec::new();
    for _ in 0..lot.usize(EVENTS) {
        let event = if lot.u32(0..5) == 0 {
            Happening::ApiTask(api_task(lot))
        } else {
            Happening::Webhook(webhook(lot, threads))
        };
        plan.push((within(lot, span), event));
        // People in a hurry say the rest a little later.
        if lot.u32(0..5) == 0
            && let Some((at, Happening::Webhook(first))) = plan.last().cloned()
        {
            for more in 1..=lot.u64(1..=7) {
                let webhook = Webhook { kind: Kind::Comment, ..first.clone() };
                plan.push((at + Duration::from_secs(more), Happening::Webhook(webhook)));
            }
        }
    }
    for _ in 0..lot.usize(0..5) {
        let at = within(lot, span);
        let what = match lot.u32(0..9) {
            0 => Happening::Lock { thread: lot.u64(1..=threads) },
            1 => Happening::Close { thread: lot.u64(1..=threads) },
            2 if !plan.iter().any(|(_, what)| *what == Happening::Rotate) => Happening::Rotate,
            2..=4 => Happening::Kill,
            8 => Happening::Rename,
            _ => Happening::Freeze { time: Duration::from_secs(lot.u64(1..420)) },
        };
        plan.push((at, what));
    }
    plan
}

fn tries(lot: &mut Rng) -> Vec<Duration> {
    // The last one comes while the sweeper's first message for the task is on its way.
    let around_first_look = &[116, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 60, 600][..];
    let of =
        [&[][..], &[60, 300][..], &[1, 60, 300][..], &[5, 5, 20, 120, 600, 1_200][..], around_first_look];
    choose(lot, &of).iter().map(|seconds| Duration::from_secs(*seconds)).collect()
}

fn nature(lot: &mut Rng) -> Nature {
    Nature {
        unsure: lot.u32(0..4) == 0,
        spam: lot.u32(0..20) == 0,
        blocked: lot.u32(0..25) == 0,
        poison: lot.u32(0..60) == 0,
    }
}

fn webhook(lot: &mut Rng, threads: u64) -> Webhook {
    Webhook {
        thread: lot.u64(1..=threads),
        actor: choose(lot, &["mona", "mona", "kim"]),
        kind: choose(lot, &[Kind::Opened, Kind::Comment, Kind::Comment]),
        tries: tries(lot),
        replays: lot.u32(0..8) == 0,
        nature: nature(lot),
    }
}

fn api_task(lot: &mut Rng) -> ApiTask {
    let tries = std::iter::repeat_n(Duration::from_secs(lot.u64(1..60)), 8).collect();
    ApiTask { priority: lot.u8(1..=5), callback: lot.u32(0..4) != 0, tries, nature: nature(lot) }
}

/// A little of everything all the time, and now and then much of one thing.
fn weather(lot: &mut Rng, rough: u32, calm: Duration) -> Vec<Window> {
    let mut weather = Vec::new();
    for _ in 0..lot.u32(0..4) {
        let from = within(lot, calm);
        let until = (from + Duration::from_secs(lot.u64(10..500))).min(calm);
        let mishap = match lot.u32(0..6) {
            0 => Some(Mishap::FailAfter),
            1 => Some(Mishap::Hang),
            2 => Some(Mishap::Twice),
            _ => Some(Mishap::FailBefore),
        };
        let which = choose(lot, &[Which::All, Which::Writes, Which::Reads]);
        let per_mille = choose(lot, &[300, 700, 1_000]);
        weather.push(Window { from, until, port: choose(lot, &Port::ALL), which, mishap, per_mille });
    }
    let everywhere = [0, 4, 15, 40][rough as usize % 4];
    weather.extend(Port::ALL.map(|port| Window {
        from: Duration::ZERO,
        until: calm,
        port,
        which: Which::All,
        mishap: None,
        per_mille: everywhere,
    }));
    weather
}
