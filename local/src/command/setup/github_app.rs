//! Makes a GitHub App by its manifest (GitHub documentation, "Registering a GitHub App from a manifest").
//!
//! A page on this machine hands the manifest to GitHub, in the browser of whoever is logged in there. GitHub asks that
//! person, makes the App, and sends the browser back with a code that is good for an hour and for one exchange. What comes
//! of it are the App's credentials: they go into a file that nobody else can read, and nowhere else.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use axum::extract::{Query, State};
use axum::response::Html;
use axum::routing::get;
use axum::{Router, http::StatusCode};
use maud::html;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Variables;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use webhook::Provider;

use super::sheet::{Place, Sheet};
use crate::command::http::{client, reason};
use crate::html_page::page;
use crate::shutdown::Shutdown;
use crate::terminal::say;
use crate::{Failure, random};

const API: &str = "https://api.github.com";
const STATE_BYTES: usize = 16;

/// What the pages know.
#[derive(Clone)]
struct Pages {
    /// Where the form goes.
    form: String,
    manifest: String,
    /// What GitHub gives back to the browser: nobody else's code is taken.
    state: String,
    codes: mpsc::Sender<String>,
}

#[derive(Deserialize)]
struct Created {
    code: String,
    state: String,
}

/// What GitHub says of an App that was just made.
#[derive(Deserialize)]
struct App {
    id: u64,
    name: String,
    html_url: String,
    pem: String,
    webhook_secret: Option<String>,
}

/// Serves the page, waits for the code, and writes the credentials into `file`.
pub(super) async fn create(
    place: &Place,
    sheet: Sheet,
    organization: Option<&str>,
    file: &Path,
) -> Result<ExitCode, Failure> {
    let Some(manifest) = sheet.manifest.filter(|_| place.provider == Provider::Github) else {
        return Err(Failure::misspelt(format!(
            "--create-app works for GitHub only, and {} is not a GitHub source",
            place.name
        )));
    };
    if !place.has_url {
        return Err(Failure::misspelt("--create-app needs --url: GitHub is told where to send webhooks"));
    }
    // Before anything is made whose credentials could not be kept.
    let mut kept = new_file(file)?;
    let made = make(place, manifest, organization).await;
    let written = made.and_then(|app| {
        kept.write_all(variables(place, &app).as_bytes())
            .map_err(|error| Failure::at(file.display().to_string(), error))?;
        Ok(app)
    });
    let app = match written {
        Ok(app) => app,
        Err(failure) => {
            // It is empty, or a part of what it should be.
            std::fs::remove_file(file).map_err(|error| Failure::at(file.display().to_string(), error))?;
            return Err(failure);
        }
    };
    say!("the App {} exists. Its credentials are in {}, which you alone can read:", app.name, file.display());
    say!("  . {}", shell_path(file));
    say!("sets them for `cargo run`. Install it on your repositories: {}/installations/new", app.html_url);
    Ok(ExitCode::SUCCESS)
}

fn new_file(file: &Path) -> Result<std::fs::File, Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map_err(|error| Failure::at(format!("--create-app {}", file.display()), error))
}

async fn make(place: &Place, mut manifest: Value, organization: Option<&str>) -> Result<App, Failure> {
    let api = Variables::read().environment().ok().and_then(|environment| environment.github_api_url.clone());
    let api = api.unwrap_or_else(|| API.to_owned());
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .map_err(|error| Failure::at("a port on 127.0.0.1", error))?;
    let address = listener.local_addr().map_err(|error| Failure::at("the port", error))?;
    manifest["redirect_url"] = json!(format!("http://{address}/created"));
    let state = random::hex(STATE_BYTES).map_err(|error| Failure::at("a state", error))?;
    let (codes, mut received) = mpsc::channel(1);
    let pages =
        Pages { form: form(&api, organization, &state)?, manifest: manifest.to_string(), state, codes };
    let router = Router::new().route("/", get(start)).route("/created", get(created)).with_state(pages);
    let mut shutdown = Shutdown::heard()?;
    say!("ready on http://{address}");
    say!(
        "open it in the browser in which you are logged in to GitHub: it hands the manifest of {} over",
        place.name
    );
    let code = tokio::select! {
        served = async { axum::serve(listener, router).await } => {
            return Err(Failure::new(served.map_or_else(|error| error.to_string(), |()| "the page has ended".to_owned())));
        }
        code = received.recv() => code,
        () = shutdown.requested() => None,
    };
    exchange(&api, &code.ok_or_else(|| Failure::new("stopped; no App was asked for its credentials"))?).await
}

