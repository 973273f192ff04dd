//! Every command that a page shows parses, and the files in it exist. Those that need nothing but a `dev` are run.

use std::fs;
use std::path::Path;

use afterhook::Cli;
use clap::error::ErrorKind;
use e2e::api::Api;
use e2e::world::{World, triage_says};
use tokio::process::Command;

use super::{documents, root};
use crate::binary::{Process, afterhook, run};

/// Programs that are not of this project, words of the shell, and a function of OPERATIONS.md.
const OTHERS: &[&str] = &[
    "aws",
    "cd",
    "cloudflared",
    "curl",
    "echo",
    "export",
    "gh",
    "ngrok",
    "openssl",
    "pip",
    "pipx",
    "python3",
    "rustup",
    "sam",
    "source",
    "ssh",
    ".",
    "for",
    "until",
    "break",
    "sleep",
    "done",
    "lanes",
];
/// Pages whose commands are run.
const RUN: &[&str] =
    &["README.md", "docs/cli.md", "docs/automations.md", "docs/senders.md", "docs/eval.md", "docs/tunnel.md"];
/// What packs the command for those who have no checkout.
const RELEASE: &str = ".github/workflows/release.yml";
/// What stands for the id of a task.
const ID: &str = "tsk_…";
/// The folder of an agent in the pages.
const FOLDER: &str = "../my-agent";
/// The address of `dev` in the pages.
const DEV: &str = "http://127.0.0.1:3000";
/// The same, as people write it.
const BARE: &str = "127.0.0.1:3000";
/// The public address in the pages.
const PUBLIC: &str = "https://hooks.example.com";
/// What stands for ids of past tasks, the day on which they were received, their console, and files of an evaluation.
const PAST: [&str; 2] = ["01ABC", "01ABD"];
const DAY: &str = "2026-11-28";
const CONSOLE: &str = "https://console.example";
const FORMER: &str = "main/eval.json";
const REPORT: &str = "out";

/// The commands of a line of the shell, as words.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut found, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    for command in words.split(|word: &String| matches!(word.as_str(), "&&" | "|" | ";")) {
        // Where the output goes is the shell's affair.
        found.push(command.split(|word| word == ">").next().unwrap_or_default().to_vec());
    }
    found.retain(|command: &Vec<String>| !command.is_empty());
    found
}

/// The lines of `page` that are for a shell, continued ones joined.
fn shell_lines(page: &str) -> Vec<String> {
    let (mut lines, mut in_shell, mut begun) = (Vec::new(), false, String::new());
    for line in page.lines().map(str::trim) {
        if line.starts_with("```") {
            in_shell = line == "```sh";
        } else if in_shell {
            match line.strip_suffix('\\') {
                Some(part) => begun.push_str(part),
                None => lines.push(std::mem::take(&mut begun) + line),
            }
        }
    }
    lines
}

/// Commands of ours in the prose of `page`.
fn spans(page: &str) -> Vec<String> {
    let is_ours = |span: &&str| span.starts_with("afterhook ") || span.starts_with("cargo run");
    let prose = page.split("```").step_by(2);
    prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).filter(is_ours).map(str::to_owned).collect()
}

/// What a command asks of `afterhook`, if it is one of ours.
fn arguments(command: &[String]) -> Option<Vec<String>> {
    match command.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["afterhook", rest @ ..] => Some(rest.iter().map(ToString::to_string).collect()),
        ["cargo", "run", rest @ ..] if !rest.contains(&"-p") => {
            let rest = rest.iter().skip_while(|word| **word != "--").skip(1);
            Some(rest.map(ToString::to_string).collect())
        }
        _ => None,
    }
}

/// What is wrong with a command that a sentence names, perhaps without what it is about.
fn mistake_in_prose(command: &[String]) -> Option<String> {
    mistake(command).filter(|problem| !problem.contains("required arguments were not provided"))
}

/// What is wrong with a command.
fn mistake(command: &[String]) -> Option<String> {
    if let Some(arguments) = arguments(command) {
        let line = ["afterhook".to_owned()].into_iter().chain(arguments.iter().cloned());
        if let Err(error) = Cli::read(line)
            && !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion)
        {
            return Some(error.to_string());
        }
        let is_path = |word: &&String| word.starts_with("events/") || word.starts_with("agent/");
        return arguments.iter().filter(is_path).find(|path| !root().join(path).exists()).cloned();
    }
    let is_there = match command.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["cargo", "run", rest @ ..] => is_member(rest),
        ["cargo", "test" | "build" | "install", ..] => true,
        ["bash", script, ..] => root().join(script).exists(),
        [program, ..] if program.starts_with(".ci/") => root().join(program).exists(),
        [program, ..] => OTHERS.contains(program) || program.contains('=') || program.ends_with("()"),
        [] => false,
    };
    (!is_there).then(|| command.join(" "))
}

/// Whether `-p` names a package of the workspace.
fn is_member(words: &[&str]) -> bool {
    let package = words.iter().skip_while(|word| **word != "-p").nth(1);
    package.is_some_and(|name| root().join(name).join("Cargo.toml").exists())
}

