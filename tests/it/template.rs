//! template.yaml holds what the code and AWS ask of it: the tables of the adapter, numbers that belong
//! together, variables that are read, and no permission too many.

mod file;
mod resources;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use yaml_serde::Value;

use file::{Template, number, strings, text};

const FUNCTIONS: [&str; 4] = ["ConsoleFunction", "IngestFunction", "ProcessorFunction", "SweeperFunction"];
const LANES: [&str; 3] = ["BulkLane", "ExpressLane", "StandardLane"];
/// The variables that a deployed function may be given, by the README.
const VARIABLES: [&str; 20] = [
    "ACT_SECRET_ID",
    "AFTERHOOK_LOG",
    "AWS_ENDPOINT_URL",
    "BULK_CONCURRENCY",
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
    assert!(number(&rules[0]["ExpirationInDays"]) > domain::RETENTION_DAYS + domain::MAX_OPEN_DAYS + 1);
}

#[test]
fn functions_are_given_known_variables_and_no_credentials() {
    let template = Template::read();
    for function in FUNCTIONS {
        for (name, value) in template.variables(function) {
            assert!(VARIABLES.contains(&name), "{function}: {name} is no variable of the README");
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
        (environment.verify_secret_id, environment.act_secret_id)
    };
    let (verify, act) = (Some("VerifySecret".to_owned()), Some("ActSecret".to_owned()));
    assert_eq!(secrets("IngestFunction"), (verify, None));
    assert_eq!(secrets("ConsoleFunction"), (None, act.clone()));
    assert_eq!(secrets("ProcessorFunction"), (None, act.clone()));
    assert_eq!(secrets("SweeperFunction"), (None, act));
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

#[test]
fn page_and_api_lead_to_the_console_and_the_console_may_read_what_they_show() {
    let template = Template::read();
    let events = template.properties("ConsoleFunction")["Events"].as_mapping().unwrap();
    let paths: BTreeSet<&str> = events.iter().map(|(_, event)| text(&event["Properties"]["Path"])).collect();
    assert_eq!(paths, BTreeSet::from(["/", "/openapi.json", "/tasks", "/tasks/{proxy+}", "/ui/{proxy+}"]));
    let permissions = template.permissions("ConsoleRole");
    let may = |action: &str, on: &str| {
        permissions.iter().any(|(known, resource)| known == action && resource.contains(on))
    };
    for (action, on) in [
        ("dynamodb:Query", "/index/listed"),
        ("dynamodb:Query", "/index/open"),
        ("dynamodb:GetItem", "StateTable"),
        ("dynamodb:UpdateItem", "StateTable"),
        ("sqs:GetQueueAttributes", "ExpressLane"),
        ("sqs:GetQueueAttributes", "StandardLane"),
        ("sqs:GetQueueAttributes", "BulkLane"),
        ("sqs:SendMessage", "ExpressLane"),
    ] {
        assert!(may(action, on), "{action} on {on}");
    }
    assert!(!may("sqs:ReceiveMessage", "") && !may("dynamodb:DeleteItem", ""));
}

#[test]
fn permissions_name_their_actions_and_resources() {
    let template = Template::read();
    for role in template.named("AWS::IAM::Role") {
        for (action, resource) in template.permissions(role) {
            assert!(!action.contains('*'), "{role}: {action}");
            assert_ne!(resource, "*", "{role}: {action} on everything");
        }
        assert!(template.properties(role)["ManagedPolicyArns"].is_null(), "{role}");
    }
}

#[test]
fn function_reads_no_secret_but_its_own() {
    let template = Template::read();
    let secrets = |role| -> Vec<String> {
        let allowed = template.permissions(role).into_iter();
        allowed.filter(|(action, _)| action.starts_with("secretsmanager:")).map(|(_, on)| on).collect()
    };
    assert_eq!(secrets("IngestRole"), ["VerifySecret"]);
    assert_eq!(secrets("ConsoleRole"), ["ActSecret"]);
    assert_eq!(secrets("ProcessorRole"), ["ActSecret"]);
    assert_eq!(secrets("SweeperRole"), ["ActSecret"]);
}

#[test]
fn each_function_reads_the_indexes_that_it_asks() {
    let template = Template::read();
    let queried = |role| -> Vec<String> {
        let allowed = template.permissions(role).into_iter();
        allowed.filter(|(action, _)| action == "dynamodb:Query").map(|(_, on)| on).collect()
    };
    assert!(queried("IngestRole").is_empty());
    assert!(queried("ConsoleRole").contains(&"${TasksTable.Arn}/index/listed".to_owned()));
    assert_eq!(queried("ProcessorRole"), ["${TasksTable.Arn}/index/thread", "TasksTable.Arn"]);
    assert_eq!(queried("SweeperRole"), ["${TasksTable.Arn}/index/open"]);
}

/// Lambda stops such loops after about 16 rounds, and the task would hang.
#[test]
fn processor_cannot_send_to_a_lane() {
    let template = Template::read();
    let senders = template
        .named("AWS::IAM::Role")
        .into_iter()
        .filter(|role| template.permissions(role).iter().any(|(action, _)| action == "sqs:SendMessage"));
    assert_eq!(senders.collect::<Vec<_>>(), ["ConsoleRole", "IngestRole", "SweeperRole"]);
}

#[test]
fn every_queue_has_an_alarm_and_every_alarm_tells_somebody() {
    let template = Template::read();
    let mut watched = BTreeSet::new();
    for alarm in template.named("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(alarm);
        assert_eq!(strings(&alarm["AlarmActions"]), ["AlarmTopic"]);
        if let Some(queue) =
            alarm["Dimensions"][0]["Value"].as_str().and_then(|v| v.strip_suffix(".QueueName"))
        {
            watched.insert(queue.to_owned());
        }
    }
    let queues: BTreeSet<String> = template.named("AWS::SQS::Queue").into_iter().map(str::to_owned).collect();
    assert_eq!(watched, queues);
}

/// Names of models are agent.toml's: an alarm on one of them would be silent about all others.
#[test]
fn money_and_the_model_are_watched_whatever_the_models_are_called() {
    let template = Template::read();
    for (alarm, metric, dimension) in [
        ("BudgetAlarm", "MAX(BudgetUsed)", "budget"),
        ("BreakerAlarm", "SUM(BreakerOpen)", "model"),
        ("ThrottledAlarm", "SUM(Throttled)", "model"),
    ] {
        let query = &template.properties(alarm)["Metrics"][0];
        let wanted = format!("SELECT {metric} FROM SCHEMA(Afterhook, {dimension})");
        assert_eq!(text(&query["Expression"]), wanted);
        assert!(number(&query["Period"]) > 0, "{alarm}");
    }
    assert_eq!(number(&template.properties("BudgetAlarm")["Threshold"]), 80);
}

/// `POST /tasks` writes a task and its body, and sends it to the lane of its priority.
#[test]
fn console_can_store_a_task_and_send_it_to_every_lane() {
    let template = Template::read();
    let allowed = template.permissions("ConsoleRole");
    let may = |action: &str, on: &str| allowed.iter().any(|(known, to)| known == action && to == on);
    for lane in LANES {
        assert!(may("sqs:SendMessage", &format!("{lane}.Arn")), "{lane}");
    }
    assert!(may("dynamodb:PutItem", "TasksTable.Arn") && may("s3:PutObject", "${PayloadBucket.Arn}/*"));
    let route = &template.properties("ConsoleFunction")["Events"]["Tasks"]["Properties"];
    assert_eq!((text(&route["Method"]), text(&route["Path"])), ("ANY", "/tasks"));
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

#[test]
fn data_survives_the_deletion_of_the_stack() {
    let template = Template::read();
    for name in ["TasksTable", "StateTable", "PayloadBucket"] {
        assert_eq!(template.resource(name)["DeletionPolicy"], Value::from("Retain"), "{name}");
    }
    for name in template.named("AWS::DynamoDB::Table") {
        let recovery = &template.properties(name)["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["PointInTimeRecoveryEnabled"], Value::from(true), "{name}");
    }
}
