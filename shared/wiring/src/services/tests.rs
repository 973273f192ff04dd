use super::*;

fn built(toml: &str, variables: &[(&str, &str)]) -> Result<Services, ServicesError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
    let text = format!("[agent]\nname = \"a\"\npersona = \"p.md\"\n{toml}");
    let settings = Settings::parse(&text, dir.path()).unwrap();
    let environment = Environment::from_map(variables.iter().copied()).unwrap();
    services(&settings, &environment, &Clock::system())
}

#[test]
fn service_without_client_names_the_variable_to_set() {
    let none = Services::default();
    let target =
        Target::SlackThread { team: "T1".to_owned(), channel: "C1".to_owned(), thread_ts: "1.1".to_owned() };
    let error = none.of(&target).err().unwrap();
    assert_eq!((error.service, error.failure), ("slack", ServiceFailure::Refused));
    assert!(error.to_string().contains("SLACK_BOT_TOKEN"), "{error}");
    let error = none.client::<stripe::Stripe>().unwrap_err();
    assert!(error.to_string().contains("STRIPE_API_KEY"), "{error}");
    let error = none.client::<slack::Slack>().unwrap_err();
    assert!(error.to_string().contains("SLACK_BOT_TOKEN"), "{error}");
}

#[test]
fn clients_are_found_by_their_type() {
    let built =
        built("[sources.stripe]", &[("SLACK_BOT_TOKEN", "xoxb-1"), ("STRIPE_API_KEY", "rk_1")]).unwrap();
    assert!(built.client::<slack::Slack>().is_ok());
    assert!(built.client::<stripe::Stripe>().is_ok());
}

#[test]
fn every_missing_credential_is_named_at_once_with_what_needs_it() {
    let toml = "[sources.slack]\n[sources.jira]\nhost = \"acme.atlassian.net\"\n[sources.stripe]\n\
                [[intents]]\nname = \"x\"\nwhen = \"x\"\nautomation = \"refund_request\"";
    let Err(ServicesError::Missing(missing)) = built(toml, &[]) else { panic!("nothing is missing") };
    let named: Vec<_> = missing.iter().map(|it| (it.service, it.needed_by.as_str())).collect();
    assert_eq!(
        named,
        [
            (OutsideService::Slack, "[sources.slack]"),
            (OutsideService::Jira, "[sources.jira]"),
            (OutsideService::Stripe, "the automation `refund_request`")
        ]
    );
    let told = ServicesError::Missing(missing).to_string();
    assert_eq!(told.lines().count(), 3);
    for variable in ["SLACK_BOT_TOKEN", "JIRA_API_TOKEN", "STRIPE_API_KEY"] {
        assert!(told.contains(variable), "{told}");
    }
}

#[test]
fn senders_that_nobody_can_answer_need_no_credentials() {
    let built = built("[sources.stripe]\n[sources.sentry]\n[sources.zendesk]", &[]).unwrap();
    assert!(OutsideService::ALL.iter().all(|service| !built.has(*service)));
}

#[test]
fn every_service_with_credentials_has_a_client() {
    let variables = [
        ("GITHUB_TOKEN", "t"),
        ("SLACK_BOT_TOKEN", "xoxb-t"),
        ("ZENDESK_SUBDOMAIN", "acme"),
        ("ZENDESK_OAUTH_TOKEN", "t"),
        ("JIRA_API_URL", "https://acme.atlassian.net"),
        ("JIRA_EMAIL", "a@example.com"),
        ("JIRA_API_TOKEN", "t"),
        ("LINEAR_API_KEY", "lin_api_t"),
        ("GITLAB_TOKEN", "glpat-t"),
        ("PAGERDUTY_EMAIL", "a@example.com"),
        ("PAGERDUTY_API_TOKEN", "t"),
        ("SENTRY_AUTH_TOKEN", "sntryu_t"),
        ("STRIPE_API_KEY", "rk_test_1"),
    ];
    let built = built("[sources.github]", &variables).unwrap();
    for service in OutsideService::ALL {
        assert!(built.has(*service), "{service}");
        assert_eq!(built.publisher(*service).is_some(), service.provider().is_some(), "{service}");
    }
}

#[test]
fn a_server_of_ones_own_needs_no_token() {
    let variables = [
        ("GITHUB_API_URL", "http://127.0.0.1:9"),
        ("SLACK_API_URL", "http://127.0.0.1:9/api"),
        ("LINEAR_API_URL", "http://127.0.0.1:9"),
        ("GITLAB_API_URL", "http://127.0.0.1:9"),
        ("SENTRY_API_URL", "http://127.0.0.1:9"),
        ("STRIPE_API_URL", "http://127.0.0.1:9"),
    ];
    let built = built("[sources.github]", &variables).unwrap();
    assert_eq!(built.clients.len(), variables.len());
}

#[test]
fn settings_that_cannot_work_are_refused_under_the_name_of_their_service() {
    let told =
        built("[sources.github]", &[("GITHUB_API_URL", "https://github.com")]).err().unwrap().to_string();
    assert!(told.starts_with("GitHub: GITHUB_API_URL is that of the web site"), "{told}");
}

/// Which credential that is, the client says: a token, or that of an app's installation.
#[test]
fn what_is_attached_is_fetched_as_whoever_answers_there() {
    let key = include_str!("../../../github/tests/fixtures/throwaway-app-key.pkcs1.pem");
    let app = [("GITHUB_APP_ID", "4711"), ("GITHUB_APP_PRIVATE_KEY", key)];
    for (variables, kind) in [(&app[..], "App("), (&[("GITHUB_TOKEN", "ghp_1")][..], "Token(")] {
        let files = format!("{:?}", built("[sources.github]", variables).unwrap().files);
        assert!(files.contains("\"github.com\": Github") && files.contains(kind), "{files}");
    }
    let jira = [
        ("JIRA_API_URL", "https://acme.atlassian.net"),
        ("JIRA_EMAIL", "a@acme.example"),
        ("JIRA_API_TOKEN", "hunter2"),
    ];
    let files = format!("{:?}", built("[sources.jira]\nhost = \"acme.atlassian.net\"", &jira).unwrap().files);
    assert!(files.contains("\"acme.atlassian.net\"") && !files.contains("hunter2"), "{files}");
}
