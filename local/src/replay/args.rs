//! `afterhook replay` on the command line.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use domain::ServiceTier;

use crate::cli::{ArchiveArgs, ConfigFile};
use crate::evaluate::{dollars, tier};

/// `afterhook replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Their ids, or the beginnings of them (default: the latest tasks).
    pub ids: Vec<String>,
    /// Only those that were sorted as this intent, or as `spam`.
    #[arg(long)]
    pub intent: Option<String>,
    /// Only those that were received on this day (UTC).
    #[arg(long, value_name = "2026-11-28", value_parser = day)]
    pub day: Option<String>,
    /// Only those of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
    /// What may be spent at the most, in US dollars; needed for a real model.
    #[arg(long, value_name = "USD", value_parser = dollars)]
    pub max_usd: Option<f64>,
    /// How the model serves the run: flex (half the price, in minutes), standard or priority (default: as agent.toml says).
    #[arg(long, value_name = "TIER", value_parser = tier)]
    pub tier: Option<ServiceTier>,
    /// Which reference documents the model reads: those of then, or those of the working copy.
    #[arg(long, value_enum, default_value_t = Documents::Then)]
    pub documents: Documents,
    /// Write replay.json and replay.html into this directory.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Run every task anew, also those that a former replay by this agent has paid for.
    #[arg(long)]
    pub fresh: bool,
    /// `--url`, `--data-dir`.
    #[command(flatten)]
    pub archive: ArchiveArgs,
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// Which reference documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Documents {
    /// As they were sent then, where the transcript has them.
    Then,
    /// As they are in the working copy.
    Now,
}

fn day(text: &str) -> Result<String, String> {
    let at: Result<domain::Timestamp, _> = format!("{text}T00:00:00Z").parse();
    at.map(|_| text.to_owned()).map_err(|_| "write a day such as 2026-11-28".to_owned())
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn a_day_is_a_date() {
        assert!(day("2026-11-28").is_ok());
        for wrong in ["2026-11", "2026-13-01", "yesterday", ""] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
