//! [`Case`]: an event and what is expected of the agent for it; and where cases are read from.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use domain::{NOT_SPAM, SPAM};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use toml::Spanned;

use super::outcome::NONE;
use super::sample::{self, SAMPLES, Words};
use crate::Failure;

/// An event, and what is expected for it. The event is a sample with other words in it, or a raw body of its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Case {
    /// Where it is written.
    #[serde(skip)]
    pub(crate) place: Place,
    /// Its name, unique in the set.
    pub(crate) name: String,
    /// The sample that it is made of, such as `github/issues.opened`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sample: Option<String>,
    /// Takes the place of the sample's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    /// Takes the place of what the sample's thread was opened with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opening: Option<String>,
    /// What the same person said just before the text and is answered with it, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "filled")]
    pub(crate) before: Vec<String>,
    /// Takes the place of the sample's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    /// Without a sample: the source in agent.toml, or a sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    /// Without a sample: the kind of event, such as `issues.opened`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    /// Without a sample: the raw body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Value>,
    /// The intent that triage must find.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) intent: Option<String>,
    /// Whether triage must call it spam.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) spam: bool,
    /// Whether triage must call it anything but spam.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) not_spam: bool,
    /// What triage said of it when it was live: how reliable its confidence was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) was: Option<Was>,
    /// Parameters that triage must find, among others perhaps.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) parameters: Map<String, Value>,
    /// Words that the answer must have, whatever their case.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "filled")]
    pub(crate) must: Vec<String>,
    /// Words that it must not have.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "filled")]
    pub(crate) must_not: Vec<String>,
    /// What a judging model holds the answer against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rubric: Option<String>,
}

/// A list that is written says something.
fn filled<'de, D: Deserializer<'de>>(list: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(list)?;
    let is_empty = list.is_empty() || list.iter().any(|word| word.trim().is_empty());
    if is_empty { Err(D::Error::custom("a list without words; leave it out")) } else { Ok(list) }
}

/// The file and the line of a case. Wherever it stands, it is the same case.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place(String);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What triage said of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Was {
    /// The intent; [`SPAM`] for spam.
    pub(crate) intent: String,
    /// How sure it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) confidence: Option<f64>,
    /// Whether people refused the answer or disliked it, and nobody said what its event was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) refused: bool,
}

/// What people found of an event that was live.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lived {
    /// How sure triage was; `None` of spam, which has no intent.
    pub(crate) confidence: Option<f64>,
    /// What they said.
    pub(crate) verdict: Verdict,
}

/// Whether an intent was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Right,
    Wrong,
    /// Nobody has said so, but the answer was refused or disliked.
    Refused,
}

impl From<bool> for Verdict {
    fn from(is_right: bool) -> Self {
        if is_right { Self::Right } else { Self::Wrong }
    }
}

fn blank(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| text.trim().is_empty())
}

/// Whether `got` is what is `expected`.
pub(crate) fn is_right(expected: &str, got: &str) -> bool {
    if expected == NOT_SPAM { got != SPAM && got != NONE } else { got == expected }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    #[serde(default)]
    cases: Vec<Spanned<Case>>,
}

impl Case {
    /// The source that its event comes from.
    pub(crate) fn source(&self) -> &str {
        self.named().0
    }

    /// The kind of its event.
    pub(crate) fn event(&self) -> &str {
        self.named().1
    }

    fn named(&self) -> (&str, &str) {
        let sample = self.sample.as_deref().and_then(|sample| sample.split_once('/')).unwrap_or_default();
        (self.source.as_deref().unwrap_or(sample.0), self.event.as_deref().unwrap_or(sample.1))
    }

    /// The intent that must come out; [`SPAM`] for spam, [`NOT_SPAM`] for anything else.
    pub(crate) fn expected(&self) -> &str {
        self.intent.as_deref().unwrap_or(if self.not_spam { NOT_SPAM } else { SPAM })
    }

    /// What people found of it when it was live.
    pub(crate) fn lived(&self) -> Option<Lived> {
        let was = self.was.as_ref()?;
        let verdict = match is_right(self.expected(), &was.intent) {
            true if was.refused => Verdict::Refused,
            is_right => is_right.into(),
        };
        Some(Lived { confidence: was.confidence, verdict })
    }

    /// The raw body.
    ///
    /// # Errors
    /// What is wrong with the case.
    pub(crate) fn body(&self) -> Result<Vec<u8>, Failure> {
        if let Some(body) = &self.body {
            return serde_json::to_vec(body).map_err(|error| self.wrong(error));
        }
        let name = self.sample.as_deref().unwrap_or_default();
        let sample = sample::named(name).ok_or_else(|| {
            let known: Vec<&str> = SAMPLES.iter().map(|sample| sample.name).collect();
            self.wrong(format!("there is no sample `{name}`; name one of {}", known.join(", ")))
        })?;
        let (title, opening, text) = (self.title.as_deref(), self.opening.as_deref(), self.text.as_deref());
        sample.with(Words { title, opening, text }).map_err(|why| self.wrong(why))
    }

