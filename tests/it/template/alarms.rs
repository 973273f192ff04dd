//! What is watched: every alarm tells somebody, looks at a metric that is written, and is in OPERATIONS.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use telemetry::Metrics;
use yaml_serde::Value;

use every::EVERY;

use super::file::{Template, number, strings, text};
use super::{FUNCTIONS, workspace};

#[path = "../../../shared/telemetry/tests/every/mod.rs"]
mod every;

#[test]
fn every_queue_has_an_alarm_and_every_alarm_tells_somebody() {
    let template = Template::read();
    let mut watched = BTreeSet::new();
    for name in template.named("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(name);
        if name.ends_with("VersionAlarm") {
            // It tells CodeDeploy; people hear of the same from the alarm of the function.
            assert!(alarm["AlarmActions"].is_null(), "{name}");
        } else {
            assert_eq!(strings(&alarm["AlarmActions"]), ["AlarmTopic"]);
            assert_eq!(strings(&alarm["OKActions"]), ["AlarmTopic"]);
        }
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

/// Logs and metrics come a moment late. Where a formula fills what is not there, the latest minute is filled, and an alarm that
/// looks at it alone never sees what came (CloudWatch, *using metric math*, FILL).
#[test]
fn what_is_filled_is_looked_at_again() {
    let template = Template::read();
    let mut minutes = 0;
    for name in template.named("AWS::CloudWatch::Alarm") {
        let alarm = template.properties(name);
        let queries = || alarm["Metrics"].as_sequence().into_iter().flatten();
        let is_filled =
            queries().any(|query| query["Expression"].as_str().is_some_and(|e| e.contains("FILL(")));
        let mut periods = queries().filter_map(|query| query["MetricStat"]["Period"].as_u64());
        if is_filled && periods.any(|period| period < 300) {
            minutes += 1;
            assert_eq!(alarm["DatapointsToAlarm"].as_u64(), Some(1), "{name}");
            assert!(alarm["EvaluationPeriods"].as_u64() >= Some(3), "{name}");
        }
    }
    assert_eq!(minutes, 4);
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
    alarmed.values_mut().for_each(Vec::dedup);
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
    // Where few come, three are enough, if no signature has held.
    let few = template.properties("UnverifiedSourceAlarm");
    assert_eq!(selected(text(&few["Metrics"][0]["Expression"])).unwrap(), ("Unverified", rest));
    assert_eq!((number(&few["Metrics"][0]["Period"]), number(&few["Threshold"])), (3_600, 3));
    let refused = template.named("AWS::CloudWatch::Alarm").into_iter();
    let all = refused.filter(|name| template.properties(name)["MetricName"].as_str() == Some("4xx"));
    assert_eq!(all.count(), 0);
}

/// A call that has waited for a permit as long as it may is given up, and reports that time: no wait is longer.
#[test]
fn alarm_on_waits_for_permits_rings_before_calls_are_given_up() {
    let policy = fs::read_to_string(workspace().join("shared/gemini/src/fleet/policy.rs")).unwrap();
    let (_, bound) = policy.split_once("MAX_WAIT_IN_PLACE: Duration = Duration::from_secs(").unwrap();
    let seconds: i64 = bound.split_once(')').unwrap().0.parse().unwrap();
    let threshold = number(&Template::read().properties("PermitWaitAlarm")["Threshold"]);
    assert!(threshold > 0 && threshold < seconds * 1000, "{threshold} ms of {seconds} s");
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
        // Made of the access log, with the stack in their names; or with the stack among their own dimensions.
        if metric.ends_with("-${AWS::StackName}")
            || ["RefusedSignatures", "Unverified", "Failures"].contains(&metric.as_str())
        {
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
        "ApprovalsExpiring",
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

/// The dimensions of a metric.
fn dimensions(metric: &Value) -> Vec<(&str, &str)> {
    let dimensions = metric["Dimensions"].as_sequence().into_iter().flatten();
    dimensions.map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"]))).collect()
}

/// A version that is bad is taken back by an alarm of that version. One of the whole function would take back the
/// version that mends it, for what the old one does meanwhile or has just done: so it has its number in its name as well,
/// and is another alarm for each version.
#[test]
fn every_function_is_rolled_out_behind_an_alias_and_rolled_back_by_an_alarm_of_that_version() {
    let template = Template::read();
    assert_eq!(text(&template.root()["Globals"]["Function"]["AutoPublishAlias"]), "live");
    for function in FUNCTIONS {
        let short = function.strip_suffix("Function").unwrap();
        let number = format!("{function}.Version.Version");
        let rollout = &template.properties(function)["DeploymentPreference"];
        assert_eq!(text(&rollout["Type"]), "Rollout");
        let alarm = format!("{short}VersionAlarm");
        assert_eq!(strings(&rollout["Alarms"]), [&alarm]);
        let alarm = template.properties(&alarm);
        assert!(text(&alarm["AlarmName"]).ends_with(&format!("-${{{number}}}")), "{function}");
        let queried = alarm["Metrics"].as_sequence().into_iter().flatten();
        let metrics: Vec<&Value> =
            queried.map(|query| &query["MetricStat"]["Metric"]).chain([alarm]).collect();
        let of = |namespace: &str| {
            let found = metrics.iter().find(|metric| metric["Namespace"].as_str() == Some(namespace));
            found.map(|metric| (text(&metric["MetricName"]), dimensions(metric)))
        };
        // By Lambda's "View metrics for functions": an alias's invocations by the version that ran.
        let live = format!("${{{function}}}:live");
        let errors = [("FunctionName", function), ("Resource", &live), ("ExecutedVersion", &number)];
        assert_eq!(of("AWS/Lambda"), Some(("Errors", errors.to_vec())), "{function}");
        if short != "Sweeper" {
            let (own, name) = (short.to_lowercase(), "AWS::StackName");
            let failures = [("stack", name), ("function", own.as_str()), ("version", number.as_str())];
            assert_eq!(of("Afterhook"), Some(("Failures", failures.to_vec())), "{function}");
        }
    }
    let offered = strings(&template.root()["Parameters"]["Rollout"]["AllowedValues"]);
    assert!(
        offered.contains(&"AllAtOnce")
            && text(&template.root()["Parameters"]["Rollout"]["Default"]).starts_with("Canary")
    );
}

/// `.ci/deploy` rolls out, and rolls what was there before out again if the smoke test fails: both, and what is built for them,
/// within the time of the job and of AWS's session, an hour by default.
#[test]
fn a_deploy_and_its_way_back_end_before_the_job_does() {
    const SESSION: i64 = 60;
    let workflow = fs::read_to_string(workspace().join(".github/workflows/deploy.yml")).unwrap();
    let workflow: Value = yaml_serde::from_str(&workflow).unwrap();
    let most = number(&workflow["jobs"]["deploy"]["timeout-minutes"]).min(SESSION);
    let template = Template::read();
    let offered = strings(&template.root()["Parameters"]["Rollout"]["AllowedValues"]);
    for canary in offered.iter().filter_map(|it| it.strip_prefix("Canary10Percent")) {
        let minutes: i64 = canary.strip_suffix("Minutes").unwrap().parse().unwrap();
        assert!(2 * minutes <= most / 2, "{canary}");
    }
}

#[test]
fn senders_are_answered_in_time_by_what_they_see_themselves() {
    let template = Template::read();
    let alarm = template.properties("IngestLatencyAlarm");
    assert_eq!((text(&alarm["Namespace"]), text(&alarm["MetricName"])), ("AWS/ApiGateway", "Latency"));
    // By API Gateway's "Monitor CloudWatch metrics for HTTP APIs": these four, and none called Route.
    let [api, stage, method, resource] = dimensions(alarm)[..] else { panic!("{alarm:?}") };
    assert_eq!((api, stage), (("ApiId", "HttpApi"), ("Stage", "HttpApi.Stage")));
    assert_eq!((method.0, resource.0), ("Method", "Resource"));
    let shown = format!(r#""Method","{}","Resource","{}""#, method.1, resource.1);
    assert!(text(&template.properties("Dashboard")["DashboardBody"]).contains(&shown), "{shown}");
    let route = format!("{} {}", method.1, resource.1);
    let settings = &template.properties("HttpApi")["RouteSettings"][route.as_str()];
    assert_eq!(
        settings["DetailedMetricsEnabled"],
        Value::from(true),
        "a route has metrics only if it says so"
    );
}

/// A source without a secret and a console without tokens answer 503 to everybody, and anybody can ask: functions say
/// themselves what failed, and the access log only what none of them has answered.
#[test]
fn what_strangers_can_bring_about_is_no_failure_of_ours() {
    let template = Template::read();
    let pattern = |filter: &str| text(&template.properties(filter)["FilterPattern"]).to_owned();
    assert_eq!(pattern("Api5xxFilter"), "{ ($.status = 5*) && ($.answered != 5*) }");
    // Wrong tokens and a busy console are answered 429, and lose nothing.
    assert_eq!(pattern("ApiThrottledFilter"), r#"{ ($.status = "429") && ($.route = "POST /webhooks/*") }"#);
    let format = text(&template.properties("HttpApi")["AccessLogSettings"]["Format"]);
    let format: serde_json::Value = serde_json::from_str(format).unwrap();
    assert_eq!(
        (&format["answered"], &format["route"]),
        (&"$context.integration.status".into(), &"$context.routeKey".into())
    );
    let queried = template.properties("Api5xxAlarm")["Metrics"].as_sequence().unwrap();
    let counted: Vec<_> = queried[1..].iter().map(|query| &query["MetricStat"]["Metric"]).collect();
    let counted = counted.iter().map(|metric| (text(&metric["MetricName"]), dimensions(metric)));
    let failures = |function| ("Failures", vec![("stack", "AWS::StackName"), ("function", function)]);
    let gateway = ("Api5xx-${AWS::StackName}", vec![]);
    assert_eq!(counted.collect::<Vec<_>>(), [failures("ingest"), failures("console"), gateway]);
}

/// A task comes to rest more than once, with the same cost each time: it counts when it ends.
#[test]
fn costs_by_intent_count_a_task_once() {
    let template = Template::read();
    let saved = text(&template.properties("CostQuery")["QueryString"]).to_owned();
    let (filter, _) = saved.split_once("\n").unwrap();
    let ends =
        domain::TaskStatus::ALL.iter().filter(|status| status.is_end()).map(|status| format!("\"{status}\""));
    assert!(filter.ends_with(&format!("status in [{}]", ends.collect::<Vec<_>>().join(", "))), "{filter}");
    let body: serde_json::Value =
        serde_json::from_str(text(&template.properties("Dashboard")["DashboardBody"])).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter();
    let shown = widgets.filter(|widget| widget["properties"]["title"] == "Cost by intent");
    let shown: Vec<_> = shown.map(|widget| widget["properties"]["query"].as_str().unwrap()).collect();
    assert!(shown.len() == 1 && shown[0].contains(filter), "{shown:?}");
    // Every end of a task tells what it has cost in all: a task that was retried has several, and the last one counts.
    for query in [saved.as_str(), shown[0]] {
        let sums: Vec<&str> =
            query.split('|').map(str::trim).filter(|step| step.starts_with("stats ")).collect();
        let [by_task, by_kind] = sums[..] else { panic!("{query}") };
        assert!(by_task.contains("max(cost_usd) as usd") && by_task.ends_with(" by task_id"), "{by_task}");
        assert!(
            by_kind.contains("sum(usd) as dollars, count(*) as tasks") && by_kind.ends_with(" by kind"),
            "{by_kind}"
        );
    }
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

/// A row of OPERATIONS.md's table of metrics, or what it should say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Row {
    unit: String,
    /// Each set that it is written with, besides the one dimension `stack` of what is watched.
    dimensions: BTreeSet<String>,
    functions: BTreeSet<String>,
    alarms: String,
}

fn list(cell: &str, separator: &str) -> BTreeSet<String> {
    cell.split(separator).map(str::to_owned).collect()
}

/// The rows of the table by their metrics.
fn documented() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    let (_, table) = text.split_once("| metric |").expect("OPERATIONS.md has a table of metrics");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, unit, dimensions, functions, alarms] = cells[..] else { panic!("{row}") };
        let row = Row {
            unit: unit.to_owned(),
            dimensions: list(dimensions, "; "),
            functions: list(functions, ", "),
            alarms: alarms.to_owned(),
        };
        (name.trim_matches('`').to_owned(), row)
    })
    .collect()
}

/// The functions whose code has `call`.
fn callers(call: &str) -> BTreeSet<String> {
    fn has(folder: &Path, call: &str) -> bool {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| {
            if path.is_dir() {
                has(&path, call)
            } else {
                fs::read_to_string(path).is_ok_and(|code| code.contains(call))
            }
        })
    }
    let names = FUNCTIONS.map(|name| name.strip_suffix("Function").unwrap().to_lowercase());
    names
        .into_iter()
        .filter(|name| has(&workspace().join("functions").join(name).join("src"), call))
        .collect()
}

/// What the code writes: each method of `Metrics`, called, and the functions that call it.
fn written() -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut add = |functions: &BTreeSet<String>, call: &dyn Fn(&Metrics)| {
        let (metrics, recorded) = Metrics::memory(domain::Clock::system());
        call(&metrics);
        for document in recorded.documents() {
            for directive in document["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
                let names = directive["Dimensions"][0].as_array().unwrap().iter();
                let names: Vec<&str> = names.map(|name| name.as_str().unwrap()).collect();
                for metric in directive["Metrics"].as_array().unwrap() {
                    let row = rows.entry(metric["Name"].as_str().unwrap().to_owned()).or_default();
                    row.unit = metric["Unit"].as_str().unwrap().to_owned();
                    row.dimensions.insert(names.join(", "));
                    row.functions.extend(functions.iter().cloned());
                }
            }
        }
    };
    for (method, call) in EVERY {
        let functions = callers(&format!("metrics.{method}("));
        assert!(!functions.is_empty(), "nobody calls {method}");
        add(&functions, call);
    }
    // The one that a function writes under a name of its own, and the one of which its own stack is a dimension.
    add(&callers(r#"("Ignored", "#), &|metrics| {
        metrics.emit(&[("Ignored", telemetry::Unit::Count, 1.0)], &[("reason", "unsubscribed")]);
    });
    add(&callers("metrics.signature_refused("), &|metrics| {
        metrics.clone().of_stack(Some("afterhook")).signature_refused("github");
    });
    // Of every function, when it panics.
    let functions = FUNCTIONS.map(|name| name.strip_suffix("Function").unwrap().to_lowercase());
    let start = fs::read_to_string(workspace().join("shared/lambda/src/lib.rs")).unwrap();
    assert!(start.contains("metrics.failed(function)"));
    add(&functions.into(), &|metrics| metrics.failed("sweeper"));
    rows
}

