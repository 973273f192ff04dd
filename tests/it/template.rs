//! template.yaml holds what the code and AWS ask of it: the tables of the adapter, numbers that belong
//! together, variables that are read, and no permission too many.

mod access;
mod alarms;
mod file;
mod first_deploy;
mod resources;
mod scripts;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use file::{Template, number, strings, text};

const FUNCTIONS: [&str; 4] = ["ConsoleFunction", "IngestFunction", "ProcessorFunction", "SweeperFunction"];
const LANES: [&str; 3] = ["BulkLane", "ExpressLane", "StandardLane"];
/// The variables that a deployed function may be given, by the manual.
const VARIABLES: [&str; 22] = [
    "ACT_SECRET_ID",
    "AFTERHOOK_LOG",
    "AWS_ENDPOINT_URL",
    "BULK_CONCURRENCY",
    "CONSOLE_SECRET_ID",
    "CONSOLE_TOKEN",
    "CONSOLE_URL",
    "EXPRESS_CONCURRENCY",
    "GEMINI_API_KEY",
    "GEMINI_BASE_URL",
    "GITHUB_API_URL",
    "GITHUB_TOKEN",
    "GITHUB_WEBHOOK_SECRET",
    "PAYLOAD_BUCKET",
    "QUEUE_URL_BULK",
    "QUEUE_URL_EXPRESS",
    "QUEUE_URL_STANDARD",
    "STACK_NAME",
    "STANDARD_CONCURRENCY",
    "STATE_TABLE",
    "TASKS_TABLE",
    "VERIFY_SECRET_ID",
];
/// Those of them that are credentials: only Secrets Manager may hold their values.
const CREDENTIALS: [&str; 4] = ["CONSOLE_TOKEN", "GEMINI_API_KEY", "GITHUB_TOKEN", "GITHUB_WEBHOOK_SECRET"];

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn every_folder_of_functions_is_deployed() {
    let template = Template::read();
    let deployed: BTreeSet<String> =
        FUNCTIONS.iter().map(|name| text(&template.properties(name)["CodeUri"]).to_owned()).collect();
    let folders = fs::read_dir(workspace().join("functions")).unwrap();
    let folders: BTreeSet<String> =
        folders.map(|entry| format!("functions/{}", entry.unwrap().file_name().to_str().unwrap())).collect();
    assert_eq!(deployed, folders);
    assert_eq!(template.named("AWS::Serverless::Function"), FUNCTIONS);
}

/// cargo-lambda makes a panic abort the process in what it calls optimisations. A panic in one task
/// would then take the whole batch with it.
#[test]
fn panics_unwind_in_what_is_deployed() {
    let read =
        |file: &str| -> toml::Table { fs::read_to_string(workspace().join(file)).unwrap().parse().unwrap() };
    let build = &read("CargoLambda.toml")["build"];
    assert_eq!(build["disable_optimizations"].as_bool(), Some(true));
    assert!(!build["config"].to_string().contains("panic"));
    for (name, profile) in read("Cargo.toml")["profile"].as_table().unwrap() {
        assert!(profile.get("panic").is_none(), "[profile.{name}] changes what a panic does");
    }
}

#[test]
fn message_stays_invisible_for_six_processor_time_outs() {
    let template = Template::read();
    let timeout = number(&template.properties("ProcessorFunction")["Timeout"]);
    for lane in LANES {
        assert!(number(&template.properties(lane)["VisibilityTimeout"]) >= 6 * timeout, "{lane}");
    }
}

#[test]
fn sweeps_do_not_overlap() {
    let template = Template::read();
    let sweeper = template.properties("SweeperFunction");
    assert_eq!(text(&sweeper["Events"]["EveryMinute"]["Properties"]["Schedule"]), "rate(1 minute)");
    assert!(number(&sweeper["Timeout"]) < 60);
}

