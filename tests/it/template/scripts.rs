//! The scripts that deploy and change a stack, beside commands that stand for AWS's: what they ask of those, and what they say.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::workspace;

const SAM: &str = r#"#!/bin/bash
printf 'sam'; printf ' %s' "$@"; echo
"#;
/// `FORMER` is what a stack is made of already, if it is there.
const AWS: &str = r#"#!/bin/bash
case "$*" in
*get-template*) [[ -n "${FORMER:-}" ]] && echo "$FORMER" ;;
*'cloudformation deploy'* | *update-stack*) printf 'aws'; printf ' %s' "$@"; echo ;;
*get-topic-attributes*) [[ "$CONFIRMED" != refused ]] && echo "$CONFIRMED" ;;
*WebhookUrl*) echo https://api.example/webhooks/github ;;
*Parameters*) printf '%s\n' LogDays ExpressConcurrency DomainName ;;
*SamCliSourceBucket*) echo packages ;;
*' wait '*) ;;
*) echo https://api.example ;;
esac
"#;
const CURL: &str = r#"#!/bin/bash
for ((i = 1; i <= $#; i++)); do [[ "${!i}" != --output ]] || { file=$((i + 1)) && said="${!file}"; }; done
case "${!#}" in
*/health) printf "$HEALTH" ;;
*/tasks) echo urn:afterhook:problem:unauthorized >"$said" && printf 401 ;;
*) echo urn:afterhook:problem:signature >"$said" && printf 401 ;;
esac
"#;
const SLEEP: &str = "#!/bin/bash\n";

/// A script of `.ci` with these arguments and variables, where commands of ours come before those of this machine.
fn run(script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let commands = folder.path().join("commands");
    fs::create_dir(&commands).unwrap();
    for (name, script) in [("sam", SAM), ("aws", AWS), ("curl", CURL), ("sleep", SLEEP)] {
        let path = commands.join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::copy(workspace().join("samconfig.toml"), folder.path().join("samconfig.toml")).unwrap();
    let mut command = Command::new("bash");
    command.args(["-c", r#"PATH="$1:$PATH" exec bash "${@:2}""#, "bash"]).arg(&commands);
    command.arg(workspace().join(".ci").join(script)).args(arguments).current_dir(folder.path());
    command.env_remove("GITHUB_ACTIONS").envs(variables.iter().copied()).output().unwrap()
}

/// What `.ci/deploy` says and asks `sam` for, where `confirmed` people are told of alarms and `ALARM_EMAIL` is `email`.
fn deploys(environment: &str, email: &str, confirmed: &str) -> String {
    let variables = [("ALARM_EMAIL", email), ("CONFIRMED", confirmed), ("HEALTH", "200")];
    let done = run("deploy", &[environment, "."], &variables);
    assert!(done.status.success(), "{done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// A stack that a workflow makes has nobody at a prompt who would be asked for an address.
#[test]
fn a_deploy_sets_who_is_told_of_alarms_and_warns_when_nobody_is() {
    let said = deploys("dev", "ops@example.com", "1");
    // What samconfig.toml overrides goes along, since the command line takes its place.
    assert!(
        said.contains(" --parameter-overrides Rollout=AllAtOnce LogDays=7 AlarmEmail=ops@example.com\n"),
        "{said}"
    );
    assert!(!said.contains("WARNING"), "{said}");
    let said = deploys("prod", "", "0");
    assert!(!said.contains("--parameter-overrides"), "who was told before is told still: {said}");
    assert!(said.contains("WARNING: nobody is told when an alarm of afterhook-prod goes off"), "{said}");
    let said = deploys("prod", "ops@example.com", "refused");
    assert!(said.contains(" Rollout=Canary10Percent5Minutes AlarmEmail=ops@example.com\n"), "{said}");
    assert!(said.contains("WARNING: it is not known"), "{said}");
    let workflow = fs::read_to_string(workspace().join(".github/workflows/deploy.yml")).unwrap();
    assert!(workflow.contains("ALARM_EMAIL: ${{ vars.ALARM_EMAIL }}"));
}

/// No alarm sees a version that answers nobody: the former template leads to the code that ran before.
#[test]
fn a_deploy_that_does_not_work_is_taken_back() {
    let sick = [("HEALTH", "500"), ("CONFIRMED", "1"), ("FORMER", r#"{"Resources": {}}"#)];
    let done = run("deploy", &["prod", "."], &sick);
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    let back = "aws cloudformation deploy --stack-name afterhook-prod --template-file ";
    assert!(said.contains(back) && said.contains("template.json --s3-bucket packages"), "{said}");
    assert!(said.ends_with("deploy: afterhook-prod is again what it was before\n"), "{said}");
    let done = run("deploy", &["prod", "."], &sick[..2]);
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(
        !said.contains("aws cloudformation") && said.contains("first deploy of afterhook-prod"),
        "{said}"
    );
}

/// A lane is widened at night by what is deployed, not by what somebody has built in a folder.
#[test]
fn a_parameter_is_changed_without_a_deploy() {
    let done = run("parameters", &["afterhook-prod", "ExpressConcurrency=9"], &[]);
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    let asked =
        "aws cloudformation update-stack --stack-name afterhook-prod --use-previous-template --parameters ";
    let (_, parameters) = said.split_once(asked).unwrap();
    let (parameters, others) = parameters.split_once(" --capabilities ").unwrap();
    let stays = |name: &str| json!({"ParameterKey": name, "UsePreviousValue": true});
    let changed = json!({"ParameterKey": "ExpressConcurrency", "ParameterValue": "9"});
    let wanted = json!([stays("LogDays"), changed, stays("DomainName")]);
    assert_eq!(serde_json::from_str::<Value>(parameters).unwrap(), wanted);
    assert!(others.starts_with("CAPABILITY_IAM CAPABILITY_AUTO_EXPAND "), "{others}");
    for (arguments, problem) in [
        (&["afterhook-prod", "Nothing=9"][..], "afterhook-prod has no parameter Nothing; it has LogDays"),
        (&["afterhook-prod", "ExpressConcurrency"], "ExpressConcurrency is not NAME=VALUE"),
        (&["afterhook-prod", r#"DomainName=a"b"#], "a value has no quotes"),
        (&["afterhook-prod"], "nothing to change"),
    ] {
        let done = run("parameters", arguments, &[]);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(2), "{said}");
        assert!(said.contains(problem) && !done.stdout.starts_with(b"aws"), "{said}");
    }
}

/// DynamoDB refuses to switch recovery on for some minutes after a restore, when the table is there already.
#[test]
fn a_restored_table_gets_its_recovery_once_dynamodb_has_it_to_give() {
    let page = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    let (_, rest) = page.split_once("\n  for try in ").unwrap();
    let (tries, _) = rest.split_once("\ndone\n").unwrap();
    for (refusals, calls) in [(0, 1), (4, 5), (1_000, 30)] {
        let aws = format!("calls=0; aws() {{ calls=$((calls + 1)) && [[ $calls -gt {refusals} ]]; }}");
        let script = format!("{aws}; sleep() {{ :; }}; table=t\nfor try in {tries}\necho $calls calls");
        let done = Command::new("bash").args(["-uc", &script]).output().unwrap();
        let said = String::from_utf8(done.stdout).unwrap();
        assert!(said.ends_with(&format!("{calls} calls\n")), "{said}");
        assert_eq!(said.contains("t has no point-in-time recovery yet, try 30 of 30"), calls == 30, "{said}");
    }
}
