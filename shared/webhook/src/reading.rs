//! What the readers of all senders share: JSON out of a request, fields by pointer, bounded names.

use std::borrow::Cow;
use std::time::Duration;

use data_encoding::HEXLOWER;
use domain::{Attachment, Happening, Timestamp, between, clip, well_formed};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::signed_time::TimeFormat;
use crate::{BodyForm, ParseError, Received};

/// Longer kinds and actions are nobody's.
const MAX_WORD_BYTES: usize = 64;
/// Longer names of events are nobody's.
const MAX_DOTTED_BYTES: usize = 128;
/// Nothing in the metadata is longer.
pub(crate) const MAX_FACT_BYTES: usize = 100;
/// Tenants and threads are keys of tables and indexes.
pub(crate) const MAX_NAME_BYTES: usize = 256;
/// What is left of a name that was too long, before its hash.
const CUT_NAME_BYTES: usize = 200;

/// The JSON text of the body, or of the field `payload` that a form begins with: a later one is no part of
/// what its sender means. Senders cut texts within a character ([`well_formed`]).
pub(crate) fn json<'a>(received: &Received<'a>) -> Result<Cow<'a, str>, ParseError> {
    if BodyForm::of(received.body, &["payload"]) == Some(BodyForm::Form) {
        let field = form_urlencoded::parse(received.body).next();
        let (_, json) = field.ok_or_else(|| not_json("the form has no field `payload`"))?;
        return Ok(match json {
            Cow::Borrowed(json) => well_formed(json),
            Cow::Owned(json) => well_formed(&json).into_owned().into(),
        });
    }
    let text = std::str::from_utf8(received.body).map_err(|error| not_json(&error.to_string()))?;
    Ok(well_formed(text))
}

/// What `json` holds.
///
/// One nested a thousand levels deep is JSON that cannot be read: that loses no event, a 400 would.
pub(crate) fn read<'a, T: serde::Deserialize<'a>>(json: &'a str) -> Result<T, ParseError> {
    serde_json::from_str(json).map_err(|error| {
        let is_json = error.is_data() || serde_json::from_str::<IgnoredAny>(json).is_ok();
        if is_json { unreadable(&error.to_string()) } else { not_json(&error.to_string()) }
    })
}

/// The JSON object that was received.
pub(crate) fn object(received: &Received<'_>) -> Result<Value, ParseError> {
    let value: Value = read(&json(received)?)?;
    if value.is_object() { Ok(value) } else { Err(unreadable("the body is not a JSON object")) }
}

