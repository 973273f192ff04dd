//! How the command behaves towards people at a terminal, shells and supervisors.

use std::process::Stdio;
use std::time::Duration;

use e2e::world::{TOKEN, World, triage_says};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use crate::binary::{Process, Said, afterhook, dev, run};

/// Runs a program on a terminal of so many columns, and passes on what it says there. Each time that it asks, the next of these
/// keys are pressed.
const ON_A_TERMINAL: &str = "
import fcntl, os, pty, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 40, int(sys.argv[1]), 0, 0))
    os.execvpe(sys.argv[3], sys.argv[3:], os.environ)
keys, asked = iter(sys.argv[2].split('|')), b''
while True:
    try:
        said = os.read(terminal, 4096)
    except OSError:
        break
    if not said:
        break
    os.write(1, said)
    asked += said
    if asked.endswith(b': '):
        asked = b''
        os.write(terminal, next(keys, 'q').encode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
const TIMEOUT: Duration = Duration::from_secs(20);

/// What `command` says on a terminal of 80 columns of this kind.
async fn on_terminal(command: &Command, variables: &[(&str, &str)]) -> Said {
    on_terminal_of(80, "", command, variables).await
}

/// The same with so many columns, and somebody who presses these keys.
async fn on_terminal_of(columns: u16, keys: &str, command: &Command, variables: &[(&str, &str)]) -> Said {
    let program = command.as_std();
    let mut terminal = Command::new("python3");
    for wish in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI", "VISUAL", "EDITOR"] {
        terminal.env_remove(wish);
    }
    terminal
        .args(["-c", ON_A_TERMINAL, &columns.to_string(), keys])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(program.get_current_dir().unwrap())
        .envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    run(&mut terminal).await
}

/// `text` without what colours it.
fn bare(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// A `dev` with a draft that waits.
async fn parked() -> (World, tempfile::TempDir, Process, String) {
    let world = World::scripted(triage_says("question", 0.4, false)).await;
    let dir = tempfile::tempdir().unwrap();
    let process = Process::dev(&world, dir.path()).await;
    let id = process.api().accept(7).await;
    process.api().until(&id, "awaiting_approval").await;
    (world, dir, process, id)
}

fn on(process: &Process, rest: &[&str]) -> Command {
    let mut command = afterhook([("CONSOLE_TOKEN", format!("ann:{TOKEN}"))]);
    command.args(rest).args(["--url", &process.url]);
    command
}

#[tokio::test]
async fn tables_fit_the_terminal_and_are_coloured_where_that_is_wanted() {
    let (_world, _dir, process, id) = parked().await;
    let list = on(&process, &["tasks", "list"]);
    let title = process.api().task(&id).await["title"].as_str().unwrap().to_owned();
    let coloured = on_terminal(&list, &[("TERM", "xterm-256color")]).await;
    assert!(coloured.assert_success().stdout.contains("\u{1b}["), "{coloured:?}");
    let text = bare(&coloured.stdout);
    assert!(text.contains(&id[..10]) && text.contains("s ago"), "{text}");
    for columns in [40, 60, 80, 100, 140, 220] {
        let said = on_terminal_of(columns, "", &list, &[("TERM", "xterm-256color")]).await;
        let text = bare(&said.assert_success().stdout);
        let widest = text.lines().map(|line| line.trim_end().chars().count()).max();
        assert!(widest <= Some(columns.into()), "{columns}: {text}");
        // Which one it is, how it is, and what it is about.
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("TASK        STATUS") && lines[0].contains("TITLE"),
            "{columns}: {text}"
        );
        assert!(
            lines[1].starts_with(&id[..10]) && lines[1].contains("awaiting_approval"),
            "{columns}: {text}"
        );
        assert!(columns < 60 || lines[1].contains(&title[..20]), "{columns}: {text}");
    }
    let whole = run(&mut on(&process, &["tasks", "show", &id[..10]])).await;
    assert!(whole.assert_success().stdout.starts_with(&id), "what is shown is enough to name it: {whole:?}");
    for plain in [&[("TERM", "dumb")][..], &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]] {
        let said = on_terminal(&list, plain).await;
        assert!(!said.assert_success().stdout.contains('\u{1b}'), "{plain:?}: {said:?}");
    }
    process.kill().await;
}