    /// That it cannot be run, and where it is written.
    pub(crate) fn wrong(&self, why: impl fmt::Display) -> Failure {
        Failure::at(&self.place, format!("case `{}`: {why}", self.name))
    }

    /// What is wrong with what it expects.
    fn check(&self) -> Result<(), String> {
        let inline = [self.source.is_some(), self.event.is_some(), self.body.is_some()];
        let sampled = [self.title.is_some(), self.opening.is_some(), self.text.is_some()];
        match () {
            () if self.name.trim().is_empty() => Err("it has no `name`".to_owned()),
            () if self.sample.is_some() && inline.contains(&true) => {
                Err("`sample` stands alone, without `source`, `event` and `body`".to_owned())
            }
            () if self.sample.is_none() && (inline.contains(&false) || sampled.contains(&true)) => {
                Err("name a `sample`, or give `source`, `event` and `body`".to_owned())
            }
            () if [self.spam, self.not_spam, self.intent.is_some()].iter().filter(|it| **it).count() != 1 => {
                Err("say which `intent` is expected, or `spam = true`, or `not_spam = true`".to_owned())
            }
            () if blank(&self.intent) || blank(&self.rubric) => {
                Err("`intent` and `rubric` say something, or are left out".to_owned())
            }
            () => self.contradiction(),
        }
    }

    /// No answer has a word without what is in it.
    fn contradiction(&self) -> Result<(), String> {
        let pairs = self.must.iter().flat_map(|must| self.must_not.iter().map(move |not| (must, not)));
        let mut vain = pairs.filter(|(must, not)| must.to_lowercase().contains(&not.to_lowercase()));
        vain.next().map_or(Ok(()), |(must, not)| {
            Err(format!("no answer has `{must}` (`must`) and not `{not}` (`must_not`)"))
        })
    }
}

/// The cases of `paths`: files in TOML, or with a JSON object a line for names that end in `.jsonl`; of a directory,
/// all such files in it.
///
/// # Errors
/// What is wrong, and where.
pub(crate) fn load(paths: &[impl AsRef<Path>]) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for path in paths {
        for file in files(path.as_ref())? {
            let text = fs::read_to_string(&file).map_err(|error| Failure::at(file.display(), error))?;
            let found = if is(&file, "jsonl") { lines(&file, &text)? } else { set(&file, &text)? };
            if found.is_empty() {
                return Err(Failure::at(file.display(), "there is no case in it"));
            }
            cases.extend(found);
        }
    }
    if cases.is_empty() {
        let places: Vec<_> = paths.iter().map(|path| path.as_ref().display().to_string()).collect();
        return Err(Failure::at(places.join(", "), "there is no case in it"));
    }
    let mut names = BTreeMap::new();
    for case in &cases {
        if let Some(first) = names.insert(case.name.as_str(), &case.place) {
            return Err(case.wrong(format!("the one at {first} has the same name; rename one")));
        }
    }
    Ok(cases)
}

fn is(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|it| it == ending)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.exists() {
        let how = "name the files of your cases, or make some with `afterhook eval export --out FILE`";
        return Err(Failure::at(path.display(), format!("there is none; {how}")));
    }
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |error| Failure::at(path.display(), error);
    let entries = fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| is(file, "toml") || is(file, "jsonl"));
    files.sort();
    Ok(files)
}

fn set(file: &Path, text: &str) -> Result<Vec<Case>, Failure> {
    let set: Set = toml::from_str(text).map_err(|error| Failure::at(file.display(), error))?;
    set.cases
        .into_iter()
        .map(|case| {
            let before = text.get(..case.span().start).unwrap_or_default();
            checked(case.into_inner(), place(file, before.matches('\n').count() + 1))
        })
        .collect()
}

fn lines(file: &Path, text: &str) -> Result<Vec<Case>, Failure> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let at = place(file, number + 1);
            checked(serde_json::from_str(line).map_err(|error| Failure::at(&at, in_its_line(&error)))?, at)
        })
        .collect()
}

/// What is wrong with a line of a file: its number stands before, so that of the parser would be a second one.
fn in_its_line(error: &serde_json::Error) -> String {
    let (told, column) = (error.to_string(), error.column());
    let place = format!(" at line {} column {column}", error.line());
    told.strip_suffix(&place).map_or_else(|| told.clone(), |told| format!("{told}, at column {column}"))
}

fn place(file: &Path, line: usize) -> Place {
    Place(format!("{}:{line}", file.display()))
}

