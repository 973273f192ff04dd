//! The settings of the model's client.

use domain::ModelAccount;
use gemini::{Budgets, Config};
use settings::{Environment, Settings};

/// How Gemini is reached and used; without a key unless the environment has one.
#[must_use]
pub fn config(settings: &Settings, environment: &Environment) -> Config {
    let (models, budget) = (&settings.models, &settings.budget);
    let mut config = Config::new(environment.gemini_api_key.clone());
    config.other_keys.clone_from(&environment.gemini_api_keys);
    config.google_credentials.clone_from(&environment.google_credentials);
    config.api_version.clone_from(&models.api_version);
    match &environment.gemini_base_url {
        Some(url) => config.base_url.clone_from(url),
        None => config.endpoints.clone_from(&models.endpoints),
    }
    config.triage.clone_from(&models.triage);
    config.answer.clone_from(&models.answer);
    config.fallback.clone_from(&models.fallback);
    config.patience = models.patience;
    config.generation = models.generation.clone();
    config.triage_generation = models.triage_generation.clone();
    for model in models.in_use() {
        config.limits.insert(model.to_owned(), models.limits_for(model, environment.start()));
    }
    config.service_tier = models.service_tier;
    config.cache_ttl = models.cache_ttl;
    config.environments = environment.processors();
    config.budgets = Budgets {
        per_day_usd: budget.per_day_usd,
        per_tenant_day_usd: budget.per_tenant_day_usd,
        account: budget.account,
    };
    config
}

/// Whether it is said how to reach a model at all: by a key, an address, or a project on Vertex AI, if this
/// program was built with that.
#[must_use]
pub fn is_configured(settings: &Settings, environment: &Environment) -> bool {
    environment.gemini_api_key.is_some()
        || environment.gemini_base_url.is_some()
        || settings.models.endpoints.iter().any(|endpoint| match &endpoint.account {
            ModelAccount::Key(variable) => environment.gemini_api_keys.contains_key(variable),
            ModelAccount::Vertex { .. } => gemini::HAS_VERTEX,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(models: &str, variables: &[(&str, &str)]) -> Config {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n[models]\n{models}\n[sources.github]\n");
        let settings = Settings::parse(&text, dir.path()).unwrap();
        config(&settings, &Environment::from_map(variables.iter().copied()).unwrap())
    }

    #[test]
    fn version_and_endpoints_of_agent_toml_are_kept() {
        let models = "api_version = \"v1\"\n\
                      endpoints = [{ base_url = \"https://one.example\", api_version = \"v1beta\", weight = 9 }]";
        let config = config_of(models, &[]);
        assert_eq!((config.api_version.as_str(), config.endpoints.len()), ("v1", 1));
        assert_eq!(
            (config.endpoints[0].base_url.as_str(), config.endpoints[0].weight),
            ("https://one.example", 9)
        );
    }

    #[test]
    fn an_address_in_the_environment_takes_the_place_of_all_endpoints() {
        let models = "endpoints = [{ base_url = \"https://one.example\" }]";
        let config = config_of(models, &[("GEMINI_BASE_URL", "http://127.0.0.1:9")]);
        assert_eq!((config.base_url.as_str(), config.endpoints.len()), ("http://127.0.0.1:9", 0));
    }

    #[test]
    fn a_project_on_vertex_ai_needs_no_key() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let of = |models: &str| {
            let text = format!("[agent]\npersona = \"p.md\"\n[models]\n{models}\n[sources.github]\n");
            Settings::parse(&text, dir.path()).unwrap()
        };
        let nothing = Environment::default();
        let vertex = of("endpoints = [{ project = \"my-project-1\" }]");
        assert_eq!(is_configured(&vertex, &nothing), gemini::HAS_VERTEX);
        assert!(!is_configured(&of(""), &nothing));
        let second = of("endpoints = [{ key = \"GEMINI_API_KEY_2\" }]");
        assert!(!is_configured(&second, &nothing));
        let keys = Environment::from_map([("GEMINI_API_KEY_2", "k")]).unwrap();
        assert!(is_configured(&second, &keys));
        assert!(config(&second, &keys).other_keys.contains_key("GEMINI_API_KEY_2"));
    }

    #[test]
    fn the_bounds_of_the_lanes_are_the_environments_that_share() {
        let bounds =
            [("EXPRESS_CONCURRENCY", "10"), ("STANDARD_CONCURRENCY", "10"), ("BULK_CONCURRENCY", "2")];
        assert_eq!(config_of("", &bounds).environments, 22);
        assert_eq!(config_of("", &[]).environments, 1);
    }
}
