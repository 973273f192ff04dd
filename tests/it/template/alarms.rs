//! What is watched: every alarm tells somebody, looks at a metric that is written, and is in OPERATIONS.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use yaml_serde::Value;

use super::file::{Template, number, strings, text};
use super::{FUNCTIONS, workspace};

#[test]
fn every_queue_has_an_alarm_and_every_alarm_tells_somebody() {
    let template = Template::read();
    let mut watched = BTreeSet::new();
    for alarm in template.named("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(alarm);
        assert_eq!(strings(&alarm["AlarmActions"]), ["AlarmTopic"]);
        assert_eq!(strings(&alarm["OKActions"]), ["AlarmTopic"]);
        assert!(!text(&alarm["AlarmDescription"]).is_empty());
        if let Some(queue) =
            alarm["Dimensions"][0]["Value"].as_str().and_then(|v| v.strip_suffix(".QueueName"))
        {
            watched.insert(queue.to_owned());
        }
    }
    let queues: BTreeSet<String> = template.named("AWS::SQS::Queue").into_iter().map(str::to_owned).collect();
    assert_eq!(watched, queues);
}

/// The metrics of ours that an alarm looks at, with the alarms.
fn alarmed(template: &Template) -> BTreeMap<String, Vec<&str>> {
    let mut alarmed: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in template.named("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(name);
        let queried = alarm["Metrics"].as_sequence().into_iter().flatten();
        for query in queried.clone().filter_map(|query| query["Expression"].as_str()) {
            if let Some((metric, _)) = selected(query) {
                alarmed.entry(metric.to_owned()).or_default().push(name);
            }
        }
        for metric in queried.map(|query| &query["MetricStat"]["Metric"]).chain([alarm]) {
            if metric["Namespace"].as_str() == Some("Afterhook") {
                alarmed.entry(text(&metric["MetricName"]).to_owned()).or_default().push(name);
            }
        }
    }
    alarmed
}

