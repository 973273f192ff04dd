//! `afterhook open`: the console, or the page of a task, in the browser.

use std::process::{Command, ExitCode, Stdio};

use super::api::Api;
use super::tasks;
use crate::Failure;
use crate::cli::OpenArgs;
use crate::terminal::say;

/// What opens an address on a desktop.
const OPENER: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "explorer"
} else {
    "xdg-open"
};

/// Prints the address, and opens it where there is a desktop.
pub(crate) async fn open(args: OpenArgs) -> Result<ExitCode, Failure> {
    let api = Api::open(&args.console)?;
    let address = match &args.id {
        Some(id) => format!("{}/ui/tasks/{}", api.url, tasks::id(&api, id).await?),
        None => format!("{}/", api.url),
    };
    say!("{address}");
    if !args.print {
        let quiet = Command::new(OPENER).arg(&address).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        if quiet.is_err() {
            eprintln!("there is no {OPENER} here: open the address in a browser");
        }
    }
    Ok(ExitCode::SUCCESS)
}
