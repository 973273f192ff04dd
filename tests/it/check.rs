//! `afterhook check`, as somebody sees it who has just edited agent.toml.

use std::path::{Path, PathBuf};

use e2e::world::World;
use standins::gemini::{Fault, FaultRule, Refusal};
use tempfile::TempDir;

use crate::binary::{Said, afterhook, run};

/// A project whose agent.toml has a call of an API, in a directory of its own.
fn project(rest: &str) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("persona.md"), "You help.").unwrap();
    let path = dir.path().join("agent.toml");
    let text = format!(
        "[agent]\npersona = \"persona.md\"\n[sources.github]\n\
         [automations.http.reset]\nurl = \"https://api.example.com/reset\"\n\
         headers = {{ Authorization = \"AUTOMATION_RESET\", X-Team = \"AUTOMATION_TEAM\" }}\n\
         [[intents]]\nname = \"reset\"\nwhen = \"a password is lost\"\nautomation = \"http.reset\"\n{rest}"
    );
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

async fn check(path: &Path, variables: &[(&'static str, &str)]) -> Said {
    let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned()));
    run(afterhook(variables).args(["check", "--config"]).arg(path)).await
}

#[tokio::test]
async fn variables_that_calls_need_are_missed_by_name_with_the_line_and_the_remedy() {
    let (_dir, path) = project("");
    let said = check(&path, &[("AUTOMATION_TEAM", "support")]).await;
    said.assert_failure(&[
        "1 mistake in the configuration:",
        "agent.toml:6:29: automations.http.reset.headers.Authorization: the variable AUTOMATION_RESET is not set; \
         set it to the whole value of the header Authorization",
        "ACT_SECRET_ID",
    ]);
    assert!(!said.stderr.contains("AUTOMATION_TEAM"), "{said:?}");
    // What the machine lacks hides nothing of what the file says, which is not called sound either.
    for part in
        ["reset -> http.reset", "gemini-pro-latest", "AUTOMATION_TEAM: set", "AUTOMATION_RESET: not set"]
    {
        assert!(said.stdout.contains(part), "`{part}` is not in {said:?}");
    }
    assert!(!said.stdout.contains("sound") && !said.stdout.contains("Nothing is wrong"), "{said:?}");
}

#[tokio::test]
async fn what_was_learnt_of_the_models_is_shown_out_of_a_data_directory() {
    let (dir, path) = project("[models]\nanswer = \"m-1\"\n");
    let (data, clock) = (dir.path().join("data"), domain::Clock::system());
    let show = || {
        let mut command =
            afterhook([("AUTOMATION_RESET", "x".to_owned()), ("AUTOMATION_TEAM", "y".to_owned())]);
        command.args(["check", "--config"]).arg(&path).arg("--data-dir").arg(&data);
        command
    };
    let said = run(&mut show()).await.assert_success().stdout.clone();
    assert!(!said.contains("learnt of the models") && !data.exists(), "{said}");
    let stores = embedded::Embedded::open(&data, clock.clone()).unwrap().stores();
    let (now, told) = (clock.now(), clock.now().as_microsecond() - 180_000_000);
    let item = serde_json::json!({"l": {"r": [25, told]}, "b": {"s": {"h": {}}}});
    let forget_at = domain::after(now, std::time::Duration::from_secs(3_600));
    let swap = stores.state.swap("model:m-1", domain::Expected::Absent, &item, now, forget_at).await.unwrap();
    assert!(matches!(swap, domain::Swap::Done(_)));
    let said = run(&mut show()).await.assert_success().stdout.clone();
    assert!(said.contains("a `dev` that runs is asked with --url"), "{said}");
    drop(stores);
    let said = run(&mut show()).await.assert_success().stdout.clone();
    let line = "  m-1: breaker half open: a few calls try it; 25 requests a minute, told 3m ago";
    assert!(said.lines().any(|known| known == line), "{said}");
}

