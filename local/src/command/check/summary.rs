//! What is configured, in words: never the value of a secret.

use std::collections::BTreeSet;

use anstyle::Style;
use domain::{Lane, LaneTiers, MODEL_KEY, ModelAccount, ModelRole, ServiceTier, Timestamp};
use prices::Most;
use settings::{ApprovalPolicy, Environment, Settings, Start, shown_limits};

use super::elsewhere;
use crate::command::table::Table;
use crate::terminal::say;

/// What agent.toml says, with the limits that follow where `environment` is known.
pub(super) fn settings(settings: &Settings, environment: Option<&Environment>) {
    let agent = &settings.agent;
    let source = |name: &String| {
        let mode = if settings.is_shadow(name) { ", in shadow: nothing is published" } else { "" };
        format!("{name} (/webhooks/{name}{mode})")
    };
    say!("sources:   {}", join(settings.sources.keys().map(source)));
    let intents = settings.intents.iter().map(|intent| format!("{} -> {}", intent.name, intent.automation));
    let others = format!("anything else -> {}", agent.default_automation);
    say!("intents:   {}", join(intents.chain([others])));
    let when = match agent.approval {
        ApprovalPolicy::Always => "for every draft".to_owned(),
        ApprovalPolicy::LowConfidence => format!("below a confidence of {}", agent.confidence_threshold),
        ApprovalPolicy::Never => "when a safety check trips".to_owned(),
    };
    say!("a person:  is asked {when}");
    let models = &settings.models;
    let fallback = if models.fallback.is_empty() { "none".to_owned() } else { models.fallback.join(", ") };
    say!("models:    triage {}, answers {}, fallback {fallback}", models.triage, models.answer);
    if let Some(shadow) = &settings.shadow {
        let (models, usd) = (&shadow.agent.models, shadow.per_day_usd);
        let share = shadow.share * 100.0;
        say!(
            "[shadow]:  {share} % of events, ${usd} a day; triage {}, answers {}",
            models.triage,
            models.answer
        );
    }
    limits(settings, environment.map_or(Start::Cautious, Environment::start));
}

/// A line for each model, under the keys of `[models.limits]`.
fn limits(settings: &Settings, start: Start) {
    say!("\nlimits that hold, all processors together (`-`: no limit of ours):");
    let mut table = Table::new(HEADING);
    for model in settings.models.in_use() {
        let [rpm, tpm, rpd, concurrency, timeout, retries, min_priority, breaker] =
            shown_limits(&settings.models.limits_for(model, start)).map(|(_, value)| value);
        let cells = [model.to_owned(), rpm, tpm, rpd, concurrency, timeout, retries, min_priority, breaker];
        table.push(cells, Style::new());
    }
    table.print();
    match start {
        Start::Cautious => {
            say!(
                "Rates that agent.toml does not set begin there, rise while calls go well, and follow what the"
            );
            say!("service says of its limits; the console's overview shows what was learnt, and when.");
        }
        Start::AtOnce => say!("GEMINI_BASE_URL is on this machine: a rate that is not set is none."),
    }
    say!("costs are counted at list prices of {}.", prices::PRICES_AS_OF);
    let tiers = settings.models.service_tier;
    if tiers != LaneTiers::default() {
        let name = |lane| tiers.of(lane, ModelRole::Answer).as_str();
        say!(
            "lanes are served: bulk {}, standard {}, express {} (triage is never flex).",
            name(Lane::Bulk),
            name(Lane::Standard),
            name(Lane::Express)
        );
    }
}

/// Those of [`shown_limits`].
const HEADING: [&str; 9] =
    ["model", "rpm", "tpm", "rpd", "concurrency", "timeout", "retries", "min_priority", "breaker"];

