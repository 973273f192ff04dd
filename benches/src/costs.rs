//! What AWS and Gemini cost at list prices, as COSTS.md says it: `cargo run -p benches -- costs` prints that
//! page. Requests are counted on the wire to the emulator, tokens are priced by the project's own table; sizes
//! and times that no emulator can tell are assumptions, and stand on the page.

mod aws;
mod counted;
mod model;

use std::fmt::Write as _;

use crate::Outcome;
use aws::{Requests, idle_month, thousand_events};
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
    let events = thousand_events(&counted.event);
    rows(&mut page, "A thousand events", &events)?;
    let idle = idle_month(&counted.sweep);
    rows(&mut page, "An idle month", &idle)?;
    models(&mut page, total(&events), total(&idle))?;
    page.push_str(TAIL);
    Ok(page)
}

const HEAD: &str = "# Costs

Made by `cargo run -p benches -- costs`, and held to it by a test. List prices of us-east-1 and of Gemini's
developer API, without free tiers, in US dollars.

";

const TAIL: &str = "
## What to do about it

- The model is nearly all of it. `[models]` in agent.toml says which one answers; triage on the light model,
  context caches and bulk's micro-batches save what `cargo run --release -p benches -- cost` shows.
- `[budget]` bounds a day, for all and by tenant. What is spoken for is on the dashboard.
- `[shadow]` costs what its `per_day_usd` says at the most, and the time that processors wait for it. `afterhook eval` and
  `afterhook replay` cost nothing against the stand-in, and at the most their `--max-usd` against a real model.
- Idle, alarms, secrets and metrics are most of it. A stack for development can do without alarms: delete them
  from its copy of template.yaml.
- Waiting costs memory by the second: processors are billed while the model thinks. More tasks in one batch share
  that time; the row above counts each alone.
";

fn requests(page: &mut String, counted: &Counted) -> Outcome<()> {
    writeln!(page, "## Requests\n\nCounted on the wire.\n")?;
    writeln!(page, "| | DynamoDB writes | DynamoDB reads | SQS |\n|-|-:|-:|-:|")?;
    for (name, Requests { writes, reads, queue }) in [
        ("one event, from the webhook to the comment", counted.event),
        ("one sweep with nothing to do", counted.sweep),
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

fn models(page: &mut String, events: f64, idle: f64) -> Outcome<()> {
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
        let month = idle + share * (events + thousand);
        writeln!(
            page,
            "| {} | {} | {thousand:.2} | {} | {month:.2} |",
            profile.name,
            profile.tokens(),
            profile.events_a_month,
        )?;
    }
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
