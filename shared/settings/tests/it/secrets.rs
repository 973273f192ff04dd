//! Secrets: read as DESIGN says, and never shown.

use secrecy::ExposeSecret;
use settings::{Environment, GithubCredentials, MIN_TOKEN_CHARS, Mistakes, Role, Variables, variable_of};

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
fn two_sources_with_an_equal_secret_are_refused() {
    let variables = [
        ("GITHUB_WEBHOOK_SECRET", "one\nshared"),
        ("GITLAB_WEBHOOK_SECRET", "shared\ntwo"),
        ("JIRA_WEBHOOK_SECRET", "three"),
        ("API_WEBHOOK_SECRET", "three"),
    ];
    let environment = Environment::from_map(variables).unwrap();
    assert_eq!(environment.check_apart(["github", "stripe"]), Ok(()), "an unknown source does no harm");
    let found = lines(&environment.check_apart(["github", "gitlab", "jira"]).unwrap_err());
    assert_eq!(
        found,
        [
            "environment: GITLAB_WEBHOOK_SECRET: shares a secret with GITHUB_WEBHOOK_SECRET, so what one of the two \
             signs could be played to the other; give each its own",
            "environment: JIRA_WEBHOOK_SECRET: shares a secret with API_WEBHOOK_SECRET, so what one of the two signs \
             could be played to the other; give each its own",
        ]
    );
}

#[test]
fn a_blank_signing_secret_is_none() {
    let environment = Environment::from_map([("GITHUB_WEBHOOK_SECRET", " \n\n")]).unwrap();
    assert!(environment.secrets_for("github").is_none());
}

/// A token that is just long enough, and begins like this.
fn token(begin: &str) -> String {
    format!("{begin:x<32}")
}

#[test]
fn console_tokens_have_names_and_may_hold_colons() {
    let (one, two, three) = (token("a:b"), token("c"), token("d"));
    let lines = format!("mona: {one} \n\nhubot:{two}\nmona:{three}\n");
    let environment = Environment::from_map([("CONSOLE_TOKEN", lines)]).unwrap();
    let tokens: Vec<_> =
        environment.console_tokens.iter().map(|line| (&*line.name, line.token.expose_secret())).collect();
    assert_eq!(tokens, [("mona", &*one), ("hubot", &*two), ("mona", &*three)]);
}

#[test]
fn console_tokens_are_good_for_everything_or_for_the_roles_of_their_line() {
    let line = |roles: &str| format!("mona{roles}:{}\n", token(&format!("t{}", roles.len())));
    let lines = ["", "/submit", "/read", " / decide + read "].map(line).concat();
    let environment = Environment::from_map([("CONSOLE_TOKEN", lines)]).unwrap();
    let roles: Vec<String> = environment.console_tokens.iter().map(|line| line.roles.to_string()).collect();
    assert_eq!(roles, ["read+submit+decide", "submit", "read", "read+decide"]);
    assert!(environment.console_tokens.iter().all(|line| line.name == "mona"));
    let submit = environment.console_tokens[1].roles;
    assert_eq!(Role::ALL.map(|role| submit.has(role)), [false, true, false]);
}

#[test]
fn a_token_of_31_characters_is_too_short_and_one_of_32_is_not() {
    let read =
        |length: usize| Environment::from_map([("CONSOLE_TOKEN", format!("mona:{}", "x".repeat(length)))]);
    assert_eq!(read(MIN_TOKEN_CHARS).unwrap().console_tokens.len(), 1);
    let found = read(MIN_TOKEN_CHARS - 1).unwrap_err();
    assert!(lines(&found)[0].contains("line 1: the token is shorter than 32 characters"), "{found}");
    assert!(lines(&found)[0].contains("`afterhook token NAME` makes one"), "{found}");
}

#[test]
fn bad_console_lines_are_named_by_their_number() {
    let (good, foreign) = (token("x"), token("ä"));
    let lines_of = format!(
        "\nhunter2\n:hunter2\nmona:\na:{good}\nb:{good}\nc:{foreign}\nd:hunter2\ne/admin:{good}\nf/:{good}\n/read:{good}"
    );
    let found = Environment::from_map([("CONSOLE_TOKEN", lines_of)]).unwrap_err();
    let suggestion =
        "write one `name:token` or `name/read+submit+decide:token` a line; `afterhook token NAME` makes one";
    let expected = [
        "line 2: no colon between name and token",
        "line 3: no name before the colon",
        "line 4: no token behind the colon",
        "line 6: the token of an earlier line",
        "line 7: the token has characters that a header cannot carry",
        "line 8: the token is shorter than 32 characters",
        "line 9: an unknown role",
        "line 10: an unknown role",
        "line 11: no name before the colon",
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
            "environment: GITHUB_APP_ID: not the id of an app; copy App ID or Client ID of its settings page",
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
        ("CONSOLE_TOKEN", "mona:hunter2hunter2hunter2hunter2hunter2"),
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
