//! The services that answers go to: where they are, and who we are there.

use secrecy::ExposeSecret;
use settings::{Environment, ZendeskCredentials};

const SLACK: (&str, &str) = ("SLACK_BOT_TOKEN", "xoxb-1");
const SUBDOMAIN: (&str, &str) = ("ZENDESK_SUBDOMAIN", "acme");
const ZENDESK_EMAIL: (&str, &str) = ("ZENDESK_EMAIL", "agent@acme.example");
const ZENDESK_TOKEN: (&str, &str) = ("ZENDESK_API_TOKEN", "hunter2");
const OAUTH: (&str, &str) = ("ZENDESK_OAUTH_TOKEN", "hunter2");
const JIRA_URL: (&str, &str) = ("JIRA_API_URL", "https://acme.atlassian.net/");
const JIRA_EMAIL: (&str, &str) = ("JIRA_EMAIL", "agent@acme.example");
const PAGERDUTY_EMAIL: (&str, &str) = ("PAGERDUTY_EMAIL", "agent@acme.example");
const PAGERDUTY_TOKEN: (&str, &str) = ("PAGERDUTY_API_TOKEN", "hunter2");
const JIRA_TOKEN: (&str, &str) = ("JIRA_API_TOKEN", "hunter2");

fn read(variables: &[(&str, &str)]) -> Environment {
    Environment::from_map(variables.iter().copied()).unwrap()
}

fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
    let found = Environment::from_map(variables.iter().copied()).unwrap_err();
    assert!(!format!("{found} {found:?}").contains("hunter2"), "{found}");
    found.as_slice().iter().map(ToString::to_string).collect()
}

#[test]
fn slack_and_stripe_are_read() {
    let environment = read(&[
        SLACK,
        ("SLACK_API_URL", "http://127.0.0.1:3003/api/"),
        ("STRIPE_API_KEY", "rk_test_1"),
        ("STRIPE_API_URL", "http://127.0.0.1:3004"),
    ]);
    assert_eq!(environment.slack_bot_token.unwrap().expose_secret(), "xoxb-1");
    assert_eq!(environment.slack_api_url.as_deref(), Some("http://127.0.0.1:3003/api"));
    assert_eq!(environment.stripe_api_key.unwrap().expose_secret(), "rk_test_1");
    assert_eq!(environment.stripe_api_url.as_deref(), Some("http://127.0.0.1:3004"));
}

#[test]
fn zendesk_is_read_with_either_credential_and_either_address() {
    let zendesk = read(&[SUBDOMAIN, ZENDESK_EMAIL, ZENDESK_TOKEN]).zendesk.unwrap();
    assert_eq!(zendesk.url, "https://acme.zendesk.com");
    let ZendeskCredentials::ApiToken { email, token } = zendesk.credentials else {
        panic!("a token was set")
    };
    assert_eq!((email.as_str(), token.expose_secret()), ("agent@acme.example", "hunter2"));

    let zendesk = read(&[SUBDOMAIN, ("ZENDESK_API_URL", "http://127.0.0.1:1/"), OAUTH]).zendesk.unwrap();
    assert_eq!(zendesk.url, "http://127.0.0.1:1");
    assert!(
        matches!(zendesk.credentials, ZendeskCredentials::Oauth(token) if token.expose_secret() == "hunter2")
    );
}

#[test]
fn jira_is_read() {
    let jira = read(&[JIRA_URL, JIRA_EMAIL, JIRA_TOKEN]).jira.unwrap();
    assert_eq!(
        (jira.url.as_str(), jira.email.as_str()),
        ("https://acme.atlassian.net", "agent@acme.example")
    );
    assert_eq!(jira.token.expose_secret(), "hunter2");
}

#[test]
fn a_data_center_is_refused_where_answers_would_go() {
    for site in ["https://jira.example.com", "http://10.0.0.7:8080", "https://atlassian.net"] {
        let said = Environment::from_map([("JIRA_API_URL", site), JIRA_EMAIL, JIRA_TOKEN]).unwrap_err();
        let said = said.as_slice()[0].to_string();
        assert!(
            said.contains("JIRA_API_URL: no site of Jira Cloud") && said.contains("Data Center"),
            "{said}"
        );
    }
    for site in ["http://127.0.0.1:8080", "http://localhost:1", "https://api.atlassian.com/ex/jira/1"] {
        assert_eq!(read(&[("JIRA_API_URL", site), JIRA_EMAIL, JIRA_TOKEN]).jira.unwrap().url, site);
    }
}

#[test]
fn a_service_that_wants_no_more_than_a_token_is_at_its_public_address_unless_another_is_named() {
    let linear = read(&[("LINEAR_API_KEY", "hunter2")]).linear.unwrap();
    assert_eq!(
        (linear.url.as_str(), linear.token.unwrap().expose_secret()),
        ("https://api.linear.app", "hunter2")
    );
    let linear = read(&[("LINEAR_API_URL", "http://127.0.0.1:1/")]).linear.unwrap();
    assert!(linear.url == "http://127.0.0.1:1" && linear.token.is_none(), "a server of one's own needs none");
    assert!(read(&[]).linear.is_none());
    let others = read(&[("GITLAB_TOKEN", "hunter2"), ("SENTRY_AUTH_TOKEN", "hunter2")]);
    assert_eq!(
        (others.gitlab.unwrap().url, others.sentry.unwrap().url),
        ("https://gitlab.com".into(), "https://sentry.io".into())
    );
}