#[tokio::test]
async fn a_draft_is_edited_in_the_editor_and_ctrl_c_in_a_review_decides_nothing() {
    let (_world, dir, process, id) = parked().await;
    let review = on(&process, &["tasks", "review"]);
    let editor = dir.path().join("editor of mine");
    std::fs::write(&editor, "#!/bin/sh\n[ \"$1\" = --wait ] && sed -i 's/^/> /; $aMine.' \"$2\"\n").unwrap();
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let editor = format!("'{}' --wait", editor.display());
    let edited = [("TERM", "xterm"), ("EDITOR", editor.as_str())];
    for keys in ["\u{3}", "e\n|\u{3}", "e\n|c\n|\u{3}", "r\n|\u{3}", "\u{4}"] {
        let said = on_terminal_of(80, keys, &review, &edited).await;
        let text = &said.assert_success().stdout;
        assert!(text.contains("stopped; 0 decided, of 1; what was not decided waits"), "{keys:?}: {text}");
        assert_eq!(process.api().task(&id).await["status"], "awaiting_approval", "{keys:?}");
    }
    let failing = [("TERM", "xterm"), ("VISUAL", "false"), ("EDITOR", editor.as_str())];
    let said = on_terminal_of(80, "e\n|q\n", &review, &failing).await;
    assert!(
        said.stdout.contains("false failed") && said.stdout.contains("the draft is as it was"),
        "{said:?}"
    );
    let said = on_terminal_of(80, "e\n|p\n", &review, &edited).await;
    let text = said.assert_success().stdout.replace('\r', "");
    assert!(text.contains("what would be published:\n\n> ") && text.contains("\nMine.\n"), "{text}");
    let done = process.api().until(&id, "completed").await;
    assert!(done["draft"]["text"].as_str().unwrap().ends_with("Mine."), "{done}");
    process.kill().await;
}

#[tokio::test]
async fn no_log_cuts_through_the_samples_story_on_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = afterhook([]);
    command.args(["dev", "--once", "--port", "0", "--data-dir"]).arg(dir.path());
    let said = on_terminal(&command, &[("TERM", "xterm")]).await;
    let story = bare(&said.assert_success().stdout);
    assert!(story.contains("posted comment http") && !story.contains(" INFO "), "{story}");
}

#[tokio::test]
async fn an_event_is_sent_to_a_bare_address_and_followed_to_its_comment() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    let process = Process::dev(&world, dir.path()).await;
    let address = process.url.trim_start_matches("http://").to_owned();
    let mut send = afterhook(world.variables());
    send.args(["send", "events/bodies/github/issues.opened.json", "--fresh", "--wait", "--to", &address]);
    let said = run(&mut send).await;
    let last = said.assert_success().stdout.lines().last().unwrap().to_owned();
    assert!(last.starts_with("http") && last.contains("#issuecomment-"), "{said:?}");
    process.kill().await;
}

#[tokio::test]
async fn the_page_of_a_task_is_found_by_the_beginning_of_its_id() {
    let (_world, _dir, process, id) = parked().await;
    let said = run(&mut on(&process, &["open", "--print", &id[..8]])).await;
    assert_eq!(said.assert_success().stdout.trim(), format!("{}/ui/tasks/{id}", process.url));
    let console = run(&mut on(&process, &["open", "--print"])).await;
    assert_eq!(console.assert_success().stdout.trim(), format!("{}/", process.url));
    process.kill().await;
}

#[tokio::test]
async fn a_watched_list_tells_each_change_as_a_line_of_json() {
    let (_world, _dir, process, first) = parked().await;
    let mut watching = on(&process, &["tasks", "list", "--watch", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    let mut next = async || -> Value {
        let line = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    };
    assert_eq!(next().await["task_id"], first);
    let second = process.api().accept(8).await;
    let news = next().await;
    assert_eq!(news["task_id"], second, "{news}");
    let pid = watching.id().unwrap().to_string();
    run(Command::new("kill").args(["-s", "INT", &pid])).await.assert_success();
    let ended = timeout(TIMEOUT, watching.wait_with_output()).await.expect("it ends").unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success() && said.contains("stopped; tasks go on"), "{said}");
    process.kill().await;
}

/// Starts `command`, asks it to end once it listens, and returns what it said on standard error.
async fn ended_by(signal: &str, command: &mut Command) -> String {
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut stderr = child.stderr.take().unwrap();
    loop {
        let line = timeout(TIMEOUT, stdout.next_line()).await.unwrap().unwrap().expect("it listens");
        if line.starts_with("ready on ") {
            break;
        }
    }
    let pid = child.id().unwrap().to_string();
    run(Command::new("kill").args(["-s", signal, &pid])).await.assert_success();
    let status = timeout(TIMEOUT, child.wait()).await.expect("it ends").unwrap();
    assert!(status.success(), "{signal}: {status}");
    let mut said = String::new();
    stderr.read_to_string(&mut said).await.unwrap();
    said
}

#[tokio::test]
async fn servers_end_well_when_they_are_asked_to_and_say_so() {
    let (dir, world) = (tempfile::tempdir().unwrap(), World::new().await);
    for signal in ["TERM", "INT"] {
        let said = ended_by(signal, &mut dev(&world, dir.path())).await;
        assert!(said.contains("stopped; what is under way goes on at the next start"), "{signal}: {said}");
        let said = ended_by(signal, afterhook([]).args(["standin", "github"])).await;
        assert!(said.contains("stopped; it forgets everything"), "{signal}: {said}");
    }
}
