//! The first deploy works as docs/deploy.md says it, in a new account, and twice in one account.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use yaml_serde::Value;

use super::file::{Template, number, strings, text};
use super::{FUNCTIONS, LANES, workspace};

/// `sam deploy --guided` asks about each route without authorisation, with No as the default, unless the API
/// says that it has none.
#[test]
fn guided_deploy_asks_nothing_about_routes() {
    let api = &Template::read();
    let api = api.properties("HttpApi");
    assert_eq!(api["Auth"]["EnableIamAuthorizer"], Value::from(false));
    // It would fail a creation for warnings about which nobody can do anything.
    assert!(api["FailOnWarnings"].is_null());
}

/// Everything has a default, so that Enter is an answer, and nothing is offered that is for tests.
#[test]
fn every_parameter_has_a_default_and_none_is_for_emulators() {
    let template = Template::read();
    for (name, parameter) in template.root()["Parameters"].as_mapping().unwrap() {
        assert!(!parameter["Default"].is_null(), "{name:?}");
        assert!(!text(name).to_lowercase().contains("emulator"), "{name:?}");
    }
    let variables = &template.root()["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(text(&variables["AWS_ENDPOINT_URL"]), "AWS::NoValue");
}

/// A parameter could be answered after the build, and then Arm code would run as x86.
#[test]
fn architecture_is_one_for_build_and_deploy() {
    let template = Template::read();
    let architectures = strings(&template.root()["Globals"]["Function"]["Architectures"]);
    assert!(matches!(architectures[..], ["arm64" | "x86_64"]), "{architectures:?}");
    assert!(template.root()["Parameters"]["Architecture"].is_null());
    for function in FUNCTIONS {
        assert!(template.properties(function)["Architectures"].is_null(), "{function}");
    }
}

/// A new account runs 10 executions at once. What the lanes may take leaves one each for the sweeper and ingest.
#[test]
fn new_account_has_room_for_ingest_beside_all_processors() {
    const NEW_ACCOUNT: i64 = 10;
    let template = Template::read();
    let lanes = template.properties("ProcessorFunction")["Events"].as_mapping().unwrap();
    assert_eq!(lanes.len(), LANES.len());
    let bounds = lanes.iter().map(|(_, event)| {
        let bound = text(&event["Properties"]["ScalingConfig"]["MaximumConcurrency"]);
        number(&template.root()["Parameters"][bound]["Default"])
    });
    assert_eq!(bounds.sum::<i64>() + 2, NEW_ACCOUNT);
}

/// Reserved, nothing can take it from ingest. Not by default: AWS wants 100 to be left for all others.
#[test]
fn executions_can_be_reserved_for_ingest() {
    let template = Template::read();
    assert_eq!(text(&template.properties("IngestFunction")["ReservedConcurrentExecutions"]), "HasReserve");
    assert_eq!(number(&template.root()["Parameters"]["IngestReservedConcurrency"]["Default"]), 0);
}

/// A name without the stack's name would be taken by the first of two stacks.
#[test]
fn every_name_carries_the_name_of_the_stack() {
    const NAMES: [&str; 9] = [
        "AlarmName",
        "BucketName",
        "DashboardName",
        "FunctionName",
        "LayerName",
        "LogGroupName",
        "QueueName",
        "RoleName",
        "TableName",
    ];
    let template = Template::read();
    for (name, resource) in template.root()["Resources"].as_mapping().unwrap() {
        if text(&resource["Type"]) == "AWS::Logs::MetricFilter" {
            continue; // names the group that it looks at
        }
        for key in NAMES {
            let given = &resource["Properties"][key];
            assert!(given.is_null() || text(given).contains("AWS::StackName"), "{name:?}: {key}");
        }
    }
    for named in ["AgentLayer", "ApiLogs", "Dashboard", "TaskQuery"] {
        let properties = template.properties(named).as_mapping().unwrap();
        let carries = |value: &Value| value.as_str().is_some_and(|value| value.contains("AWS::StackName"));
        assert!(properties.iter().any(|(_, value)| carries(value)), "{named}");
    }
}

/// What belongs to the account, and not to a region, has the region in its name too: a second region has the same stack.
#[test]
fn names_that_an_account_has_once_carry_the_region() {
    const GLOBAL: [(&str, &str); 8] = [
        ("AWS::Budgets::Budget", "BudgetName"),
        ("AWS::CloudWatch::Dashboard", "DashboardName"),
        ("AWS::IAM::Group", "GroupName"),
        ("AWS::IAM::InstanceProfile", "InstanceProfileName"),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"),
        ("AWS::IAM::Role", "RoleName"),
        ("AWS::IAM::User", "UserName"),
        ("AWS::S3::Bucket", "BucketName"),
    ];
    let template = Template::read();
    for (kind, key) in GLOBAL {
        for name in template.named(kind) {
            let given = &template.properties(name)[key];
            assert!(given.is_null() || text(given).contains("${AWS::Region}"), "{name}: {key}");
        }
    }
    let shown = text(&template.root()["Outputs"]["DashboardUrl"]["Value"]);
    assert!(shown.ends_with("#dashboards/dashboard/${Dashboard}"), "{shown}");
    let roles = template.named("AWS::IAM::Role");
    assert!(roles.len() > 3 && template.named("AWS::CloudWatch::Dashboard") == ["Dashboard"]);
}

#[test]
fn samconfig_has_a_stack_for_dev_and_one_for_prod() {
    let config: toml::Table =
        fs::read_to_string(workspace().join("samconfig.toml")).unwrap().parse().unwrap();
    let stack = |name: &str| config[name]["global"]["parameters"]["stack_name"].as_str().unwrap().to_owned();
    let stacks = ["default", "dev", "prod"].map(stack);
    assert_eq!(stacks, ["afterhook", "afterhook-dev", "afterhook-prod"]);
    // With the longest name of a function and what AWS appends, 64 characters; the role of rollouts knows functions by
    // the whole name of the stack.
    let longest = FUNCTIONS.iter().map(|name| name.len()).max().unwrap();
    assert!(30 + "-".len() + longest + "-0123456789ab".len() <= 64);
    assert!(stacks.iter().all(|stack| stack.len() <= 30));
    for environment in ["default", "dev", "prod"] {
        let deploy = &config[environment]["deploy"]["parameters"];
        assert_eq!(deploy["capabilities"].as_str(), Some("CAPABILITY_IAM"), "{environment}");
        assert_eq!(deploy["resolve_s3"].as_bool(), Some(true), "{environment}");
        // Its question is answered No by Enter.
        let asks = deploy["confirm_changeset"].as_bool().unwrap();
        assert_eq!(asks, environment == "prod", "{environment}");
    }
}

/// A flood of requests to the console must not use up what webhooks need, and a webhook that is refused is lost.
#[test]
fn webhooks_have_a_throttle_of_their_own() {
    let template = Template::read();
    let api = template.properties("HttpApi");
    let webhooks = &api["RouteSettings"]["POST /webhooks/{source}"];
    assert_eq!(text(&webhooks["ThrottlingRateLimit"]), "WebhookRate");
    assert_eq!(text(&api["DefaultRouteSettings"]["ThrottlingRateLimit"]), "ConsoleRate");
    let parameters = &template.root()["Parameters"];
    assert!(number(&parameters["WebhookRate"]["Default"]) >= 834, "50,000 a minute");
    assert!(number(&parameters["ConsoleRate"]["Default"]) <= 100);
}

/// What the manual or a command reads: what a person would otherwise look up.
#[test]
fn outputs_name_what_commands_need() {
    let template = Template::read();
    let outputs = template.root()["Outputs"].as_mapping().unwrap();
    for needed in [
        "ActSecretId",
        "ConsoleSecretId",
        "ConsoleUrl",
        "DeadLetterUrl",
        "ExpressLaneUrl",
        "StandardLaneUrl",
        "BulkLaneUrl",
        "PayloadBucket",
        "StateTable",
        "TasksTable",
        "VerifySecretId",
        "WebhookUrl",
    ] {
        assert!(outputs.contains_key(needed), "{needed}");
    }
}

/// `afterhook init` makes the folder, and upgrading this repository is no merge.
#[test]
fn the_build_takes_an_agent_that_lies_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    let build = |folder: &Path| {
        let script = workspace().join(".ci/build");
        Command::new("bash").arg(script).arg(folder).arg("--print-template").output().unwrap()
    };
    let refused = build(&folder);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("no agent.toml"));
    fs::write(folder.join("agent.toml"), "").unwrap();
    let built = build(&folder);
    assert!(built.status.success(), "{built:?}");
    let printed = String::from_utf8(built.stdout).unwrap();
    let ours = fs::read_to_string(workspace().join("template.yaml")).unwrap();
    let wanted = format!("ContentUri: \"{}\"", folder.display());
    assert_eq!(printed, ours.replace("ContentUri: agent", &wanted));
    assert_ne!(printed, ours);
    // With automations of one's own, the folder is a workspace.
    fs::create_dir(folder.join("agent")).unwrap();
    fs::rename(folder.join("agent.toml"), folder.join("agent/agent.toml")).unwrap();
    fs::write(folder.join("Cargo.toml"), "").unwrap();
    let printed = String::from_utf8(build(&folder).stdout).unwrap();
    let (agent, processor) = (folder.join("agent"), folder.join("processor"));
    let wanted = ours
        .replace("ContentUri: agent", &format!("ContentUri: \"{}\"", agent.display()))
        .replace("CodeUri: functions/processor", &format!("CodeUri: {}", processor.display()));
    assert_eq!(printed, wanted);
    let left = fs::read_dir(workspace()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.filter(|name| name.to_string_lossy().starts_with(".template-")).count(), 0);
}

