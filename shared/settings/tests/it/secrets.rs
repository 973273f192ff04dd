//! Secrets: read as DESIGN says, and never shown.

use secrecy::ExposeSecret;
use settings::{Environment, GithubCredentials, Mistakes, Variables, variable_of};

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----";

fn lines(mistakes: &Mistakes) -> Vec<String> {
    mistakes.as_slice().iter().map(ToString::to_string).collect()
}

fn secrets(environment: &Environment, source: &str) -> Vec<String> {
    let secrets = environment.secrets_for(source).unwrap();
    secrets.0.iter().map(|secret| secret.expose_secret().to_owned()).collect()
}

#[test]
fn one_signing_secret_a_line_in_their_order() {
    let environment = Environment::from_map([("GITHUB_WEBHOOK_SECRET", "\n new \r\n\n\told one\n")]).unwrap();
    assert_eq!(secrets(&environment, "github"), ["new", "old one"]);
}

#[test]
fn a_source_finds_its_secret_by_its_name() {
    let environment =
        Environment::from_map([("WORK_REPO_WEBHOOK_SECRET", "w"), ("SLACK_SIGNING_SECRET", "s")]).unwrap();
    assert_eq!(variable_of("work-repo"), "WORK_REPO_WEBHOOK_SECRET");
    assert_eq!(secrets(&environment, "work-repo"), ["w"]);
    assert_eq!(secrets(&environment, "work_repo"), ["w"]);
    assert_eq!(variable_of("slack"), "SLACK_SIGNING_SECRET");
    assert_eq!(secrets(&environment, "slack"), ["s"]);
}

#[test]
fn a_blank_signing_secret_is_none() {
    let environment = Environment::from_map([("GITHUB_WEBHOOK_SECRET", " \n\n")]).unwrap();
    assert!(environment.secrets_for("github").is_none());
}

#[test]
fn console_tokens_have_names_and_may_hold_colons() {
    let environment = Environment::from_map([("CONSOLE_TOKEN", "mona: a:b \n\nhubot:c\nmona:d\n")]).unwrap();
    let tokens: Vec<_> =
        environment.console_tokens.iter().map(|line| (&*line.name, line.token.expose_secret())).collect();
    assert_eq!(tokens, [("mona", "a:b"), ("hubot", "c"), ("mona", "d")]);
}

#[test]
fn bad_console_lines_are_named_by_their_number() {
    let found =
        Environment::from_map([("CONSOLE_TOKEN", "\nhunter2\n:hunter2\nmona:\na:x\nb:x\nc:ä")]).unwrap_err();
    let suggestion = "write one `name:token` a line";
    let expected = [
        "line 2: no colon between name and token",
        "line 3: no name before the colon",
        "line 4: no token behind the colon",
        "line 6: the token of an earlier line",
        "line 7: the token has characters that a header cannot carry",
    ];
    assert_eq!(
        lines(&found),
        expected.map(|line| format!("environment: CONSOLE_TOKEN: {line}; {suggestion}"))
    );
}

#[test]
fn a_token_or_an_app_is_read() {
    let token = Environment::from_map([("GITHUB_TOKEN", "ghp_x\n")]).unwrap().github.unwrap();
    assert!(matches!(token, GithubCredentials::Token(token) if token.expose_secret() == "ghp_x"));
    for pem in [PEM.to_owned(), PEM.replace('\n', "\\n"), format!("{PEM}\\n"), PEM.replace('\n', "\r\n")] {
        let variables = [("GITHUB_APP_ID", "123".to_owned()), ("GITHUB_APP_PRIVATE_KEY", pem)];
        let app = Environment::from_map(variables).unwrap().github.unwrap();
        let GithubCredentials::App { id, private_key } = app else { panic!("an app was set") };
        assert_eq!((id.as_str(), private_key.expose_secret().replace('\r', "").trim()), ("123", PEM));
    }
}

