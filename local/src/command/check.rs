//! `afterhook check`: what is configured, what is wrong with it, and the limits that follow.

use std::process::ExitCode;

use settings::{Environment, Settings, Tiers};

use crate::Failure;
use crate::cli::CheckArgs;
use crate::dev::load;
use crate::terminal::say;

/// Exits 0 when everything can work.
pub(crate) fn check(args: &CheckArgs) -> Result<ExitCode, Failure> {
    if args.schema {
        say!("{}", settings::schema().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let environment = Environment::read();
    let path = match (&args.config, &environment) {
        (Some(path), _) => path.clone(),
        (None, Ok(environment)) => environment.config_path(),
        (None, Err(_)) => Environment::default().config_path(),
    };
    let settings = load(&path);
    let mut sound = true;
    match &settings {
        Ok(settings) => {
            let tiers = environment.as_ref().map_or(Tiers::Apply, Environment::tiers);
            print_settings(&path.display().to_string(), settings, tiers);
        }
        Err(failure) => {
            sound = false;
            eprintln!("{failure}\n");
        }
    }
    match &environment {
        Ok(environment) => print_environment(environment, settings.as_ref().ok()),
        Err(mistakes) => {
            sound = false;
            eprintln!("{mistakes}\n");
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_settings(path: &str, settings: &Settings, tiers: Tiers) {
    say!("{path} is sound.\n");
    say!("sources:  {}", names(settings.sources.keys()));
    say!("intents:  {}", names(settings.intents.iter().map(|intent| &intent.name)));
    say!("models:");
    for model in settings.models.in_use() {
        say!("  {model}: {}", settings.models.limits_for(model, tiers));
    }
    match tiers {
        Tiers::Apply => say!("  (rates that agent.toml does not set are those of {})", settings.models.tier),
        Tiers::Ignore => say!("  (GEMINI_BASE_URL is on this machine: no rates of a tier)"),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Says of each credential whether it is there, never what it is.
fn print_environment(environment: &Environment, settings: Option<&Settings>) {
    say!("\nenvironment:");
    let set = |there: bool, otherwise: &'static str| if there { "set" } else { otherwise };
    for source in settings.into_iter().flat_map(|settings| settings.sources.keys()) {
        let there = environment.secrets_for(source).is_some();
        say!(
            "  {}: {}",
            settings::variable_of(source),
            set(there, "not set (`dev` makes one up; deployed, the source answers 503)")
        );
    }
    say!(
        "  Gemini: {}",
        set(environment.gemini_api_key.is_some(), "GEMINI_API_KEY is not set (`dev` uses a stand-in)")
    );
    for (service, needed_by) in settings.map(processor::needs).unwrap_or_default() {
        let there = service.is_configured(environment);
        let missing = format!("not set, and {needed_by} needs it: {} (`dev` uses a stand-in)", service.how());
        say!("  {service}: {}", if there { "set" } else { &missing });
    }
    say!(
        "  console: {}",
        set(!environment.console_tokens.is_empty(), "CONSOLE_TOKEN is not set (`dev` makes one up)")
    );
    say!(
        "  AWS resources: {}",
        set(environment.aws.is_some(), "not set (only needed when deployed, or with `dev --aws`)")
    );
}