/// Every method that writes metrics is among those called above.
#[test]
fn no_metric_is_forgotten() {
    let code = fs::read_to_string(workspace().join("shared/telemetry/src/metrics.rs")).unwrap();
    let code = code.split_whitespace().collect::<Vec<_>>().join(" ").replace("( &self", "(&self");
    let methods = code
        .split(" pub fn ")
        .skip(1)
        .filter_map(|rest| rest.split_once("(&self, ").or(rest.split_once("(&self)")));
    let methods: BTreeSet<&str> = methods.map(|(name, _)| name).filter(|name| !name.contains('(')).collect();
    let called: BTreeSet<&str> = EVERY.iter().map(|(method, _)| *method).chain(["emit"]).collect();
    assert_eq!(called, methods);
}

#[test]
fn operations_lists_every_metric_with_unit_dimensions_functions_and_alarms() {
    let (documented, template) = (documented(), Template::read());
    let alarmed = alarmed(&template);
    let mut written = written();
    for (metric, row) in &mut written {
        row.alarms = alarmed.get(metric).map(|alarms| alarms.join(", ")).unwrap_or_default();
    }
    let names = |rows: &BTreeMap<String, Row>| rows.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(&documented), names(&written), "OPERATIONS.md and the code name other metrics");
    for watched in telemetry::WATCHED {
        assert!(written.contains_key(watched), "{watched}");
    }
    for (metric, row) in documented {
        assert_eq!(row, written[&metric], "{metric}");
    }
}

