//! `afterhook token`: a line for `CONSOLE_TOKEN`.

use std::process::ExitCode;

use settings::{ConsoleToken, Mistakes};

use crate::cli::TokenArgs;
use crate::terminal::say;
use crate::{Failure, random};

/// Bytes of a token: 256 bits, of which nobody guesses any.
const BYTES: usize = 32;

/// Prints a line for `CONSOLE_TOKEN`, and nothing else on standard output.
pub(crate) fn token(args: &TokenArgs) -> Result<ExitCode, Failure> {
    say!("{}:{}", args.name, made()?);
    Ok(ExitCode::SUCCESS)
}

/// A name, perhaps with roles, that a token can have.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.contains([':', '\n']) {
        return Err("a name has no colon and no line end: both would end it in CONSOLE_TOKEN".to_owned());
    }
    let token = made().map_err(|failure| failure.to_string())?;
    let parsed = format!("{name}:{token}").parse::<ConsoleToken>();
    parsed.map(|_| name.to_owned()).map_err(|why| {
        format!("{why}; write `NAME`, or `NAME/role+role` with the roles read, submit and decide")
    })
}

/// A token for whoever has none that will do: what is said besides `mistakes` that are about `CONSOLE_TOKEN`.
pub(crate) fn offer(mistakes: &Mistakes) -> String {
    if mistakes.as_slice().iter().all(|mistake| mistake.key != "CONSOLE_TOKEN") {
        return String::new();
    }
    made().map_or_else(|_| String::new(), |token| format!("\na good token for CONSOLE_TOKEN: {token}"))
}

fn made() -> Result<String, Failure> {
    random::hex(BYTES).map_err(|error| Failure::at("a token", error))
}
