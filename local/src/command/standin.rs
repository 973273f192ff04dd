//! `afterhook standin`: one stand-in alone.

use std::process::ExitCode;

use tokio::net::TcpListener;

use crate::Failure;
use crate::cli::{StandinArgs, StandinService};
use crate::terminal::say;
use standins::gemini::GeminiStandin;
use standins::github::GithubStandin;
use standins::jira::JiraStandin;
use standins::slack::SlackStandin;
use standins::stripe::StripeStandin;
use standins::zendesk::ZendeskStandin;

/// Serves until Ctrl-C.
pub(crate) async fn serve(args: StandinArgs) -> Result<ExitCode, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|error| Failure::at(format!("port {} on 127.0.0.1", args.port), error))?;
    let address = listener.local_addr().map_err(|error| Failure::at("the port", error))?;
    say!("ready on http://{address}");
    let served = tokio::select! {
        served = async {
            match args.service {
                StandinService::Gemini => GeminiStandin::new().serve(listener).await,
                StandinService::Github => GithubStandin::new().serve(listener).await,
                StandinService::Slack => SlackStandin::new().serve(listener).await,
                StandinService::Zendesk => ZendeskStandin::new().serve(listener).await,
                StandinService::Jira => JiraStandin::new().serve(listener).await,
                StandinService::Stripe => StripeStandin::new().serve(listener).await,
            }
        } => served,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    served.map(|()| ExitCode::SUCCESS).map_err(|error| Failure::at("the stand-in", error))
}