#[test]
fn every_command_of_the_documents_parses() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for document in documents() {
        let page = fs::read_to_string(&document).unwrap();
        let shell = shell_lines(&page).into_iter().map(|line| (line, mistake as fn(&[String]) -> _));
        let prose = spans(&page).into_iter().map(|line| (line, mistake_in_prose as fn(&[String]) -> _));
        for (line, mistake) in shell.chain(prose) {
            let commands = commands(&line);
            count += commands.iter().filter(|command| arguments(command).is_some()).count();
            let mistakes = commands.iter().filter_map(|command| mistake(command));
            wrong.extend(mistakes.map(|problem| format!("{}: {line}: {problem}", document.display())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(count > 50, "{count} commands");
}

#[test]
fn a_line_of_the_shell_is_split_at_blanks_outside_of_quotes() {
    let line = "a 'b c' && d --e=\"f g\"  # h";
    assert_eq!(commands(line), [vec!["a", "b c"], vec!["d", "--e=f g"]]);
    assert_eq!(shell_lines("```sh\na \\\n  b\n```\nc\n```\nd\n```"), ["a b"]);
    assert_eq!(spans("`afterhook check` and `x`\n```\n`afterhook y`\n```"), ["afterhook check"]);
}

#[test]
fn a_command_that_does_not_exist_is_a_mistake() {
    for line in ["afterhook nonsense", "cargo run -- tasks --nonsense", "cargo run -p nonsense", "nonsense"] {
        assert!(mistake(&commands(line)[0]).is_some(), "{line}");
    }
    let gone = commands("afterhook send events/bodies/gone.json --to http://127.0.0.1:3000");
    assert_eq!(mistake(&gone[0]).as_deref(), Some("events/bodies/gone.json"));
}

/// Whoever has a release and no checkout runs the commands of the front page in the folder that the archive holds.
#[test]
fn an_archive_of_a_release_has_what_the_commands_of_the_front_page_name() {
    let release = fs::read_to_string(root().join(RELEASE)).unwrap();
    let packs = |line: &&str| line.starts_with("cp -r ") && line.contains("/release/afterhook\"");
    let packed =
        release.lines().map(str::trim).find(packs).unwrap_or_else(|| panic!("{RELEASE} packs nothing"));
    let packed: Vec<&str> = packed.split_whitespace().collect();
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let lines = shell_lines(&page).into_iter().chain(spans(&page));
    let words: Vec<String> =
        lines.flat_map(|line| commands(&line)).filter_map(|it| arguments(&it)).flatten().collect();
    let folders = words.iter().filter_map(|word| word.split_once('/')).map(|(folder, _)| folder);
    let named: Vec<&str> =
        folders.filter(|folder| root().join(folder).is_dir()).filter(|it| *it != "..").collect();
    assert!(named.contains(&"events"), "{named:?}");
    let missing: Vec<&&str> = named.iter().filter(|folder| !packed.contains(*folder)).collect();
    assert!(missing.is_empty(), "{RELEASE} does not pack {missing:?}");
}

/// The commands of the pages that are run, each once.
fn shown() -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for page in RUN {
        let page = fs::read_to_string(root().join(page)).unwrap();
        let lines = shell_lines(&page);
        for arguments in
            lines.iter().flat_map(|line| commands(line)).filter_map(|command| arguments(&command))
        {
            if !found.contains(&arguments) {
                found.push(arguments);
            }
        }
    }
    found
}

/// Runs a command that ends, against the `dev` at `api`. Each id in it is that of a draft which waits.
async fn ends(mut arguments: Vec<String>, world: &World, api: &Api, data_dir: &Path, issue: &mut u64) {
    for word in &mut arguments {
        if word == ID {
            *issue += 1;
            let id = api.accept(*issue).await;
            api.until(&id, "awaiting_approval").await;
            *word = id;
        }
        *word = match word.strip_prefix(BARE) {
            Some(rest) => format!("{}{rest}", api.url().trim_start_matches("http://")),
            None => word.replace(DEV, api.url()),
        };
    }
    if matches!(arguments[0].as_str(), "tasks" | "deliveries" | "versions" | "open") {
        arguments.extend(["--url".to_owned(), api.url().to_owned()]);
    }
    if arguments[0] == "check" {
        // Nobody answers at the public one.
        arguments.iter_mut().filter(|word| *word == PUBLIC).for_each(|word| api.url().clone_into(word));
    }
    world.github.set_hook(&format!("{}/webhooks/github", api.url()), "secret");
    let mut command = afterhook(world.variables());
    command.args(&arguments);
    match arguments[0].as_str() {
        // The directory of a `dev` that runs is its own.
        "redrive" => command.current_dir(data_dir.join("..")).args(["--data-dir", "other"]),
        "send" => command.arg("--data-dir").arg(data_dir),
        _ => &mut command,
    };
    let said = run(&mut command).await;
    assert!(said.status.success(), "{arguments:?}: {said:?}");
    assert!(!said.stdout.is_empty(), "{arguments:?} says nothing");
}

/// Runs an evaluation, or past tasks of the `dev` at `api` again, against the stand-in of the model: what it needs money
/// for is another's test. Its report is in `dir`.
async fn evaluates(mut arguments: Vec<String>, world: &World, api: &Api, dir: &Path, issue: &mut u64) {
    let out = dir.join(REPORT);
    for word in &mut arguments {
        *word = match word.as_str() {
            CONSOLE => api.url().to_owned(),
            REPORT => out.display().to_string(),
            FORMER => out.join("eval.json").display().to_string(),
            past if PAST.contains(&past) || past == DAY => {
                *issue += 1;
                let id = api.accept(*issue).await;
                let task = api.until(&id, "awaiting_approval").await;
                if past == DAY { task["received_at"].as_str().unwrap()[..DAY.len()].to_owned() } else { id }
            }
            _ => continue,
        };
    }
    // The directory of a `dev` that runs is its own: past tasks are read from its console.
    if arguments[0] == "replay" && arguments.iter().all(|word| word != "--url") {
        arguments.extend(["--url".to_owned(), api.url().to_owned()]);
    }
    let token = world.variables().into_iter().filter(|(name, _)| *name == "CONSOLE_TOKEN");
    let mut command = afterhook(token);
    command.args(&arguments).arg("--data-dir").arg(dir.join("runs"));
    let said = run(&mut command).await;
    if arguments.iter().any(|word| word == "--min-accuracy") {
        // It understands nothing, and the page says how little that comes to.
        said.assert_failure(&["the share of right intents is 0.8", "below 0.9"]);
    } else {
        said.assert_success();
    }
    assert!(!said.stdout.is_empty(), "{arguments:?} says nothing");
}

/// `cloudflared`, `ngrok` and `ssh` need an account, a server or the internet, which a test has not: they are programs of
/// others. What they are to lead to is where `dev` listens.
#[test]
fn the_tunnels_of_the_documents_lead_to_where_dev_listens() {
    let page = fs::read_to_string(root().join("docs/tunnel.md")).unwrap();
    let tunnels: Vec<Vec<String>> = shell_lines(&page)
        .iter()
        .flat_map(|line| commands(line))
        .filter(|command| arguments(command).is_none())
        .collect();
    assert_eq!(
        tunnels.iter().map(|tunnel| tunnel[0].as_str()).collect::<Vec<_>>(),
        ["cloudflared", "ngrok", "ssh"]
    );
    let port = DEV.rsplit(':').next().unwrap();
    for tunnel in tunnels {
        assert!(tunnel.iter().any(|word| word.ends_with(port)), "{tunnel:?}");
    }
}

/// Runs a command that serves until it is ended, on a port of its own.
async fn serves(arguments: &[String], data_dir: &Path) {
    let mut command: Command = afterhook([]);
    let is_dev = arguments.first().is_none_or(|word| word != "standin");
    match arguments.iter().position(|word| word == "--data-dir") {
        Some(at) => {
            // The page's own would be made here.
            command.args(&arguments[..=at]).arg(data_dir).args(&arguments[at + 2..]);
        }
        None if is_dev => {
            command.args(arguments).arg("--data-dir").arg(data_dir);
        }
        None => {
            command.args(arguments);
        }
    }
    if arguments.iter().all(|word| word != "--port") {
        command.args(["--port", "0"]);
    }
    if arguments.iter().any(|word| word == "--once") {
        run(&mut command).await.assert_success();
        return;
    }
    let process = Process::start(&mut command).await;
    process.kill().await;
}

#[tokio::test]
async fn commands_of_the_front_page_and_of_the_manual_run() {
    let world = World::scripted(triage_says("question", 0.3, false)).await;
    let dir = tempfile::tempdir().unwrap();
    let (data_dir, other) = (dir.path().join("data"), dir.path().join("other"));
    fs::create_dir(&other).unwrap();
    let process = Process::dev(&world, &data_dir).await;
    let (api, mut issue) = (process.api(), 100);
    let shown = shown();
    assert!(shown.len() > 25, "{} commands", shown.len());
    // The demo has a test of its own, and what watches never ends.
    let is_run = |word: &String| !matches!(word.as_str(), "--demo" | "--watch");
    let shown = shown.into_iter().filter(|arguments| arguments.iter().all(is_run));
    let mut folder = String::new();
    for (number, mut arguments) in shown.enumerate() {
        // `init` makes a new one; others name the one that was made last.
        if arguments.first().is_some_and(|command| command == "init") {
            folder = dir.path().join(format!("{number}-agent")).display().to_string();
        }
        for word in arguments.iter_mut().filter(|word| *word == FOLDER) {
            word.clone_from(&folder);
        }
        // An option alone is one of `dev`.
        match arguments.first().map(String::as_str).filter(|word| !word.starts_with("--")) {
            None | Some("dev" | "standin") => serves(&arguments, &dir.path().join(number.to_string())).await,
            Some("eval" | "replay") => evaluates(arguments, &world, &api, dir.path(), &mut issue).await,
            Some(_) => ends(arguments, &world, &api, &data_dir, &mut issue).await,
        }
    }
    process.kill().await;
}
