//! `afterhook eval export`: cases made of what people decided about past tasks.

use std::collections::BTreeMap;
use std::fs;
use std::process::ExitCode;

use domain::{API_SOURCE, Event};
use serde_json::{Value, json};
use settings::{Environment, Settings};
use webhook::{Parsed, Provider, Received, Sender};

use super::args::ExportArgs;
use super::case::Case;
use super::feedback::{Feedback, text};
use super::redact::{Redactor, replaced};
use crate::archive::{Archive, Wanted};
use crate::dev::load;
use crate::offline::question_of;
use crate::terminal::say;
use crate::{Failure, report_files};

/// Characters of a task's id that its case is called by.
const ID_CHARS: usize = 8;

/// How many of each kind were replaced.
type Replaced = BTreeMap<&'static str, usize>;

/// Writes the cases.
pub(crate) async fn export(args: ExportArgs) -> Result<ExitCode, Failure> {
    let environment = Environment::read().map_err(|mistakes| Failure::mistakes(&mistakes))?;
    let settings = load(&args.config.path.clone().unwrap_or_else(|| environment.config_path()))?;
    if let Some((dir, name)) =
        args.out.as_ref().and_then(|file| file.parent().zip(file.file_name()?.to_str()))
    {
        report_files::check(dir, &[name])?;
    }
    let archive = Archive::open(&args.archive).await?;
    let (cases, replaced) = cases(&archive, &settings, &args).await?;
    if cases.is_empty() {
        return Err(Failure::new(format!("nobody has said anything about a task of {} yet", archive.place)));
    }
    let lines = cases.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let lines = lines.map_err(|error| Failure::at("a case", error))?.join("\n");
    match &args.out {
        Some(file) => {
            fs::write(file, lines + "\n").map_err(|error| Failure::at(file.display(), error))?;
            eprintln!("{} cases in {}", cases.len(), file.display());
        }
        None => say!("{lines}"),
    }
    eprintln!("{}; read the cases before you share them", in_words(&replaced));
    Ok(ExitCode::SUCCESS)
}

/// `replaced: links 2, secrets 1`.
fn in_words(replaced: &Replaced) -> String {
    let kinds = replaced.iter().filter(|(_, times)| **times > 0);
    let kinds: Vec<String> = kinds.map(|(kind, times)| format!("{kind} {times}")).collect();
    if kinds.is_empty() {
        "nothing was replaced".to_owned()
    } else {
        format!("replaced: {}", kinds.join(", "))
    }
}

async fn cases(
    archive: &Archive,
    settings: &Settings,
    args: &ExportArgs,
) -> Result<(Vec<Case>, Replaced), Failure> {
    let wanted = Wanted { since: args.since, limit: usize::MAX, ..Wanted::default() };
    let (mut cases, mut left_out) = (Vec::new(), BTreeMap::<&str, usize>::new());
    let mut replaced = Replaced::new();
    for listed in archive.tasks(&wanted).await? {
        if cases.len() == args.limit {
            break;
        }
        let id = text(&listed, "/task_id").unwrap_or_default();
        // A list has no corrections.
        let task = archive.task(id).await?;
        let Some(feedback) = Feedback::of(&task) else { continue };
        let Ok(body) = archive.payload(id).await else {
            *left_out.entry("their raw bodies cannot be had any more").or_default() += 1;
            continue;
        };
        let Some(event) = event(settings, &task, &body) else {
            *left_out.entry("no source of agent.toml reads them").or_default() += 1;
            continue;
        };
        let before = before(archive, id, &event).await?;
        cases.extend(case(settings, &task, (&event, &before), feedback, &mut replaced));
    }
    for (why, count) in left_out {
        eprintln!("tasks that are left out, since {why}: {count}");
    }
    Ok((cases, replaced))
}

/// What older tasks had left to the task `id`: people spoke of the answer to all of it.
async fn before(archive: &Archive, id: &str, event: &Event) -> Result<Vec<String>, Failure> {
    if !processor::is_conversational(event) {
        return Ok(Vec::new());
    }
    let calls = archive.transcript(id).await?;
    Ok(question_of(&calls).map(|asked| processor::said_before(asked, &event.text)).unwrap_or_default())
}

/// The event of `task`, read by the working copy's senders.
fn event(settings: &Settings, task: &Value, body: &[u8]) -> Option<Event> {
    let (source, name) = (text(task, "/source")?, text(task, "/event")?);
    let api = Sender::of(Provider::Api);
    let sender = match settings.sources.get(source) {
        Some(source) => &source.sender,
        None if source == API_SOURCE => &api,
        None => return None,
    };
    let hint = (sender.provider.row().hint_of)(name);
    match sender.parse(&Received { event_hint: Some(&hint), body }) {
        Ok(Parsed::Event(event)) => Some(*event),
        _ => None,
    }
}

