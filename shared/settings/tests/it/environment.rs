//! What the environment says, and the report on a bad one.

use std::path::PathBuf;

use settings::{AwsResources, Environment, Mistakes};

fn lines(mistakes: &Mistakes) -> Vec<String> {
    mistakes.as_slice().iter().map(ToString::to_string).collect()
}

fn aws() -> Vec<(&'static str, &'static str)> {
    vec![
        ("TASKS_TABLE", "Tasks"),
        ("STATE_TABLE", "State"),
        ("QUEUE_URL_EXPRESS", "https://sqs.eu-west-1.amazonaws.com/1/express"),
        ("QUEUE_URL_STANDARD", "https://sqs.eu-west-1.amazonaws.com/1/standard"),
        ("QUEUE_URL_BULK", "http://localhost:4566/1/bulk"),
        ("PAYLOAD_BUCKET", "payloads"),
    ]
}

#[test]
fn nothing_set_is_nothing_known() {
    let environment = Environment::from_map([("GITHUB_TOKEN", ""), ("GEMINI_API_KEY", " \n")]).unwrap();
    assert!(
        environment.gemini_api_key.is_none() && environment.github.is_none() && environment.aws.is_none()
    );
    assert!(environment.webhook_secrets.is_empty() && environment.console_tokens.is_empty());
    assert!(!environment.on_lambda());
    assert_eq!(environment.config_path(), PathBuf::from("agent/agent.toml"));
}

#[test]
fn the_layer_holds_the_configuration_on_lambda_unless_told_otherwise() {
    let lambda = ("AWS_LAMBDA_FUNCTION_NAME", "ingest");
    let path =
        |variables: &[(&str, &str)]| Environment::from_map(variables.iter().copied()).unwrap().config_path();
    assert_eq!(path(&[lambda]), PathBuf::from("/opt/agent.toml"));
    assert_eq!(path(&[lambda, ("AFTERHOOK_CONFIG", "x.toml")]), PathBuf::from("x.toml"));
}

#[test]
fn our_own_log_variable_goes_before_the_general_one() {
    let log = |variables: &[(&str, &str)]| Environment::from_map(variables.iter().copied()).unwrap().log;
    assert_eq!(log(&[("RUST_LOG", "warn")]).as_deref(), Some("warn"));
    assert_eq!(log(&[("RUST_LOG", "warn"), ("AFTERHOOK_LOG", "debug")]).as_deref(), Some("debug"));
}

#[test]
fn aws_resources_are_all_read() {
    let mut variables = aws();
    variables.push(("QUEUE_URL_DEAD", "http://localhost:4566/1/dead"));
    variables.push(("VERIFY_SECRET_ID", "verify"));
    variables.push(("ACT_SECRET_ID", "act"));
    let environment = Environment::from_map(variables).unwrap();
    assert_eq!(
        environment.aws.unwrap(),
        AwsResources {
            tasks_table: "Tasks".to_owned(),
            state_table: "State".to_owned(),
            queue_url_express: "https://sqs.eu-west-1.amazonaws.com/1/express".to_owned(),
            queue_url_standard: "https://sqs.eu-west-1.amazonaws.com/1/standard".to_owned(),
            queue_url_bulk: "http://localhost:4566/1/bulk".to_owned(),
            payload_bucket: "payloads".to_owned(),
        }
    );
    assert_eq!(environment.queue_url_dead.as_deref(), Some("http://localhost:4566/1/dead"));
    assert_eq!(environment.verify_secret_id.as_deref(), Some("verify"));
    assert_eq!(environment.act_secret_id.as_deref(), Some("act"));
}

#[test]
fn every_missing_aws_resource_is_named() {
    let variables = aws().into_iter().filter(|(name, _)| !name.ends_with("_TABLE"));
    let found = Environment::from_map(variables).unwrap_err();
    assert_eq!(
        lines(&found),
        [
            "environment: TASKS_TABLE: missing, while QUEUE_URL_EXPRESS is set; set every AWS resource or none",
            "environment: STATE_TABLE: missing, while QUEUE_URL_EXPRESS is set; set every AWS resource or none",
        ]
    );
}

#[test]
fn mistakes_in_both_places_make_one_report() {
    let environment = Environment::from_map([("CONSOLE_URL", "nowhere")]);
    let agent = settings::Settings::load(std::path::Path::new("absent.toml"));
    let found = Mistakes::both(agent, environment).unwrap_err().to_string();
    assert!(found.starts_with("2 mistakes in the configuration:\n  absent.toml: "), "{found}");
    assert!(
        found.ends_with("environment: CONSOLE_URL: not a URL; write it like https://api.example.com"),
        "{found}"
    );
}
