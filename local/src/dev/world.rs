//! The outside world of `dev`: the real services where there are credentials or addresses, stand-ins
//! for the rest.

use std::io;
use std::net::TcpListener as StdListener;
use std::path::Path;
use std::thread;

use domain::Clock;
use settings::Environment;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::Failure;
use crate::standin::gemini::GeminiStandin;
use crate::standin::github::GithubStandin;

/// One outside service, for the banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a stand-in.
    pub standin: bool,
    /// Where it is.
    pub address: String,
    /// How to have the real one.
    pub hint: &'static str,
}

const GEMINI_HINT: &str = "set GEMINI_API_KEY for the real one";
const GITHUB_HINT: &str = "set GITHUB_TOKEN for the real one";

/// Starts the stand-ins that `environment` has nothing for, and points it at them.
pub(super) fn populate(
    environment: &mut Environment,
    data_dir: Option<&Path>,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> Result<Vec<Service>, Failure> {
    let gemini = gemini(environment, clock, tasks)?;
    let github = github(environment, data_dir, clock, tasks)?;
    Ok(vec![gemini, github])
}

fn gemini(environment: &mut Environment, clock: &Clock, tasks: &mut JoinSet<()>) -> Result<Service, Failure> {
    let real = environment.gemini_api_key.is_some() || environment.gemini_base_url.is_some();
    if real {
        let address = environment.gemini_base_url.clone();
        let address = address.unwrap_or_else(|| gemini::DEFAULT_BASE_URL.to_owned());
        return Ok(Service { name: "Gemini", standin: false, address, hint: GEMINI_HINT });
    }
    let (listener, address) = listen()?;
    let standin = GeminiStandin::builder().clock(clock.clone()).build();
    serve_apart("Gemini", listener, tasks, |listener| async move { standin.serve(listener).await })?;
    environment.gemini_base_url = Some(address.clone());
    environment.gemini_api_key = Some("standin".to_owned().into());
    Ok(Service { name: "Gemini", standin: true, address, hint: GEMINI_HINT })
}

fn github(
    environment: &mut Environment,
    data_dir: Option<&Path>,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> Result<Service, Failure> {
    if environment.github.is_some() || environment.github_api_url.is_some() {
        let address = environment.github_api_url.clone();
        let address = address.unwrap_or_else(|| github::Config::default().base_url);
        return Ok(Service { name: "GitHub", standin: false, address, hint: GITHUB_HINT });
    }
    let (listener, address) = listen()?;
    let standin = match data_dir {
        Some(dir) => GithubStandin::builder()
            .clock(clock.clone())
            .journal(dir.join("github.jsonl"))
            .build()
            .map_err(|error| Failure::at("the GitHub stand-in's comments", error))?,
        None => GithubStandin::new(),
    };
    serve_apart("GitHub", listener, tasks, |listener| async move { standin.serve(listener).await })?;
    environment.github_api_url = Some(address.clone());
    environment.github = Some(settings::GithubCredentials::Token("standin".to_owned().into()));
    Ok(Service { name: "GitHub", standin: true, address, hint: GITHUB_HINT })
}

fn listen() -> Result<(StdListener, String), Failure> {
    let failed = |error| Failure::at("a port for a stand-in", error);
    let listener = StdListener::bind(("127.0.0.1", 0)).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

/// Serves on a thread of its own until `tasks` is shut down: what a stand-in thinks about must not
/// keep webhooks waiting, as it would not in the real world.
fn serve_apart<S, F>(
    name: &'static str,
    listener: StdListener,
    tasks: &mut JoinSet<()>,
    serve: S,
) -> Result<(), Failure>
where
    S: FnOnce(TcpListener) -> F + Send + 'static,
    F: Future<Output = io::Result<()>>,
{
    let (alive, ended) = oneshot::channel::<()>();
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let served = runtime.and_then(|runtime| {
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener)?;
                tokio::select! {
                    served = serve(listener) => served,
                    _ = ended => Ok(()),
                }
            })
        });
        if let Err(problem) = served {
            tracing::error!(name, %problem, "the stand-in stopped");
        }
    };
    let thread = thread::Builder::new().name(format!("{name} stand-in")).spawn(work);
    thread.map_err(|error| Failure::at("a thread for a stand-in", error))?;
    tasks.spawn(async move {
        let _alive = alive;
        std::future::pending::<()>().await;
    });
    Ok(())
}
