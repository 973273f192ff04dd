//! [`Case`]: an event and what is expected of the agent for it; and where cases are read from.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::Failure;

/// Where a sample has its title, if it has one, and its text: JSON pointers.
const PLACES: [(&str, Option<&str>, &str); 13] = [
    ("github/issues.opened", Some("/issue/title"), "/issue/body"),
    ("github/issue_comment.created", None, "/comment/body"),
    ("github/discussion.created", Some("/discussion/title"), "/discussion/body"),
    ("gitlab/issue.open", Some("/object_attributes/title"), "/object_attributes/description"),
    ("gitlab/note.create", None, "/object_attributes/note"),
    ("jira/issue.created", Some("/issue/fields/summary"), "/issue/fields/description"),
    ("jira/comment.created", None, "/comment/body"),
    ("linear/issue.create", Some("/data/title"), "/data/description"),
    ("linear/comment.create", None, "/data/body"),
    ("slack/app_mention", None, "/event/text"),
    ("slack/message.im", None, "/event/text"),
    ("zendesk/ticket.created", Some("/detail/subject"), "/detail/description"),
    ("zendesk/ticket.comment_added", None, "/event/comment/body"),
];

/// An event, and what is expected for it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// Its name, unique in the set.
    pub(crate) name: String,
    /// The body that it is made of: a file below the samples, such as `github/issues.opened`.
    pub(crate) sample: String,
    /// Takes the place of the sample's title.
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// Takes the place of the sample's text.
    #[serde(default)]
    pub(crate) text: Option<String>,
    /// The intent that triage must find; `spam` for what must not be answered at all.
    pub(crate) intent: String,
    /// Words that the answer must have, whatever their case.
    #[serde(default)]
    pub(crate) must: Vec<String>,
    /// Words that it must not have.
    #[serde(default)]
    pub(crate) must_not: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    cases: Vec<Case>,
}

impl Case {
    /// The source that its event comes from.
    pub(crate) fn source(&self) -> &str {
        self.sample.split('/').next().unwrap_or_default()
    }

    /// The kind of its event, by the sample's name.
    pub(crate) fn event(&self) -> &str {
        self.sample.split_once('/').map_or("", |(_, event)| event)
    }

    /// The raw body: the sample with title and text of the case.
    ///
    /// # Errors
    /// What is wrong with the case, or with its sample.
    pub(crate) fn body(&self, samples: &Path) -> Result<Vec<u8>, Failure> {
        let wrong = |why: String| Failure::new(format!("case `{}`: {why}", self.name));
        let known = PLACES.iter().find(|(sample, ..)| *sample == self.sample);
        let (_, title, text) = known.ok_or_else(|| {
            let known: Vec<&str> = PLACES.iter().map(|(sample, ..)| *sample).collect();
            wrong(format!("there is no sample `{}`; name one of {}", self.sample, known.join(", ")))
        })?;
        let file = samples.join(format!("{}.json", self.sample));
        let read = fs::read(&file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
        let mut body: Value =
            serde_json::from_slice(&read).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
        let own = [(self.title.as_ref(), *title), (self.text.as_ref(), Some(*text))];
        for (value, place) in own.into_iter().filter_map(|(value, place)| Some((value?, place))) {
            let place = place.ok_or_else(|| wrong(format!("`{}` has no title", self.sample)))?;
            let field = body.pointer_mut(place);
            *field.ok_or_else(|| wrong(format!("its sample has nothing at {place}")))? = value.as_str().into();
        }
        // Slack says the text twice; the second one is what it shows.
        if let Some(event) = body.get_mut("event").and_then(Value::as_object_mut) {
            event.remove("blocks");
        }
        serde_json::to_vec(&body).map_err(|error| wrong(error.to_string()))
    }
}

/// The cases of `files`: TOML, or a JSON object a line for names that end in `.jsonl`.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn load(files: &[impl AsRef<Path>]) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for file in files {
        let file = file.as_ref();
        let text = fs::read_to_string(file).map_err(|error| Failure::at(file.display(), error))?;
        let is_lines = file.extension().is_some_and(|ending| ending == "jsonl");
        cases.extend(if is_lines { lines(file, &text)? } else { set(file, &text)? });
    }
    let mut names = BTreeSet::new();
    match cases.iter().find(|case| !names.insert(case.name.as_str())) {
        Some(twice) => Err(Failure::new(format!("two cases are called `{}`; rename one", twice.name))),
        None if cases.is_empty() => Err(Failure::new("there is no case in the files")),
        None => Ok(cases),
    }
}

fn set(file: &Path, text: &str) -> Result<Vec<Case>, Failure> {
    let set: Set = toml::from_str(text).map_err(|error| Failure::at(file.display(), error))?;
    Ok(set.cases)
}

fn lines(file: &Path, text: &str) -> Result<Vec<Case>, Failure> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let at = format!("{}:{}", file.display(), number + 1);
            serde_json::from_str(line).map_err(|error| Failure::at(at, error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        (dir, file)
    }

    #[test]
    fn both_forms_say_the_same() {
        let (_a, toml) = write("a.toml", "[[cases]]\nname = \"a\"\nsample = \"slack/message.im\"\nintent = \"question\"\n");
        let (_b, lines) =
            write("a.jsonl", "{\"name\": \"a\", \"sample\": \"slack/message.im\", \"intent\": \"question\"}\n\n");
        assert_eq!(load(&[toml]).unwrap(), load(&[lines]).unwrap());
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let (_dir, file) = write("a.jsonl", "\n{\"name\": 1}\n");
        assert!(load(&[file]).unwrap_err().to_string().contains("a.jsonl:2"));
        let case = "[[cases]]\nname = \"a\"\nsample = \"x\"\nintent = \"y\"\n";
        let (_dir, file) = write("a.toml", &case.repeat(2));
        assert!(load(&[file]).unwrap_err().to_string().contains("two cases are called `a`"));
        let (_dir, file) = write("a.toml", &case.replace("intent", "intend"));
        assert!(load(&[file]).unwrap_err().to_string().contains("intend"));
        let (_dir, file) = write("a.toml", case);
        let wrong = load(&[file]).unwrap()[0].body(Path::new(".")).unwrap_err().to_string();
        assert!(wrong.contains("no sample `x`"), "{wrong}");
    }
}