#[test]
fn sources_of_the_processor_keep_within_what_sqs_allows() {
    let template = Template::read();
    let events = template.properties("ProcessorFunction")["Events"].as_mapping().unwrap();
    assert_eq!(events.len(), LANES.len());
    for (lane, event) in events {
        let (lane, source) = (text(lane), &event["Properties"]);
        assert_eq!(text(&source["Queue"]), format!("{lane}Lane.Arn"));
        assert_eq!(strings(&source["FunctionResponseTypes"]), ["ReportBatchItemFailures"], "{lane}");
        let bound = text(&source["ScalingConfig"]["MaximumConcurrency"]);
        assert!(number(&template.root()["Parameters"][bound]["MinValue"]) >= 2, "{lane}");
        let (size, window) = (number(&source["BatchSize"]), &source["MaximumBatchingWindowInSeconds"]);
        if lane == "Bulk" {
            assert_eq!((size, number(window)), (20, 5));
        } else {
            assert!(size <= 10 && window.is_null(), "{lane}: an urgent task waits for nobody");
        }
    }
}

#[test]
fn messages_and_objects_outlive_what_points_to_them() {
    const DAY: i64 = 86_400;
    let template = Template::read();
    for queue in LANES.iter().chain(&["DeadLetters"]) {
        let days = number(&template.properties(queue)["MessageRetentionPeriod"]) / DAY;
        assert!(days > domain::MAX_OPEN_DAYS, "{queue}");
    }
    let rules = &template.properties("PayloadBucket")["LifecycleConfiguration"]["Rules"];
    // DynamoDB deletes some days late.
    assert!(number(&rules[0]["ExpirationInDays"]) > domain::RETENTION_DAYS + domain::MAX_OPEN_DAYS + 14);
}

#[test]
fn functions_are_given_known_variables_and_no_credentials() {
    let template = Template::read();
    for function in FUNCTIONS {
        for (name, value) in template.variables(function) {
            assert!(VARIABLES.contains(&name), "{function}: {name} is no variable of the manual");
            assert!(!CREDENTIALS.contains(&name) || text(value).is_empty(), "{function}: {name} is a secret");
        }
    }
}

#[test]
fn settings_read_the_resources_and_secrets_of_each_function() {
    let template = Template::read();
    let secrets = |function| {
        let given = template.variables(function).filter(|(name, _)| *name != "AWS_ENDPOINT_URL");
        let given = given.map(|(name, value)| (name, stand_in(name, text(value))));
        let environment = settings::Environment::from_map(given).unwrap();
        assert!(environment.aws.is_some(), "{function}");
        assert_eq!(environment.stack_name.as_deref(), Some("AWS::StackName"), "{function}");
        (environment.verify_secret_id, environment.act_secret_id, environment.console_secret_id)
    };
    let named = |secret: &str| Some(secret.to_owned());
    assert_eq!(secrets("IngestFunction"), (named("VerifySecret"), None, None));
    assert_eq!(secrets("ConsoleFunction"), (None, None, named("ConsoleSecret")));
    assert_eq!(secrets("ProcessorFunction"), (None, named("ActSecret"), None));
    assert_eq!(secrets("SweeperFunction"), (None, named("ActSecret"), None));
}

/// What a reference in the template becomes when the stack is deployed.
fn stand_in(name: &str, reference: &str) -> String {
    if name.starts_with("QUEUE_URL") {
        return format!("https://sqs.us-east-1.amazonaws.com/000000000000/{reference}");
    }
    if name.ends_with("_CONCURRENCY") {
        return "10".to_owned();
    }
    if name == "CONSOLE_URL" { "https://console.example".to_owned() } else { reference.to_owned() }
}

#[test]
fn sample_environment_sets_only_what_the_template_names() {
    let template = Template::read();
    let sample = fs::read_to_string(workspace().join("events/env.json")).unwrap();
    let sample: serde_json::Value = serde_json::from_str(&sample).unwrap();
    for (function, variables) in sample.as_object().unwrap() {
        let function = if function == "Parameters" { "SweeperFunction" } else { function };
        let named: BTreeSet<&str> = template.variables(function).map(|(name, _)| name).collect();
        for name in variables.as_object().unwrap().keys() {
            assert!(named.contains(name.as_str()), "`sam local invoke` does not hand {name} to {function}");
        }
    }
}