/// The case of `event` and what was said `before` it: its words in the sample of its kind, without what its body says
/// besides. Events without a sample become tasks of the API.
fn case(
    settings: &Settings,
    task: &Value,
    (event, before): (&Event, &[String]),
    feedback: Feedback,
    counted: &mut Replaced,
) -> Option<Case> {
    let names = [Some(event.actor.as_str()), event.actor_id.as_deref()].into_iter().flatten();
    let said =
        [event.title.as_deref(), event.opening.as_deref(), Some(&event.text), feedback.rubric.as_deref()];
    let said = said.into_iter().flatten().chain(before.iter().map(String::as_str));
    let redactor = Redactor::new(names).with_introduced(said);
    let mut redact = |text: &str| {
        let new = redactor.redact(text);
        replaced(text, &new).for_each(|(kind, times)| *counted.entry(kind).or_default() += times);
        new
    };
    let title = event.title.as_deref().map(&mut redact);
    let opening = event.opening.as_deref().map(&mut redact);
    let before: Vec<String> = before.iter().map(|text| redact(text)).collect();
    let said = redact(&event.text);
    let id = text(task, "/task_id")?.trim_start_matches("tsk_").get(..ID_CHARS)?.to_lowercase();
    let rubric = feedback.rubric.as_deref().map(&mut redact);
    let case = Case { rubric, ..feedback.case(&id) };
    let source = settings.sources.get(text(task, "/source")?);
    let provider = source.map_or(API_SOURCE, |source| source.sender.provider.name());
    let name = format!("{provider}/{}", event.name);
    let sampled = Case { sample: Some(name), title, opening, before, text: Some(said), ..case.clone() };
    if stands(settings, task, &sampled) {
        return Some(sampled);
    }
    let Case { title, opening, before, text, .. } = &sampled;
    let texts = [title, opening].into_iter().flatten().chain(before).chain(text);
    let prompt = texts.map(String::as_str).collect::<Vec<_>>().join("\n\n");
    let (source, event) = (Some(API_SOURCE.to_owned()), Some("task".to_owned()));
    Some(Case { source, event, body: Some(json!({"source": API_SOURCE, "prompt": prompt})), ..case })
}

/// Whether the sample of `case` is there, and has places for all of its words.
fn stands(settings: &Settings, task: &Value, case: &Case) -> bool {
    let Ok(body) = case.body() else { return false };
    case.before.is_empty()
        || event(settings, task, &body).is_some_and(|event| processor::is_conversational(&event))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(decision: Value) -> Value {
        json!({
            "task_id": "tsk_01ABCDEFGHJKMNPQRSTVWXYZ00", "source": "github", "event": "issues.opened",
            "classification": {"intent": "bug_report"}, "draft": {"text": "Write to mona@harbor.example."},
            "decision": decision,
        })
    }

    fn settings() -> Settings {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("p.md"), "You are careful.").unwrap();
        Settings::parse("[agent]\npersona = \"p.md\"\n[sources.github]\n", dir.path()).unwrap()
    }

    fn event() -> Event {
        Event {
            title: Some("Crash".to_owned()),
            text: "Mona here: token=hunter2 fails, ask mona@harbor.example".to_owned(),
            ..Event::new("issues.opened", "octo/repo", "octo/repo#7", "mona")
        }
    }

    #[test]
    fn a_case_has_the_words_of_the_event_and_no_detail_of_a_person() {
        let decided = task(json!({"outcome": "edited"}));
        let feedback = Feedback::of(&decided).unwrap();
        let mut counted = Replaced::new();
        let case = case(&settings(), &decided, (&event(), &[]), feedback, &mut counted).unwrap();
        assert_eq!(case.name, "edited-01abcdef");
        assert_eq!(case.sample.as_deref(), Some("github/issues.opened"));
        let written = serde_json::to_string(&case).unwrap();
        for private in ["hunter2", "mona", "Mona", "harbor", "octo"] {
            assert!(!written.contains(private), "{private}: {written}");
        }
        assert!(String::from_utf8(case.body().unwrap()).unwrap().contains("person here"));
        assert_eq!(in_words(&counted), "replaced: names and addresses of mail 3, secrets 1");
        assert_eq!(in_words(&Replaced::new()), "nothing was replaced");
    }

    #[test]
    fn an_event_without_a_sample_is_a_task_of_the_api() {
        let mut other = task(json!({"outcome": "approved"}));
        other["event"] = "release.published".into();
        let event = Event { name: "release.published".to_owned(), ..event() };
        let feedback = Feedback::of(&other).unwrap();
        let case = case(&settings(), &other, (&event, &[]), feedback, &mut Replaced::new()).unwrap();
        assert_eq!((case.source(), case.sample.as_deref()), (API_SOURCE, None));
        let read =
            super::event(&settings(), &json!({"source": "api", "event": "task"}), &case.body().unwrap());
        assert!(read.unwrap().text.contains("Crash"));
    }

    #[test]
    fn what_older_tasks_had_left_to_it_is_in_the_case() {
        let mut decided = task(json!({"outcome": "approved"}));
        decided["event"] = "issue_comment.created".into();
        let event = Event { name: "issue_comment.created".to_owned(), ..event() };
        let before = ["Is it free, says mona?".to_owned()];
        let made = |settings: &Settings, task: &Value| {
            let feedback = Feedback::of(task).unwrap();
            case(settings, task, (&event, &before), feedback, &mut Replaced::new()).unwrap()
        };
        let sampled = made(&settings(), &decided);
        assert_eq!(sampled.before.len(), 1);
        assert!(sampled.before[0].starts_with("Is it free") && !sampled.before[0].contains("mona"));
        // A source that agent.toml does not have has no sample.
        decided["source"] = "gone".into();
        let told = String::from_utf8(made(&settings(), &decided).body().unwrap()).unwrap();
        let places = ["Crash", "Is it free", "token="].map(|word| told.find(word).unwrap());
        assert!(places.is_sorted(), "{told}");
    }
}
