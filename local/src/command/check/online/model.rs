//! The keys and credentials, and the models that agent.toml names.

use domain::Clock;
use gemini::{ApiError, LookedUp, NotServed};
use settings::{Environment, Settings};

use super::super::elsewhere;
use super::Finding;

/// Asks for each model at each address.
pub(super) async fn look(settings: &Settings, environment: &Environment) -> Vec<Finding> {
    if !wiring::model::is_configured(settings, environment) {
        return vec![Finding::skipped("model", "GEMINI_API_KEY is not set; `dev` uses a stand-in")];
    }
    let config = wiring::model::config(settings, environment);
    let mut findings = Vec::new();
    for model in settings.models.in_use() {
        match gemini::look_up(&config, model, Clock::system().now()).await {
            Ok(all) => findings.extend(all.iter().map(|looked| finding(model, looked))),
            Err(problem) => {
                return vec![Finding::wrong("model", problem.to_string(), "mend agent.toml, [models]")];
            }
        }
    }
    findings
}

fn finding(model: &str, LookedUp { at, said, .. }: &LookedUp) -> Finding {
    let what = format!("model {model}");
    match said {
        Ok(()) => {
            let place = elsewhere(at).unwrap_or_else(|| format!("at {at}"));
            Finding::ok(what, format!("the credentials are good for it, {place}"))
        }
        Err(NotServed::Silent(problem)) => {
            let mend = "look at the network, a proxy, and GEMINI_BASE_URL";
            Finding::wrong(what, format!("{at} cannot be reached: {problem}"), mend)
        }
        Err(NotServed::Refused(error)) => {
            Finding::wrong(what, format!("{}: {}", error.status, error.message), mend(error))
        }
    }
}

fn mend(error: &ApiError) -> &'static str {
    match error.status {
        404 => "write a model that exists into [models] of agent.toml, or another api_version",
        400 | 401 | 403 => {
            "set GEMINI_API_KEY to a live key from Google AI Studio whose project may use the API; on Vertex AI look at \
             GOOGLE_CREDENTIALS or the endpoint's workload_identity, and at the role roles/aiplatform.user"
        }
        429 => "the quota is used up for now: try again in a minute",
        _ => "try again; the service has trouble",
    }
}
