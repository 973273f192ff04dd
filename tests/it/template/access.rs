//! Who may do what: for each function the calls that its code makes, and no more.

use std::collections::BTreeSet;

use super::LANES;
use super::file::{Template, strings, text};

/// What a traced function sends to X-Ray.
const TRACES: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

#[test]
fn page_and_api_lead_to_the_console_and_the_console_may_read_what_they_show() {
    let template = Template::read();
    let events = template.properties("ConsoleFunction")["Events"].as_mapping().unwrap();
    let paths: BTreeSet<&str> = events.iter().map(|(_, event)| text(&event["Properties"]["Path"])).collect();
    assert_eq!(
        paths,
        BTreeSet::from([
            "/",
            "/deliveries",
            "/models",
            "/openapi.json",
            "/tasks",
            "/tasks/{proxy+}",
            "/ui/{proxy+}",
            "/versions"
        ])
    );
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
            // X-Ray knows no resources to name.
            let traces = TRACES.contains(&action.as_str());
            assert_eq!(resource == "*", traces, "{role}: {action} on {resource}");
        }
        let role = template.properties(role);
        assert!(role["ManagedPolicyArns"].is_null(), "{role:?}");
        assert_eq!(text(&role["PermissionsBoundary"]), "HasBoundary", "{role:?}");
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
    assert_eq!(secrets("ConsoleRole"), ["ConsoleSecret"]);
    assert_eq!(secrets("ProcessorRole"), ["ActSecret"]);
    assert_eq!(secrets("SweeperRole"), ["ActSecret"]);
}

/// S3 says of an object that is gone that access is denied, unless the list of the bucket may be read: a task whose object is
/// gone would wait for a role to be mended.
#[test]
fn who_reads_objects_is_told_that_one_is_gone() {
    let template = Template::read();
    for role in template.named("AWS::IAM::Role") {
        let allowed = template.permissions(role);
        let may = |action: &str, on: &str| allowed.iter().any(|(known, to)| known == action && to == on);
        let reads = may("s3:GetObject", "${PayloadBucket.Arn}/*");
        assert_eq!(reads, may("s3:ListBucket", "PayloadBucket.Arn"), "{role}");
        assert_eq!(reads, ["ConsoleRole", "ProcessorRole", "SweeperRole"].contains(&role), "{role}");
    }
}

/// An approval counts only with its proof, which lies in the state table. Whoever takes ingest over can write the
/// task, and nothing there.
#[test]
fn ingest_has_no_access_to_the_proofs_of_decisions_and_writes_no_drafts() {
    let allowed = Template::read().permissions("IngestRole");
    assert!(allowed.iter().all(|(_, on)| !on.contains("StateTable")), "{allowed:?}");
    let objects: Vec<&str> =
        allowed.iter().filter(|(action, _)| action.starts_with("s3:")).map(|(_, on)| on.as_str()).collect();
    assert_eq!(objects, ["${PayloadBucket.Arn}/*/payload/*"]);
}

