//! `--stack NAME`: commands that look at a deployed stack, whose addresses and secrets they read themselves.

use aws_sdk_secretsmanager::Client;
use e2e::emulator::{Emulator, unique_prefix};
use e2e::world::{PERSON, TOKEN, World};
use serde_json::{Value, json};

use crate::binary::{Process, Said, afterhook, dev, run};

/// Makes a stack with these outputs, as CloudFormation is asked to; the emulator looks at no signature.
async fn create_stack(name: &str, outputs: &Value) {
    let template =
        json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs}).to_string();
    let form = [("Action", "CreateStack"), ("StackName", name), ("TemplateBody", template.as_str())];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let credential = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/cloudformation/aws4_request";
    let answer = reqwest::Client::new()
        .post(Emulator::shared().endpoint())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("{credential}, SignedHeaders=host, Signature=0"))
        .body(body)
        .send()
        .await
        .unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{text}");
}

/// A secret with these variables; its id.
async fn secret(name: &str, variables: &Value) -> String {
    let manager = Client::new(&Emulator::shared().sdk_config().await);
    manager.create_secret().name(name).secret_string(variables.to_string()).send().await.unwrap();
    name.to_owned()
}

/// A stack whose functions are the `dev` at `url`; its name.
async fn deployed(world: &World, url: &str) -> String {
    let name = unique_prefix();
    let variables: serde_json::Map<String, Value> =
        world.variables().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let of = |wanted: &[&str]| -> Value {
        variables
            .iter()
            .filter(|(name, _)| wanted.contains(&name.as_str()))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect()
    };
    let verify = secret(&format!("{name}-verify"), &of(&["GITHUB_WEBHOOK_SECRET"])).await;
    let act = &["GEMINI_API_KEY", "GEMINI_BASE_URL", "GITHUB_TOKEN", "GITHUB_API_URL"];
    let act = secret(&format!("{name}-act"), &of(act)).await;
    // One person's: nobody else's token is taken for theirs.
    let token = json!({"CONSOLE_TOKEN": format!("{PERSON}:{TOKEN}")});
    let console = secret(&format!("{name}-console"), &token).await;
    let outputs = json!({
        "WebhookUrl": {"Value": format!("{url}/webhooks/github")},
        "ConsoleUrl": {"Value": url},
        "VerifySecretId": {"Value": verify},
        "ActSecretId": {"Value": act},
        "ConsoleSecretId": {"Value": console},
    });
    create_stack(&name, &outputs).await;
    name
}

async fn on_stack(name: &str, rest: &[&str]) -> Said {
    run(afterhook(Emulator::shared().environment()).args(["--stack", name]).args(rest)).await
}

#[tokio::test]
async fn commands_find_a_deployed_stack_by_its_name_alone() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::start(&mut dev(&world, dir.path())).await;
    world.github.set_hook(&format!("{}/webhooks/github", process.url), "secret");
    let name = deployed(&world, &process.url).await;
    let sent = on_stack(&name, &["send", "events/bodies/github/issues.opened.json", "--fresh"]).await;
    assert!(sent.assert_success().stdout.starts_with("202 "), "{sent:?}");
    let listed = on_stack(&name, &["tasks", "--json"]).await;
    assert_eq!(listed.assert_success().json()["event"], "issues.opened");
    let deliveries = on_stack(&name, &["deliveries", "--json"]).await;
    assert_eq!(deliveries.assert_success().json()["outcome"], "accepted");
    let checked = on_stack(&name, &["check", "--online", "--json"]).await;
    assert!(checked.assert_success().stdout.contains("\"check\":\"webhook github\""), "{checked:?}");
    let sheet = on_stack(&name, &["setup", "github", "--json"]).await;
    assert_eq!(sheet.assert_success().json()["webhook_url"], format!("{}/webhooks/github", process.url));
    for said in [&sent, &listed, &deliveries, &checked, &sheet] {
        assert!(!said.stdout.contains(TOKEN) && !said.stderr.contains(TOKEN), "{said:?}");
    }
    assert!(world.variables().iter().any(|(_, value)| value.starts_with(PERSON)));
    process.kill().await;
}

#[tokio::test]
async fn a_stack_that_is_not_there_is_named() {
    let name = unique_prefix();
    on_stack(&name, &["tasks"]).await.assert_failure(&[&name, "does not exist"]);
    on_stack(&name, &["token", "ada"]).await.assert_misspelt(&["--stack is for what is deployed"]);
}
