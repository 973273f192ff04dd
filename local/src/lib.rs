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
        ExitCode::FAILURE
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
