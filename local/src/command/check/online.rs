//! `check --online`: what the services say. One line each, and how to mend what is wrong.
//!
//! Nothing is changed by it: models and accounts are looked up, hooks are listed, and what is posted to a webhook's route are
//! signed bytes that are no event. It costs one small answer of the cheapest model, at each account: less than a hundredth of
//! a cent.

mod github;
mod model;
mod services;
mod slack;
mod stripe;
mod webhooks;

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use domain::ModelHealth;
use serde_json::json;
use settings::{Environment, Settings};

use crate::Failure;
use crate::cli::CheckArgs;
use crate::command::table::plain;
use crate::terminal::say;

/// What became of one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    /// It could not be looked at, which is no failure: what it lacks is said.
    Skipped,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug)]
struct Finding {
    state: State,
    /// What was looked at, such as `GitHub account`.
    what: String,
    /// What was found.
    said: String,
    /// How to mend it.
    mend: Option<String>,
}

impl Finding {
    fn ok(what: impl Into<String>, said: impl Into<String>) -> Self {
        Self { state: State::Ok, what: what.into(), said: said.into(), mend: None }
    }

    fn skipped(what: impl Into<String>, said: impl Into<String>) -> Self {
        Self { state: State::Skipped, ..Self::ok(what, said) }
    }

    fn wrong(what: impl Into<String>, said: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { state: State::Wrong, mend: Some(mend.into()), ..Self::ok(what, said) }
    }

    fn print(&self, json: bool) {
        if json {
            let state = self.state.word();
            say!("{}", json!({"state": state, "check": self.what, "said": self.said, "mend": self.mend}));
            return;
        }
        let style = self.state.style();
        let mend = self.mend.as_ref().map(|mend| format!(" -> {}", plain(mend))).unwrap_or_default();
        say!("{style}{:<5}{style:#} {}: {}{mend}", self.state.word(), self.what, plain(&self.said));
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skip",
            Self::Wrong => "wrong",
        }
    }

    fn style(self) -> Style {
        let colour = match self {
            Self::Ok => AnsiColor::Green,
            Self::Skipped => AnsiColor::BrightBlack,
            Self::Wrong => AnsiColor::Red,
        };
        crate::terminal::style(Style::new().fg_color(Some(colour.into())))
    }
}

/// Looks at everything. Exits 0 when nothing is wrong.
pub(super) async fn check(
    settings: &Settings,
    environment: &Environment,
    kept: Result<Vec<ModelHealth>, Failure>,
    args: &CheckArgs,
) -> Result<ExitCode, Failure> {
    let client = crate::command::http::client()?;
    let (json, data_dir) = (args.json, &args.data_dir.path);
    let url = args.url.as_deref().or(environment.console_url.as_deref()).map(|url| url.trim_end_matches('/'));
    let (mut all, mut wrong, mut skipped) = (0, 0, Vec::new());
    let mut report = |findings: Vec<Finding>| {
        for finding in findings {
            finding.print(json);
            all += 1;
            wrong += usize::from(finding.state == State::Wrong);
            if finding.state == State::Skipped {
                skipped.push(finding.what);
            }
        }
    };
    report(model::look(settings, environment, kept).await);
    report(services::look(settings, environment, url).await);
    report(slack::look(settings, environment, &client).await.into_iter().collect());
    report(stripe::look(environment, &client).await.into_iter().collect());
    report(webhooks::look(settings, environment, data_dir, url, &client).await);
    if !json {
        say!("\n{}", verdict(all, wrong, &skipped));
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The last word. What nobody could look at is not called good.
fn verdict(all: usize, wrong: usize, skipped: &[String]) -> String {
    let unseen = format!("{} of {all} could not be looked at: {}.", skipped.len(), skipped.join(", "));
    match (wrong, skipped.len()) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, _) => format!("What was looked at is sound; {unseen}"),
        (wrong, 0) => format!("{wrong} of {all} wrong."),
        (wrong, _) => format!("{wrong} of {all} wrong; {unseen}"),
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn what_could_not_be_looked_at_is_not_called_good() {
        let skipped = ["GitHub permissions".to_owned(), "webhooks".to_owned()];
        assert_eq!(verdict(7, 0, &[]), "Nothing is wrong.");
        let unseen = "2 of 7 could not be looked at: GitHub permissions, webhooks.";
        assert_eq!(verdict(7, 0, &skipped), format!("What was looked at is sound; {unseen}"));
        assert_eq!(verdict(7, 1, &skipped), format!("1 of 7 wrong; {unseen}"));
        assert_eq!(verdict(7, 2, &[]), "2 of 7 wrong.");
    }
}
