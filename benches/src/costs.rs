//! What AWS and Gemini cost at list prices, as COSTS.md says it: `cargo run -p benches -- costs` prints that
//! page. Requests are counted on the wire to the emulator, tokens are priced by the project's own table; sizes
//! and times that no emulator can tell are assumptions, and stand on the page.

mod aws;
mod counted;
mod model;
mod watching;

use std::fmt::Write as _;

use crate::Outcome;
use aws::{Requests, idle_month, metrics_month, thousand_events, traced_hour};
use counted::Counted;
use model::PROFILES;

/// Its name on the command line.
pub(crate) const NAME: &str = "costs";

/// The whole page.
///
/// # Errors
/// When the requests cannot be counted, or a model has no price.
pub(crate) fn page() -> Outcome<String> {
    let counted = counted::count()?;
    let mut page = String::from(HEAD);
    requests(&mut page, &counted)?;
    let events = thousand_events(&counted);
    rows(&mut page, "A thousand events", &events)?;
    let idle = idle_month(&counted);
    rows(&mut page, "An idle month", &idle)?;
    metrics(&mut page, &counted)?;
    traces(&mut page)?;
    models(&mut page, &counted, total(&events), total(&idle))?;
    page.push_str(TAIL);
    Ok(page)
}

const HEAD: &str = "# Costs

Made by `cargo run -p benches -- costs`, and held to it by a test. List prices of us-east-1 and of Gemini's
developer API, without free tiers, in US dollars: AWS's pages *Amazon CloudWatch Pricing*, *AWS X-Ray Pricing* and
their like.

";

const TAIL: &str = "
## What to do about it

- From some thousands of events a month on, the model is nearly all of it. `[models]` in agent.toml says which one
  answers; triage on the light model, context caches and bulk's micro-batches save what `cargo run --release -p benches -- cost` shows.
- `[budget]` bounds a day, for all and by tenant. What is spoken for is on the dashboard.
- `[shadow]` costs what its `per_day_usd` says at the most, and the time that processors wait for it. `afterhook eval` and
  `afterhook replay` cost nothing against the stand-in, and at the most their `--max-usd` against a real model.
- Idle, alarms, dashboard, secrets and metrics are most of it. A stack for development can do without alarms and
  dashboard: delete them from its copy of template.yaml.
- Waiting costs memory by the second: processors are billed while the model thinks. More tasks in one batch share
  that time; the row above counts each alone.
";

fn requests(page: &mut String, counted: &Counted) -> Outcome<()> {
    writeln!(page, "## Requests\n\nCounted on the wire.\n")?;
    writeln!(page, "| | DynamoDB writes | DynamoDB reads | SQS |\n|-|-:|-:|-:|")?;
    for (name, Requests { writes, reads, queue }) in [
        ("one event, from the webhook to the comment", counted.event),
        ("one sweep with nothing to do", counted.sweep),
        ("every fifth one besides: deliveries and reactions of GitHub", counted.look),
    ] {
        writeln!(page, "| {name} | {writes} | {reads} | {queue} |")?;
    }
    writeln!(page)?;
    Ok(())
}

fn rows(page: &mut String, title: &str, rows: &[(String, f64)]) -> Outcome<()> {
    writeln!(page, "## {title}, AWS\n\n| what | dollars |\n|-|-:|")?;
    for (what, dollars) in rows {
        writeln!(page, "| {what} | {dollars:.3} |")?;
    }
    writeln!(page, "| **together** | **{:.2}** |\n", total(rows))?;
    Ok(())
}

fn total(rows: &[(String, f64)]) -> f64 {
    rows.iter().map(|(_, dollars)| dollars).sum()
}

