//! `[automations]`.

use secrecy::ExposeSecret;
use serde_json::json;
use settings::{ApprovalPolicy, Environment, HttpMethod, Settings, Variables};

use crate::project::project;

const SOURCE: &str = "[sources.github]\n";

fn intent(automation: &str) -> String {
    let name = automation.replace('.', "_");
    format!("[[intents]]\nname = \"{name}\"\nwhen = \"x\"\nautomation = \"{automation}\"\n")
}

fn load(text: &str) -> Result<Settings, Vec<String>> {
    let dir = project();
    let path = dir.path().join("agent.toml");
    std::fs::write(&path, format!("{SOURCE}{text}")).unwrap();
    let registered = ["reply", "label", "summarise", "refund_request", "ignore"];
    Settings::load_for(&path, &registered).map_err(|mistakes| {
        let show = |one: &settings::Mistake| {
            format!("{}: {}; {}", one.key, one.problem, one.suggestion.as_deref().unwrap_or_default())
        };
        mistakes.as_slice().iter().map(show).collect()
    })
}

#[test]
fn defaults_need_no_section() {
    let automations = load(&intent("ignore")).unwrap().automations;
    assert_eq!(automations.calls_per_host, 10);
    assert!(automations.labels.is_none() && automations.http.is_empty());
}

#[test]
fn settings_of_each_automation_are_read() {
    let text = format!(
        "{}{}{}[automations]\ncalls_per_host = 4\n[automations.label]\nallowed = [\"bug\"]\n\
         [automations.summarise]\nchannel = \"C01\"\n\
         [automations.refund_request]\nmax_amount = {{ usd = 49.99, jpy = 8000, kwd = 1.5 }}",
        intent("label"),
        intent("summarise"),
        intent("refund_request")
    );
    let automations = load(&text).unwrap().automations;
    assert_eq!(automations.calls_per_host, 4);
    assert_eq!(automations.labels.unwrap(), ["bug"]);
    assert_eq!(automations.summary_channel.unwrap(), "C01");
    let most = automations.max_refund.unwrap().0;
    assert_eq!((most["usd"], most["jpy"], most["kwd"]), (4999, 8000, 1500));
}

const RESET: &str = r#"
[automations.http.reset]
method = "PUT"
url = "https://api.example.com/users/{user}/reset?task={task_id}"
headers = { Authorization = "AUTOMATION_RESET" }
body = { reason = "for {user}", days = "{days}" }
parameters = { properties = { user = { type = "string" }, days = { type = "integer" } }, required = ["user"] }
repeatable = true
approval = "never"
"#;

#[test]
fn a_call_is_approved_by_a_person_unless_its_own_section_says_otherwise() {
    let text = format!(
        "{}{}[agent]\napproval = \"never\"",
        intent("http.reset"),
        RESET.replace("approval = \"never\"\n", "")
    );
    let settings = load(&text).unwrap();
    assert_eq!(settings.automations.http["reset"].approval, ApprovalPolicy::Always);
}

#[test]
fn call_is_read_and_filled_in() {
    let settings = load(&format!("{}{RESET}", intent("http.reset"))).unwrap();
    let call = &settings.automations.http["reset"];
    assert_eq!((call.method, call.repeatable), (HttpMethod::Put, true));
    assert_eq!(call.approval, ApprovalPolicy::Never);
    assert_eq!(call.url.host(), "api.example.com");
    assert_eq!(call.parameters.schema()["type"], "object");
    let get = |name: &str| match name {
        "user" => json!("a/b"),
        "days" => json!(3),
        _ => json!("tsk_0"),
    };
    let (url, body) = call.fill(&get).unwrap();
    assert_eq!(url.as_str(), "https://api.example.com/users/a%2Fb/reset?task=tsk_0");
    assert_eq!(body.unwrap(), json!({"reason": "for a/b", "days": 3}));
}

