//! The command line.

mod set_up;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use set_up::{CompletionsArgs, InitArgs, SetupArgs};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use domain::{TaskStatus, Timestamp};
use secrecy::SecretString;
use settings::{Environment, Variables};

use crate::evaluate::EvalArgs;
use crate::replay::ReplayArgs;
use crate::stand_ins;

/// Webhooks in, finished agent work out. Without a command it starts the server, as `afterhook dev` does.
#[derive(Debug, Parser)]
#[command(name = "afterhook", version, about, max_term_width = 100)]
pub struct Cli {
    /// What to do (default: `dev`, with the options below).
    #[command(subcommand)]
    command: Option<Command>,
    /// Work on this stack, deployed to AWS: tasks, open, deliveries, versions, replay, eval export, send, redrive, check and setup.
    #[arg(long, global = true, value_name = "NAME")]
    stack: Option<String>,
    #[command(flatten)]
    dev: DevArgs,
}

impl Cli {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// What is wrong with it, or the help or version that it asks for.
    pub fn read<I, T>(line: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString>,
    {
        let line: Vec<OsString> = line.into_iter().map(Into::into).collect();
        let mut command = Self::command();
        let matches = command.try_get_matches_from_mut(&line)?;
        if let Some(name) = matches.subcommand_name()
            && let Some(option) = option_of_dev(&line, name)
        {
            let problem =
                format!("the option '{option}' is one of `dev`: write it behind `{name}`, or leave it out");
            return Err(command.error(ErrorKind::ArgumentConflict, problem));
        }
        let cli = Self::from_arg_matches(&matches)?;
        match &cli.command {
            Some(Command::Tasks(tasks)) if tasks.action.is_some() && tasks.list.is_given() => {
                let problem = "options of `list` stand before another action: write them behind `list`, or leave them out";
                Err(command.error(ErrorKind::ArgumentConflict, problem))
            }
            Some(Command::Send(send)) if send.to.is_none() && !send.print_event && cli.stack.is_none() => {
                let problem = "say where to with '--to <URL>', or '--stack <NAME>', or '--print-event'";
                let send = command
                    .find_subcommand_mut("send")
                    .map(|send| send.error(ErrorKind::MissingRequiredArgument, problem));
                send.map_or(Ok(cli), Err)
            }
            _ => Ok(cli),
        }
    }

    /// The command that the line names, `dev` when it names none, and the stack that it is about.
    #[must_use]
    pub fn into_command(self) -> (Option<String>, Command) {
        (self.stack, self.command.unwrap_or(Command::Dev(self.dev)))
    }
}

/// An option of `dev` that stands before the command called `name`, where it would be lost.
fn option_of_dev(line: &[OsString], name: &str) -> Option<String> {
    let dev = DevArgs::augment_args(clap::Command::new("dev"));
    let before = line.iter().take_while(|word| *word != name).filter_map(|word| word.to_str());
    let options = before.filter_map(|word| word.strip_prefix("--")?.split('=').next());
    let mut of_dev = options.filter(|option| dev.get_arguments().any(|arg| arg.get_long() == Some(option)));
    of_dev.next().map(|option| format!("--{option}"))
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole system on this machine, with stand-ins for whatever has no credentials.
    Dev(DevArgs),
    /// Sign a sample event with the configured secret and post it.
    Send(SendArgs),
    /// Make the folder of an agent of your own, outside this repository.
    Init(InitArgs),
    /// Print what a sender has to be told about this system: the app's manifest, the webhook, the variables.
    Setup(SetupArgs),
    /// Look at tasks, decide about drafts, retry.
    Tasks(TasksArgs),
    /// Open the console, or the page of a task, in the browser.
    Open(OpenArgs),
    /// List the last webhooks, with what became of each and why.
    Deliveries(DeliveriesArgs),
    /// List the versions of the agent of the last two weeks, with what each has brought.
    Versions(VersionsArgs),
    /// Measure prompts and models on labelled cases.
    Eval(EvalArgs),
    /// Run past tasks again under this agent, without any effect, and show what would be different.
    Replay(ReplayArgs),
    /// Make a token for the console: prints the line to paste into CONSOLE_TOKEN.
    Token(TokenArgs),
    /// Put dead letters back to work, after showing them.
    Redrive(RedriveArgs),
    /// Check agent.toml and the environment, and show the effective limits.
    Check(CheckArgs),
    /// Run one stand-in alone.
    Standin(StandinArgs),
    /// Print the completions of a shell.
    Completions(CompletionsArgs),
}

/// `--config`, the same for every command that reads agent.toml.
#[derive(Debug, Clone, Args)]
pub struct ConfigFile {
    /// agent.toml, or the folder that it is in (default: AFTERHOOK_CONFIG, else agent/agent.toml).
    #[arg(id = "config", long = "config", value_name = "FILE", value_parser = config_file)]
    pub path: Option<PathBuf>,
}

#[expect(clippy::unnecessary_wraps, reason = "what a parser of values is")]
fn config_file(path: &str) -> Result<PathBuf, String> {
    Ok(settings::agent_file(PathBuf::from(path)))
}

/// Where `dev` keeps its data, and where it listens, if nothing else is said.
pub(crate) const DEFAULT_DATA_DIR: &str = ".afterhook";
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:3000";

/// `--data-dir`, the same for `dev` and for every command that looks into what a `dev` keeps.
#[derive(Debug, Clone, Args)]
pub struct DataDir {
    /// Data directory of `dev`: tasks, queues, and the secrets that the environment does not have.
    #[arg(id = "data_dir", long = "data-dir", value_name = "DIR", default_value = DEFAULT_DATA_DIR)]
    pub path: PathBuf,
}

/// The console that a command asks.
#[derive(Debug, Args)]
pub struct ConsoleArgs {
    /// Base URL of the console API.
    #[arg(long, default_value = DEFAULT_URL)]
    pub url: String,
    /// The token of the stack that it is about.
    #[arg(skip)]
    pub token: Option<SecretString>,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
}

/// The tasks that a command reads.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// Base URL of a console API (default: the tasks in --data-dir).
    #[arg(long)]
    pub url: Option<String>,
    /// For the console of a stack: its token.
    #[arg(skip)]
    pub token: Option<SecretString>,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
}

