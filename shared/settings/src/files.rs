//! Reading the files that agent.toml names.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Document;

/// The text of the file at `path`, without white space around it.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    Ok(read_whole(path)?.trim().to_owned())
}

/// The text of the file at `path`, which is not blank, as it is: its lines can be counted.
pub(crate) fn read_whole(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    })?;
    let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8 text".to_owned())?;
    if text.trim().is_empty() { Err("the file is empty".to_owned()) } else { Ok(text) }
}

/// The documents that `pattern` names below `dir`, by their path; hidden files only when the pattern
/// says so.
pub(crate) fn read_documents(dir: &Path, pattern: &str) -> Result<Vec<Document>, String> {
    let paths = expand(dir, pattern)?;
    if paths.is_empty() {
        return Err("no file matches".to_owned());
    }
    paths.iter().map(|path| document(dir, path)).collect()
}

fn expand(dir: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    // Only the pattern is one: a bracket in the name of the directory stands for itself.
    let dir = glob::Pattern::escape(&dir.to_string_lossy());
    let full = Path::new(&dir).join(pattern);
    let found = glob::glob_with(&full.to_string_lossy(), options)
        .map_err(|error| format!("the pattern cannot be read: {}", error.msg))?;
    let mut paths = Vec::new();
    for path in found {
        let path = path.map_err(|error| format!("the directory cannot be read: {}", error.error()))?;
        if !path.is_dir() {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn document(dir: &Path, path: &Path) -> Result<Document, String> {
    // With `/` on every system: the name is part of the cached prompt.
    let name = path.strip_prefix(dir).unwrap_or(path).to_string_lossy().replace('\\', "/");
    let text = read_text(path).map_err(|problem| format!("`{name}`: {problem}"))?;
    Ok(Document { name, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        dir
    }

    fn names(dir: &tempfile::TempDir, pattern: &str) -> Vec<String> {
        read_documents(dir.path(), pattern).unwrap().into_iter().map(|document| document.name).collect()
    }

    #[test]
    fn documents_come_sorted_and_named_by_their_path() {
        let dir = tree(&[("docs/b.md", "B"), ("docs/a.md", "A"), ("docs/.c.md", "C"), ("docs/d.txt", "D")]);
        assert_eq!(names(&dir, "docs/*.md"), ["docs/a.md", "docs/b.md"]);
        assert_eq!(names(&dir, "./docs/a.md"), ["docs/a.md"]);
    }

    #[test]
    fn two_stars_reach_every_depth() {
        let dir = tree(&[("docs/b.md", "B"), ("docs/deep/er/a.md", "A")]);
        assert_eq!(names(&dir, "docs/**/*.md"), ["docs/b.md", "docs/deep/er/a.md"]);
    }

    #[test]
    fn brackets_in_the_directory_stand_for_themselves() {
        let dir = tree(&[("[x]/docs/a.md", "A")]);
        let documents = read_documents(&dir.path().join("[x]"), "docs/*.md").unwrap();
        assert_eq!(documents, [Document { name: "docs/a.md".to_owned(), text: "A".to_owned() }]);
    }

    #[test]
    fn missing_empty_and_binary_files_are_named() {
        let dir = tree(&[("empty.md", " \n")]);
        fs::write(dir.path().join("binary.md"), [0xff, 0xfe]).unwrap();
        let problem = |pattern| read_documents(dir.path(), pattern).unwrap_err();
        assert_eq!(problem("absent.md"), "no file matches");
        assert_eq!(problem("empty.md"), "`empty.md`: the file is empty");
        assert_eq!(problem("binary.md"), "`binary.md`: the file is not UTF-8 text");
    }
}
