//! The whole system on one machine: the command `afterhook`.
#![allow(clippy::print_stderr, reason = "a terminal program speaks to its user")]

mod archive;
mod cli;
mod command;
mod deployed;
mod dev;
mod dev_secrets;
mod evaluate;
mod failure;
mod html_page;
mod kept;
mod offline;
mod random;
mod refused;
mod replay;
mod report_files;
mod shutdown;
mod stack;
mod stand_ins;
mod terminal;

use std::process::ExitCode;

pub use cli::{Cli, Command, DevArgs};
pub use dev::{Backend, Dev, Running, Service, start};
pub use failure::Failure;

/// The whole program: does what the command line of this process says.
pub async fn main() -> ExitCode {
    let cli = Cli::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    run(cli).await
}

/// Does what `cli` says.
pub async fn run(cli: Cli) -> ExitCode {
    Box::pin(done(cli)).await.unwrap_or_else(|failure| {
        eprintln!("afterhook: {failure}");
        ExitCode::from(failure.exit_code())
    })
}

async fn done(cli: Cli) -> Result<ExitCode, Failure> {
    let (stack, mut command) = cli.into_command();
    if let Some(name) = stack {
        Box::pin(deployed::point(&mut command, &name)).await?;
    }
    match command {
        Command::Dev(args) => Box::pin(dev::command(args)).await,
        Command::Send(args) => command::send::send(args).await,
        Command::Init(args) => command::init::init(&args),
        Command::Setup(args) => command::setup::setup(&args).await,
        Command::Completions(args) => command::completions::completions(&args),
        Command::Tasks(args) => command::tasks::tasks(args).await,
        Command::Open(args) => command::open::open(args).await,
        Command::Redrive(args) => command::redrive::redrive(args).await,
        Command::Deliveries(args) => command::deliveries::deliveries(args).await,
        Command::Versions(args) => command::versions::versions(args).await,
        Command::Eval(args) => Box::pin(evaluate::eval(args)).await,
        Command::Replay(args) => Box::pin(replay::replay(args)).await,
        Command::Token(args) => command::token::token(&args),
        Command::Check(args) => command::check::check(args).await,
        Command::Standin(args) => command::standin::serve(args).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_the_command_line_has_wrong_exits_2_before_anything_is_asked() {
        for line in [
            "setup nope",
            "setup slack --url ftp://hooks.example.com",
            "setup slack --create-app f --url hooks.example.com",
            "setup github --create-app f",
            "send ../events/bodies/github/issues.opened.json --to ftp://127.0.0.1 --config ../agent",
            "send ../events/bodies/github/issues.opened.json --to 127.0.0.1:9 --source nope --config ../agent",
            "tasks --url ftp://127.0.0.1",
            "open --url ftp://127.0.0.1",
            "check --online --url ftp://127.0.0.1 --config ../agent",
            "tasks review --json",
            "tasks approve --text mine a b",
            "tasks reject --draft-hash 0 a b",
            "dev --stack prod",
            "init --stack prod folder",
        ] {
            let cli = Cli::read(["afterhook"].into_iter().chain(line.split(' '))).unwrap();
            let failure = Box::pin(done(cli)).await.expect_err(line);
            assert_eq!(failure.exit_code(), 2, "{line}: {failure}");
        }
    }
}