/// The console writes what it decides, and no quota, budget or lease: the keys of its writes are bound.
#[test]
fn console_writes_no_state_but_its_own() {
    let template = Template::read();
    let statements = &template.properties("ConsoleRole")["Policies"][0]["PolicyDocument"]["Statement"];
    let writes: Vec<_> = statements
        .as_sequence()
        .unwrap()
        .iter()
        .filter(|statement| {
            strings(&statement["Resource"]).contains(&"StateTable.Arn")
                && strings(&statement["Action"]) != ["dynamodb:GetItem"]
        })
        .collect();
    let [write] = &writes[..] else { panic!("{writes:?}") };
    assert_eq!(strings(&write["Action"]), ["dynamodb:UpdateItem"]);
    let keys = strings(&write["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
    assert_eq!(
        text(&write["Condition"]["Null"]["dynamodb:LeadingKeys"]),
        "false",
        "no key is no key of its own"
    );
    assert!(keys.contains(&format!("{}*", domain::DECISION_PROOFS).as_str()));
    let other = ["quota", "budget", "model", "lease", "cache", "thread", "*"];
    assert!(keys.iter().all(|key| other.iter().all(|other| !key.starts_with(other))), "{keys:?}");
}

#[test]
fn each_function_reads_the_indexes_that_it_asks() {
    let template = Template::read();
    let queried = |role| -> Vec<String> {
        let allowed = template.permissions(role).into_iter();
        allowed.filter(|(action, _)| action == "dynamodb:Query").map(|(_, on)| on).collect()
    };
    // What people said of a task before, when somebody clicks in Slack.
    assert_eq!(queried("IngestRole"), ["TasksTable.Arn"]);
    assert!(queried("ConsoleRole").contains(&"${TasksTable.Arn}/index/listed".to_owned()));
    assert_eq!(queried("ProcessorRole"), ["${TasksTable.Arn}/index/thread", "TasksTable.Arn"]);
    // Its walks over all tasks read the list.
    assert_eq!(
        queried("SweeperRole"),
        ["TasksTable.Arn", "${TasksTable.Arn}/index/open", "${TasksTable.Arn}/index/listed"]
    );
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

/// `POST /tasks` writes a task and its body, and sends it to the lane of its priority.
#[test]
fn console_can_store_a_task_and_send_it_to_every_lane() {
    let template = Template::read();
    let allowed = template.permissions("ConsoleRole");
    let may = |action: &str, on: &str| allowed.iter().any(|(known, to)| known == action && to == on);
    for lane in LANES {
        assert!(may("sqs:SendMessage", &format!("{lane}.Arn")), "{lane}");
    }
    assert!(may("dynamodb:PutItem", "TasksTable.Arn"));
    // Its body, and the edits of drafts.
    assert!(may("s3:PutObject", "${PayloadBucket.Arn}/*/payload/*"));
    assert!(may("s3:PutObject", "${PayloadBucket.Arn}/*/draft:*"));
    let route = &template.properties("ConsoleFunction")["Events"]["Tasks"]["Properties"];
    assert_eq!((text(&route["Method"]), text(&route["Path"])), ("ANY", "/tasks"));
}

/// What an operator needs to send dead letters back to work: no credentials, no tasks of others to change.
#[test]
fn operator_may_redrive_and_no_more() {
    let template = Template::read();
    let statements = &template.properties("OperatorPolicy")["PolicyDocument"]["Statement"];
    let mut allowed = BTreeSet::new();
    for statement in statements.as_sequence().unwrap() {
        // What is there only with a key of one's own: condition, statement, nothing.
        let with_key = statement.as_sequence().filter(|choice| text(&choice[0]) == "HasKey");
        let statement = with_key.map_or(statement, |choice| &choice[1]);
        for action in strings(&statement["Action"]) {
            allowed.extend(strings(&statement["Resource"]).into_iter().map(|on| format!("{action} on {on}")));
        }
    }
    // As every function: letters, messages and tasks are encrypted with it.
    let key = &template.properties("KeyPolicy")["PolicyDocument"]["Statement"][0];
    let key = strings(&key["Action"]).into_iter().map(|action| format!("{action} on KmsKeyArn"));
    let mut expected: BTreeSet<String> =
        ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"]
            .iter()
            .map(|action| format!("sqs:{action} on DeadLetters.Arn"))
            .collect();
    for lane in LANES {
        expected.extend(
            ["GetQueueAttributes", "SendMessage"].map(|action| format!("sqs:{action} on {lane}.Arn")),
        );
    }
    expected.extend(key);
    expected.insert("dynamodb:GetItem on TasksTable.Arn".to_owned());
    // Asked for by its name, it is checked as every stack of that name: the id of this one would never match.
    let stack =
        "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/${AWS::StackName}/*";
    expected.insert(format!("cloudformation:DescribeStacks on {stack}"));
    assert_eq!(allowed, expected);
}

/// Every grant on a key is a policy of its own, which is there only with a key.
#[test]
fn key_is_used_by_every_function_and_everything_that_is_stored() {
    let template = Template::read();
    assert_eq!(text(&template.resource("KeyPolicy")["Condition"]), "HasKey");
    let mut roles = strings(&template.properties("KeyPolicy")["Roles"]);
    roles.push("DeploymentRole");
    roles.sort_unstable();
    assert_eq!(roles, template.named("AWS::IAM::Role"));
    for queue in template.named("AWS::SQS::Queue") {
        assert_eq!(text(&template.properties(queue)["KmsMasterKeyId"]), "HasKey", "{queue}");
    }
    for table in template.named("AWS::DynamoDB::Table") {
        assert_eq!(text(&template.properties(table)["SSESpecification"]), "HasKey", "{table}");
    }
    for secret in template.named("AWS::SecretsManager::Secret") {
        assert_eq!(text(&template.properties(secret)["KmsKeyId"]), "HasKey", "{secret}");
    }
}
