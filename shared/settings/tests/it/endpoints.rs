//! `[[models.endpoints]]`: addresses, keys, and projects on Vertex AI.

use domain::{ModelAccount, ModelEndpoint};
use settings::{Environment, Settings};

const FEDERATION: &str = r#"{"type": "external_account", "audience": "//iam.googleapis.com/x"}"#;

fn read(endpoint: &str) -> Result<Vec<ModelEndpoint>, String> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
    std::fs::write(dir.path().join("vertex.json"), FEDERATION).unwrap();
    std::fs::write(dir.path().join("key.json"), r#"{"type": "service_account", "private_key": "s"}"#)
        .unwrap();
    let text = format!("[agent]\npersona = \"p.md\"\n[models]\nendpoints = [{endpoint}]\n[sources.github]\n");
    let settings = Settings::parse(&text, dir.path()).map_err(|mistakes| mistakes.to_string())?;
    Ok(settings.models.endpoints)
}

#[test]
fn a_project_on_vertex_ai_has_the_address_of_its_location() {
    for (location, address) in [
        ("", "https://aiplatform.googleapis.com"),
        (", location = \"europe-west4\"", "https://europe-west4-aiplatform.googleapis.com"),
        (", location = \"us-east1\", base_url = \"https://private.example\"", "https://private.example"),
    ] {
        let one = read(&format!("{{ project = \"my-project-1\"{location} }}")).unwrap().remove(0);
        assert_eq!((one.base_url.as_str(), one.api_version.as_str(), one.weight), (address, "v1", 1));
        assert!(one.account.is_vertex());
    }
    let one = read("{ project = \"p\", workload_identity = \"vertex.json\" }").unwrap().remove(0);
    let ModelAccount::Vertex { workload_identity, location, .. } = one.account else { panic!() };
    assert_eq!((workload_identity.as_deref(), location.as_str()), (Some(FEDERATION), "global"));
}

#[test]
fn an_endpoint_has_the_key_of_the_variable_that_it_names() {
    let all = read("{ weight = 3 }, { key = \"GEMINI_API_KEY_2\", weight = 0 }").unwrap();
    assert_eq!(all[0].account, ModelAccount::Key("GEMINI_API_KEY".to_owned()));
    assert_eq!(all[1].account, ModelAccount::Key("GEMINI_API_KEY_2".to_owned()));
    let names: Vec<String> = ModelEndpoint::accounts(&all).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["", "generativelanguage.googleapis.com/GEMINI_API_KEY_2"]);
    let environment =
        Environment::from_map([("GEMINI_API_KEY", "a"), ("GEMINI_API_KEY_2", "b"), ("GEMINI_API_KEYS", "c")])
            .unwrap();
    assert_eq!(environment.gemini_api_keys.keys().collect::<Vec<_>>(), ["GEMINI_API_KEY_2"]);
}

#[test]
fn the_first_account_with_a_key_keeps_the_state_of_a_lone_one_wherever_it_stands() {
    let all = read("{ project = \"p-1\", location = \"us-east1\" }, { api_version = \"v1\" }, { api_version = \"v1beta\" }")
        .unwrap();
    let accounts = ModelEndpoint::accounts(&all);
    let names: Vec<(&str, usize)> =
        accounts.iter().map(|(name, members)| (name.as_str(), members.len())).collect();
    assert_eq!(names, [("p-1/us-east1", 1), ("", 2)], "versions of one address share their account");
}

#[test]
fn what_makes_no_account_is_a_mistake() {
    for (endpoint, problem) in [
        ("{ location = \"us-east1\" }", "a location or a workload identity is set"),
        ("{ project = \"p\", key = \"GEMINI_API_KEY\" }", "has no key"),
        ("{ project = \"a/b\" }", "no project"),
        ("{ project = \"p\", location = \"evil.example/\" }", "no location"),
        ("{ key = \"GITHUB_TOKEN\" }", "not the name of a variable for a model key"),
        ("{ project = \"p\", workload_identity = \"key.json\" }", "holds a secret"),
        ("{ project = \"p\", workload_identity = \"p.md\" }", "no configuration of workload identity"),
        ("{ project = \"p\", workload_identity = \"none.json\" }", "no such file"),
    ] {
        let said = read(endpoint).unwrap_err();
        assert!(said.contains(problem), "{endpoint}: {said}");
    }
}

#[test]
fn googles_credentials_are_their_json_and_never_shown() {
    let secret = "{\n \"type\": \"service_account\", \"private_key\": \"hunter2\"\n}";
    let environment = Environment::from_map([("GOOGLE_CREDENTIALS", secret)]).unwrap();
    assert!(environment.google_credentials.is_some() && !format!("{environment:?}").contains("hunter2"));
    for wrong in ["/home/me/hunter2.json", "{\"hunter2\": 1}"] {
        let said = Environment::from_map([("GOOGLE_CREDENTIALS", wrong)]).unwrap_err().to_string();
        assert!(said.contains("GOOGLE_CREDENTIALS") && !said.contains("hunter2"), "{said}");
    }
}
