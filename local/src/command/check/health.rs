//! What was learnt of the models while they were called: from the console of a system that runs (`--url`, `--stack`),
//! or out of the data directory of a `dev` that does not.

use domain::{BreakerState, Clock, LearntLimit, ModelHealth, Timestamp};
use embedded::Embedded;
use settings::Settings;

use crate::Failure;
use crate::cli::CheckArgs;
use crate::command::api::Api;
use crate::command::table::plain;
use crate::command::task_text::ago;
use crate::terminal::say;

/// Prints a line for each model that was called. Whether the system that was named has answered: what cannot be read out
/// of a data directory is no mistake of the configuration.
pub(super) async fn show(args: &CheckArgs, settings: &Settings) -> bool {
    let read = read(args, settings).await;
    let has_answered = read.is_ok() || !names_a_system(args);
    match read {
        Ok(models) => {
            let now = Clock::system().now();
            for (number, model) in models.iter().filter(|model| model.breaker.is_used()).enumerate() {
                if number == 0 {
                    say!("\nlearnt of the models:");
                }
                say!("  {}: {}", model.name, plain(&in_words(model, now)));
            }
        }
        Err(problem) => say!("\nwhat was learnt of the models is not known: {problem}"),
    }
    has_answered
}

/// Whether a system that runs is asked.
pub(super) fn names_a_system(args: &CheckArgs) -> bool {
    args.console.is_some() || args.url.is_some()
}

/// What the fleet keeps of each model.
pub(super) async fn read(args: &CheckArgs, settings: &Settings) -> Result<Vec<ModelHealth>, Failure> {
    let dir = &args.data_dir.path;
    if let Some((url, token)) = args.console.clone().or_else(|| Some((args.url.clone()?, None))) {
        let api = match token {
            Some(token) => Api::with_token(&url, token)?,
            None => Api::at(&url, dir)?,
        };
        let answer = api.get("/models", &[]).await?;
        let models = answer.get("models").cloned().unwrap_or_default();
        return serde_json::from_value(models).map_err(|_| {
            Failure::new(format!(
                "{url} answers in an unknown format: it may run another version of afterhook"
            ))
        });
    }
    if !Embedded::is_in(dir) {
        return Ok(Vec::new());
    }
    let clock = Clock::system();
    let stores = Embedded::open(dir, clock.clone())
        .map_err(|error| Failure::new(format!("{error}; a `dev` that runs is asked with --url")))?
        .stores();
    let mut models = Vec::new();
    for (name, key) in prices::model_items(&settings.models.in_use(), &settings.models.endpoints) {
        let health = ModelHealth::read(&*stores.state, &name, &key, clock.now()).await;
        models.push(health.map_err(|error| Failure::new(error.to_string()))?);
    }
    Ok(models)
}

fn in_words(model: &ModelHealth, now: Timestamp) -> String {
    let mut words = vec![match model.breaker {
        BreakerState::Open(until) => format!("breaker open until {until}"),
        BreakerState::HalfOpen => "breaker half open: a few calls try it".to_owned(),
        BreakerState::Closed | BreakerState::Unused => "available".to_owned(),
    }];
    words.extend(model.refused.iter().map(|words| format!("the service refuses all calls: {words}")));
    words.extend(model.rests_until.map(|until| format!("rests until {until}")));
    words.extend(model.goes.iter().map(|when| format!("the service says: {when}")));
    let told = |told: &LearntLimit| {
        format!("{} {}, told {}", told.limit, told.of, ago(&told.told_at.to_string(), now))
    };
    words.extend(model.learnt.iter().map(told));
    words.extend(model.pace.as_ref().map(|pace| {
        let LearntLimit { limit, of, told_at } = pace;
        format!("paced at {limit} {of}, found {}", ago(&told_at.to_string(), now))
    }));
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learnt_is_said_with_its_age() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let told = LearntLimit {
            of: "requests a minute".to_owned(),
            limit: 25,
            told_at: at("2026-11-20T11:57:00Z"),
        };
        let model = ModelHealth {
            name: "m".to_owned(),
            breaker: BreakerState::Open(at("2026-11-20T12:00:20Z")),
            rests_until: None,
            refused: None,
            is_out_of_money: false,
            goes: None,
            learnt: vec![told.clone()],
            pace: Some(LearntLimit { limit: 1, told_at: at("2026-11-20T11:59:00Z"), ..told }),
        };
        let words = in_words(&model, at("2026-11-20T12:00:00Z"));
        let (told, found) =
            ("25 requests a minute, told 3m ago", "paced at 1 requests a minute, found 1m ago");
        assert_eq!(words, format!("breaker open until 2026-11-20T12:00:20Z; {told}; {found}"));
    }
}