/// Every reference to the tables leads to those that were restored.
#[test]
fn a_stack_can_be_pointed_to_restored_tables() {
    let script = workspace().join(".ci/restored");
    let printed = Command::new("bash")
        .arg(script)
        .args(["restored-tasks", "restored-state"])
        .current_dir(workspace())
        .output()
        .unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let printed = String::from_utf8(printed.stdout).unwrap();
    let ours = fs::read_to_string(workspace().join("template.yaml")).unwrap();
    for (table, restored) in [("TasksTable", "restored-tasks"), ("StateTable", "restored-state")] {
        let names = |text: &str| text.matches(table).count();
        assert_eq!(names(&printed), 2, "the old table and the output, whose names stay");
        assert_eq!(printed.matches(restored).count(), names(&ours) - 2, "{restored}");
    }
}

/// Runs `.ci/bundle` of the project in `sources` for `architecture`, into the folder `bundle` of `folder`.
fn bundle(sources: &Path, architecture: &str, folder: &Path) -> Output {
    let bootstraps = folder.join("bootstraps");
    for function in FUNCTIONS {
        let function = bootstraps.join(function.trim_end_matches("Function").to_lowercase());
        fs::create_dir_all(&function).unwrap();
        fs::write(function.join("bootstrap"), "").unwrap();
    }
    let mut command = Command::new("bash");
    command.arg(sources.join(".ci/bundle")).arg(architecture).args([&bootstraps, &folder.join("bundle")]);
    command.output().unwrap()
}

