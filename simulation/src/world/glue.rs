//! How the functions are put together here: the one file that knows how they are made.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use axum::Router;
use console::{Console, TokenSource};
use domain::{Approver, StateStore};
use ingest::{Ingest, SecretsSource};
use processor::{Parts, Processor};
use settings::{ConsoleToken, Environment, Settings};
use sweeper::{Notices, Sweeper};
use telemetry::Metrics;

use super::model::Thinking;
use super::{Ports, THREADS_LOGIN};
use crate::scenario::{Credential, Policy};

/// Who may decide: names and tokens of the console, and accounts of the channel.
pub(crate) const PEOPLE: [(&str, &str, &str); 2] = [
    ("ada", "the-token-of-ada-long-enough-to-be-one", "U0ADA"),
    ("bob", "the-token-of-bob-long-enough-to-be-one", "U0BOB"),
];

/// Name and token of the one who requests tasks, and so does not decide about them.
pub(crate) const REQUESTER: (&str, &str) = ("cy", "the-token-of-cy-long-enough-to-be-one");

thread_local! {
    /// Reading an agent.toml takes as long as a tenth of a run.
    static READ: RefCell<BTreeMap<Policy, Arc<Settings>>> = const { RefCell::new(BTreeMap::new()) };
}

/// The agent.toml of a run.
fn settings(policy: &Policy) -> Arc<Settings> {
    if let Some(known) = READ.with_borrow(|read| read.get(policy).cloned()) {
        return known;
    }
    let text = agent_toml(policy);
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("agent");
    let settings = Settings::parse(&text, &dir).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let settings = Arc::new(settings);
    READ.with_borrow_mut(|read| read.insert(policy.clone(), Arc::clone(&settings)));
    settings
}

/// The key of an app that exists nowhere.
const APP_KEY: &str = include_str!("../../../shared/github/tests/fixtures/throwaway-app-key.pkcs8.pem");

/// What a processor finds in its environment, with a token and with an app's key; by how many there may be of each lane.
static ENVIRONMENTS: LazyLock<[[Environment; 2]; 7]> =
    LazyLock::new(|| std::array::from_fn(|each| [false, true].map(|is_app| environment(is_app, each))));