#[test]
fn half_an_app_and_two_identities_are_mistakes() {
    let found =
        |variables: &[(&str, &str)]| lines(&Environment::from_map(variables.iter().copied()).unwrap_err());
    let (id, key, token) = (("GITHUB_APP_ID", "1"), ("GITHUB_APP_PRIVATE_KEY", PEM), ("GITHUB_TOKEN", "t"));
    assert_eq!(
        found(&[id]),
        ["environment: GITHUB_APP_PRIVATE_KEY: missing, while GITHUB_APP_ID is set; set both or neither"]
    );
    assert_eq!(
        found(&[key]),
        ["environment: GITHUB_APP_ID: missing, while GITHUB_APP_PRIVATE_KEY is set; set both or neither"]
    );
    assert_eq!(
        found(&[id, key, token]),
        ["environment: GITHUB_TOKEN: set together with the credentials of an app; \
          remove it, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY"]
    );
    assert_eq!(
        found(&[("GITHUB_APP_ID", "1 2"), ("GITHUB_APP_PRIVATE_KEY", "key.pem")]),
        [
            "environment: GITHUB_APP_ID: no id of an app; copy App ID or Client ID of its settings page",
            "environment: GITHUB_APP_PRIVATE_KEY: not a private key in PEM; store the whole .pem file",
        ]
    );
}

#[test]
fn a_key_that_would_break_a_header_is_refused() {
    let found = Environment::from_map([("GEMINI_API_KEY", "hunter2\nX-Evil: 1")]).unwrap_err();
    assert_eq!(
        lines(&found),
        ["environment: GEMINI_API_KEY: has white space or other characters that no such secret has; \
          copy it again, all on one line"]
    );
}

#[test]
fn no_secret_is_ever_shown() {
    let bad = [
        ("GEMINI_API_KEY", "hunter2 x"),
        ("GITHUB_TOKEN", "hunter2\tx"),
        ("GITHUB_APP_PRIVATE_KEY", "hunter2"),
        ("CONSOLE_TOKEN", "hunter2"),
        ("CONSOLE_URL", "https://a:hunter2@x"),
        ("QUEUE_URL_DEAD", "hunter2"),
    ];
    let found = Environment::from_map(bad).unwrap_err();
    assert_eq!(found.as_slice().len(), 7, "{found}");
    assert!(!format!("{found} {found:?}").contains("hunter2"), "{found}");

    let good = [
        ("GEMINI_API_KEY", "hunter2"),
        ("GITHUB_TOKEN", "hunter2"),
        ("GITHUB_WEBHOOK_SECRET", "hunter2"),
        ("CONSOLE_TOKEN", "mona:hunter2"),
    ];
    let variables = Variables::from_map(good);
    assert!(!format!("{variables:?} {:?}", variables.environment().unwrap()).contains("hunter2"));
}

#[test]
fn a_stored_secret_is_laid_over_the_environment() {
    let mut variables = Variables::from_map([("GITHUB_TOKEN", "old"), ("CONSOLE_URL", "https://c")]);
    variables.set_secret("GITHUB_TOKEN", &"new".into());
    variables.set_secret("GITHUB_WEBHOOK_SECRET", &"a\nb".into());
    let environment = variables.environment().unwrap();
    let Some(GithubCredentials::Token(token)) = &environment.github else { panic!("a token was set") };
    assert_eq!(token.expose_secret(), "new");
    assert_eq!(secrets(&environment, "github"), ["a", "b"]);
    assert_eq!(environment.console_url.as_deref(), Some("https://c"));
}

#[test]
fn a_mistake_in_a_stored_secret_is_said_to_be_there() {
    let mut variables = Variables::default();
    variables.set_secret("CONSOLE_TOKEN", &"hunter2".into());
    let found = variables.environment().unwrap_err();
    assert!(lines(&found)[0].starts_with("secret: CONSOLE_TOKEN: line 1: "), "{found}");
}