/// GitHub's page for a new App. An Enterprise Server has its API below its pages.
fn form(api: &str, organization: Option<&str>, state: &str) -> Result<String, Failure> {
    let web = if api == API { "https://github.com" } else { api.trim_end_matches("/api/v3") };
    let mut url = Url::parse(web).map_err(|error| Failure::at(format!("GITHUB_API_URL {api}"), error))?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty();
        if let Some(organization) = organization {
            path.extend(["organizations", organization]);
        }
        path.extend(["settings", "apps", "new"]);
    }
    url.query_pairs_mut().append_pair("state", state);
    Ok(url.into())
}

async fn start(State(pages): State<Pages>) -> Html<String> {
    let body = html! {
        p { "GitHub shows what the App may do, and makes it when you confirm." }
        form action=(pages.form) method="post" {
            input type="hidden" name="manifest" value=(pages.manifest);
            button { "Go to GitHub" }
        }
    };
    Html(page("A GitHub App for Afterhook", &body))
}

async fn created(State(pages): State<Pages>, Query(created): Query<Created>) -> (StatusCode, Html<String>) {
    if created.state != pages.state {
        let body = html! { p { "This answer belongs to another request. Begin again at the first page." } };
        return (StatusCode::BAD_REQUEST, Html(page("Not taken", &body)));
    }
    // A second code finds the first one on its way: one App is enough.
    let _taken = pages.codes.try_send(created.code);
    (StatusCode::OK, Html(page("The App exists", &html! { p { "Go on in the terminal." } })))
}

/// # Errors
/// GitHub is not there, or the code is used up or older than an hour.
async fn exchange(api: &str, code: &str) -> Result<App, Failure> {
    let mut url = Url::parse(api).map_err(|error| Failure::at(format!("GITHUB_API_URL {api}"), error))?;
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(["app-manifests", code, "conversions"]);
    }
    let asked = client()?.post(url).header("accept", "application/vnd.github+json").send().await;
    let answer = asked.map_err(|error| Failure::at("GitHub", reason(&error)))?;
    let status = answer.status();
    if !status.is_success() {
        return Err(Failure::new(format!(
            "GitHub answers {status} to the code of the new App: a code is good for an hour, and once. Begin again, and delete \
             the App that was made"
        )));
    }
    answer.json().await.map_err(|error| Failure::at("GitHub's answer", reason(&error)))
}

fn variables(place: &Place, app: &App) -> String {
    let secret = app.webhook_secret.as_ref().map(|secret| (place.variable.as_str(), secret.as_str()));
    let id = app.id.to_string();
    let all = [("GITHUB_APP_ID", id.as_str()), ("GITHUB_APP_PRIVATE_KEY", app.pem.trim_end())];
    let lines =
        all.into_iter().chain(secret).map(|(name, value)| format!("export {name}={}\n", quoted(value)));
    lines.collect()
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A path that `.` does not look for in PATH.
fn shell_path(file: &Path) -> String {
    let text = file.display().to_string();
    quoted(&if text.contains('/') { text } else { format!("./{text}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_goes_to_the_pages_that_belong_to_the_api() {
        for (api, organization, page) in [
            (API, None, "https://github.com/settings/apps/new?state=s"),
            (API, Some("octo"), "https://github.com/organizations/octo/settings/apps/new?state=s"),
            ("https://git.example/api/v3", None, "https://git.example/settings/apps/new?state=s"),
            (API, Some("../a b"), "https://github.com/organizations/..%2Fa%20b/settings/apps/new?state=s"),
        ] {
            assert_eq!(form(api, organization, "s").unwrap(), page);
        }
    }

    #[test]
    fn a_value_is_one_word_of_a_shell() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_path(Path::new("app.env")), "'./app.env'");
    }
}