#[cfg(test)]
impl ArchiveArgs {
    /// Those of a data directory.
    pub(crate) fn of(data_dir: &std::path::Path) -> Self {
        Self { url: None, token: None, data_dir: DataDir { path: data_dir.to_owned() } }
    }
}

/// `afterhook dev`.
#[derive(Debug, Clone, Args)]
pub struct DevArgs {
    /// Exit when the sample task, or the demo, has ended: 0 if it ended well.
    #[arg(long, conflicts_with = "no_sample")]
    pub once: bool,
    /// Send no sample event.
    #[arg(long)]
    pub no_sample: bool,
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Play thirty events of three senders, an outage of the model and a crash in the middle of posting, with stand-ins for
    /// everything.
    #[arg(long, conflicts_with_all = ["no_sample", "config", "aws"])]
    pub demo: bool,
    /// Report progress as JSON lines.
    #[arg(long)]
    pub json: bool,
    /// Use SQS, DynamoDB and S3 instead of SQLite, honouring AWS_ENDPOINT_URL.
    #[arg(long)]
    pub aws: bool,
}

/// `afterhook send`.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// The event: a raw body such as events/bodies/github/issues.opened.json.
    pub file: PathBuf,
    /// Where to: 127.0.0.1:3000 (the route is added), or a whole webhook URL.
    #[arg(long, value_name = "URL")]
    pub to: Option<String>,
    /// What the stack that it is for has.
    #[arg(skip)]
    pub environment: Option<Environment>,
    /// Name of the source in agent.toml (default: the file's folder, `slack` for
    /// events/bodies/slack/app_mention.json).
    #[arg(long)]
    pub source: Option<String>,
    /// Kind of event for the sender's own header (default: after the file's name).
    #[arg(long)]
    pub event: Option<String>,
    /// Send it as a new event: change a date in it, so that it is no duplicate.
    #[arg(long)]
    pub fresh: bool,
    /// Wait until the task has come to rest, and end with the address of what was published.
    #[arg(long, conflicts_with = "print_event")]
    pub wait: bool,
    /// Where the console is whose task it becomes, if that is elsewhere.
    #[arg(skip)]
    pub console: Option<(String, SecretString)>,
    /// Print the answer, and with --wait the task, as JSON lines.
    #[arg(long)]
    pub json: bool,
    /// Print a freshly signed API Gateway event for `sam local invoke -e -` instead.
    #[arg(long)]
    pub print_event: bool,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
}

