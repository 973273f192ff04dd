//! A GitHub App is made by its manifest: the browser of this test does what a person's would.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use e2e::world::World;
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::binary::{afterhook, run};

const TIMEOUT: Duration = Duration::from_secs(20);

fn command(world: &World, file: &Path) -> Command {
    let mut command = afterhook(world.variables());
    command.args(["setup", "github", "--url", "https://hooks.example.com", "--create-app"]).arg(file);
    command
}

/// Starts it, and returns where its page is.
async fn started(world: &World, file: &Path) -> (Child, String) {
    let mut child = command(world, file).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().unwrap();
    let page = line.strip_prefix("ready on ").unwrap().to_owned();
    // What it says later is read, or it would wait for that.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, page)
}

/// What stands behind `before` in the page, up to the next quotation mark.
fn attribute(page: &str, before: &str) -> String {
    let value = page.split_once(before).unwrap().1.split('"').next().unwrap();
    value.replace("&quot;", "\"").replace("&amp;", "&")
}

/// Confirms the manifest at GitHub, and is sent back.
async fn confirmed(client: &Client, page: &str) -> Response {
    let page = client.get(page).send().await.unwrap().text().await.unwrap();
    let manifest = attribute(&page, "name=\"manifest\" value=\"");
    let form = client.post(attribute(&page, "action=\"")).form(&[("manifest", manifest)]);
    let sent = form.header("user-agent", "a browser").send().await.unwrap();
    assert_eq!(sent.status(), 302, "{sent:?}");
    sent
}

fn browser() -> Client {
    // A second client in one process finds it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).build().unwrap()
}

#[tokio::test]
async fn an_app_is_made_in_the_browser_and_its_credentials_work() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let file = dir.path().join("app.env");
    let (mut child, page) = started(&world, &file).await;
    let client = browser();
    let back = confirmed(&client, &page).await.headers()["location"].to_str().unwrap().to_owned();
    let forged = back.replace("state=", "state=0");
    assert_eq!(client.get(forged).send().await.unwrap().status(), 400);
    let told = client.get(back).send().await.unwrap();
    assert!(told.status() == 200 && told.text().await.unwrap().contains("terminal"));
    assert!(timeout(TIMEOUT, child.wait()).await.unwrap().unwrap().success());

    let sourced = format!(
        "set -e; . '{}'; printf '%s|%s|%.31s' \"$GITHUB_APP_ID\" \"$GITHUB_WEBHOOK_SECRET\" \"$GITHUB_APP_PRIVATE_KEY\"",
        file.display()
    );
    let shell = Command::new("/bin/sh").args(["-c", &sourced]).output().await.unwrap();
    let said = String::from_utf8(shell.stdout).unwrap();
    assert_eq!(said, "1234567|standin-webhook-secret|-----BEGIN RSA PRIVATE KEY-----");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // It has what its manifest asks for, which is what the events of agent.toml need.
    let checked = format!(
        "set -ae; . '{}'; unset GITHUB_TOKEN; exec '{}' check --online --json",
        file.display(),
        afterhook([]).as_std().get_program().display()
    );
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &checked]).current_dir("..").env_clear().envs(world.variables());
    let said = run(&mut shell).await;
    for what in ["GitHub account", "GitHub permissions", "GitHub events"] {
        let line = said.stdout.lines().find(|line| line.contains(&format!("\"check\":\"{what}\"")));
        assert!(line.is_some_and(|line| line.contains("\"state\":\"ok\"")), "{what}: {said:?}");
    }
    // What is there is not written over.
    run(&mut command(&world, &file)).await.assert_failure(&["--create-app", "app.env", "exists"]);
}

#[tokio::test]
async fn a_code_that_is_not_good_leaves_no_file_behind() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let file = dir.path().join("app.env");
    let (child, page) = started(&world, &file).await;
    let client = browser();
    let back = confirmed(&client, &page).await.headers()["location"].to_str().unwrap().to_owned();
    client.get(back.replace("code=0", "code=1")).send().await.unwrap();
    let ended = timeout(TIMEOUT, child.wait_with_output()).await.unwrap().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && said.contains("404") && said.contains("good for an hour"), "{said}");
    assert!(!file.exists());
    let mut slack = afterhook(world.variables());
    slack.args(["setup", "slack", "--url", "https://a.example", "--create-app"]).arg(&file);
    run(&mut slack).await.assert_misspelt(&["--create-app", "slack"]);
    assert!(!file.exists());
}
