//! A directory with a persona, for agent.toml to lie in.

use std::fs;
use std::path::Path;

use settings::{Mistakes, Settings};
use tempfile::TempDir;

/// The least that makes a whole file, for tests of one section.
pub(crate) const GITHUB: &str = "[sources.github]\n";

/// A directory with `prompts/persona.md` and two documents.
pub(crate) fn project() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "prompts/persona.md", "\nYou help.\n");
    write(dir.path(), "docs/a.md", "A");
    write(dir.path(), "docs/b.md", "B");
    dir
}

/// Writes a file, directories included.
pub(crate) fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Reads `text` in a project.
pub(crate) fn parse(text: &str) -> Result<Settings, Mistakes> {
    Settings::parse(text, project().path())
}

/// The mistakes of `text`, one line each, without the file's name.
pub(crate) fn mistakes(text: &str) -> Vec<String> {
    let mistakes = parse(text).unwrap_err();
    let lines = mistakes.as_slice().iter().map(ToString::to_string);
    lines.map(|line| line.strip_prefix("agent.toml:").unwrap_or(&line).to_owned()).collect()
}

/// The mistakes of a section that is put in front of a good source.
pub(crate) fn mistakes_of(section: &str) -> Vec<String> {
    mistakes(&format!("{section}\n{GITHUB}"))
}