#[test]
fn sample_events_take_routes_that_exist() {
    let template = Template::read();
    let mut routes = BTreeSet::new();
    for function in ["ConsoleFunction", "IngestFunction"] {
        for (_, event) in template.properties(function)["Events"].as_mapping().unwrap() {
            let properties = &event["Properties"];
            routes.insert(format!("{} {}", text(&properties["Method"]), text(&properties["Path"])));
        }
    }
    for entry in fs::read_dir(workspace().join("events")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let event: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        if let Some(route) = event["routeKey"].as_str() {
            assert!(routes.contains(route), "{}: no route {route}", path.display());
        }
    }
}

/// A published version keeps the variables that it was published with. SAM makes a new one for what stands in the
/// template, not for the value of a parameter: so the version's description, for which CloudFormation makes a new one,
/// has every parameter that a variable has. And no other: Lambda publishes nothing where nothing has changed.
#[test]
fn every_change_of_prompts_code_or_parameters_goes_live() {
    let template = Template::read();
    assert_eq!(template.properties("AgentLayer")["PublishLambdaVersion"].as_bool(), Some(true));
    for function in FUNCTIONS {
        let properties = template.properties(function);
        assert_eq!(properties["AutoPublishAliasAllProperties"].as_bool(), Some(true), "{function}");
        let mut variables = BTreeSet::new();
        for (_, value) in template.variables(function) {
            parameters(&template, value, &mut variables);
        }
        let mut described = BTreeSet::new();
        parameters(&template, &properties["VersionDescription"], &mut described);
        assert_eq!(described, variables, "{function}");
    }
    // A description has 256 characters, most of them for the longest address.
    for name in ["ConsoleUrl", "DomainName"] {
        assert!(number(&template.root()["Parameters"][name]["MaxLength"]) <= 150, "{name}");
    }
}

/// What the fleet knows of a model is in as many parts as it has processors: whoever writes it there finds all of them.
#[test]
fn whoever_parks_a_model_knows_how_wide_the_fleet_is() {
    let template = Template::read();
    for function in ["ProcessorFunction", "SweeperFunction"] {
        for (variable, bound) in [
            ("EXPRESS_CONCURRENCY", "ExpressConcurrency"),
            ("STANDARD_CONCURRENCY", "StandardConcurrency"),
            ("BULK_CONCURRENCY", "BulkConcurrency"),
        ] {
            let of_function = template.variables(function).into_iter().find(|(name, _)| *name == variable);
            assert_eq!(of_function.map(|(_, value)| text(value)), Some(bound), "{function}, {variable}");
        }
    }
}

/// The parameters that `value` refers to.
fn parameters<'t>(template: &'t Template, value: &yaml_serde::Value, found: &mut BTreeSet<&'t str>) {
    use yaml_serde::Value;
    match value {
        Value::String(said) => found.extend(
            template.root()["Parameters"]
                .as_mapping()
                .unwrap()
                .keys()
                .map(text)
                .filter(|name| said == name || said.contains(&format!("${{{name}}}"))),
        ),
        Value::Sequence(inner) => inner.iter().for_each(|value| parameters(template, value, found)),
        Value::Mapping(inner) => inner.values().for_each(|value| parameters(template, value, found)),
        _ => {}
    }
}

/// The fleet's permits and quotas are shared out by how many processors may run at once.
#[test]
fn processor_is_told_the_bounds_of_its_lanes() {
    let template = Template::read();
    let told: std::collections::BTreeMap<&str, &str> =
        template.variables("ProcessorFunction").map(|(name, value)| (name, text(value))).collect();
    let events = template.properties("ProcessorFunction")["Events"].as_mapping().unwrap();
    for (lane, event) in events {
        let variable = format!("{}_CONCURRENCY", text(lane).to_uppercase());
        let bound = text(&event["Properties"]["ScalingConfig"]["MaximumConcurrency"]);
        assert_eq!(told.get(variable.as_str()), Some(&bound), "{variable}");
    }
}
