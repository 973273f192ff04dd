//! `afterhook eval` on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{ServiceTier, Timestamp};

use crate::cli::{ArchiveArgs, ConfigFile, DataDir, since};

/// `afterhook eval`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct EvalArgs {
    /// What to do instead of a run.
    #[command(subcommand)]
    pub action: Option<EvalAction>,
    /// A run.
    #[command(flatten)]
    pub run: EvalRunArgs,
}

/// What `afterhook eval` does besides runs.
#[derive(Debug, Subcommand)]
pub enum EvalAction {
    /// Write cases made of what people decided about past tasks.
    Export(ExportArgs),
}

/// A run of `afterhook eval`.
#[derive(Debug, Args)]
pub struct EvalRunArgs {
    /// Cases: TOML, or JSON lines (.jsonl); of a directory, all such files in it.
    #[arg(default_value = "evals")]
    pub files: Vec<PathBuf>,
    /// Only the cases whose names have this in them.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// What may be spent at the most, in US dollars; needed for a real model.
    #[arg(long, value_name = "USD", value_parser = dollars)]
    pub max_usd: Option<f64>,
    /// How the model serves the run: flex (half the price, in minutes), standard or priority (default: as agent.toml says).
    #[arg(long, value_name = "TIER", value_parser = tier)]
    pub tier: Option<ServiceTier>,
    /// The model that judges answers by the rubrics of their cases (default: the answer model).
    #[arg(long, value_name = "MODEL", value_parser = answers)]
    pub judge: Option<String>,
    /// The eval.json of a former report: tell what changed.
    #[arg(long, value_name = "FILE")]
    pub against: Option<PathBuf>,
    /// Fail below this share of right intents, of the cases that ended.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub min_accuracy: f64,
    /// Fail below this share of cases that are right in everything, of those that ended.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub min_right: f64,
    /// Fail if a case is wrong that was right in --against; one that did not end is not.
    #[arg(long, requires = "against")]
    pub no_worse: bool,
    /// Write eval.json, eval.xml (JUnit) and eval.html into this directory.
    #[arg(long, value_name = "DIR")]
    pub report: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Run every case anew, also those that a former run of this agent has paid for.
    #[arg(long)]
    pub fresh: bool,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// `afterhook eval export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Where to, as JSON lines (default: standard output).
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Only tasks received since: a time (2026-11-28T12:00:00Z), or how long ago (30m, 2h, 1d).
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Timestamp>,
    /// At most so many cases.
    #[arg(long, default_value_t = 500)]
    pub limit: usize,
    /// `--url`, `--data-dir`.
    #[command(flatten)]
    pub archive: ArchiveArgs,
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// An amount above nothing.
pub(crate) fn dollars(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|usd| usd.is_finite() && *usd > 0.0);
    amount.ok_or_else(|| "write an amount of US dollars above 0, such as 0.50".to_owned())
}

/// A service tier.
pub(crate) fn tier(text: &str) -> Result<ServiceTier, String> {
    let all = [ServiceTier::Flex, ServiceTier::Standard, ServiceTier::Priority];
    let tier = all.into_iter().find(|tier| tier.as_str() == text);
    tier.ok_or_else(|| "write flex, standard or priority".to_owned())
}

fn answers(name: &str) -> Result<String, String> {
    settings::unfit_model(name).map_or_else(|| Ok(name.to_owned()), Err)
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a share from 0 to 1, such as 0.9".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        eval: EvalArgs,
    }

    fn parse(line: &str) -> Result<EvalArgs, clap::Error> {
        Line::try_parse_from(line.split_whitespace()).map(|line| line.eval)
    }

    #[test]
    fn a_run_reads_the_shipped_cases_and_an_export_is_another_action() {
        let run = parse("eval").unwrap().run;
        assert_eq!((run.files, run.max_usd, run.min_accuracy), (vec![PathBuf::from("evals")], None, 0.0));
        let run = parse("eval a.toml b.jsonl --max-usd 0.5 --min-accuracy 0.9").unwrap();
        assert!(run.action.is_none() && run.run.files.len() == 2);
        assert_eq!(parse("eval --tier flex").unwrap().run.tier, Some(ServiceTier::Flex));
        assert!(matches!(parse("eval export --since 1d").unwrap().action, Some(EvalAction::Export(_))));
    }

    #[test]
    fn amounts_and_shares_are_bounded() {
        for wrong in [
            "--max-usd 0",
            "--max-usd -1",
            "--max-usd NaN",
            "--max-usd inf",
            "--min-right 1.1",
            "--no-worse",
            "--tier cheap",
            "--judge imagen-4",
        ] {
            assert!(parse(&format!("eval {wrong}")).is_err(), "{wrong}");
        }
    }
}