/// `afterhook tasks`.
#[derive(Debug, Args)]
#[command(mut_arg("data_dir", |dir| dir.global(true)), mut_arg("url", |url| url.global(true)))]
pub struct TasksArgs {
    /// What to do (default: `list`).
    #[command(subcommand)]
    pub action: Option<TasksAction>,
    /// The options of `list`.
    #[command(flatten)]
    pub list: ListArgs,
    /// Print JSON lines: each task as the API has it.
    #[arg(long, global = true)]
    pub json: bool,
    /// `--url`, `--data-dir`.
    #[command(flatten)]
    pub console: ConsoleArgs,
}

/// `afterhook tasks list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those in this status.
    #[arg(long, value_parser = status())]
    pub status: Option<TaskStatus>,
    /// Only those of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// How many, at most 100 (default: 20).
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub limit: Option<u8>,
    /// Where the page before ended.
    #[arg(long)]
    pub cursor: Option<String>,
    /// Go on, and show what changes.
    #[arg(long, conflicts_with = "cursor")]
    pub watch: bool,
}

impl ListArgs {
    fn is_given(&self) -> bool {
        let named =
            [self.status.is_some(), self.source.is_some(), self.limit.is_some(), self.cursor.is_some()];
        self.watch || named.contains(&true)
    }
}

/// What `afterhook tasks` does.
#[derive(Debug, Subcommand)]
pub enum TasksAction {
    /// The latest tasks.
    List(ListArgs),
    /// One task.
    Show {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Everything that the model was asked about a task, and what it said.
    Transcript {
        /// Its id, or the beginning of it.
        id: String,
    },
    /// Decide about parked drafts, one after the other.
    Review,
    /// Send ended tasks around again, or ask for other drafts of parked ones.
    Retry {
        /// Their ids, or the beginnings of them.
        #[arg(required_unless_present = "failed_since", conflicts_with = "failed_since")]
        ids: Vec<String>,
        /// What the new draft should do differently.
        #[arg(long)]
        note: Option<String>,
        /// All that have failed since then: a time (2026-11-28T12:00:00Z), or how long ago (30m, 2h, 1d).
        #[arg(long, value_name = "TIME", value_parser = since)]
        failed_since: Option<Timestamp>,
        /// Wait until each has come to rest, and end with the address of what was published.
        #[arg(long)]
        wait: bool,
    },
    /// Publish parked drafts.
    Approve {
        /// Their ids, or the beginnings of them.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Publish this text instead; for one task.
        #[arg(long)]
        text: Option<String>,
        /// Say that this intent would have been right. The draft is published as it is; the intent is kept for `eval
        /// export`.
        #[arg(long)]
        intent: Option<String>,
        /// The draft that you saw (default: the present one); for one task.
        #[arg(long)]
        draft_hash: Option<String>,
        /// Wait until each has come to rest, and end with the address of what was published.
        #[arg(long)]
        wait: bool,
    },
    /// Say what would have been right. It publishes nothing and changes nothing else; `eval export` makes cases of it.
    #[command(group = clap::ArgGroup::new("verdict").required(true).multiple(true).args(["intent", "spam", "not_spam", "thumb"]))]
    Correct {
        /// Their ids, or the beginnings of them.
        #[arg(required = true)]
        ids: Vec<String>,
        /// The intent, one of agent.toml.
        #[arg(long, conflicts_with = "spam")]
        intent: Option<String>,
        /// It is spam.
        #[arg(long, conflicts_with = "not_spam")]
        spam: bool,
        /// It is not spam.
        #[arg(long)]
        not_spam: bool,
        /// Whether the published answer is good: up or down.
        #[arg(long, value_parser = ["up", "down"])]
        thumb: Option<String>,
    },
    /// Refuse parked drafts.
    Reject {
        /// Their ids, or the beginnings of them.
        #[arg(required = true)]
        ids: Vec<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        /// The draft that you saw (default: the present one); for one task.
        #[arg(long)]
        draft_hash: Option<String>,
    },
}

/// Lists those that there are, for who misspells one and for shells.
fn status() -> impl TypedValueParser<Value = TaskStatus> {
    let names = TaskStatus::ALL.map(TaskStatus::as_str);
    PossibleValuesParser::new(names).try_map(|name| name.parse::<TaskStatus>())
}

/// A time, or a time so long ago.
pub(crate) fn since(text: &str) -> Result<Timestamp, String> {
    const HOW: &str = "write a time such as 2026-11-28T12:00:00Z, or how long ago: 30m, 2h, 1d";
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(HOW.to_owned()),
    };
    let ago = number.parse::<u32>().map_err(|_| HOW.to_owned())?;
    let ago = Duration::from_secs(u64::from(ago) * seconds);
    Timestamp::now().checked_sub(ago).map_err(|_| HOW.to_owned())
}