/// `text`, if it is a word such as kinds and actions are: it becomes part of names.
pub(crate) fn word(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    ((1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

/// `text`, if it is an id as services make them: letters of ASCII, digits, `-` and `_`. It becomes part of addresses.
pub(crate) fn plain_id(text: &str) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    ((1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(plain)).then_some(text)
}

/// `text`, if it is words with dots in between.
pub(crate) fn dotted(text: &str) -> Option<&str> {
    (text.len() <= MAX_DOTTED_BYTES && text.split('.').all(|part| word(part).is_some())).then_some(text)
}

/// `text` as the name of an event, whatever letters its sender uses: `Order.Created`, `order/created` and
/// `order:created` are `order.created`, and what else is not plain becomes `_`.
pub(crate) fn event_name(text: &str) -> Option<String> {
    let plain = |c: char| match c {
        '/' | ':' | '.' => '.',
        c if c.is_ascii_alphanumeric() || c == '_' => c.to_ascii_lowercase(),
        _ => '_',
    };
    let name: String = clip(text, MAX_DOTTED_BYTES + 1).chars().map(plain).collect();
    dotted(&name).map(str::to_owned)
}

/// Like `event_name`, but always gives a name: text that is not a dotted name becomes one word.
pub(crate) fn any_name(text: &str) -> String {
    event_name(text).unwrap_or_else(|| kind_name(text))
}

/// `text` as one word, such as kinds are: no dot of its own may make it one of the events of another kind.
pub(crate) fn kind_name(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    clip(text, MAX_WORD_BYTES).chars().map(plain).collect()
}

/// The kind that the sender's unsigned header says.
pub(crate) fn hinted(received: &Received<'_>) -> Option<String> {
    received.event_hint.map(str::trim).filter(|hint| !hint.is_empty()).map(kind_name)
}

/// The facts that tell one happening from every other: kind, action, object, its time. Of a fact that is not
/// known, nothing is to be told apart by it: then there are no such facts.
pub(crate) fn happening<const N: usize>(facts: [Option<&str>; N]) -> Option<Happening> {
    let facts: Option<Vec<&str>> = facts.into_iter().collect();
    facts.map(|facts| Happening::of(facts.join("\0")))
}

/// The most that lies between something's creation and what is reported of it besides.
const CREATING: Duration = Duration::from_secs(5);

/// Whether a change is of the moment in which what it changes was made: then it may be a part of its making.
pub(crate) fn at_once(created: Option<Timestamp>, changed: Option<Timestamp>) -> bool {
    created.zip(changed).is_some_and(|(created, changed)| between(created, changed) <= CREATING)
}

/// `text` as the name of a tenant or thread: one line of 1 to 256 bytes. One that is too long keeps
/// its beginning and gets a hash, so that two of them stay two.
pub(crate) fn name(text: &str) -> Option<String> {
    let line: String = text.trim().chars().filter(|c| !c.is_control()).collect();
    match line.len() {
        0 => None,
        1..=MAX_NAME_BYTES => Some(line),
        _ => Some(format!("{}~{}", clip(&line, CUT_NAME_BYTES), &hash(line.as_bytes())[..32])),
    }
}

/// A thread of its own for an event that belongs to none.
pub(crate) fn own_thread(received: &Received<'_>) -> String {
    format!("event/{}", &hash(received.body)[..32])
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

pub(crate) fn unreadable(why: &str) -> ParseError {
    ParseError::Unreadable(why.to_owned())
}

/// `field` is not what the sender documents.
pub(crate) fn lacks(field: &str) -> ParseError {
    ParseError::Unreadable(format!("`{field}` is missing or not what the sender documents"))
}

pub(crate) fn not_json(why: &str) -> ParseError {
    ParseError::NotJson(why.to_owned())
}

/// A JSON value that is asked for its parts by JSON pointers. What is not of the expected kind counts
/// as absent: a sender may change a field at any time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonView<'v>(pub(crate) &'v Value);

impl<'v> JsonView<'v> {
    pub(crate) fn object(self, pointer: &str) -> Option<Self> {
        self.0.pointer(pointer).filter(|value| value.is_object()).map(Self)
    }

    /// The elements of the array at `pointer`.
    pub(crate) fn items(self, pointer: &str) -> impl Iterator<Item = Self> + use<'v> {
        self.0.pointer(pointer).and_then(Value::as_array).into_iter().flatten().map(Self)
    }

    /// A text that is not blank.
    pub(crate) fn text(self, pointer: &str) -> Option<&'v str> {
        self.0.pointer(pointer)?.as_str().filter(|text| !text.trim().is_empty())
    }

    /// The same, owned.
    pub(crate) fn string(self, pointer: &str) -> Option<String> {
        self.text(pointer).map(str::to_owned)
    }

    /// A whole number that is not negative.
    pub(crate) fn number(self, pointer: &str) -> Option<u64> {
        self.0.pointer(pointer)?.as_u64()
    }

    /// A text or a whole number, as text.
    pub(crate) fn id(self, pointer: &str) -> Option<String> {
        self.string(pointer).or_else(|| self.number(pointer).map(|number| number.to_string()))
    }

    /// Yes or no.
    pub(crate) fn flag(self, pointer: &str) -> Option<bool> {
        self.0.pointer(pointer)?.as_bool()
    }

    /// A date of RFC 3339, or as some senders write it (`2026-11-20 10:00:00 UTC`).
    pub(crate) fn date(self, pointer: &str) -> Option<Timestamp> {
        let text = self.text(pointer)?;
        match text.strip_suffix(" UTC") {
            Some(date) => format!("{date}Z").parse().ok(),
            None => text.parse().ok(),
        }
    }

    /// Seconds or milliseconds since 1970.
    pub(crate) fn time(self, pointer: &str, format: TimeFormat) -> Option<Timestamp> {
        format.read(&self.id(pointer)?)
    }

    /// Names in a list of texts, or of objects that have theirs under `key`.
    pub(crate) fn names(self, pointer: &str, key: &str) -> Vec<String> {
        self.items(pointer).filter_map(|item| item.string("").or_else(|| item.string(key))).collect()
    }
}

/// More files than this of one event are nobody's business.
pub(crate) const MAX_ATTACHMENTS: usize = 20;

/// The files listed at `list`, read by `read`.
pub(crate) fn attachments<'v>(
    within: JsonView<'v>,
    list: &str,
    read: impl Fn(JsonView<'v>) -> Option<Attachment>,
) -> Vec<Attachment> {
    within.items(list).filter_map(read).take(MAX_ATTACHMENTS).collect()
}

/// A file whose fields have these names; `url` is where anybody can fetch it.
pub(crate) fn attachment(
    file: JsonView<'_>,
    [name, kind, size]: [&str; 3],
    url: Option<String>,
) -> Option<Attachment> {
    let short = |pointer| file.text(pointer).map(|text| clip(text, MAX_FACT_BYTES).to_owned());
    let bytes = file.number(size);
    Some(Attachment { name: short(name)?, mime_type: short(kind), url, needs_login: false, bytes })
}

/// `rows` of cells as a table of Markdown, whose first row is its head.
pub(crate) fn table_of(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = Vec::new();
    for cells in rows {
        let texts: Vec<String> = cells.iter().map(|cell| one_line(cell)).collect();
        lines.push(format!("| {} |", texts.join(" | ")));
        if lines.len() == 1 {
            lines.push(format!("|{}", "-|".repeat(cells.len().max(1))));
        }
    }
    lines.join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Small facts for the metadata.
#[derive(Debug, Default)]
pub(crate) struct Facts(Map<String, Value>);

impl Facts {
    /// Adds a text, cut to 100 bytes.
    pub(crate) fn text(mut self, name: &str, value: Option<&str>) -> Self {
        self.0.extend(value.map(|value| (name.to_owned(), clip(value, MAX_FACT_BYTES).into())));
        self
    }

    /// Adds a number.
    pub(crate) fn number(mut self, name: &str, value: Option<u64>) -> Self {
        self.0.extend(value.map(|value| (name.to_owned(), value.into())));
        self
    }

    /// Adds yes or no.
    pub(crate) fn flag(mut self, name: &str, value: Option<bool>) -> Self {
        self.0.extend(value.map(|value| (name.to_owned(), value.into())));
        self
    }

    pub(crate) fn done(self) -> Map<String, Value> {
        self.0
    }
}

/// Lines of what a person would want to know: `Label: value`, and nothing where there is no value.
#[derive(Debug, Default)]
pub(crate) struct Summary(String);

impl Summary {
    /// One more line, or paragraph, without a label.
    pub(crate) fn say(mut self, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.0.push_str(text.trim());
            self.0.push('\n');
        }
        self
    }

    /// One more line.
    pub(crate) fn line(self, label: &str, value: Option<impl AsRef<str>>) -> Self {
        let line = value.map(|value| format!("{label}: {}", value.as_ref().trim()));
        self.say(line.as_deref())
    }

    pub(crate) fn done(self) -> String {
        self.0.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_is_one_line_of_bounded_length() {
        assert_eq!(name(" a\nb\u{0} "), Some("ab".to_owned()));
        assert_eq!(name(" \n "), None);
        let (one, two) = ("é".repeat(500) + "1", "é".repeat(500) + "2");
        let (one, two) = (name(&one).unwrap(), name(&two).unwrap());
        assert!(one.len() <= MAX_NAME_BYTES && one != two);
    }

    #[test]
    fn words_are_fit_for_metrics() {
        assert_eq!(dotted("charge.dispute.created"), Some("charge.dispute.created"));
        for text in ["", ".", "a.", ".a", "A", "a b", "a/b", "ä"] {
            assert_eq!(dotted(text), None, "{text}");
        }
    }

    #[test]
    fn whatever_a_sender_thinks_of_has_a_name() {
        for (text, name) in
            [("Order/Created", "order.created"), ("a..b", "a__b"), (".a.", "_a_"), ("ä b", "__b")]
        {
            assert_eq!(any_name(text), name);
        }
        for text in ["a".repeat(500), ".".repeat(500), "é.".repeat(500)] {
            let name = any_name(&text);
            assert!(dotted(&name).is_some() && word(&kind_name(&text)).is_some(), "{name}");
        }
    }

    #[test]
    fn dates_of_both_manners_are_read() {
        let value = json!({ "a": "2026-11-20T10:00:00Z", "b": "2026-11-20 10:00:00 UTC", "c": "soon" });
        let part = JsonView(&value);
        assert_eq!(part.date("/a"), part.date("/b"));
        assert!(part.date("/a").is_some() && part.date("/c").is_none());
    }

    #[test]
    fn nesting_too_deep_to_read_is_no_mistake_of_the_sender() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(matches!(read::<Value>(&deep), Err(ParseError::Unreadable(_))));
        assert!(matches!(read::<Value>("[["), Err(ParseError::NotJson(_))));
    }
}
