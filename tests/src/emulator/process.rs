//! The emulator's process.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Lines, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::venv::target_dir;

/// Stays until its standard input closes.
const WRAPPER: &str = include_str!("emulator.py");
/// What the emulator logs once it listens.
const READY: &str = "Running on http";
/// It takes a third of a second on an idle machine.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// A free port may be taken by somebody else before the emulator has it.
const TRIES: u32 = 3;

/// A running emulator.
#[derive(Debug)]
pub(super) struct Process {
    port: u16,
    /// Its standard input is open for as long as we live; that is what keeps it alive.
    _child: Child,
}

impl Process {
    /// Starts an emulator with the interpreter `python` and waits until it listens.
    pub(super) fn start(python: &Path) -> Result<Self, String> {
        let mut reason = String::new();
        for _ in 0..TRIES {
            match Self::try_start(python) {
                Ok(process) => return Ok(process),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }

    fn try_start(python: &Path) -> Result<Self, String> {
        let port = free_port().map_err(|error| format!("no free port on 127.0.0.1: {error}"))?;
        let (run, log) = run_dir(port).map_err(|error| format!("cannot write under target/: {error}"))?;
        let mut child = command(python, port, &run)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", python.display()))?;
        let stderr = child.stderr.take().ok_or("the emulator has no standard error")?;
        wait_until_ready(stderr, log)?;
        Ok(Self { port, _child: child })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

fn command(python: &Path, port: u16, run: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .args(["-c", WRAPPER])
        .env("GATEWAY_PORT", port.to_string())
        .env("BIND_HOST", "127.0.0.1")
        .env("TMPDIR", run)
        .env("PYTHONUNBUFFERED", "1")
        // It would listen on more ports, and look after containers on this machine.
        .env("IOT_MTLS_ENABLED", "0")
        .env("SFTP_ENABLED", "0")
        .env("DOCKER_HOST", format!("unix://{}/none", run.display()))
        // Variables meant for our own programs must not make it talk to another emulator.
        .env_remove("AWS_ENDPOINT_URL")
        .env_remove("AWS_PROFILE")
        .env_remove("SERVICES")
        .env_remove("LOCALSTACK_PERSISTENCE")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        // A group of its own, which its wrapper ends as a whole.
        .process_group(0);
    command
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A directory for the emulator's temporary files, which it removes, and the file for its log: one
/// for each test binary, from its latest run.
fn run_dir(port: u16) -> std::io::Result<(PathBuf, File)> {
    let dir = target_dir().join("emulator");
    let run = dir.join(format!("run-{port}"));
    fs::create_dir_all(&run)?;
    let binary = std::env::current_exe()?;
    let name = binary.file_stem().unwrap_or_default().to_string_lossy();
    Ok((run, File::create(dir.join(format!("{name}.log")))?))
}

/// Reads what the emulator says, into the log, until it listens; goes on reading afterwards, since
/// a full pipe would stop it.
fn wait_until_ready(stderr: ChildStderr, mut log: File) -> Result<(), String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stderr).lines();
        let _ = sender.send(read_until_ready(&mut lines, &mut log));
        for line in lines.map_while(Result::ok) {
            let _ = writeln!(log, "{line}");
        }
    });
    receiver.recv_timeout(START_TIMEOUT).unwrap_or_else(|_| {
        Err(format!(
            "the emulator was not ready within {} s; see target/emulator/*.log",
            START_TIMEOUT.as_secs()
        ))
    })
}

fn read_until_ready(lines: &mut Lines<BufReader<ChildStderr>>, log: &mut File) -> Result<(), String> {
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        let _ = writeln!(log, "{line}");
        if line.contains(READY) {
            return Ok(());
        }
        said.push_str(&line);
        said.push('\n');
    }
    Err(format!("the emulator ended before it was ready:\n{said}"))
}