fn metrics(page: &mut String, counted: &Counted) -> Outcome<()> {
    let most = watching::most()?;
    let all = most.iter().map(|series| series.values).sum();
    writeln!(page, "## Metrics\n")?;
    writeln!(
        page,
        "Each is billed for every set of values that its dimensions take, by the hour in which it is written.\n"
    )?;
    writeln!(page, "| what | metrics | a month in whose every hour they are written |\n|-|-:|-:|")?;
    for (what, metrics) in [
        ("the sweeper's, while two models were called in the last two days", counted.of_sweep.series),
        ("those of one event that goes well", counted.of_event.series),
        ("all that OPERATIONS.md lists, with every value", all),
    ] {
        writeln!(page, "| {what} | {metrics} | {:.2} |", metrics_month(metrics, f64::INFINITY))?;
    }
    writeln!(
        page,
        "\nThe last of these is the most that the agent.toml of the project comes to, with each model, intent, lane and"
    )?;
    writeln!(
        page,
        "outcome in every hour. A further model adds the row of `model` and its like once more.\n"
    )?;
    writeln!(page, "| dimensions | metrics by name | with every value |\n|-|-:|-:|")?;
    for watching::Series { by, metrics, values } in most {
        let by = if by.is_empty() { "none" } else { by.as_str() };
        writeln!(page, "| {by} | {metrics} | {values} |")?;
    }
    let filters = watching::resources("AWS::Logs::MetricFilter");
    writeln!(
        page,
        "\nA `reason` counts once: each one that happens adds another. Not among them: {filters} metrics made of the access log,\n\
         and those of API Gateway for the webhooks' route (`DetailedMetricsEnabled`).\n"
    )?;
    Ok(())
}

/// Webhooks a second of the largest load that OPERATIONS.md speaks of.
const LARGEST: f64 = 50_000.0 / 60.0;

fn traces(page: &mut String) -> Outcome<()> {
    if !watching::is_traced_by_default() {
        return Err("X-Ray samples by another rule than this page says".into());
    }
    let (traces, dollars) = traced_hour(LARGEST);
    writeln!(
        page,
        "## X-Ray\n\nEach function is traced (`Tracing: Active`), and the template has no rule of its own: X-Ray's default records the\n\
         first request of each second and five of a hundred others. The rows above count every one, which is the most. An hour of\n\
         50,000 webhooks a minute is {traces:.1} traces a second, and ${dollars:.2}; processors and console, a trace for each batch and\n\
         each request, come to no more each.\n"
    )?;
    Ok(())
}

fn models(page: &mut String, counted: &Counted, events: f64, idle: f64) -> Outcome<()> {
    writeln!(
        page,
        "## Gemini, and a month of both\n\nPrices of {}. The models are those that the aliases of agent.toml",
        prices::PRICES_AS_OF
    )?;
    writeln!(
        page,
        "stood for on that day: triage by `{}`, answers by `{}`.\n",
        model::TRIAGE,
        model::ANSWER
    )?;
    writeln!(
        page,
        "| profile | tokens an event | Gemini, 1,000 events | events a month | a month, AWS and Gemini |\n|-|-:|-:|-:|-:|"
    )?;
    for profile in PROFILES {
        let thousand = 1_000.0 * profile.dollars()?;
        let share = profile.events_a_month / 1_000.0;
        let metrics = metrics_month(counted.of_event.series, profile.events_a_month);
        let month = idle + metrics + share * (events + thousand);
        writeln!(
            page,
            "| {} | {} | {thousand:.2} | {} | {month:.2} |",
            profile.name,
            profile.tokens(),
            profile.events_a_month,
        )?;
    }
    writeln!(
        page,
        "\nThe last column has the idle month, and the metrics of one event in as many hours as there are events, up to each.\n"
    )?;
    writeln!(
        page,
        "A context cache of {} tokens costs ${:.4} an hour, made anew in each, and is among Gemini's above. It is made where {} or more\n\
         calls an hour repay it, and never of fewer than {} tokens: a persona that is shorter, or rarely asked for, is sent each time.",
        model::PERSONA,
        model::cache_hour(model::PERSONA)?,
        model::reads_that_repay()?,
        model::MIN_CACHED,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn costs_md_is_what_the_command_prints() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../COSTS.md")).unwrap();
        assert_eq!(kept, super::page().unwrap(), "cargo run -p benches -- costs > COSTS.md");
    }
}