/// Whoever is called at night finds the fields that a runbook names in the log that it names.
#[test]
fn runbooks_name_fields_that_the_logs_have() {
    let template = Template::read();
    let access = text(&template.properties("HttpApi")["AccessLogSettings"]["Format"]);
    let ingest = fs::read_to_string(workspace().join("functions/ingest/src/log.rs")).unwrap();
    let of_ingest: Vec<&str> = ingest.split(|c: char| c != '_' && !c.is_ascii_alphanumeric()).collect();
    let page = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    let runbooks = page.split("\n## ").find(|part| part.starts_with("Alarms\n")).unwrap().replace('\n', " ");
    let mut named = BTreeSet::new();
    // Clause by clause: each names one log.
    for clause in runbooks.split([';', '.']).flat_map(|sentence| sentence.split(", and ")) {
        for field in clause.split('`').skip(1).step_by(2) {
            if !field.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()) {
                continue;
            }
            if clause.contains("access log") {
                assert!(access.contains(&format!(r#""{field}":"#)), "{field} in: {clause}");
            } else if clause.contains("ingest's log") {
                assert!(of_ingest.contains(&field), "{field} in: {clause}");
            } else {
                continue;
            }
            named.insert(field.to_owned());
        }
        assert!(!clause.contains("ingest's log") || !clause.contains("address"), "it has none: {clause}");
    }
    assert!(["answered", "delivery", "ip", "ms", "status"].iter().all(|it| named.contains(*it)), "{named:?}");
}

#[test]
fn operations_says_what_to_do_about_every_alarm() {
    let text = fs::read_to_string(workspace().join("OPERATIONS.md")).unwrap();
    for alarm in Template::read().named("AWS::CloudWatch::Alarm") {
        assert!(text.contains(&format!("### {alarm}\n")), "{alarm} has no runbook");
    }
}