/// docs/deploy.md has x86_64 written into the template.
#[test]
fn bundles_of_both_architectures_are_made_whichever_the_template_names() {
    let folder = tempfile::tempdir().unwrap();
    let sources = folder.path().join("sources");
    fs::create_dir(&sources).unwrap();
    for name in [".ci", "LICENSE", "agent", "events", "samconfig.toml"] {
        std::os::unix::fs::symlink(workspace().join(name), sources.join(name)).unwrap();
    }
    let ours = fs::read_to_string(workspace().join("template.yaml")).unwrap();
    let (before, rest) = ours.split_once("\n    Architectures: [").unwrap();
    let (_, after) = rest.split_once(']').unwrap();
    for named in ["arm64]", "x86_64]", "x86_64] # ours"] {
        fs::write(sources.join("template.yaml"), format!("{before}\n    Architectures: [{named}{after}"))
            .unwrap();
        for architecture in ["arm64", "x86_64"] {
            let made = bundle(&sources, architecture, folder.path());
            assert!(made.status.success(), "{named}: {made:?}");
            let template = fs::read_to_string(folder.path().join("bundle/template.yaml")).unwrap();
            assert!(template.contains(&format!("\n    Architectures: [{architecture}]")), "{named}");
        }
    }
    fs::write(sources.join("template.yaml"), format!("{before}\n    Architectures:\n      - x86_64{after}"))
        .unwrap();
    let refused = bundle(&sources, "x86_64", folder.path());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        !refused.status.success() && said.contains("no line Architectures: [arm64] or [x86_64]"),
        "{said}"
    );
}

/// OPERATIONS.md is read beside a bundle as well as beside the sources.
#[test]
fn a_bundle_has_what_operations_has_run_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let made = bundle(workspace(), "arm64", folder.path());
    assert!(made.status.success(), "{made:?}");
    let bundle = folder.path().join("bundle");
    let page = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    let named = |prefix: &str| -> BTreeSet<String> {
        let ends = page.split(prefix).skip(1);
        let is_path = |c: char| c.is_ascii_alphanumeric() || "./_-".contains(c);
        ends.map(|rest| rest.split(|c| !is_path(c)).next().unwrap().trim_end_matches('.').to_owned())
            .collect()
    };
    let (scripts, events) = (named(".ci/"), named("events/bodies/"));
    assert!(scripts.len() >= 3 && events.len() == 1, "{scripts:?} {events:?}");
    for script in scripts {
        assert!(bundle.join(".ci").join(&script).is_file(), "{script}");
    }
    for event in events {
        assert!(bundle.join("events/bodies").join(&event).is_file(), "{event}");
    }
}

/// What was taken back is deployed again once what it lacked is there. A version of it that stayed would be all that Lambda
/// has of the same package, and no other would be made.
#[test]
fn a_version_that_was_taken_back_goes() {
    let template = Template::read();
    let globals = &template.root()["Globals"]["Function"];
    assert_eq!(globals["VersionDeletionPolicy"], Value::from("Delete"));
}

/// And not a creation that failed, after which the next try would find names of nobody.
#[test]
fn data_survives_the_deletion_of_the_stack() {
    let template = Template::read();
    for name in ["TasksTable", "StateTable", "PayloadBucket"] {
        assert_eq!(template.resource(name)["DeletionPolicy"], Value::from("RetainExceptOnCreate"), "{name}");
        assert_eq!(template.resource(name)["UpdateReplacePolicy"], Value::from("Retain"), "{name}");
    }
    for name in template.named("AWS::DynamoDB::Table") {
        let recovery = &template.properties(name)["PointInTimeRecoverySpecification"];
        assert_eq!(recovery["PointInTimeRecoveryEnabled"], Value::from(true), "{name}");
    }
}
