//! `afterhook dev` as a process of its own, as its users run it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::{Outcome, agent};

/// The slowest machine has it up by then.
const TIMEOUT: Duration = Duration::from_secs(60);
const READY: &str = "ready on ";
/// What it says on standard error, in its data directory.
const LOG: &str = "stderr.log";

/// A running `afterhook dev` with a data directory of its own. It ends when this is dropped.
pub(crate) struct Dev {
    child: Child,
    /// What it printed, and when.
    lines: Receiver<(Instant, String)>,
    data: TempDir,
    started: Instant,
}

/// Every `afterhook` that has been built beside this program, by its profile: `debug` is what
/// `cargo run` gives.
pub(crate) fn binaries() -> Outcome<Vec<(&'static str, PathBuf)>> {
    let own = std::env::current_exe()?;
    let target = own.ancestors().find(|dir| dir.join("CACHEDIR.TAG").is_file());
    let target = target.ok_or("this program is in no target directory of Cargo")?;
    let name = format!("afterhook{}", std::env::consts::EXE_SUFFIX);
    let of = |profile: &'static str| (profile, target.join(profile).join(&name));
    let built: Vec<_> = ["debug", "release"].map(of).into_iter().filter(|(_, path)| path.is_file()).collect();
    if built.is_empty() {
        return Err("there is no afterhook to run: `cargo build`, and for the other profile \
                    `cargo build --release`"
            .into());
    }
    Ok(built)
}

impl Dev {
    /// Starts `binary` with these arguments, in an environment of these variables alone.
    pub(crate) fn start(binary: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome<Self> {
        Self::start_in(tempfile::tempdir()?, binary, arguments, variables)
    }

    /// The same, on this data directory.
    pub(crate) fn start_in(
        data: TempDir,
        binary: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Outcome<Self> {
        let mut command = Command::new(binary);
        command
            .current_dir(agent::root())
            .args(["dev", "--port", "0", "--data-dir"])
            .arg(data.path())
            .args(arguments)
            .env_clear()
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(data.path().join(LOG))?);
        let started = Instant::now();
        let mut child = command.spawn()?;
        let output = child.stdout.take().ok_or("the child has no standard output")?;
        let (sender, lines) = channel();
        // Ends with the child, whose output it reads.
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send((Instant::now(), line));
            }
        });
        Ok(Self { child, lines, data, started })
    }

    /// The rest of the first line that begins with `start`, and the time from the start until it came.
    pub(crate) fn line(&self, start: &str) -> Outcome<(String, Duration)> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok((at, line)) => {
                    if let Some(rest) = line.strip_prefix(start) {
                        return Ok((rest.to_owned(), at - self.started));
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Err(self.lacks(start, "in time")),
                Err(RecvTimeoutError::Disconnected) => return Err(self.lacks(start, "before it ended")),
            }
        }
    }

    /// Where it listens, once it does, and how long that took.
    pub(crate) fn ready(&self) -> Outcome<(String, Duration)> {
        self.line(READY)
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The lines of its log.
    pub(crate) fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn lacks(&self, line: &str, when: &str) -> crate::Problem {
        format!("`afterhook dev` did not print `{line}` {when}; its log:\n{}", self.log().join("\n")).into()
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