fn checked(case: Case, place: Place) -> Result<Case, Failure> {
    let case = Case { place, ..case };
    match case.check() {
        Ok(()) => Ok(case),
        Err(why) => Err(case.wrong(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        (dir, file)
    }

    #[test]
    fn both_forms_say_the_same() {
        let (_a, toml) = write(
            "a.toml",
            "[[cases]]\nname = \"a\"\nsample = \"slack/message.im\"\nintent = \"question\"\n",
        );
        let (_b, lines) = write(
            "a.jsonl",
            "{\"name\": \"a\", \"sample\": \"slack/message.im\", \"intent\": \"question\"}\n\n",
        );
        assert_eq!(load(&[toml]).unwrap(), load(&[lines]).unwrap());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let case = Case {
            name: "a".to_owned(),
            sample: Some("github/issue_comment.created".to_owned()),
            opening: Some("It \"crashes\".".to_owned()),
            intent: Some("bug_report".to_owned()),
            ..Case::default()
        };
        let (_dir, file) = write("a.jsonl", &serde_json::to_string(&case).unwrap());
        assert_eq!(load(&[file]).unwrap(), [case]);
    }

    #[test]
    fn a_directory_is_all_cases_in_it() {
        let (dir, _) =
            write("b.toml", "[[cases]]\nname = \"b\"\nsample = \"slack/message.im\"\nspam = true\n");
        fs::write(dir.path().join("README.md"), "no case").unwrap();
        let cases = load(&[dir.path()]).unwrap();
        assert_eq!((cases.len(), cases[0].expected(), cases[0].source()), (1, SPAM, "slack"));
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let (_dir, file) = write("a.jsonl", "\n{\"name\": 1}\n");
        assert!(load(&[file]).unwrap_err().to_string().contains("a.jsonl:2"));
        let case = "[[cases]]\nname = \"a\"\nsample = \"x\"\nintent = \"y\"\n";
        for (text, why) in [
            (case.replace("intent", "intend"), "intend"),
            (case.replace("intent = \"y\"", ""), "say which `intent`"),
            (format!("{case}spam = true\n"), "say which `intent`"),
            (format!("{case}source = \"github\"\n"), "`sample` stands alone"),
            (case.replace("sample = \"x\"", "text = \"hi\""), "name a `sample`"),
            (format!("{case}rubric = \" \"\n"), "a.toml:1: case `a`: `intent` and `rubric` say something"),
            (case.replace("intent = \"y\"", "intent = \"\""), "a.toml:1: case `a`: `intent` and `rubric`"),
            (format!("{case}must = []\n"), "line 5"),
            (format!("{case}must_not = [\"\"]\n"), "a list without words"),
            (
                format!("{case}must = [\"a Secret\"]\nmust_not = [\"x\", \"secret\"]\n"),
                "a.toml:1: case `a`: no answer has",
            ),
            ("cases = []\n".to_owned(), "there is no case in it"),
            (String::new(), "there is no case in it"),
            ("# none yet\n".to_owned(), "there is no case in it"),
        ] {
            let (_dir, file) = write("a.toml", &text);
            let told = load(&[file]).unwrap_err().to_string();
            assert!(told.contains(why) && told.contains("a.toml"), "{text}: {told}");
        }
        let second = format!("# A set.\n\n{}\n{}", case, case.replace("intent = \"y\"", ""));
        let (_dir, file) = write("a.toml", &second.replacen("\"a\"", "\"b\"", 1));
        assert!(load(&[file]).unwrap_err().to_string().contains("a.toml:8: case `a`"));
        let (_dir, file) = write("a.toml", &case.repeat(2));
        let told = load(&[file]).unwrap_err().to_string();
        assert!(told.contains("a.toml:5: case `a`") && told.contains("a.toml:1 has the same name"), "{told}");
        let (_dir, file) = write("a.toml", case);
        let wrong = load(&[file]).unwrap()[0].body().unwrap_err().to_string();
        assert!(wrong.contains("no sample `x`") && wrong.contains("a.toml:1"), "{wrong}");
        let told = load(&[Path::new("no/such/evals")]).unwrap_err().to_string();
        assert!(told.contains("no/such/evals: there is none") && told.contains("eval export"), "{told}");
    }

    #[test]
    fn a_mistake_in_a_line_names_one_line() {
        let good = r#"{"name":"a","source":"mine","event":"x","body":{},"intent":"question"}"#;
        for (bad, why) in [("{", "column 1"), (r#"{"name":"b","intend":"x"}"#, "unknown field `intend`")] {
            let (_dir, file) = write("bad.jsonl", &format!("{good}\n{bad}\n"));
            let told = load(&[file]).unwrap_err().to_string();
            assert!(told.contains("bad.jsonl:2: ") && told.contains(why), "{told}");
            assert!(!told.contains("line 1"), "{told}");
        }
    }

    #[test]
    fn a_body_of_its_own_is_taken_as_it_is() {
        let line = r#"{"name":"a","source":"mine","event":"x","body":{"a":1},"intent":"question"}"#;
        let (_dir, file) = write("a.jsonl", line);
        let case = &load(&[file]).unwrap()[0];
        assert_eq!((case.source(), case.event(), case.body().unwrap()), ("mine", "x", b"{\"a\":1}".to_vec()));
    }
}