#[test]
fn what_is_missing_unknown_and_unused_is_all_reported_at_once() {
    let found = load(&format!(
        "{}{}{}[automations.summarise]\nchannel = \"C01\"\n{RESET}",
        intent("label"),
        intent("http.rest"),
        intent("lable")
    ))
    .unwrap_err();
    assert_eq!(
        found,
        [
            "intents[0].automation: \"label\" has no settings; add the section [automations.label]",
            "intents[1].automation: there is no automation \"http.rest\"; did you mean `http.reset`?",
            "intents[2].automation: there is no automation \"lable\"; did you mean `label`?",
            "automations.summarise: is never used; name it in an intent, `automation = \"summarise\"`, or remove the section",
            "automations.http.reset: is never used; name it in an intent, `automation = \"http.reset\"`, or remove the section",
        ]
    );
}

#[test]
fn calls_that_could_leak_or_miss_are_refused() {
    for (change, word) in [
        ("url = \"http://api.example.com/\"", "https://"),
        ("url = \"https://{user}.example.com/\"", "host"),
        ("url = \"https://api.example.com/{usr}\"", "{usr}"),
        ("headers = { Authorization = \"GEMINI_API_KEY\" }", "AUTOMATION_"),
        ("headers = { Idempotency-Key = \"AUTOMATION_X\" }", "set by itself"),
        ("body = { a = \"{nobody}\" }", "{nobody}"),
        ("body = { a = 2026-01-01 }", "no dates"),
        ("parameters = { properties = { a = { type = \"array\" } } }", "`type`"),
        ("method = \"GET\"", "unknown value"),
        ("retries = 3", "unknown key"),
    ] {
        let key = change.split(' ').next().unwrap();
        let url = if key == "url" { "" } else { "url = \"https://api.example.com/\"\n" };
        let parameters = if key == "parameters" {
            ""
        } else {
            "parameters = { properties = { user = { type = \"string\" } } }\n"
        };
        let text = format!("{}[automations.http.x]\n{url}{parameters}{change}", intent("http.x"));
        let found = load(&text).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(word), "{change}: {found:?}");
    }
}

#[test]
fn amounts_and_channels_that_cannot_be_are_refused() {
    for (text, word) in [
        ("[automations.refund_request]\nmax_amount = { usd = 0.001 }", "not an amount"),
        ("[automations.refund_request]\nmax_amount = { jpy = 0.5 }", "not an amount"),
        ("[automations.refund_request]\nmax_amount = { dollars = 1 }", "not a currency"),
        ("[automations.refund_request]\nmax_amount = { EUR = 1 }", "lower case, such as eur"),
        ("[automations.refund_request]\nmax_amount = { jpy = 0.5 }", "write it like jpy = 50"),
        ("[automations.refund_request]\nmax_amount = {}", "names no currency"),
        ("[automations.refund_request]", "missing"),
    ] {
        let found = load(&format!("{}{text}", intent("refund_request"))).unwrap_err();
        assert!(found.len() == 1 && found[0].contains(word), "{text}: {found:?}");
    }
    let named = format!("{}[automations.summarise]\nchannel = \"#general\"", intent("summarise"));
    assert!(load(&named).unwrap_err()[0].contains("not an id of a channel"));
}

#[test]
fn headers_come_from_variables_of_their_own() {
    let environment =
        Environment::from_map([("AUTOMATION_RESET", "Bearer top secret"), ("GEMINI_API_KEY", "key")])
            .unwrap();
    assert_eq!(environment.automations.len(), 1);
    assert_eq!(environment.automations["AUTOMATION_RESET"].expose_secret(), "Bearer top secret");
    let broken = Environment::from_map([("AUTOMATION_RESET", "a\r\nhost: evil")]).unwrap_err().to_string();
    assert!(broken.contains("AUTOMATION_RESET") && !broken.contains("evil"), "{broken}");
}

