//! `[models.generation]`: sent to the model as written. A setting that is absent is not sent, since newer models
//! refuse or ignore settings that older ones took.

use domain::Generation;
use serde_json::{Map, Value, json};

use crate::entry::Entry;
use crate::key::{Key, key};
use crate::section::Section;

/// The API's bound on the number of stop sequences.
const MAX_STOP_SEQUENCES: usize = 5;

/// A reader that turns a value of agent.toml into the API's.
type Read = fn(&Entry<'_>) -> Option<Value>;

/// Key in agent.toml, the API's name, what it may be.
const KEYS: [(Key, &str, Read); 6] = [
    (key("temperature", "Leave it unset for models from generation 3 on."), "temperature", |entry| {
        entry.number(0.0..=2.0).map(Value::from)
    }),
    (
        key("top_p", "Nucleus sampling: the share of probability that tokens are chosen from."),
        "topP",
        |entry| entry.number(0.0..=1.0).map(Value::from),
    ),
    (key("top_k", "How many tokens are chosen from."), "topK", |entry| {
        entry.integer(1..=1_000).map(Value::from)
    }),
    (key("stop_sequences", "Texts at which the model stops."), "stopSequences", stop_sequences),
    (key("seed", "The same seed gives much the same answer."), "seed", |entry| {
        entry.integer(i64::from(i32::MIN)..=i64::from(i32::MAX)).map(Value::from)
    }),
    (
        key(
            "thinking",
            "How much the model thinks: a level, or a table (default: the least for triage, low for answers).",
        ),
        "thinkingConfig",
        thinking,
    ),
];

/// What holds for triage and for answers: the keys of the section, and over them those of each role.
pub(crate) fn read(mut section: Section<'_>) -> (Generation, Generation) {
    let both = Set::read(&mut section);
    let mut of = |name, about| {
        let mut own = section.section(key(name, about));
        let set = Set::read(&mut own);
        own.finish();
        both.under(set)
    };
    let triage = of("triage", "The same for the model that sorts; what stands here goes before.");
    let answer = of("answer", "The same for the model that answers; what stands here goes before.");
    section.finish();
    (triage, answer)
}

/// The keys of one section.
struct Set {
    max_output_tokens: Option<u32>,
    others: Map<String, Value>,
}

impl Set {
    fn read(section: &mut Section<'_>) -> Self {
        let about = "Bound of one answer in tokens, the model's thoughts included (default 16384).";
        let max_output_tokens = section.read(key("max_output_tokens", about), |entry| {
            let tokens = entry.integer(1..=i64::from(Generation::MAX_OUTPUT_TOKENS))?;
            u32::try_from(tokens).ok()
        });
        let mut others = Map::new();
        for (key, name, read) in KEYS {
            if let Some(value) = section.read(key, read) {
                others.insert(name.to_owned(), value);
            }
        }
        Self { max_output_tokens, others }
    }

    fn under(&self, own: Self) -> Generation {
        let bound = own.max_output_tokens.or(self.max_output_tokens);
        let mut others = self.others.clone();
        others.extend(own.others);
        let usual = Generation::default().max_output_tokens;
        Generation { max_output_tokens: bound.unwrap_or(usual), others }
    }
}

/// Texts are not trimmed: the model may have to stop at white space.
fn stop_sequences(entry: &Entry<'_>) -> Option<Value> {
    entry.also(|| json!({"maxItems": MAX_STOP_SEQUENCES}));
    let texts = entry.each(|item| item.raw_text())?;
    if texts.len() > MAX_STOP_SEQUENCES {
        return entry.refuse(
            format!("{} stop sequences", texts.len()),
            format!("at most {MAX_STOP_SEQUENCES} are allowed"),
        );
    }
    Some(json!(texts))
}

/// `thinking = "low"`, or a table with `level` (models of generation 3 and later) or `budget` in
/// tokens (2.5), and `include_thoughts`.
fn thinking(entry: &Entry<'_>) -> Option<Value> {
    entry.either(|entry| Some(json!({ "thinkingLevel": level(entry)? })), thinking_table)
}

fn thinking_table(entry: &Entry<'_>) -> Option<Value> {
    entry.also(|| json!({"not": {"required": ["level", "budget"]}}));
    let mut section = entry.section()?;
    let mut config = Map::new();
    if let Some(level) = section.read(key("level", "For models of generation 3 and later."), level) {
        config.insert("thinkingLevel".to_owned(), level.into());
    }
    let about = "In tokens, for models of generation 2.5; -1 leaves it to the model.";
    if let Some(budget) = section.read(key("budget", about), |entry| entry.integer(-1..=65_536)) {
        config.insert("thinkingBudget".to_owned(), budget.into());
    }
    let about = "Whether a summary of the thoughts comes with the answer.";
    if let Some(include) = section.read(key("include_thoughts", about), Entry::flag) {
        config.insert("includeThoughts".to_owned(), include.into());
    }
    section.finish();
    if config.contains_key("thinkingLevel") && config.contains_key("thinkingBudget") {
        return entry.refuse("`level` and `budget` exclude each other", "keep the one that your model knows");
    }
    Some(config.into())
}

fn level(entry: &Entry<'_>) -> Option<&'static str> {
    entry.choice(&[
        ("minimal", "MINIMAL"),
        ("low", "LOW"),
        ("medium", "MEDIUM"),
        ("high", "HIGH"),
        ("xhigh", "XHIGH"),
    ])
}