/// 120 parameters with 60 words each: "too many states for serving".
#[tokio::test]
async fn a_schema_that_the_models_service_refuses_is_said_with_its_file_and_its_intent() {
    let words: Vec<String> = (0..60).map(|n| format!("\"word {n}\"")).collect();
    let parameters: Vec<String> = (0..120)
        .map(|n| format!("p{n} = {{ type = \"string\", enum = [{}] }}\n", words.join(", ")))
        .collect();
    let head = "[automations.http.reset.parameters.properties]";
    let (_dir, path) = project(&format!("{head}\n{}", parameters.concat()));
    let said = check(&path, &[("AUTOMATION_RESET", "x"), ("AUTOMATION_TEAM", "y")]).await;
    let place = format!("warning: {}, intent `reset` (automation `http.reset`): ", path.display());
    let said = said.assert_success().stdout.clone();
    let warnings: Vec<&str> = said.lines().filter(|line| line.starts_with(&place)).collect();
    assert_eq!(warnings.len(), 3, "{said}");
    assert!(warnings.iter().all(|line| line.contains("too many states")), "{said}");
    assert!(
        warnings[1].contains("words to choose from") && warnings[1].contains("offer fewer words"),
        "{said}"
    );
}

/// The line of `check --online` for one small call of the model that sorts.
async fn called(world: &World, data: &Path) -> serde_json::Value {
    call_of("gemini-flash-lite-latest", world, data).await
}

/// The line of `check --online` for one small call of `model`.
async fn call_of(model: &str, world: &World, data: &Path) -> serde_json::Value {
    let mut command = afterhook(world.variables());
    let said = run(command.args(["check", "--online", "--json", "--data-dir"]).arg(data)).await;
    let lines = said.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let line = lines.into_iter().find(|line| line["check"] == format!("call of {model}"));
    line.unwrap_or_else(|| panic!("{said:?}"))
}

#[tokio::test]
async fn an_account_without_money_is_found_online_and_so_is_what_refused_the_last_call() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let no_money = || vec![FaultRule::always(Fault::Refused(Refusal::Credits))];
    let line = called(&world, dir.path()).await;
    assert_eq!((&line["state"], &line["mend"]), (&"ok".into(), &serde_json::Value::Null), "{line}");
    world.gemini.set_faults(no_money());
    let line = called(&world, dir.path()).await;
    assert_eq!(line["state"], "wrong", "{line}");
    assert!(line["said"].as_str().unwrap().contains("prepayment credits are depleted"), "{line}");
    assert!(line["mend"].as_str().unwrap().contains("add credit"), "{line}");
    // A task meets it, and what the service says since tells nothing.
    let mut dev = afterhook(world.variables());
    dev.args(["dev", "--once", "--port", "0", "--data-dir"]).arg(dir.path());
    run(&mut dev).await.assert_failure(&["the model cannot be used"]);
    for (faults, state) in [(vec![FaultRule::always(Fault::Status(503))], "wrong"), (Vec::new(), "ok")] {
        world.gemini.set_faults(faults);
        let line = called(&world, dir.path()).await;
        assert_eq!(line["state"], state, "{line}");
        assert!(line["said"].as_str().unwrap().contains("it was refused when it was called last"), "{line}");
    }
}

#[tokio::test]
async fn a_refusal_of_any_model_in_use_is_found_online() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    for model in ["gemini-flash-lite-latest", "gemini-pro-latest", "gemini-flash-latest"] {
        world
            .gemini
            .set_faults(vec![FaultRule::always(Fault::Refused(Refusal::Denied)).on(model.to_owned())]);
        assert_eq!(call_of(model, &world, dir.path()).await["state"], "wrong", "{model}");
    }
}