/// The metric of ours that a query of Metrics Insights sums up, and what it says after that.
fn selected(query: &str) -> Option<(&str, &str)> {
    query.strip_prefix("SELECT SUM(")?.split_once(r#") FROM SCHEMA("Afterhook", "#)
}

/// A source of agent.toml has no alarm of its own, which the template could not name: one alarm looks at the worst
/// of them.
#[test]
fn refused_signatures_are_alarmed_by_source_and_not_with_everything_that_strangers_try() {
    let template = Template::read();
    let alarm = template.properties("RefusedSignaturesAlarm");
    let query = text(&alarm["Metrics"][0]["Expression"]);
    let (metric, rest) = selected(query).unwrap();
    assert_eq!(metric, "RefusedSignatures");
    assert_eq!(
        rest,
        "stack, source) WHERE stack = '${AWS::StackName}' GROUP BY source ORDER BY SUM() DESC LIMIT 1"
    );
    assert_eq!((number(&alarm["Metrics"][0]["Period"]), number(&alarm["Threshold"])), (900, 20));
    let refused = template.named("AWS::CloudWatch::Alarm").into_iter();
    let all = refused.filter(|name| template.properties(name)["MetricName"].as_str() == Some("4xx"));
    assert_eq!(all.count(), 0);
}

/// What strangers do to the console must not use up what webhooks need.
#[test]
fn console_and_api_have_rates_far_below_those_of_webhooks() {
    let template = Template::read();
    let default = |name: &str| number(&template.root()["Parameters"][name]["Default"]);
    let api = template.properties("HttpApi");
    assert_eq!(text(&api["DefaultRouteSettings"]["ThrottlingRateLimit"]), "ConsoleRate");
    assert_eq!(text(&api["DefaultRouteSettings"]["ThrottlingBurstLimit"]), "ConsoleRate");
    let routes: Vec<_> = api["RouteSettings"].as_mapping().unwrap().keys().map(text).collect();
    assert_eq!(routes, ["POST /webhooks/{source}"], "every other route has the default");
    assert!(default("ConsoleRate") * 50 <= default("WebhookRate"));
}

/// Two stacks of one account share the namespace, and the names of models are agent.toml's: an alarm looks at
/// its own stack, and at all models and budgets of it.
#[test]
fn alarms_look_at_their_own_stack_whatever_the_models_are_called() {
    let template = Template::read();
    for (metric, alarms) in alarmed(&template) {
        // Made of the access log, with the stack in their names.
        if metric.ends_with("-${AWS::StackName}") || metric == "RefusedSignatures" {
            continue;
        }
        assert!(telemetry::WATCHED.contains(&metric.as_str()), "{metric} is not written by stack");
        for name in alarms {
            let alarm = template.properties(name);
            let queried = &alarm["Metrics"][1]["MetricStat"]["Metric"];
            let dimensions = if queried.is_null() { &alarm["Dimensions"] } else { &queried["Dimensions"] };
            let dimensions: Vec<(&str, &str)> = dimensions
                .as_sequence()
                .unwrap()
                .iter()
                .map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"])))
                .collect();
            assert_eq!(dimensions, [("stack", "AWS::StackName")], "{name}");
        }
    }
    for promised in [
        "ApprovalsOldest",
        "BreakerOpen",
        "BudgetUsed",
        "FailedTasks",
        "NotReady",
        "PermitWait",
        "Throttled",
        "Unaccounted",
    ] {
        assert!(alarmed(&template).contains_key(promised), "{promised}");
    }
    assert_eq!(number(&template.properties("BudgetAlarm")["Threshold"]), 80);
}

#[test]
fn every_function_has_alarms_on_its_errors_and_throttles() {
    let template = Template::read();
    for function in FUNCTIONS {
        let short = function.strip_suffix("Function").unwrap();
        let throttles = template.properties(&format!("{short}ThrottlesAlarm"));
        assert_eq!(text(&throttles["Dimensions"][0]["Value"]), function);
        let errors =
            if short == "Sweeper" { "SweeperAlarm".to_owned() } else { format!("{short}ErrorsAlarm") };
        template.resource(&errors);
    }
    template.resource("ConcurrencyAlarm");
}

/// A version that is bad is taken back by an alarm of its own function.
#[test]
fn every_function_is_rolled_out_behind_an_alias_and_rolled_back_by_an_alarm() {
    let template = Template::read();
    assert_eq!(text(&template.root()["Globals"]["Function"]["AutoPublishAlias"]), "live");
    let alarms: BTreeSet<&str> = template.named("AWS::CloudWatch::Alarm").into_iter().collect();
    for function in FUNCTIONS {
        let function = template.properties(function);
        // Without it, a changed prompt or parameter would make no new version.
        assert_eq!(function["AutoPublishAliasAllProperties"], Value::from(true));
        let rollout = &function["DeploymentPreference"];
        assert_eq!(text(&rollout["Type"]), "Rollout");
        let named = strings(&rollout["Alarms"]);
        assert!(!named.is_empty() && named.iter().all(|alarm| alarms.contains(alarm)), "{named:?}");
    }
    let offered = strings(&template.root()["Parameters"]["Rollout"]["AllowedValues"]);
    assert!(
        offered.contains(&"AllAtOnce")
            && text(&template.root()["Parameters"]["Rollout"]["Default"]).starts_with("Canary")
    );
}

#[test]
fn senders_are_answered_in_time_by_what_they_see_themselves() {
    let template = Template::read();
    let alarm = template.properties("IngestLatencyAlarm");
    assert_eq!((text(&alarm["Namespace"]), text(&alarm["MetricName"])), ("AWS/ApiGateway", "Latency"));
    let route = text(&alarm["Dimensions"][2]["Value"]);
    let settings = &template.properties("HttpApi")["RouteSettings"][route];
    assert_eq!(
        settings["DetailedMetricsEnabled"],
        Value::from(true),
        "a route has metrics only if it says so"
    );
}

/// Everything that the dashboard names is there.
#[test]
fn dashboard_shows_metrics_that_are_written() {
    let template = Template::read();
    let body = text(&template.properties("Dashboard")["DashboardBody"]);
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let mut shown = 0;
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            if metric[0] != "Afterhook" {
                continue;
            }
            let name = metric[1].as_str().unwrap();
            assert!(telemetry::WATCHED.contains(&name), "{name} is not written by stack");
            assert_eq!((&metric[2], &metric[3]), (&"stack".into(), &"${AWS::StackName}".into()));
            shown += 1;
        }
    }
    assert!(shown > 10);
}

/// The rows of OPERATIONS.md's table of metrics: name, alarms.
fn documented() -> BTreeMap<String, String> {
    let text = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    let (_, table) = text.split_once("| metric |").expect("OPERATIONS.md has a table of metrics");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{row}");
        (cells[0].trim_matches('`').to_owned(), cells[4].to_owned())
    })
    .collect()
}

/// The names of metrics that the code writes: in telemetry, and where a function writes one of its own.
fn written() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for file in ["shared/telemetry/src/metrics.rs", "functions/ingest/src/meter.rs"] {
        let code = fs::read_to_string(workspace().join(file)).unwrap();
        for start in ["one(\"", "time(\"", "(\""] {
            for part in code.split(start).skip(1) {
                let Some((name, rest)) = part.split_once('"') else { continue };
                let metric = start != "(\"" || rest.starts_with(", Unit::");
                if metric && name.starts_with(|c: char| c.is_ascii_uppercase()) {
                    names.insert(name.to_owned());
                }
            }
        }
    }
    names
}

#[test]
fn operations_lists_every_metric_with_its_alarm() {
    let (documented, template) = (documented(), Template::read());
    let names: BTreeSet<String> = documented.keys().cloned().collect();
    assert_eq!(names, written(), "OPERATIONS.md and the code name other metrics");
    for watched in telemetry::WATCHED {
        assert!(names.contains(watched), "{watched}");
    }
    let alarmed = alarmed(&template);
    for (metric, alarms) in documented {
        let expected = alarmed.get(&metric).map(|alarms| alarms.join(", ")).unwrap_or_default();
        assert_eq!(alarms, expected, "{metric}");
    }
}

#[test]
fn operations_says_what_to_do_about_every_alarm() {
    let text = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    for alarm in Template::read().named("AWS::CloudWatch::Alarm") {
        assert!(text.contains(&format!("### {alarm}\n")), "{alarm} has no runbook");
    }
}
