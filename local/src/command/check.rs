//! `afterhook check`: what is configured, everything that is wrong with it at once, and the limits that
//! follow. With `--online` the services say what they think of it.

mod health;
mod online;
mod summary;

use std::process::ExitCode;

use settings::{Environment, Mistake, Mistakes, Settings, Variables};

use crate::Failure;
use crate::cli::CheckArgs;
use crate::command::{http, token};
use crate::terminal::say;

/// Exits 0 when everything can work.
///
/// One report, printed last, has the mistakes of agent.toml and of the environment. A summary comes before it when
/// agent.toml by itself is sound: a variable that this machine lacks does not hide what the file says.
pub(crate) async fn check(mut args: CheckArgs) -> Result<ExitCode, Failure> {
    if args.schema {
        say!("{}", settings::schema().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    args.url = args.url.map(|url| http::address("--url", &url)).transpose()?;
    let variables = args.variables.clone().unwrap_or_else(Variables::read);
    let path = args.config.path.clone().unwrap_or_else(|| variables.config_path());
    let registry = processor::registry();
    let automations: Vec<&str> = registry.names().collect();
    let environment = variables.environment().and_then(logged);
    let by_itself = Settings::load_for(&path, &automations);
    let settings = Settings::load_in(&path, &automations, &variables)
        .and_then(|settings| wiring::check_pairs(&settings, &path).map(|()| settings));
    // Without a key that an endpoint names nothing starts.
    let keys = match (&by_itself, &environment) {
        (Ok(shown), Ok(environment)) => wiring::model::check_keys(shown, environment),
        _ => Ok(()),
    };
    let mut has_answered = true;
    if let Ok(shown) = by_itself.as_ref()
        && !args.json
    {
        say!("{} {}\n", path.display(), if settings.is_ok() { "is sound." } else { "says:" });
        if health::names_a_system(&args) {
            say!("This file is the one of this machine; what is deployed may be another.\n");
        }
        summary::settings(shown, environment.as_ref().ok());
        if let Ok(environment) = &environment {
            summary::environment(shown, environment);
        }
        has_answered = health::show(&args, shown).await;
        let of_the_schema = processor::schema_warnings(shown, processor::registry, &path);
        let of_vertex = environment.iter().flat_map(|it| wiring::model::without_credentials(shown, it));
        summary::warnings(
            shown,
            wiring::unanswered(shown, &path).into_iter().chain(of_the_schema).chain(of_vertex),
        );
        say!();
    }
    let environment = environment.and_then(|environment| keys.map(|()| environment));
    if !args.online {
        return Ok(verdict(settings, environment, has_answered));
    }
    let (settings, environment) =
        Mistakes::both(settings, environment).map_err(|mistakes| Failure::mistakes(&mistakes))?;
    let kept = health::read(&args, &settings).await;
    online::check(&settings, &environment, kept, &args).await
}

/// The environment, if its log filter can be used: a function would log by the default one, and `dev` would not start.
fn logged(environment: Environment) -> Result<Environment, Mistakes> {
    let unusable = environment.log.as_deref().and_then(|filter| telemetry::check_filter(filter).err());
    let mistake = unusable.map(|error| Mistake {
        origin: "environment".to_owned(),
        at: None,
        key: "AFTERHOOK_LOG".to_owned(),
        problem: error.to_string(),
        suggestion: None,
    });
    Mistakes::check(mistake.into_iter().collect()).map(|()| environment)
}

/// Where something is asked, if that is not the service's own address.
fn elsewhere(address: &str) -> Option<String> {
    crate::dev::is_here(address)
        .then(|| format!("at {address} on this machine, which is not the service's own address"))
}

fn verdict(
    settings: Result<Settings, Mistakes>,
    environment: Result<Environment, Mistakes>,
    has_answered: bool,
) -> ExitCode {
    let apart = match (&settings, &environment) {
        (Ok(settings), Ok(environment)) => {
            environment.check_apart(settings.sources.keys().map(String::as_str))
        }
        _ => Ok(()),
    };
    match Mistakes::both(Mistakes::both(settings, environment), apart) {
        Ok(_) if !has_answered => {
            eprintln!(
                "The configuration of this machine is sound, and the system that was asked did not answer."
            );
            ExitCode::FAILURE
        }
        Ok(((settings, environment), ())) => {
            say!("{}", summary::verdict(&settings, &environment));
            ExitCode::SUCCESS
        }
        Err(mistakes) => {
            eprintln!("{mistakes}{}", token::offer(&mistakes));
            ExitCode::FAILURE
        }
    }
}
