//! `scheme`: how a sender signs, by the name of a built-in scheme or described.

use std::time::Duration;

use webhook::{Encoding, KeyForm, SCHEMES, Scheme, SchemeError, Template, TimeFormat, TimePlace, Tolerance};

use crate::entry::Entry;
use crate::field_map;
use crate::section::Section;
use crate::suggest::{list, nearest};

/// What to write where a scheme is missing.
pub(crate) const SUGGESTION: &str =
    "add `scheme = \"standard-webhooks\"`, or describe it: `scheme = { header = \"X-Signature\", … }`";

const ENCODINGS: [(&str, Encoding); 4] = [
    ("hex", Encoding::Hex),
    ("HEX", Encoding::HexUpper),
    ("base64", Encoding::Base64),
    ("token", Encoding::Token),
];
const KEYS: [(&str, KeyForm); 2] = [("text", KeyForm::Text), ("base64", KeyForm::Base64)];
const TIMES: [(&str, TimeFormat); 3] = [
    ("unix", TimeFormat::UnixSeconds),
    ("unix_ms", TimeFormat::UnixMillis),
    ("rfc3339", TimeFormat::Rfc3339),
];
/// How far from now a signed time may be, if nothing is said.
const TOLERANCE: Duration = Duration::from_mins(5);

/// Reads the name or the table.
pub(crate) fn read(entry: &Entry<'_>) -> Option<Scheme> {
    if entry.is_table() { described(entry, entry.section()?) } else { named(entry) }
}

fn named(entry: &Entry<'_>) -> Option<Scheme> {
    let name = entry.text()?;
    Scheme::named(&name).or_else(|| {
        let known: Vec<&str> = SCHEMES.iter().map(|(name, _)| *name).collect();
        let suggestion = match nearest(&name, known.iter().copied()) {
            Some(known) => format!("did you mean \"{known}\"?"),
            None => format!("one of {}, or a table that describes it", list(&known)),
        };
        entry.refuse(format!("no scheme is called \"{name}\""), suggestion)
    })
}

fn described(entry: &Entry<'_>, mut section: Section<'_>) -> Option<Scheme> {
    let report = section.report;
    let before = report.count();
    let scheme = Scheme {
        header: section.require("header", "name the header with the signature", header).unwrap_or_default(),
        separator: section.read("separator", separator),
        prefix: section.read("prefix", Entry::raw_text).unwrap_or_default(),
        encoding: section.read("encoding", |entry| entry.choice(&ENCODINGS)).unwrap_or(Encoding::Hex),
        key: section.read("key", |entry| entry.choice(&KEYS)).unwrap_or(KeyForm::Text),
        signed: section.read("signed", template).unwrap_or_else(Template::body),
        id_header: section.read("id_header", header),
        freshness: freshness(&mut section),
    };
    section.finish();
    // What is wrong with one part would look like a contradiction of the whole.
    if report.count() == before { checked(entry, scheme) } else { None }
}

fn checked(entry: &Entry<'_>, scheme: Scheme) -> Option<Scheme> {
    let Err(error) = scheme.check() else { return Some(scheme) };
    let text = error.to_string();
    let (problem, suggestion) = text.split_once(": ").unwrap_or((&text, "mend one of the two"));
    entry.refuse(problem, suggestion)
}

/// The name of a header, which is the same in any case.
fn header(entry: &Entry<'_>) -> Option<String> {
    let name = entry.text()?.to_ascii_lowercase();
    let scheme = Scheme::over_body(&name, "", Encoding::Hex);
    match scheme.check() {
        Err(SchemeError::Header(_)) => {
            entry.refuse(format!("\"{name}\" is no name of a header"), "write it like \"X-Signature\"")
        }
        _ => Some(name),
    }
}

fn separator(entry: &Entry<'_>) -> Option<char> {
    let text = entry.raw_text()?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(separator), None) => Some(separator),
        _ => entry.refuse("must be one character", "write it like \",\""),
    }
}

fn template(entry: &Entry<'_>) -> Option<Template> {
    let text = entry.raw_text()?;
    match Template::new(&text) {
        Ok(template) => Some(template),
        Err(error) => {
            entry.refuse(format!("\"{text}\": {error}"), "write it like \"{timestamp}.{body}\" or \"{body}\"")
        }
    }
}

/// The signed time: where it stands is said by one of three keys.
fn freshness(section: &mut Section<'_>) -> Option<Tolerance> {
    let header = section.read("timestamp_header", header).map(TimePlace::Header);
    let item = section.read("timestamp_item", Entry::raw_text).map(TimePlace::Item);
    let body = section.read("timestamp_body", field_map::pointer);
    let body = body.map(|pointer| TimePlace::Body(pointer.as_str().to_owned()));
    let format = section.read("timestamp_format", |entry| entry.choice(&TIMES));
    let longest = Duration::from_hours(24);
    let tolerance = section.get("tolerance");
    let within = tolerance.as_ref().and_then(|entry| entry.duration(Duration::from_secs(1)..=longest));
    let mut places = [header, item, body].into_iter().flatten();
    match (places.next(), places.next()) {
        (Some(place), None) => Some(Tolerance {
            place,
            format: format.unwrap_or(TimeFormat::UnixSeconds),
            within: within.unwrap_or(TOLERANCE),
        }),
        (Some(_), Some(_)) => section.wrong(
            "the time stands in one place".to_owned(),
            "keep one of `timestamp_header`, `timestamp_item` and `timestamp_body`".to_owned(),
        ),
        (None, _) => tolerance?.refuse(
            "there is no signed time to be tolerant about",
            "add `timestamp_header = \"X-Timestamp\"` and put {timestamp} into `signed`, or remove it",
        ),
    }
}
