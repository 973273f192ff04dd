//! `afterhook dev`: the whole system in one process.

#[cfg(feature = "aws")]
pub(crate) mod aws;
mod backend;
mod banner;
mod deliveries;
mod demo;
pub(crate) mod runner;
pub(crate) mod sample;
mod server;
mod simulated_model;
mod stage;
mod start;
mod watch;
mod world;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

use domain::API_SOURCE;
use settings::{Environment, Mistakes, Settings, Variables};
use telemetry::{Format, Output};

pub use backend::Backend;
pub(crate) use backend::Storage;
pub use start::{Dev, Running, start};
pub use world::Service;
pub(crate) use world::{is_here, model};

use crate::dev_secrets::DevSecrets;
use crate::shutdown::{Shutdown, goodbye};
use crate::{DevArgs, Failure};

/// What becomes of it all when `dev` stops.
const KEPT: &str = "what is under way goes on at the next start";

/// Runs `dev` until Ctrl-C, or until the sample task has ended.
pub(crate) async fn command(args: DevArgs) -> Result<ExitCode, Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    let format = if args.json { Format::Json } else { Format::Pretty };
    let filter = environment.log.clone().unwrap_or_else(|| quiet(&args).to_owned());
    telemetry::init(format, Output::Stderr, Some(&filter))
        .map_err(|error| Failure::at("AFTERHOOK_LOG", error))?;
    if args.demo {
        return demo::command(&args).await;
    }
    let dev = prepare(&args, environment)?;
    let mut running = Box::pin(start(dev)).await?;
    let mut shutdown = Shutdown::heard()?;
    banner::print(&running, args.json);
    let received = std::mem::take(&mut running.received);
    let mut is_asked = false;
    let ended = tokio::select! {
        ended = play(&args, &running) => ended,
        never = watch::received(received, args.json) => match never {},
        never = watch::refused(&running, args.json || args.once) => match never {},
        never = deliveries::show(&running, args.json) => match never {},
        () = shutdown.requested() => {
            is_asked = true;
            Ok(ExitCode::SUCCESS)
        }
    };
    running.stop().await;
    if is_asked {
        goodbye(KEPT);
    }
    ended
}

/// People read the progress on standard output, and what is logged on the same terminal, or into the same file, cuts through it;
/// machines, and whoever keeps the log of a server, want every line. What fails in the demo is told by it.
fn quiet(args: &DevArgs) -> &'static str {
    let is_story = args.once || std::io::stderr().is_terminal();
    match (args.json, args.demo, is_story) {
        (true, ..) => "info",
        (false, true, _) => "off",
        (false, false, true) => "warn",
        (false, false, false) => "warn,processor=info,sweeper=info",
    }
}

/// Sends the sample and shows what becomes of it. Then goes on, unless `--once` was said.
async fn play(args: &DevArgs, running: &Running) -> Result<ExitCode, Failure> {
    let ended_well = if args.no_sample { true } else { watch::sample(args, running).await? };
    if args.once {
        return Ok(if ended_well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    std::future::pending().await
}

/// Reads agent.toml, and makes up the secrets that the environment lacks.
fn prepare(args: &DevArgs, mut environment: Environment) -> Result<Dev, Failure> {
    let path = args.config.path.clone().unwrap_or_else(|| environment.config_path());
    // The environment is checked too: a missing variable is reported at the line of agent.toml that wants it.
    let settings = knowing(|automations| Settings::load_in(&path, automations, &Variables::read()))?;
    std::fs::create_dir_all(&args.data_dir.path).map_err(|error| {
        Failure::at(format!("the data directory {}", args.data_dir.path.display()), error)
    })?;
    keep_apart(&args.data_dir.path)?;
    let made_up = make_up(&args.data_dir.path, &settings, &mut environment)?;
    let backend = backend(args, &environment)?;
    Ok(Dev {
        settings,
        environment,
        backend,
        data_dir: Some(args.data_dir.path.clone()),
        port: args.port,
        made_up,
    })
}

/// Wherever `dev` runs, git leaves its data alone: there are secrets in it, and what people wrote.
fn keep_apart(data_dir: &Path) -> Result<(), Failure> {
    let path = data_dir.join(".gitignore");
    if path.exists() {
        return Ok(());
    }
    std::fs::write(&path, "*\n").map_err(|error| Failure::at(path.display(), error))
}

#[cfg(feature = "aws")]
#[expect(clippy::unnecessary_wraps, reason = "fails where the feature is off")]
fn backend(args: &DevArgs, environment: &Environment) -> Result<Backend, Failure> {
    Ok(if args.aws {
        Backend::Aws(Box::new(environment.clone()))
    } else {
        Backend::Sqlite(args.data_dir.path.clone())
    })
}

#[cfg(not(feature = "aws"))]
fn backend(args: &DevArgs, _: &Environment) -> Result<Backend, Failure> {
    if args.aws {
        return Err(Failure::misspelt("--aws is not built in: use `cargo run --features aws -- dev --aws`"));
    }
    Ok(Backend::Sqlite(args.data_dir.path.clone()))
}

/// agent.toml, checked against the automations that there are.
pub(crate) fn load(path: &Path) -> Result<Settings, Failure> {
    knowing(|automations| Settings::load_for(path, automations))
}

fn knowing(load: impl FnOnce(&[&str]) -> Result<Settings, Mistakes>) -> Result<Settings, Failure> {
    let registry = processor::registry();
    let automations: Vec<&str> = registry.names().collect();
    load(&automations).map_err(|mistakes| Failure::mistakes(&mistakes))
}

/// Makes up a signing secret for every source that has none, and a console token if there is none. Returns them by
/// the names of their variables, for the banner.
pub(super) fn make_up(
    data_dir: &Path,
    settings: &Settings,
    environment: &mut Environment,
) -> Result<Vec<(String, String)>, Failure> {
    let failed = |error| Failure::at("the made-up secrets", error);
    let mut store = DevSecrets::read(data_dir).map_err(failed)?;
    let mut made = Vec::new();
    // What is posted to a `callback_url` is signed like a webhook.
    let callbacks = (!settings.api.callback_hosts.is_empty()).then_some(API_SOURCE);
    for source in settings.sources.keys().map(String::as_str).chain(callbacks) {
        if environment.secrets_for(source).is_none() {
            let variable = settings::variable_of(source);
            let secret = store.get_or_make(&variable).map_err(failed)?;
            environment.set_secret(source, &secret);
            made.push((variable, secret));
        }
    }
    if environment.console_tokens.is_empty() {
        let token = store.get_or_make("CONSOLE_TOKEN").map_err(failed)?;
        let line = format!("dev:{token}");
        let parsed = line.parse().map_err(|why| Failure::at("the made-up CONSOLE_TOKEN", why))?;
        environment.console_tokens.push(parsed);
        made.push(("CONSOLE_TOKEN".to_owned(), line));
    }
    Ok(made)
}
