//! The bill of watching: metrics, alarms, the dashboard and traces, as template.yaml and the table of OPERATIONS.md have
//! them. A test of e2e holds that table to the code.

use std::collections::BTreeMap;

use domain::{Lane, TaskStatus};
use e2e::assembly::shipped_settings;
use telemetry::WATCHED;

use crate::Outcome;

const TEMPLATE: &str = include_str!("../../../template.yaml");
const OPERATIONS: &str = include_str!("../../../OPERATIONS.md");

/// What an alarm looks at; one over several metrics is billed for each.
pub(super) fn alarm_metrics() -> usize {
    let alarms = TEMPLATE.split("Type: AWS::CloudWatch::Alarm").skip(1);
    // The next resource begins with two blanks.
    let own = alarms.map(|rest| rest.split("\n\n").next().unwrap_or_default());
    own.map(|alarm| alarm.matches("MetricStat:").count().max(1)).sum()
}

/// How many resources of this type the stack has.
pub(super) fn resources(kind: &str) -> usize {
    TEMPLATE.matches(&format!("Type: {kind}\n")).count()
}

/// Whether X-Ray sees each function, by its own rule.
pub(super) fn is_traced_by_default() -> bool {
    TEMPLATE.contains("\n    Tracing: Active\n") && !TEMPLATE.contains("AWS::XRay::SamplingRule")
}

/// Metrics by what tells them apart: the dimensions, and how many with each set of them.
pub(super) struct Series {
    pub(super) by: String,
    pub(super) metrics: usize,
    pub(super) values: usize,
}

/// Every metric that a busy stack with the agent.toml of the project writes, with every value of its dimensions: each is
/// billed by itself. A `reason` counts once: each one that happens adds another.
pub(super) fn most() -> Outcome<Vec<Series>> {
    let mut sets: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let (_, table) = OPERATIONS.split_once("\n| metric |").ok_or("OPERATIONS.md has no table of metrics")?;
    for row in table.lines().skip(2).take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, _, dimensions, functions, _] = cells[..] else {
            return Err(format!("no row: {row}").into());
        };
        let name = name.trim_matches('`');
        let by_stack = WATCHED.contains(&name).then_some("stack");
        for set in dimensions.split("; ").chain(by_stack) {
            let (metrics, sum) = sets.entry(set.to_owned()).or_default();
            *metrics += 1;
            *sum += values(name, set, functions.split(", ").count())?;
        }
    }
    Ok(sets.into_iter().map(|(by, (metrics, values))| Series { by, metrics, values }).collect())
}

/// In how many series a metric is written with this set of dimensions.
fn values(metric: &str, set: &str, functions: usize) -> Outcome<usize> {
    let settings = shipped_settings();
    let mut product = 1;
    for dimension in set.split(", ").filter(|name| !name.is_empty()) {
        product *= match dimension {
            "stack" | "version" | "reason" => 1,
            "lane" => Lane::ALL.len(),
            "model" => settings.models.in_use().len(),
            "source" => settings.sources.len(),
            // Triage may find none of them.
            "intent" => settings.intents.len() + 1,
            "status" => TaskStatus::ALL.into_iter().filter(|status| status.is_end()).count(),
            "function" => functions,
            // Of the day and of the tenant.
            "budget" => 2,
            // answered, throttled, failed, timed_out, refused, cut_short
            "outcome" => 6,
            // prompt, cached, output, thought
            "kind" if metric == "Tokens" => 4,
            // intent, spam, thumb
            "kind" if metric == "Corrections" => 3,
            other => return Err(format!("{metric}: nobody knows how many values `{other}` has").into()),
        };
    }
    Ok(product)
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_alarm_over_several_metrics_counts_for_each() {
        // Api5xxAlarm looks at three, the rollbacks of ingest, console and processor and SweeperAlarm at two.
        let alarms = super::resources("AWS::CloudWatch::Alarm");
        assert_eq!(super::alarm_metrics(), alarms + 2 + 3 + 1);
    }

    #[test]
    fn every_function_is_traced_and_nothing_samples_but_the_default() {
        assert!(super::is_traced_by_default());
        assert_eq!(super::resources("AWS::CloudWatch::Dashboard"), 1);
    }
}