/// Lists what `settings` needs of the environment, and whether it is there.
pub(super) fn environment(settings: &Settings, environment: &Environment) {
    say!("\nenvironment:");
    for need in needs(settings, environment) {
        let said = if need.is_set { "set" } else { &need.otherwise };
        let place = need.place.map_or_else(String::new, |place| format!(" (asked {place})"));
        say!("  {}: {said}{place}", need.name);
    }
    let aws =
        if environment.aws.is_some() { "set" } else { "not set (only where deployed, or with `dev --aws`)" };
    say!("  AWS resources: {aws}");
}

/// What is no mistake and still dangerous.
pub(super) fn warnings(settings: &Settings, others: impl IntoIterator<Item = String>) {
    let short = short_budgets(settings, Timestamp::now());
    for (number, warning) in
        settings.warnings().into_iter().chain(short).chain(misspelt(settings)).chain(others).enumerate()
    {
        say!("{}warning: {warning}", if number == 0 { "\n" } else { "" });
    }
}

/// Models that the price table does not know and whose names are nearly those of others. Another number is another model.
fn misspelt(settings: &Settings) -> Vec<String> {
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    let known: Vec<String> = prices::names().collect();
    let unknown = settings.models.in_use().into_iter().filter(|name| prices::stands_for(name).is_none());
    let told = unknown.filter_map(|name| {
        let alike = known.iter().map(String::as_str).filter(|known| digits(known) == digits(name));
        let meant = settings::nearest(name, alike)?;
        Some(format!("models: the price of \"{name}\" is not known; did you mean \"{meant}\"?"))
    });
    told.collect()
}

/// Budgets that are below what one answer sets aside for its output alone, so that none is ever asked for.
fn short_budgets(settings: &Settings, now: Timestamp) -> Vec<String> {
    let (budget, models) = (&settings.budget, &settings.models);
    let own = [
        ("budget.per_day_usd", budget.per_day_usd),
        ("budget.per_tenant_day_usd", budget.per_tenant_day_usd),
    ];
    let own = own.into_iter().filter_map(|(key, usd)| Some((key, usd?, models)));
    let shadow = settings.shadow.as_ref();
    let shadow = shadow.map(|shadow| ("shadow.per_day_usd", shadow.per_day_usd, &shadow.agent.models));
    let short = own.chain(shadow).filter_map(|(key, usd, models)| {
        let output = u64::from(models.generation.max_output_tokens);
        let most = Most { prompt: 0, has_sound: false, output, tier: ServiceTier::Standard };
        let one = prices::most_usd(&models.answer, most, now);
        (usd < one).then(|| {
            format!(
                "{key}: ${usd} a day is too little for one answer: a call of {} reserves more than ${one:.2}; \
                 raise it, or lower max_output_tokens in [models.generation] of that agent",
                models.answer
            )
        })
    });
    short.collect()
}

/// The last word, when nothing is wrong.
pub(super) fn verdict(settings: &Settings, environment: &Environment) -> &'static str {
    if needs(settings, environment).iter().all(|need| need.is_set) {
        "Nothing is wrong, and nothing is missing."
    } else {
        "Nothing is wrong. What is not set, `afterhook dev` does without; set it before you deploy."
    }
}

/// Something of the environment without which the system cannot do all that agent.toml says.
struct Need {
    name: String,
    is_set: bool,
    otherwise: String,
    /// Where it is, if that is not its own address.
    place: Option<String>,
}

