//! Strings for schemas: formats, lengths, patterns, and otherwise what the field's name suggests.

use super::facts::Facts;
use super::guess;
use super::ordered::Node;
use super::pattern;

/// Longer strings are not made, whatever a schema asks for.
const MAX_LENGTH: u64 = 100_000;

/// A string of `schema` for the field `name`, the `position`-th of its list.
pub(super) fn make(schema: &Node, name: &str, facts: &Facts, position: usize) -> String {
    let min = length(schema, "minLength").unwrap_or(0).min(MAX_LENGTH);
    let max = length(schema, "maxLength").unwrap_or(u64::MAX);
    let (min, max) = (size(min), size(max));
    if let Some(text) = schema.string("pattern").and_then(|pattern| pattern::example(pattern, min, max)) {
        return text;
    }
    if let Some(text) = schema.string("format").and_then(|format| formatted(format, name, facts)) {
        return text;
    }
    let text = guess::string(name, facts, position).unwrap_or_else(|| plain(facts, position));
    fit(text, min, max)
}

/// Whether the prompt holds something for an optional string of this name.
pub(super) fn has_guess(schema: &Node, name: &str, facts: &Facts) -> bool {
    schema.field("pattern").is_none() && guess::string(name, facts, 0).is_some()
}

fn plain(facts: &Facts, position: usize) -> String {
    let keywords = facts.keywords();
    let text =
        if position == 0 { &facts.title } else { keywords.get(position - 1).unwrap_or(&facts.sentence) };
    if text.is_empty() { "not given".to_owned() } else { text.clone() }
}

/// Cuts or fills up a text to a length in characters.
fn fit(text: String, min: usize, max: usize) -> String {
    let count = text.chars().count();
    if count > max {
        return text.chars().take(max).collect();
    }
    let filling = " and so on".chars().cycle().take(min.saturating_sub(count));
    text.chars().chain(filling).collect()
}

fn length(schema: &Node, name: &str) -> Option<u64> {
    schema.field(name)?.as_u64()
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// An example of a named format; none for formats that say nothing about the text.
fn formatted(format: &str, name: &str, facts: &Facts) -> Option<String> {
    let fixed = match format {
        "date-time" => "2026-11-20T09:30:00Z",
        "date" => "2026-11-20",
        "time" => "09:30:00Z",
        "duration" => "PT1H",
        "uuid" => "6f1c2b9e-4d0a-4c57-9a5b-3f2e8d7c6b10",
        "ipv4" => "192.0.2.7",
        "ipv6" => "2001:db8::7",
        "hostname" | "idn-hostname" => "host.example.com",
        "uri" | "url" | "iri" => {
            return Some(found(name, facts, "http").unwrap_or("https://example.com/".into()));
        }
        "uri-reference" | "iri-reference" => "/path",
        "uri-template" => "/items/{id}",
        "email" | "idn-email" => "somebody@example.com",
        "json-pointer" => "/a/b",
        "relative-json-pointer" => "0",
        "regex" => "^.*$",
        "byte" => "c3RhbmQtaW4=",
        _ => return None,
    };
    Some(fixed.to_owned())
}

fn found(name: &str, facts: &Facts, start: &str) -> Option<String> {
    guess::string(name, facts, 0).filter(|text| text.starts_with(start) && text.is_ascii())
}
