//! The settings of the model's client.

use std::collections::BTreeSet;

use domain::{MODEL_KEY, ModelAccount};
use gemini::{Budgets, Config};
use settings::{Environment, Mistake, Mistakes, Settings};

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

/// Whether every key that an endpoint names is there, where the endpoints are asked: the model's client of a processor, and
/// of its second agent, is not made without.
///
/// # Errors
/// The variables that are not set.
pub fn check_keys(settings: &Settings, environment: &Environment) -> Result<(), Mistakes> {
    if environment.gemini_base_url.is_some() || !is_configured(settings, environment) {
        return Ok(());
    }
    let second = settings.shadow.as_ref().map(|shadow| &*shadow.agent);
    let named = [settings].into_iter().chain(second).flat_map(|agent| &agent.models.endpoints);
    let keys: BTreeSet<&str> = named
        .filter_map(|endpoint| match &endpoint.account {
            ModelAccount::Key(variable) if variable != MODEL_KEY => Some(variable.as_str()),
            ModelAccount::Key(_) | ModelAccount::Vertex { .. } => None,
        })
        .collect();
    let lacking = keys.into_iter().filter(|key| !environment.gemini_api_keys.contains_key(*key));
    let mistakes = lacking.map(|key| Mistake {
        origin: "environment".to_owned(),
        at: None,
        key: key.to_owned(),
        problem: "not set, and an endpoint of agent.toml, [models], names it as its key".to_owned(),
        suggestion: Some("set it, or remove that `key`".to_owned()),
    });
    Mistakes::check(mistakes.collect())
}

/// A warning for each project on Vertex AI that is asked with whatever credentials the place gives: where it gives none, every
/// call is refused.
#[must_use]
pub fn without_credentials(settings: &Settings, environment: &Environment) -> Vec<String> {
    if environment.gemini_base_url.is_some() || environment.google_credentials.is_some() {
        return Vec::new();
    }
    let projects = settings.models.endpoints.iter().filter_map(|endpoint| match &endpoint.account {
        ModelAccount::Vertex { project, workload_identity: None, .. } => Some(project.as_str()),
        ModelAccount::Vertex { .. } | ModelAccount::Key(_) => None,
    });
    let told = projects.collect::<BTreeSet<_>>().into_iter().map(|project| {
        format!(
            "models.endpoints: no credentials are set for the project \"{project}\" on Vertex AI; set GOOGLE_CREDENTIALS, or \
             `workload_identity` of the endpoint. Without, calls pass only where the place itself gives credentials (on Google \
             Cloud, or after `gcloud auth application-default login`), not on AWS"
        )
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_of(models: &str, variables: &[(&str, &str)]) -> Config {
        config(&settings_of(models), &Environment::from_map(variables.iter().copied()).unwrap())
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
        let of = settings_of;
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

    fn settings_of(models: &str) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        let text = format!("[agent]\npersona = \"p.md\"\n[models]\n{models}\n[sources.github]\n");
        Settings::parse(&text, dir.path()).unwrap()
    }

    #[test]
    fn a_key_that_an_endpoint_names_and_nobody_has_set_is_a_mistake_where_it_is_asked() {
        let two =
            settings_of("endpoints = [{ key = \"GEMINI_API_KEY_ONE\" }, { key = \"GEMINI_API_KEY_TWO\" }]");
        let keys = |variables: &[(&str, &str)]| {
            check_keys(&two, &Environment::from_map(variables.iter().copied()).unwrap())
        };
        let said = keys(&[("GEMINI_API_KEY_ONE", "k")]).unwrap_err().to_string();
        assert!(said.contains("GEMINI_API_KEY_TWO") && !said.contains("GEMINI_API_KEY_ONE"), "{said}");
        assert!(keys(&[("GEMINI_API_KEY_ONE", "k"), ("GEMINI_API_KEY_TWO", "k")]).is_ok());
        // The stand-in, or an address of the environment's, takes the place of all endpoints.
        assert!(keys(&[]).is_ok());
        assert!(keys(&[("GEMINI_API_KEY_ONE", "k"), ("GEMINI_BASE_URL", "http://127.0.0.1:9")]).is_ok());
    }

    #[test]
    fn a_project_on_vertex_ai_without_credentials_is_warned_of() {
        let vertex = settings_of("endpoints = [{ project = \"my-project-1\" }]");
        let told = |variables: &[(&str, &str)]| {
            without_credentials(&vertex, &Environment::from_map(variables.iter().copied()).unwrap())
        };
        let warned = told(&[]);
        assert!(warned.len() == 1 && warned[0].contains("\"my-project-1\""), "{warned:?}");
        let user = "{\"type\": \"authorized_user\"}";
        assert_eq!(told(&[("GOOGLE_CREDENTIALS", user)]), [""; 0]);
        assert_eq!(told(&[("GEMINI_BASE_URL", "http://127.0.0.1:9")]), [""; 0]);
        let keys = settings_of("endpoints = [{ key = \"GEMINI_API_KEY_2\" }]");
        assert_eq!(without_credentials(&keys, &Environment::default()), [""; 0]);
    }

    #[test]
    fn the_bounds_of_the_lanes_are_the_environments_that_share() {
        let bounds =
            [("EXPRESS_CONCURRENCY", "10"), ("STANDARD_CONCURRENCY", "10"), ("BULK_CONCURRENCY", "2")];
        assert_eq!(config_of("", &bounds).environments, 22);
        assert_eq!(config_of("", &[]).environments, 1);
    }
}