/// Of `each` lane so many processors; none for no bound.
fn environment(is_app: bool, each: usize) -> Environment {
    let (lanes, each) =
        (["EXPRESS_CONCURRENCY", "STANDARD_CONCURRENCY", "BULK_CONCURRENCY"], each.to_string());
    let bounds = lanes.into_iter().filter(|_| each != "0").map(|lane| (lane, each.as_str()));
    let always = [("GEMINI_API_KEY", "simulated"), ("SLACK_BOT_TOKEN", "xoxb-simulated")];
    let github: &[(&str, &str)] = if is_app {
        &[("GITHUB_APP_ID", "1"), ("GITHUB_APP_PRIVATE_KEY", APP_KEY)]
    } else {
        &[("GITHUB_TOKEN", "ghp_simulated")]
    };
    Environment::from_map(always.iter().chain(github).copied().chain(bounds))
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn agent_toml(policy: &Policy) -> String {
    let Policy {
        approval,
        history,
        sorts,
        expires,
        replies,
        asks_channel,
        budget_cents,
        tenant_cents,
        rpm,
        tpm,
        rpd,
        output_tokens,
        calls_per_host,
        concurrency,
    } = policy;
    let bound = |key, cents: &Option<u32>| {
        cents.map(|cents| format!("{key} = {:?}\n", f64::from(cents) / 100.0)).unwrap_or_default()
    };
    let budget = bound("per_day_usd", budget_cents) + &bound("per_tenant_day_usd", tenant_cents);
    let tpm = tpm.map(|tpm| format!("tpm = {tpm}\n")).unwrap_or_default();
    let rpd = rpd.map(|rpd| format!("rpd = {rpd}\n")).unwrap_or_default();
    let concurrency = concurrency.map(|calls| format!("concurrency = {calls}\n")).unwrap_or_default();
    let limits = ["gemini-flash-lite-latest", "gemini-pro-latest", "gemini-flash-latest"]
        .map(|model| format!("[models.limits.\"{model}\"]\nrpm = {rpm}\n{tpm}{rpd}{concurrency}"))
        .concat();
    let intent = if *sorts {
        "[[intents]]\nname = \"bug_report\"\nwhen = \"something is broken\"\nautomation = \"reply\"\n"
    } else {
        ""
    };
    let channel = if *asks_channel {
        "[approvals.slack]\nchannel = \"C0APPROVALS\"\napprovers = [\"U0ADA\", \"U0BOB\"]\n"
    } else {
        ""
    };
    format!(
        r#"
[agent]
name = "simulated"
persona = "persona.md"
history = {history}
approval = "{approval}"
approval_expires = "{expires}"
[api]
callback_hosts = ["hooks.example.com"]
{channel}
[models.generation]
max_output_tokens = {output_tokens}
{limits}
[budget]
{budget}per_thread_replies_per_hour = {replies}
[automations]
calls_per_host = {calls_per_host}
[sources.github]
login = "{THREADS_LOGIN}"
events = ["issues.opened", "issue_comment.created"]
[sources.slack]
{intent}
"#
    )
}

impl Ports {
    fn settings(&self) -> Arc<Settings> {
        settings(&self.world.scenario.policy)
    }

    /// A processor in this environment.
    pub(crate) fn processor(self: &Arc<Self>) -> Arc<Processor> {
        let settings = self.settings();
        let scenario = &self.world.scenario;
        let environment = &ENVIRONMENTS[scenario.lane_bounds.unwrap_or_default()]
            [usize::from(scenario.credential == Credential::App)];
        let (clock, jitter) = (self.world.clock(self.env), self.world.jitter(self.env));
        let services = wiring::services(&settings, environment, &clock)
            .unwrap_or_else(|error| panic!("there are not all clients: {error}"));
        let state = Arc::clone(self) as Arc<dyn StateStore>;
        let plane =
            processor::gemini(&settings, environment, state, clock.clone(), jitter.clone(), Metrics::none())
                .unwrap_or_else(|error| panic!("there is no model: {error}"));
        let parts = Parts {
            stores: self.stores(),
            model: Arc::new(Thinking { ports: Arc::clone(self), plane }),
            services,
            clock,
            jitter,
            metrics: Metrics::none(),
        };
        let processor = Processor::new(&settings, processor::registry(), parts)
            .unwrap_or_else(|error| panic!("the processor cannot be made: {error}"));
        let asks = self.world.scenario.policy.asks_channel;
        let approver = asks.then(|| Arc::clone(self) as Arc<dyn Approver>);
        Arc::new(processor.with_approver(approver))
    }

    /// The routes of ingest in this environment.
    pub(crate) fn webhooks(self: &Arc<Self>) -> Router {
        let settings = self.settings();
        let secrets = SecretsSource::kept(self.keeper());
        let clock = self.world.clock(self.env);
        let sources = settings.sources.values();
        let ingest = Ingest::new(self.stores(), sources, secrets, clock, Metrics::none());
        let ingest = ingest.with_approvals(&settings);
        ingest::router(Arc::new(ingest))
    }

    /// The routes of the console in this environment.
    pub(crate) fn console(self: &Arc<Self>) -> Router {
        let people = PEOPLE.map(|(name, token, _)| (format!("{name}/read+decide"), token));
        let requester = (format!("{}/submit", REQUESTER.0), REQUESTER.1);
        let tokens: Vec<ConsoleToken> = people
            .into_iter()
            .chain([requester])
            .map(|(who, token)| format!("{who}:{token}").parse().unwrap_or_else(|why| panic!("{who}: {why}")))
            .collect();
        let clock = self.world.clock(self.env);
        let console = Console::new(self.stores(), TokenSource::fixed(&tokens), clock);
        console::router(Arc::new(console.with_settings(&self.settings())))
    }

    /// A sweeper in this environment.
    pub(crate) fn sweeper(self: &Arc<Self>) -> (Sweeper, Notices) {
        let (stores, clock) = (self.stores(), self.world.clock(self.env));
        let jitter = self.world.jitter(self.env);
        let sweeper = Sweeper { stores: stores.clone(), clock: clock.clone(), metrics: Metrics::none() };
        (sweeper, Notices { stores, clock, jitter })
    }
}
