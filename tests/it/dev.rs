//! The whole system in this process, as `afterhook dev` starts it, over real HTTP and with services
//! that the test plays.

use std::path::PathBuf;

use afterhook::{Backend, Dev, Running};
use e2e::api::Api;
use e2e::assembly::shipped_settings;
use e2e::world::{TOKEN, World};
use settings::Environment;

mod api_tasks;
mod decisions;
mod fairness;
mod faults;
mod http_calls;
mod in_doubt;
mod missed;
mod reactions;
mod refusals;
mod senders;
mod threads;
mod walk;
mod webhooks;

/// A running system and what is outside of it.
pub(crate) struct System {
    pub(crate) world: World,
    pub(crate) api: Api,
    running: Running,
}

impl System {
    /// In memory, in a world where nothing fails.
    pub(crate) async fn start() -> Self {
        Self::start_in(World::new().await).await
    }

    /// In memory, in `world`.
    pub(crate) async fn start_in(world: World) -> Self {
        Self::start_on(Backend::Memory, world).await
    }

    /// In memory, in `world`, but for GitHub, for which nobody has given credentials: a stand-in, which pages say.
    pub(crate) async fn start_with_a_stand_in(world: World) -> Self {
        let named = world.variables();
        let named = named.into_iter().filter(|(name, _)| !matches!(*name, "GITHUB_TOKEN" | "GITHUB_API_URL"));
        let environment = Environment::from_map(named.collect::<Vec<_>>()).unwrap();
        let running = afterhook::start(Dev { environment, ..dev(&world, Backend::Memory) }).await.unwrap();
        Self { api: Api::at(running.url()), world, running }
    }

    /// The overview, as a person who has logged in sees it.
    pub(crate) async fn overview(&self) -> String {
        let session = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let login = format!("{}/ui/login", self.api.url());
        let form = session.post(login).header("origin", self.api.url()).body(format!("token={TOKEN}"));
        let answer = form.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
        let page = session.get(format!("{}/ui/overview", self.api.url())).header("cookie", cookie);
        page.send().await.unwrap().text().await.unwrap()
    }

    async fn start_on(backend: Backend, world: World) -> Self {
        let running = afterhook::start(dev(&world, backend)).await.unwrap();
        Self { api: Api::at(running.url()), world, running }
    }
}

/// What `afterhook dev` runs on a machine whose environment points at `world`.
fn dev(world: &World, backend: Backend) -> Dev {
    let data_dir: Option<PathBuf> = match &backend {
        Backend::Sqlite(dir) => Some(dir.clone()),
        _ => None,
    };
    Dev {
        settings: shipped_settings(),
        environment: world.environment(),
        backend,
        data_dir,
        port: 0,
        made_up: Vec::new(),
    }
}