#[test]
fn variables_that_are_not_set_are_named_with_the_line_that_needs_them() {
    let dir = project();
    let path = dir.path().join("agent.toml");
    let call = "[automations.http.reset]\nurl = \"https://api.example.com/\"\n\
                headers = { Authorization = \"AUTOMATION_RESET\", X-Team = \"AUTOMATION_TEAM\" }\nretries = 3\n";
    std::fs::write(&path, format!("{SOURCE}{}{call}", intent("http.reset"))).unwrap();
    let found = |variables: &[(&str, &str)]| {
        let variables = Variables::from_map(variables.iter().copied());
        let found = Settings::load_in(&path, &["reply"], &variables).unwrap_err();
        found
            .as_slice()
            .iter()
            .map(|one| one.to_string().split("agent.toml:").nth(1).unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let retries = "9:1: automations.http.reset.retries: unknown key; known: `parameters`, `method`, `url`, `headers`, \
                   `body`, `repeatable`, `approval`";
    assert_eq!(
        found(&[("AUTOMATION_TEAM", " ")]),
        [
            "8:29: automations.http.reset.headers.Authorization: the variable AUTOMATION_RESET is not set; \
             set it to the whole value of the header Authorization; deployed, in the secret of ACT_SECRET_ID",
            "8:58: automations.http.reset.headers.X-Team: the variable AUTOMATION_TEAM is not set; \
             set it to the whole value of the header X-Team; deployed, in the secret of ACT_SECRET_ID",
            retries,
        ]
    );
    assert_eq!(found(&[("AUTOMATION_TEAM", "a"), ("AUTOMATION_RESET", "Bearer b")]), [retries]);
}

#[test]
fn what_people_outside_can_cause_unseen_is_a_warning() {
    let warned = |text: &str| load(text).unwrap().warnings();
    let bounds = "[budget]\nper_day_usd = 1\nper_tenant_day_usd = 1\nper_thread_replies_per_hour = 1\n";
    let call =
        |approval: &str| format!("{bounds}{}{}", intent("http.reset"), RESET.replace("\"never\"", approval));
    assert_eq!(warned(&call("\"always\"")), [""; 0]);
    for (approval, part) in
        [("\"never\"", "without a person: whoever"), ("\"low_confidence\"", "when triage is sure")]
    {
        let warnings = warned(&call(approval));
        assert!(
            warnings[0].starts_with("automations.http.reset.approval: ") && warnings[0].contains(part),
            "{warnings:?}"
        );
    }
    let never = "[agent]\napproval = \"never\"\n[automations.label]\nallowed = [\"bug\"]\n";
    let warnings = warned(&format!("{bounds}{}{never}", intent("label")));
    assert!(
        warnings.len() == 1 && warnings[0].contains("labels of automations.label.allowed"),
        "{warnings:?}"
    );
}

#[test]
fn each_missing_bound_is_a_warning() {
    let keys = ["per_day_usd", "per_tenant_day_usd", "per_thread_replies_per_hour"];
    assert_eq!(load(&intent("ignore")).unwrap().warnings().len(), keys.len());
    for missing in keys {
        let set: String =
            keys.iter().filter(|key| **key != missing).map(|key| format!("{key} = 1\n")).collect();
        let warnings = load(&format!("[budget]\n{set}{}", intent("ignore"))).unwrap().warnings();
        assert!(warnings.len() == 1 && warnings[0].contains(&format!("add `{missing} = ")), "{warnings:?}");
    }
}

#[test]
fn a_time_out_that_leaves_flex_no_time_is_warned_of() {
    let warned = |tier: &str, timeout: &str| {
        let head = format!("[models]\nanswer = \"m\"\nservice_tier = {{ bulk = \"{tier}\" }}\n");
        let text = format!("{head}[models.limits.m]\ntimeout = \"{timeout}\"\n");
        let warnings = load(&text).unwrap().warnings();
        warnings.iter().filter(|warning| warning.starts_with("models.limits.\"m\".timeout")).count()
    };
    assert_eq!((warned("flex", "13m"), warned("flex", "12m"), warned("standard", "13m")), (1, 0, 0));
}
