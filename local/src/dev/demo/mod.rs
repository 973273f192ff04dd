//! `dev --demo`: thirty events of three senders, an outage of the model, and a crash in the middle of posting.
//!
//! Everything outside is a stand-in, whatever credentials there are: nobody's repository sees a demo. Its clock begins
//! yesterday and is put forward between the chapters, so that what takes a day or a minute is shown in a second. At the end it
//! is that of everybody, and the system goes on as `dev` does.

mod cast;
mod clock;
mod events;
mod story;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use settings::{Environment, Settings};
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::slack::SlackStandin;

use super::stage::Stage;
use super::start::start_on;
use super::{Backend, Dev, Running, banner, deliveries, load, make_up};
use crate::shutdown::{Shutdown, goodbye};
use crate::{DevArgs, Failure};
use cast::Cast;
use clock::DemoClock;

/// Below the data directory; it is the demo's own, and made anew by each.
const FOLDER: &str = "demo";
const FILES: [(&str, &str); 3] = [
    ("agent.toml", include_str!("../../../templates/demo/agent.toml")),
    ("prompts/persona.md", include_str!("../../../templates/demo/prompts/persona.md")),
    ("docs/tidepool.md", include_str!("../../../templates/demo/docs/tidepool.md")),
];

/// Plays it, and serves on unless `--once` was said.
pub(super) async fn command(args: &DevArgs) -> Result<ExitCode, Failure> {
    let clock = DemoClock::yesterday();
    let stage = Stage {
        clock: clock.clock(),
        gemini: Some(GeminiStandin::builder().clock(clock.clock()).build()),
        github: Some(standin(GithubStandin::builder().clock(clock.clock()).build())?),
        slack: Some(standin(SlackStandin::builder().clock(clock.clock()).build())?),
    };
    let dev = prepare(args)?;
    let running = Box::pin(start_on(dev, &stage)).await?;
    let mut shutdown = Shutdown::heard()?;
    banner::print(&running, args.json);
    let ended = tokio::select! {
        ended = play(args, &running, &clock, &stage) => ended,
        never = deliveries::show(&running, args.json), if !args.once => match never {},
        () = shutdown.requested() => {
            goodbye("the next demo begins anew");
            Ok(ExitCode::SUCCESS)
        }
    };
    running.stop().await;
    ended
}

fn standin<S>(built: std::io::Result<S>) -> Result<S, Failure> {
    built.map_err(|error| Failure::at("a stand-in", error))
}

async fn play(
    args: &DevArgs,
    running: &Running,
    clock: &DemoClock,
    stage: &Stage,
) -> Result<ExitCode, Failure> {
    let cast = Cast::new(running, clock, stage, args)?;
    let held = story::play(&cast).await?;
    if args.once {
        return Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    std::future::pending().await
}

/// The demo's agent, in a folder of its own, with nothing of the environment but what `dev` makes up.
fn prepare(args: &DevArgs) -> Result<Dev, Failure> {
    let folder = args.data_dir.path.join(FOLDER);
    let settings = agent(&folder)?;
    let mut environment = Environment::default();
    let made_up = make_up(&args.data_dir.path, &settings, &mut environment)?;
    Ok(Dev {
        settings,
        environment,
        backend: Backend::Sqlite(folder.clone()),
        data_dir: Some(folder),
        port: args.port,
        made_up,
    })
}

fn agent(folder: &Path) -> Result<Settings, Failure> {
    let failed = |error| Failure::at(folder.display(), error);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    for (path, text) in FILES {
        let path = folder.join("agent").join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        fs::write(path, text).map_err(failed)?;
    }
    load(&folder.join("agent/agent.toml"))
}