/// Version 1 of the API knows no name that ends in `-latest`.
#[tokio::test]
async fn a_model_that_one_version_of_the_api_lacks_is_called_by_the_other() {
    let world = World::new().await;
    let (address, variables): (Vec<_>, Vec<_>) =
        world.variables().into_iter().partition(|(name, _)| *name == "GEMINI_BASE_URL");
    let at = |version: &str| format!("{{ base_url = \"{}\", api_version = \"{version}\" }}", address[0].1);
    let (_dir, path) = project(&format!("[models]\nendpoints = [{}, {}]\n", at("v1"), at("v1beta")));
    let calls = [("AUTOMATION_RESET", "Bearer x".to_owned()), ("AUTOMATION_TEAM", "support".to_owned())];
    let mut command = afterhook(variables.into_iter().chain(calls));
    let said = run(command.args(["check", "--online", "--json", "--config"]).arg(&path)).await;
    let lines = said.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let lines: Vec<_> =
        lines.filter(|line| line["check"].as_str().is_some_and(|check| check.contains("gemini-"))).collect();
    let states = |check: &str| {
        let lines = lines.iter().filter(|line| line["check"] == check);
        lines.map(|line| line["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for model in ["gemini-flash-lite-latest", "gemini-pro-latest", "gemini-flash-latest"] {
        assert_eq!(states(&format!("model {model}")), ["skip", "ok"], "{said:?}");
        assert_eq!(states(&format!("call of {model}")), ["skip", "ok"], "{said:?}");
    }
}

#[tokio::test]
async fn an_address_without_credentials_is_not_called_set() {
    let (_dir, path) = project("");
    let calls = [("AUTOMATION_RESET", "Bearer x"), ("AUTOMATION_TEAM", "support")];
    let address = ("GITHUB_API_URL", "https://api.github.com");
    let said = check(&path, &[calls[0], calls[1], address]).await;
    let shown = &said.assert_success().stdout;
    let line = shown.lines().find(|line| line.contains("GitHub ([sources.github] needs it)")).unwrap();
    assert!(
        line.contains("not set") && line.contains("GITHUB_API_URL is asked without credentials"),
        "{line}"
    );
    let said = check(&path, &[calls[0], calls[1], address, ("GITHUB_TOKEN", "ghp_x")]).await;
    assert!(said.stdout.contains("GitHub ([sources.github] needs it): set\n"), "{said:?}");
    let here = ("GITHUB_API_URL", "http://127.0.0.1:9000");
    let said = check(&path, &[calls[0], calls[1], here, ("GITHUB_TOKEN", "ghp_x")]).await;
    let told = "needs it): set (asked at http://127.0.0.1:9000 on this machine, which is not the service's own address)";
    assert!(said.assert_success().stdout.contains(told), "{said:?}");
}

#[tokio::test]
async fn what_the_models_client_lacks_is_found_before_dev_refuses_to_start_or_calls_are_refused() {
    let calls = [("AUTOMATION_RESET", "Bearer x"), ("AUTOMATION_TEAM", "support")];
    let models = "[models]\nendpoints = [{ key = \"GEMINI_API_KEY\" }, { key = \"GEMINI_API_KEY_TWO\" }]\n";
    let (_dir, path) = project(models);
    let one = ("GEMINI_API_KEY", "k-of-a-test");
    let said = check(&path, &[calls[0], calls[1], one]).await;
    said.assert_failure(&["environment: GEMINI_API_KEY_TWO: not set, and an endpoint", "remove that `key`"]);
    let said = check(&path, &[calls[0], calls[1], one, ("GEMINI_API_KEY_TWO", "k-of-a-test")]).await;
    said.assert_success();
    let (_dir, path) =
        project("[models]\nendpoints = [{ project = \"my-project\", location = \"global\" }]\n");
    let said = check(&path, &calls).await;
    let warned =
        "warning: models.endpoints: no credentials are set for the project \"my-project\" on Vertex AI";
    assert!(said.assert_success().stdout.contains(warned), "{said:?}");
}

#[tokio::test]
async fn mistakes_of_the_file_and_of_the_environment_come_in_one_report() {
    let (_dir, path) = project("prio = 4\n");
    let said = check(&path, &[("GITHUB_APP_ID", "7")]).await;
    said.assert_failure(&[
        "4 mistakes in the configuration:",
        "AUTOMATION_RESET is not set",
        "AUTOMATION_TEAM is not set",
        "agent.toml:11:1: intents[0].prio: unknown key; ",
        "environment: GITHUB_APP_PRIVATE_KEY: missing, while GITHUB_APP_ID is set; set both or neither",
    ]);
    assert_eq!(said.stdout, "", "half of a summary would only hide the mistakes");
}

#[tokio::test]
async fn a_sound_configuration_is_called_so_and_shown_without_any_secret() {
    let (_dir, path) = project("");
    let world = World::new().await;
    let secret = [("AUTOMATION_RESET", "Bearer hunter2".to_owned()), ("AUTOMATION_TEAM", "red".to_owned())];
    let mut command = afterhook(world.variables().into_iter().chain(secret));
    let said = run(command.args(["check", "--config"]).arg(&path)).await;
    let stdout = &said.assert_success().stdout;
    for part in [
        "is sound.",
        "/webhooks/github",
        "AUTOMATION_RESET: set",
        "Nothing is wrong, and nothing is missing.",
    ] {
        assert!(stdout.contains(part), "`{part}` is not in {stdout}");
    }
    assert!(!stdout.contains("hunter2"), "{stdout}");
}

#[tokio::test]
async fn a_system_that_does_not_answer_is_not_called_fine() {
    let (_dir, path) = project("");
    let world = World::new().await;
    let secret = [("AUTOMATION_RESET", "x".to_owned()), ("AUTOMATION_TEAM", "y".to_owned())];
    let mut command = afterhook(world.variables().into_iter().chain(secret));
    // Nobody listens on port 1.
    let said = run(command.args(["check", "--url", "http://127.0.0.1:1", "--config"]).arg(&path)).await;
    said.assert_failure(&["the system that was asked did not answer"]);
    for part in ["This file is the one of this machine", "what was learnt of the models is not known"] {
        assert!(said.stdout.contains(part), "`{part}` is not in {said:?}");
    }
    assert!(!said.stdout.contains("Nothing is wrong"), "{said:?}");
}

#[tokio::test]
async fn agent_toml_is_found_by_its_variable_even_where_others_are_wrong() {
    let (_dir, path) = project("prio = 4\n");
    let variables =
        [("AFTERHOOK_CONFIG", path.to_str().unwrap().to_owned()), ("GEMINI_BASE_URL", "nonsense".to_owned())];
    let said = run(afterhook(variables).arg("check")).await;
    said.assert_failure(&["intents[0].prio", "GEMINI_BASE_URL"]);
}

/// The way in which the file is made that lies beside agent.toml.
#[tokio::test]
async fn the_schema_for_editors_is_printed_as_it_is_committed() {
    let said = run(afterhook([]).args(["check", "--schema"])).await;
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../agent/agent.schema.json");
    let committed = std::fs::read_to_string(committed).unwrap();
    assert!(
        said.assert_success().stdout == committed,
        "write it anew: cargo run -- check --schema > agent/agent.schema.json"
    );
}

#[tokio::test]
async fn what_is_dangerous_and_no_mistake_is_a_warning() {
    let (dir, path) = project("[budget]\nper_day_usd = 20\nper_tenant_day_usd = 5\n");
    let sets = [("AUTOMATION_RESET", "Bearer x"), ("AUTOMATION_TEAM", "red")];
    let stdout = check(&path, &sets).await.assert_success().stdout.clone();
    assert!(
        stdout.contains("warning: budget: nothing bounds how long two agents may answer each other"),
        "{stdout}"
    );
    assert!(stdout.contains("can do nothing about release, workflow_run"), "it names no events: {stdout}");
    assert_eq!(stdout.matches("warning: ").count(), 2, "{stdout}");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("/reset\"\n", "/reset\"\napproval = \"never\"\n")).unwrap();
    let stdout = check(&path, &sets).await.assert_success().stdout.clone();
    assert!(
        stdout.contains("warning: automations.http.reset.approval: the call is made without a person"),
        "{stdout}"
    );
    drop(dir);
}
