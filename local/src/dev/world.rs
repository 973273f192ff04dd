//! The outside world of `dev`: the real services where there are credentials or addresses, stand-ins
//! for the rest.

use std::path::Path;

use domain::Clock;
use settings::Environment;
use tokio::net::TcpListener;
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
pub(super) async fn populate(
    environment: &mut Environment,
    data_dir: Option<&Path>,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> Result<Vec<Service>, Failure> {
    let gemini = gemini(environment, clock, tasks).await?;
    let github = github(environment, data_dir, clock, tasks).await?;
    Ok(vec![gemini, github])
}

async fn gemini(
    environment: &mut Environment,
    clock: &Clock,
    tasks: &mut JoinSet<()>,
) -> Result<Service, Failure> {
    let real = environment.gemini_api_key.is_some() || environment.gemini_base_url.is_some();
    if real {
        let address = environment.gemini_base_url.clone();
        let address = address.unwrap_or_else(|| gemini::DEFAULT_BASE_URL.to_owned());
        return Ok(Service { name: "Gemini", standin: false, address, hint: GEMINI_HINT });
    }
    let (listener, address) = listen().await?;
    let standin = GeminiStandin::builder().clock(clock.clone()).build();
    tasks.spawn(async move { report("Gemini", standin.serve(listener).await) });
    environment.gemini_base_url = Some(address.clone());
    environment.gemini_api_key = Some("standin".to_owned().into());
    Ok(Service { name: "Gemini", standin: true, address, hint: GEMINI_HINT })
}

async fn github(
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
    let (listener, address) = listen().await?;
    let standin = match data_dir {
        Some(dir) => GithubStandin::builder()
            .clock(clock.clone())
            .journal(dir.join("github.jsonl"))
            .build()
            .map_err(|error| Failure::at("the GitHub stand-in's comments", error))?,
        None => GithubStandin::new(),
    };
    tasks.spawn(async move { report("GitHub", standin.serve(listener).await) });
    environment.github_api_url = Some(address.clone());
    environment.github = Some(settings::GithubCredentials::Token("standin".to_owned().into()));
    Ok(Service { name: "GitHub", standin: true, address, hint: GITHUB_HINT })
}

async fn listen() -> Result<(TcpListener, String), Failure> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = bound.map_err(|error| Failure::at("a port for a stand-in", error))?;
    let address = listener.local_addr().map_err(|error| Failure::at("a port for a stand-in", error))?;
    Ok((listener, format!("http://{address}")))
}

fn report(name: &str, served: std::io::Result<()>) {
    if let Err(problem) = served {
        tracing::error!(name, %problem, "the stand-in stopped");
    }
}
