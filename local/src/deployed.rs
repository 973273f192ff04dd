//! `--stack NAME`: has a command work on a deployed stack.

use settings::{Environment, Variables};

use crate::evaluate::{EvalAction, EvalArgs};
use crate::stack::{SecretOf, Stack};
use crate::{Command, Failure};

/// Points `command` at the stack called `name`. Only those of its secrets are read that the command needs.
pub(crate) async fn point(command: &mut Command, name: &str) -> Result<(), Failure> {
    match command {
        Command::Tasks(args) => (args.console.url, args.console.token) = console(name).await?,
        Command::Deliveries(args) => (args.console.url, args.console.token) = console(name).await?,
        Command::Versions(args) => (args.console.url, args.console.token) = console(name).await?,
        Command::Open(args) => (args.console.url, args.console.token) = console(name).await?,
        Command::Send(args) => {
            let stack = Stack::read(name, &[SecretOf::Verify]).await?;
            if args.wait {
                let (url, token) = console(name).await?;
                args.console = token.map(|token| (url, token));
            }
            args.to = Some(args.to.take().map_or_else(|| stack.webhooks(), Ok)?);
            args.environment = Some(environment(&stack)?);
        }
        Command::Setup(args) => {
            args.url = Some(args.url.take().map_or(Stack::read(name, &[]).await?.webhooks(), Ok)?);
        }
        Command::Redrive(args) => args.environment = Some(environment(&Stack::read(name, &[]).await?)?),
        Command::Check(args) => {
            let stack = Stack::read(name, SecretOf::ALL).await?;
            args.url = Some(args.url.take().map_or_else(|| stack.webhooks(), Ok)?);
            let path = args.config.path.take().unwrap_or_else(|| Variables::read().config_path());
            args.config.path = Some(path);
            args.variables = Some(stack.variables());
            let ours = own_token()?;
            args.console = Some((stack.console()?, ours.or_else(|| stack.token().ok())));
        }
        Command::Replay(args) => {
            let (url, token) = console(name).await?;
            (args.archive.url, args.archive.token) = (Some(url), token);
        }
        Command::Eval(EvalArgs { action: Some(EvalAction::Export(args)), .. }) => {
            let (url, token) = console(name).await?;
            (args.archive.url, args.archive.token) = (Some(url), token);
        }
        Command::Dev(_)
        | Command::Eval(_)
        | Command::Init(_)
        | Command::Token(_)
        | Command::Standin(_)
        | Command::Completions(_) => {
            return Err(Failure::misspelt(
                "--stack is for what is deployed: tasks, open, deliveries, versions, replay, eval export, send, redrive, check and setup",
            ));
        }
    }
    Ok(())
}

/// Where the stack's console is, and its token, unless the environment has one.
async fn console(name: &str) -> Result<(String, Option<secrecy::SecretString>), Failure> {
    if let Some(token) = own_token()? {
        return Ok((Stack::read(name, &[]).await?.console()?, Some(token)));
    }
    let stack = Stack::read(name, &[SecretOf::Console]).await;
    let stack =
        stack.map_err(|error| Failure::at("CONSOLE_TOKEN is not set, so the stack is asked", error))?;
    Ok((stack.console()?, Some(stack.token()?)))
}

/// The token of whoever runs this.
fn own_token() -> Result<Option<secrecy::SecretString>, Failure> {
    let ours = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    Ok(ours.console_tokens.first().map(|token| token.token.clone()))
}

fn environment(stack: &Stack) -> Result<Environment, Failure> {
    stack.environment().map_err(|mistakes| Failure::mistakes(&mistakes))
}