/// `afterhook open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// The task: its id, or the beginning of it.
    pub id: Option<String>,
    /// Print the address alone.
    #[arg(long)]
    pub print: bool,
    /// `--url`, `--data-dir`.
    #[command(flatten)]
    pub console: ConsoleArgs,
}

/// `afterhook deliveries`.
#[derive(Debug, Args)]
pub struct DeliveriesArgs {
    /// Only those of this source.
    #[arg(long)]
    pub source: Option<String>,
    /// Only those with this outcome.
    #[arg(long, value_parser = PossibleValuesParser::new(console::OUTCOMES))]
    pub outcome: Option<String>,
    /// Print a JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// `--url`, `--data-dir`.
    #[command(flatten)]
    pub console: ConsoleArgs,
}

/// `afterhook versions`.
#[derive(Debug, Args)]
pub struct VersionsArgs {
    /// Print a JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// `--url`, `--data-dir`.
    #[command(flatten)]
    pub console: ConsoleArgs,
}

/// `afterhook token`.
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// Whose it is: the name that decisions are recorded under. With roles (`mona/read+decide`) it is good for those
    /// alone: read, submit, decide.
    #[arg(value_parser = crate::command::token::name)]
    pub name: String,
}

/// `afterhook redrive`.
#[derive(Debug, Args)]
pub struct RedriveArgs {
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    /// Report as JSON; needs --yes, since nobody is asked.
    #[arg(long, requires = "yes")]
    pub json: bool,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
    /// Use the queues of the environment (QUEUE_URL_…, QUEUE_URL_DEAD) instead.
    #[arg(long)]
    pub aws: bool,
    /// What the stack that it is about has.
    #[arg(skip)]
    pub environment: Option<Environment>,
}

/// `afterhook check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// `--config`.
    #[command(flatten)]
    pub config: ConfigFile,
    /// Print the JSON Schema of agent.toml for editors instead, as it lies beside it.
    #[arg(long, conflicts_with_all = ["config", "online"])]
    pub schema: bool,
    /// Ask the services, too: keys, models, accounts, permissions, webhooks.
    #[arg(long)]
    pub online: bool,
    /// The public address of a system that runs: what it has learnt of the models is shown. With --online each source
    /// there (default: at CONSOLE_URL) is asked with a signed request that does nothing.
    #[arg(long)]
    pub url: Option<String>,
    /// Report what the services say as JSON lines.
    #[arg(long, requires = "online")]
    pub json: bool,
    /// `--data-dir`.
    #[command(flatten)]
    pub data_dir: DataDir,
    /// What the functions of the stack see that it is about.
    #[arg(skip)]
    pub variables: Option<Variables>,
    /// The console of that stack, and a token for it.
    #[arg(skip)]
    pub console: Option<(String, Option<SecretString>)>,
}

