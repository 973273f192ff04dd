//! A draft in other words: written in the person's editor, or line by line where there is none.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::{fs, io};

use super::prompt::Prompt;
use crate::Failure;
use crate::command::table::plain_lines;
use crate::terminal::{self, say};

/// What came of it.
pub(super) enum Written {
    /// A text of the person's own, which they have seen whole and said yes to.
    Text(String),
    /// No other text, or they have thought better of it.
    Nothing,
    /// Ctrl-C, or the end of the input: half a text is none.
    NobodyIsThere,
}

/// Has the person write, shows what would be published, and asks whether it shall be.
pub(super) async fn edit(prompt: &mut Prompt, draft: &str) -> Result<Written, Failure> {
    // On a pipe an editor would wait for ever, or obey a text.
    let editor = terminal::editor().filter(|_| Prompt::is_terminal());
    let mut text = draft.to_owned();
    loop {
        let written = match &editor {
            Some(editor) => in_editor(prompt, editor, &text).await?,
            None => match by_lines(prompt).await? {
                Some(written) => written,
                None => return Ok(Written::NobodyIsThere),
            },
        };
        let written = written.trim_end().to_owned();
        if written.is_empty() || written == draft.trim_end() {
            say!("nothing was written; the draft is as it was");
            return Ok(Written::Nothing);
        }
        text = written;
        say!("\nwhat would be published:\n\n{}\n", plain_lines(&text));
        match confirmed(prompt).await? {
            Some("publish") => return Ok(Written::Text(text)),
            Some("edit") => {}
            Some(_) => return Ok(Written::Nothing),
            None => return Ok(Written::NobodyIsThere),
        }
    }
}

async fn confirmed(prompt: &mut Prompt) -> Result<Option<&'static str>, Failure> {
    loop {
        let Some(said) = prompt.line("[p]ublish this [e]dit again [c]ancel: ").await? else {
            return Ok(None);
        };
        match said.to_ascii_lowercase().as_str() {
            "p" | "publish" => return Ok(Some("publish")),
            "e" | "edit" => return Ok(Some("edit")),
            "c" | "cancel" => return Ok(Some("cancel")),
            _ => {}
        }
    }
}

/// The text as it is when the editor has ended; the one before when it failed.
async fn in_editor(prompt: &mut Prompt, editor: &str, text: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::at("the file of the draft", error);
    let file =
        tempfile::Builder::new().prefix("afterhook-draft-").suffix(".md").tempfile().map_err(failed)?;
    fs::write(file.path(), format!("{}\n", text.trim_end())).map_err(failed)?;
    let (path, command) = (file.path().to_owned(), editor.to_owned());
    let ended = prompt.lend(move || run(&command, &path)).await?;
    match ended {
        Ok(status) if status.success() => fs::read_to_string(file.path()).map_err(failed),
        Ok(status) => {
            eprintln!("afterhook: {editor} failed ({status}): nothing is changed");
            Ok(text.to_owned())
        }
        Err(error) => {
            eprintln!("afterhook: {editor}: {error}; set EDITOR to a program that is here");
            Ok(text.to_owned())
        }
    }
}

/// As git does it: by the shell, so that `code --wait` is a program and its option.
#[cfg(unix)]
fn run(editor: &str, path: &Path) -> io::Result<ExitStatus> {
    Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg("editor").arg(path).status()
}

#[cfg(windows)]
fn run(editor: &str, path: &Path) -> io::Result<ExitStatus> {
    Command::new("cmd").arg("/C").args(editor.split_whitespace()).arg(path).status()
}

/// Lines up to a single dot; `None` when they end without one.
async fn by_lines(prompt: &mut Prompt) -> Result<Option<String>, Failure> {
    say!(
        "Write the text to publish. Each line is text, an `a` or a `q` too; a line with a single dot ends it, and at once \
         leaves the draft as it is. (With EDITOR set, at a terminal, it is edited there.)"
    );
    let mut lines = Vec::new();
    loop {
        match prompt.raw_line("").await? {
            None => return Ok(None),
            Some(line) if line == "." => return Ok(Some(lines.join("\n"))),
            Some(line) => lines.push(line),
        }
    }
}
