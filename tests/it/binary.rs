//! The command itself, as a process.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use domain::Timestamp;
use e2e::api::Api;
use e2e::world::World;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const READY: &str = "ready on ";
const TIMEOUT: Duration = Duration::from_secs(30);

/// `afterhook`, in the project's directory, with no environment but these variables.
pub(crate) fn afterhook<'v>(variables: impl IntoIterator<Item = (&'v str, String)>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_afterhook-under-test"));
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env_clear()
        .envs(variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Likewise; the signal `ignored` does not end it: what caused it fails instead.
pub(crate) fn afterhook_without_end_by_signal<'v>(
    variables: impl IntoIterator<Item = (&'v str, String)>,
    ignored: &str,
) -> Command {
    let program = afterhook(variables);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("trap '' {ignored}; exec \"$0\" \"$@\"")])
        .arg(program.as_std().get_program())
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .env_clear()
        .envs(program.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What a finished command has said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `command` to its end, which must come soon.
pub(crate) async fn run(command: &mut Command) -> Said {
    let output = timeout(TIMEOUT, command.output()).await.expect("the command ends").unwrap();
    Said {
        status: output.status,
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn assert_success(&self) -> &Self {
        assert!(self.status.success(), "{self:?}");
        self
    }

    /// It failed as a program does that knows why, and said all of this.
    #[track_caller]
    pub(crate) fn assert_failure(&self, words: &[&str]) {
        self.assert_exit(1, words);
    }

    /// The command line is at fault.
    #[track_caller]
    pub(crate) fn assert_misspelt(&self, words: &[&str]) {
        self.assert_exit(2, words);
    }

    #[track_caller]
    fn assert_exit(&self, code: i32, words: &[&str]) {
        assert_eq!(self.status.code(), Some(code), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not in {self:?}");
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// `dev` without a sample on this data directory.
pub(crate) fn dev(world: &World, data_dir: &Path) -> Command {
    let mut command = afterhook(world.variables());
    command.args(["dev", "--no-sample", "--port", "0", "--data-dir"]).arg(data_dir);
    command
}

/// Where it listens, if `line` says so, in words or as JSON.
fn ready(line: &str) -> Option<String> {
    let json = || serde_json::from_str::<serde_json::Value>(line).ok();
    let told = || json()?.get("message")?.as_str()?.strip_prefix(READY)?.split(' ').next().map(str::to_owned);
    line.strip_prefix(READY).map(str::to_owned).or_else(told)
}

/// A running `afterhook dev`.
pub(crate) struct Process {
    child: Child,
    /// Kept open: a program that cannot say anything any more stops.
    _stdout: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Process {
    /// `dev` without a sample on this data directory, once it listens.
    pub(crate) async fn dev(world: &World, data_dir: &Path) -> Self {
        Self::start(&mut dev(world, data_dir)).await
    }

    /// `command`, once it listens.
    pub(crate) async fn start(command: &mut Command) -> Self {
        // Nobody reads it: a full pipe would stop the program.
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let asked = format!("{command:?}");
        let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = timeout(TIMEOUT, async {
            loop {
                let line = stdout.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("it ends before it listens: {asked}"));
                if let Some(url) = ready(&line) {
                    return url;
                }
            }
        });
        let url = url.await.expect("it listens soon");
        Self { child, _stdout: stdout, url }
    }

    pub(crate) fn api(&self) -> Api {
        Api::at(self.url.as_str())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// `kill -9`: no handler runs, nothing is written any more. Says when it died.
    pub(crate) async fn kill(mut self) -> Timestamp {
        self.child.kill().await.unwrap();
        Timestamp::now()
    }
}