/// `afterhook standin`.
#[derive(Debug, Args)]
pub struct StandinArgs {
    /// Which one.
    #[arg(value_parser = PossibleValuesParser::new(stand_ins::names()))]
    pub service: String,
    /// Port on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn parse(line: &str) -> Result<Command, ErrorKind> {
        let cli = Cli::read(line.split_whitespace());
        cli.map(|cli| cli.into_command().1).map_err(|error| error.kind())
    }

    #[test]
    fn the_command_line_has_no_contradictions() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_line_that_names_no_command_is_that_of_dev() {
        for line in ["afterhook", "afterhook dev"] {
            let Command::Dev(dev) = parse(line).unwrap() else { panic!("{line}") };
            assert_eq!((dev.port, dev.data_dir.path.as_path()), (3000, Path::new(".afterhook")), "{line}");
            assert!(!dev.once && dev.config.path.is_none(), "{line}");
        }
        assert!(
            matches!(parse("afterhook --once --port 0"), Ok(Command::Dev(dev)) if dev.once && dev.port == 0)
        );
        assert_eq!(parse("afterhook --once tasks").unwrap_err(), ErrorKind::ArgumentConflict);
    }

    #[test]
    fn the_data_directory_of_tasks_may_stand_behind_the_action() {
        for line in ["afterhook tasks --data-dir d list", "afterhook tasks list --data-dir d"] {
            let Command::Tasks(tasks) = parse(line).unwrap() else { panic!("{line}") };
            assert_eq!(tasks.console.data_dir.path, Path::new("d"), "{line}");
        }
    }

    #[test]
    fn tasks_alone_takes_the_options_of_its_list_and_wrong_ones_are_told_the_right_ones() {
        for line in
            ["afterhook tasks --status failed --limit 5", "afterhook tasks list --status failed --limit 5"]
        {
            let Command::Tasks(tasks) = parse(line).unwrap() else { panic!("{line}") };
            let list = match tasks.action {
                Some(TasksAction::List(list)) => list,
                _ => tasks.list,
            };
            assert_eq!((list.status, list.limit), (Some(TaskStatus::Failed), Some(5)), "{line}");
        }
        for line in ["afterhook tasks --status failed review", "afterhook tasks --watch list"] {
            assert_eq!(parse(line).unwrap_err(), ErrorKind::ArgumentConflict, "{line}");
        }
        let said = Cli::read(["afterhook", "tasks", "--status", "done"]).unwrap_err().to_string();
        assert!(TaskStatus::ALL.iter().all(|status| said.contains(status.as_str())), "{said}");
    }

    #[test]
    fn many_are_retried_by_their_ids_or_by_the_time_of_their_failure() {
        let ok = |line: &str| parse(line).is_ok();
        for line in
            ["retry tsk_1 tsk_2", "retry --failed-since 2h", "retry --failed-since 2026-11-28T12:00:00Z"]
        {
            assert!(ok(&format!("afterhook tasks {line}")), "{line}");
        }
        for line in [
            "retry",
            "retry tsk_1 --failed-since 2h",
            "retry --failed-since 2",
            "retry --failed-since -2h",
            "approve",
        ] {
            assert!(!ok(&format!("afterhook tasks {line}")), "{line}");
        }
    }

    #[test]
    fn help_says_what_happens_without_a_command_and_errors_show_the_usage_of_theirs() {
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("Without a command it starts the server"), "{help}");
        let said = Cli::read(["afterhook", "tasks", "show"]).unwrap_err().to_string();
        assert!(said.contains("Usage: afterhook tasks show <ID>"), "{said}");
        let said = Cli::read(["afterhook", "send", "f.json"]).unwrap_err().to_string();
        assert!(said.contains("--to <URL>") && said.contains("afterhook send"), "{said}");
    }

    #[test]
    fn a_stack_may_stand_before_the_command_and_behind_it() {
        for line in [
            "afterhook --stack prod tasks list",
            "afterhook tasks --stack prod",
            "afterhook tasks list --stack prod",
        ] {
            let cli = Cli::read(line.split_whitespace()).unwrap();
            assert_eq!(cli.into_command().0.as_deref(), Some("prod"), "{line}");
        }
        assert!(parse("afterhook --stack prod send f.json").is_ok());
        assert_eq!(parse("afterhook send f.json").unwrap_err(), ErrorKind::MissingRequiredArgument);
    }

    #[test]
    fn the_schema_is_that_of_no_file() {
        assert_eq!(parse("afterhook check --schema --config f").unwrap_err(), ErrorKind::ArgumentConflict);
    }
}
