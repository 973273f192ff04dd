//! `scheme`: how a sender signs, by the name of a built-in scheme or described.

use std::time::Duration;

use serde_json::json;
use webhook::{
    Encoding, KeyForm, SCHEMES, Scheme, SchemeError, SignedContent, TimeFormat, TimePlace, Tolerance,
};

use crate::entry::Entry;
use crate::field_map;
use crate::form::Form;
use crate::key::key;
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
/// Default of how far from now a signed time may be.
const TOLERANCE: Duration = Duration::from_mins(5);

/// Reads the name or the table.
pub(crate) fn read(entry: &Entry<'_>) -> Option<Scheme> {
    entry.either(named, |entry| described(entry, entry.section()?))
}

fn named(entry: &Entry<'_>) -> Option<Scheme> {
    let known: Vec<&str> = SCHEMES.iter().map(|(name, _)| *name).collect();
    let name = entry.text();
    entry.also(|| json!({"enum": known}));
    let name = name?;
    Scheme::named(&name).or_else(|| {
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
        header: section
            .require(
                key("header", "The header with the signature."),
                "name the header with the signature",
                header,
            )
            .unwrap_or_default(),
        separator: section.read(
            key("separator", "One character, where the header holds several items (default none)."),
            separator,
        ),
        prefix: section
            .read(
                key("prefix", "What stands before the signature, such as \"sha256=\" (default nothing)."),
                Entry::raw_text,
            )
            .unwrap_or_default(),
        encoding: section.choice_or(
            key("encoding", "How the signature is written; \"token\" is for a secret that is sent as it is."),
            Encoding::Hex,
            &ENCODINGS,
        ),
        key: section.choice_or(
            key("key", "The secret as it is, or decoded, after an optional whsec_."),
            KeyForm::Text,
            &KEYS,
        ),
        signed: section
            .read(key("signed", "What is signed; {timestamp} and {id} may be in it.").or(&"{body}"), template)
            .unwrap_or_else(SignedContent::body),
        id_header: section.read(key("id_header", "The header that carries {id}."), header),
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

/// The name of a header.
pub(crate) const HEADER: Form = Form {
    fits: |name| {
        let scheme = Scheme::over_body(&name.to_ascii_lowercase(), "", Encoding::Hex);
        !matches!(scheme.check(), Err(SchemeError::Header(_)))
    },
    pattern: "^[A-Za-z0-9_-]+$",
    example: "X-Signature",
};

/// The name of a header, which is the same in any case.
fn header(entry: &Entry<'_>) -> Option<String> {
    let wrong =
        |name: &str| (format!("\"{name}\" is not a name of a header"), "write it like \"X-Signature\"");
    entry.text_like(&HEADER, wrong).map(|name| name.to_ascii_lowercase())
}

fn separator(entry: &Entry<'_>) -> Option<char> {
    let text = entry.raw_text();
    entry.also(|| json!({"maxLength": 1}));
    let text = text?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(separator), None) => Some(separator),
        _ => entry.refuse("must be one character", "write it like \",\""),
    }
}

fn template(entry: &Entry<'_>) -> Option<SignedContent> {
    let text = entry.raw_text()?;
    match SignedContent::new(&text) {
        Ok(template) => Some(template),
        Err(error) => {
            entry.refuse(format!("\"{text}\": {error}"), "write it like \"{timestamp}.{body}\" or \"{body}\"")
        }
    }
}

/// The signed time. One of three keys says where it is.
fn freshness(section: &mut Section<'_>) -> Option<Tolerance> {
    let header = section
        .read(key("timestamp_header", "The header that carries {timestamp}."), header)
        .map(TimePlace::Header);
    let item = section
        .read(
            key(
                "timestamp_item",
                "The beginning of the signature header's item with the time, such as \"t=\".",
            ),
            Entry::raw_text,
        )
        .map(TimePlace::Item);
    let body =
        section.read(key("timestamp_body", "A JSON pointer to the time in the body."), field_map::pointer);
    let body = body.map(|pointer| TimePlace::Body(pointer.as_str().to_owned()));
    let about = "How the time is written.";
    let format = section.choice_or(key("timestamp_format", about), TimeFormat::UnixSeconds, &TIMES);
    let longest = Duration::from_hours(24);
    let tolerance = section.get(&key("tolerance", "How far from now the signed time may be.").or(&TOLERANCE));
    let within = tolerance.as_ref().and_then(|entry| entry.duration(Duration::from_secs(1)..=longest));
    let mut places = [header, item, body].into_iter().flatten();
    match (places.next(), places.next()) {
        (Some(place), None) => Some(Tolerance { place, format, within: within.unwrap_or(TOLERANCE) }),
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
