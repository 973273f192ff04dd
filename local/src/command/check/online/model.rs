//! The keys and credentials, and the models that agent.toml names.

use domain::{Clock, ModelHealth, Timestamp};
use gemini::{ApiError, FailureClass, LookedUp, NotServed};
use settings::{Environment, Settings};

use super::super::elsewhere;
use super::Finding;
use crate::Failure;

/// Asks for each model at each address; then those that are found, and those that the fleet `kept` as refused, for one
/// small answer: without money, or with a limit of 0, a model is found, and does not answer.
pub(super) async fn look(
    settings: &Settings,
    environment: &Environment,
    kept: Result<Vec<ModelHealth>, Failure>,
) -> Vec<Finding> {
    if !wiring::model::is_configured(settings, environment) {
        return vec![Finding::skipped("model", "GEMINI_API_KEY is not set; `dev` uses a stand-in")];
    }
    let config = wiring::model::config(settings, environment);
    let now = Clock::system().now();
    let (mut findings, mut called) = (Vec::new(), Vec::new());
    for model in settings.models.in_use() {
        match gemini::look_up(&config, model, now).await {
            Ok(all) => {
                let is_found = all.iter().any(|looked| looked.said.is_ok());
                called.extend(is_found.then_some(model));
                findings.extend(all.iter().map(|looked| finding(model, looked, is_found)));
            }
            Err(problem) => {
                return vec![Finding::wrong("model", problem.to_string(), "mend agent.toml, [models]")];
            }
        }
    }
    let kept = kept.unwrap_or_else(|problem| {
        findings.push(Finding::skipped("what was learnt of the models", problem.to_string()));
        Vec::new()
    });
    let refused: Vec<&ModelHealth> = kept.iter().filter(|model| model.refused.is_some()).collect();
    // With its account behind it, if that is not the first.
    let is_refused = |name: &str| refused.iter().any(|model| model.name.split('@').next() == Some(name));
    for model in settings.models.in_use().into_iter().filter(|name| called.contains(name) || is_refused(name))
    {
        // What is wrong with the configuration was found before.
        for called in gemini::try_out(&config, model, now).await.unwrap_or_default() {
            let kept = refused.iter().find(|model| model.name == called.title);
            findings.push(call(&called, kept.and_then(|model| model.refused.as_deref()), now));
        }
    }
    findings
}

/// What one small call came to, of a model that is `kept` as refused in these words, or is not.
fn call(called: &LookedUp, kept: Option<&str>, now: Timestamp) -> Finding {
    let what = format!("call of {}", called.title);
    let for_good = called.refusal(now).filter(|(class, _)| {
        matches!(class, FailureClass::NoMoney | FailureClass::AccountRefused | FailureClass::NoAccess)
    });
    match (&called.said, for_good, kept) {
        (Ok(()), _, kept) => {
            let before = if kept.is_some() { "; it was refused when it was called last" } else { "" };
            let place = elsewhere(&called.at).unwrap_or_else(|| format!("at {}", called.at));
            Finding::ok(what, format!("it answers, {place}{before}"))
        }
        (Err(problem), Some((_, advice)), _) => {
            Finding::wrong(what, problem.to_string(), advice.unwrap_or("do what the service says"))
        }
        // What was kept is what is known.
        (Err(_), None, Some(words)) => {
            let mend =
                "do what it says; one call every few minutes tries again, and new credentials do at once";
            Finding::wrong(what, format!("it was refused when it was called last: {words}"), mend)
        }
        (Err(problem), None, None) => Finding::skipped(what, problem.to_string()),
    }
}

/// What one endpoint says of `model`, which `is_found` at one of them at least.
fn finding(model: &str, LookedUp { at, said, .. }: &LookedUp, is_found: bool) -> Finding {
    let what = format!("model {model}");
    match said {
        Err(NotServed::Refused(error)) if is_found && error.is_of_the_address() => {
            Finding::skipped(what, format!("{at} does not have it; the other endpoints are asked for it"))
        }
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
        404 if error.grpc_status == "NOT_FOUND" => {
            "write a model that exists into [models] of agent.toml, or another api_version"
        }
        400 | 401 | 403 => {
            "set GEMINI_API_KEY to a live key from Google AI Studio whose project may use the API; on Vertex AI look at \
             GOOGLE_CREDENTIALS or the endpoint's workload_identity, and at the role roles/aiplatform.user"
        }
        429 => "the quota is used up for now: try again in a minute",
        300..400 | 404..=407 | 410 | 451 => {
            "this is no answer of Google's: check GEMINI_BASE_URL, the API version, and what proxy is in between"
        }
        _ => "try again; the service has trouble",
    }
}