fn needs(settings: &Settings, environment: &Environment) -> Vec<Need> {
    let need = |name: &str, is_set, otherwise: &str| Need {
        name: name.to_owned(),
        is_set,
        otherwise: format!("not set{otherwise}"),
        place: None,
    };
    let mut needs = Vec::new();
    for source in settings.sources.keys() {
        let is_set = environment.secrets_for(source).is_some();
        let otherwise = " (`dev` makes one up; deployed, the source answers 503)";
        needs.push(need(&settings::variable_of(source), is_set, otherwise));
    }
    let otherwise = match &environment.gemini_base_url {
        Some(_) => " (GEMINI_BASE_URL is asked without a key)",
        None => " (`dev` uses a stand-in)",
    };
    let endpoints = &settings.models.endpoints;
    let keys = endpoints.iter().filter_map(|endpoint| match &endpoint.account {
        ModelAccount::Key(variable) => Some(variable.as_str()),
        ModelAccount::Vertex { .. } => None,
    });
    let keys: BTreeSet<&str> = if endpoints.is_empty() { [MODEL_KEY].into() } else { keys.collect() };
    for variable in keys {
        let other = environment.gemini_api_keys.contains_key(variable);
        let is_set = other || (variable == MODEL_KEY && environment.gemini_api_key.is_some());
        let place = environment.gemini_base_url.as_deref().and_then(elsewhere);
        needs.push(Need { place, ..need(variable, is_set, otherwise) });
    }
    for (service, needed_by) in wiring::needs(settings) {
        let without = service.asked_without_credentials(environment);
        let otherwise = match without {
            Some(variable) => format!("; {} ({variable} is asked without credentials)", service.how()),
            None => format!("; {} (`dev` uses a stand-in)", service.how()),
        };
        let name = format!("{service} ({needed_by} needs it)");
        let is_set = service.is_configured(environment) && without.is_none();
        let place = service.address(environment).as_deref().and_then(elsewhere);
        needs.push(Need { place, ..need(&name, is_set, &otherwise) });
    }
    for variable in variables_of_calls(settings) {
        let is_set = environment.automations.contains_key(variable);
        needs.push(need(variable, is_set, ""));
    }
    if !settings.api.callback_hosts.is_empty() {
        let is_set = environment.secrets_for("api").is_some();
        needs.push(need(
            "API_WEBHOOK_SECRET",
            is_set,
            " (WARNING: results are posted to their callback_url unsigned, and can be forged)",
        ));
    }
    needs.push(need("CONSOLE_TOKEN", !environment.console_tokens.is_empty(), " (`dev` makes one up)"));
    needs
}

/// The variables whose values calls send as headers, each once.
fn variables_of_calls(settings: &Settings) -> BTreeSet<&str> {
    let calls = settings.automations.http.values();
    calls.flat_map(|call| call.headers.values()).map(String::as_str).collect()
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn with_shadow(per_day_usd: f64) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let second = "[agent]\npersona = \"p.md\"\n[sources.github]\n";
        fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        fs::write(dir.path().join("second.toml"), second).unwrap();
        let shadow =
            format!("[shadow]\nconfig = \"second.toml\"\nshare = 0.2\nper_day_usd = {per_day_usd:?}\n");
        Settings::parse(&format!("{second}{shadow}"), dir.path()).unwrap()
    }

    #[test]
    fn a_shadow_that_can_afford_no_answer_is_warned_of() {
        let told = short_budgets(&with_shadow(0.05), Timestamp::UNIX_EPOCH).concat();
        assert!(told.contains("shadow.per_day_usd: $0.05 a day is too little for one answer"), "{told}");
        assert_eq!(short_budgets(&with_shadow(2.0), Timestamp::UNIX_EPOCH), [""; 0]);
    }

    #[test]
    fn a_budget_that_can_afford_no_answer_is_warned_of() {
        let mut settings = with_shadow(2.0);
        (settings.budget.per_day_usd, settings.budget.per_tenant_day_usd) = (Some(0.001), Some(0.002));
        let told = short_budgets(&settings, Timestamp::UNIX_EPOCH);
        assert!(
            told[0].starts_with("budget.per_day_usd: $0.001 a day is too little for one answer"),
            "{told:?}"
        );
        assert!(told[1].starts_with("budget.per_tenant_day_usd: $0.002"), "{told:?}");
    }

    #[test]
    fn a_model_that_is_nearly_called_like_another_is_asked_about() {
        let mut settings = with_shadow(2.0);
        settings.models.answer = "gemini-por-latest".to_owned();
        let told = misspelt(&settings).concat();
        assert!(told.ends_with("did you mean \"gemini-pro-latest\"?"), "{told}");
        settings.models.answer = "gemini-1.0-pro".to_owned();
        assert_eq!(misspelt(&settings), [""; 0]);
    }
}