#[test]
fn pagerduty_is_read_with_the_user_in_whose_name_notes_are_written() {
    let pagerduty = read(&[PAGERDUTY_EMAIL, PAGERDUTY_TOKEN]).pagerduty.unwrap();
    assert_eq!(
        (pagerduty.url.as_str(), pagerduty.email.as_str()),
        ("https://api.pagerduty.com", "agent@acme.example")
    );
    assert_eq!(pagerduty.token.expose_secret(), "hunter2");
}

#[test]
fn an_address_without_credentials_is_no_access_and_no_mistake() {
    let environment = read(&[SUBDOMAIN, JIRA_URL]);
    assert!(environment.zendesk.is_none() && environment.jira.is_none());
}

#[test]
fn half_of_an_access_is_a_mistake_that_names_the_other_half() {
    for (variables, expected) in [
        (
            &[PAGERDUTY_TOKEN][..],
            "environment: PAGERDUTY_EMAIL: missing, while PAGERDUTY_API_TOKEN is set; set both or neither",
        ),
        (
            &[SUBDOMAIN, ZENDESK_EMAIL],
            "environment: ZENDESK_API_TOKEN: missing, while ZENDESK_EMAIL is set; set both or neither",
        ),
        (
            &[SUBDOMAIN, ZENDESK_TOKEN],
            "environment: ZENDESK_EMAIL: missing, while ZENDESK_API_TOKEN is set; set both or neither",
        ),
        (
            &[OAUTH],
            "environment: ZENDESK_SUBDOMAIN: missing, while credentials for Zendesk are set; \
             write `acme` for https://acme.zendesk.com",
        ),
        (
            &[SUBDOMAIN, OAUTH, ZENDESK_EMAIL, ZENDESK_TOKEN],
            "environment: ZENDESK_OAUTH_TOKEN: set together with ZENDESK_API_TOKEN; remove one of them",
        ),
        (
            &[JIRA_URL, JIRA_TOKEN],
            "environment: JIRA_EMAIL: missing, while JIRA_API_TOKEN is set; set both or neither",
        ),
        (
            &[JIRA_EMAIL, JIRA_TOKEN],
            "environment: JIRA_API_URL: missing, while JIRA_API_TOKEN is set; \
             write the site, like https://acme.atlassian.net",
        ),
    ] {
        assert_eq!(mistakes(variables), [expected]);
    }
}

#[test]
fn the_wrong_kind_of_token_is_told_apart() {
    for (name, value, word) in [
        ("SLACK_BOT_TOKEN", "xoxp-hunter2", "the token of a user; copy the Bot User OAuth Token"),
        ("SLACK_BOT_TOKEN", "xapp-hunter2", "xoxb-"),
        ("STRIPE_API_KEY", "pk_live_hunter2", "a publishable key; use a restricted key"),
        ("STRIPE_API_KEY", "whsec_hunter2", "STRIPE_WEBHOOK_SECRET"),
        ("STRIPE_API_KEY", "sk_live hunter2", "on one line"),
    ] {
        let found = mistakes(&[(name, value)]);
        assert!(found.len() == 1 && found[0].contains(name) && found[0].contains(word), "{found:?}");
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for subdomain in ["acme.zendesk.com", "https://acme.zendesk.com", "a/b", "-a", "a b"] {
        let found = mistakes(&[("ZENDESK_SUBDOMAIN", subdomain), OAUTH]);
        assert_eq!(
            found,
            ["environment: ZENDESK_SUBDOMAIN: not a subdomain; write `acme` for https://acme.zendesk.com"]
        );
    }
    for email in ["agent", "a:b@acme.example", "a b@acme.example"] {
        let found = mistakes(&[JIRA_URL, ("JIRA_EMAIL", email), JIRA_TOKEN]);
        assert!(found.len() == 1 && found[0].contains("JIRA_EMAIL: not an email address"), "{found:?}");
    }
}

#[test]
fn no_credential_is_ever_shown() {
    let environment = read(&[
        ("SLACK_BOT_TOKEN", "hunter2"),
        ("STRIPE_API_KEY", "hunter2"),
        ("LINEAR_API_KEY", "hunter2"),
        ("GITLAB_TOKEN", "hunter2"),
        ("SENTRY_AUTH_TOKEN", "hunter2"),
        PAGERDUTY_EMAIL,
        PAGERDUTY_TOKEN,
        SUBDOMAIN,
        OAUTH,
        JIRA_URL,
        JIRA_EMAIL,
        JIRA_TOKEN,
    ]);
    assert!(!format!("{environment:?}").contains("hunter2"));
    assert!(!format!("{:?}", read(&[SUBDOMAIN, ZENDESK_EMAIL, ZENDESK_TOKEN])).contains("hunter2"));
}
