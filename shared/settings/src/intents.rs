//! `[[intents]]`.

use std::collections::BTreeMap;
use std::path::Path;

use domain::Priority;

use crate::entry::Entry;
use crate::files::{read_text, read_whole};
use crate::key::key;
use crate::known::Known;
use crate::names::IDENTIFIER;
use crate::prompts::PromptTemplate;
use crate::section::Section;

/// `[[intents]]`.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Its name, unique: lower-case letters, digits and `_`, since the model answers with it.
    pub name: String,
    /// When it applies, in words for the model.
    pub when: String,
    /// The automation that handles it.
    pub automation: String,
    /// The priority of its tasks once they are sorted; `None` leaves them the one that they came with.
    pub priority: Option<Priority>,
    /// The answer of last resort, when no model can be had: the text of a file. A person must approve
    /// it before it is published.
    pub fallback: Option<String>,
    /// The instruction for the answer model; the automation's own if there is none.
    pub prompt: Option<PromptTemplate>,
}

/// Reads all intents, whose automations are `known`; their files lie in `dir`.
pub(crate) fn read(root: &mut Section<'_>, dir: &Path, known: &Known<'_>) -> Vec<Intent> {
    let about = "What events can be. The triage model chooses among these by their `when`.";
    let Some(entries) = root.read(key("intents", about), Entry::items) else { return Vec::new() };
    let mut lines = BTreeMap::new();
    entries.iter().filter_map(|entry| intent(entry.section()?, dir, known, &mut lines)).collect()
}

fn intent(
    mut section: Section<'_>,
    dir: &Path,
    known: &Known<'_>,
    lines: &mut BTreeMap<String, usize>,
) -> Option<Intent> {
    let name = section.require(
        key("name", "Its name, unique; the model answers with it."),
        "add `name = \"bug_report\"`",
        |entry| unique_name(entry, lines),
    );
    let about = "When it applies, in words for the model.";
    let when = section.require(key("when", about), "say in words when it applies", Entry::text);
    let about = "What handles it: \"reply\", \"label\", \"summarise\", \"refund_request\", \"ignore\", \"http.NAME\" or \
                 one of your own.";
    let run =
        section.require(key("automation", about), "add `automation = \"reply\"`", |entry| known.read(entry));
    let about = "The priority of its tasks once they are sorted, 1 (bulk) to 5 (urgent); without it they keep theirs.";
    let priority = section.read(key("priority", about), Entry::priority);
    let about =
        "A file with the answer of last resort, when no model can be had: a draft that waits for a person.";
    let fallback = section.read(key("fallback", about), |entry| entry.file(dir, read_text));
    let about =
        "A file with the instruction for the answer model, a template (default: the automation's own).";
    let prompt = section.read(key("prompt", about), |entry| prompt(entry, dir));
    section.finish();
    Some(Intent {
        name: name?,
        when: when?,
        automation: run?,
        priority,
        fallback: fallback.map(|(_, text)| text),
        prompt,
    })
}

/// A template with a mistake is reported in its own file, each mistake at its line.
fn prompt(entry: &Entry<'_>, dir: &Path) -> Option<PromptTemplate> {
    let (file, source) = entry.file(dir, read_whole)?;
    let mistakes = match PromptTemplate::parse(&source) {
        Ok(template) => return Some(template),
        Err(mistakes) => mistakes,
    };
    let file = dir.join(&file).display().to_string();
    for mistake in mistakes {
        entry.wrong_in(&file, mistake.line, mistake.problem, mistake.suggestion);
    }
    None
}

fn unique_name(entry: &Entry<'_>, lines: &mut BTreeMap<String, usize>) -> Option<String> {
    let name = entry.text_like(&IDENTIFIER, |name| {
        let suggestion = "use lower-case letters, digits and `_`, a letter first";
        (format!("\"{name}\" is not a name for an intent"), suggestion)
    })?;
    if let Some(line) = lines.get(&name) {
        return entry
            .refuse(format!("\"{name}\" is taken by the intent of line {line}"), "choose another name");
    }
    lines.insert(name.clone(), entry.line());
    Some(name)
}
