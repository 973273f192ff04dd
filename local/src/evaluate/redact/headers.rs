//! Secrets that are all of a value: in headers of HTTP (`Cookie: …`, `x-auth: …`, `-H 'x-…: …'`) and in settings
//! (`DB_PASS=…`).

use super::SECRET;
use super::secrets::{is_key, is_weak_key};

/// Headers whose whole value is a secret.
const HEADERS: &[&str] = &["cookie", "set-cookie", "proxy-authorization"];
/// What the name of a header of one's own has in it if its value is one.
const PARTS: &[&str] = &["auth", "key", "token", "secret", "session", "signature", "password"];
/// Options whose value is a header.
const OPTIONS: &[&str] = &["-h", "--header"];

/// `line` without the values of such headers: to the end of the line, or to the quotation mark that stands before the name.
pub(super) fn hidden(line: &str) -> String {
    let found = line.match_indices(':').find_map(|(colon, _)| {
        let (before, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '-').map_or(0, |at| at + 1);
        // A sign may have several bytes; that of a quotation mark has one.
        let (said, name) = (before.get(..start)?, before.get(start..)?.to_lowercase());
        let quote = said.chars().next_back().filter(|c| "\"'`".contains(*c));
        is_secret(said, &name).then(|| {
            let end = quote.and_then(|quote| value.find(quote)).unwrap_or(value.len());
            (colon + 1, colon + 1 + end)
        })
    });
    let Some((start, end)) = found else { return line.to_owned() };
    let (before, after) = (line.get(..start).unwrap_or_default(), line.get(end..).unwrap_or_default());
    let is_empty = line.get(start..end).is_none_or(|value| value.trim().is_empty());
    if is_empty { line.to_owned() } else { format!("{before} {SECRET}{}", hidden(after)) }
}

/// `line` without the words of a setting that is a secret: `DB_PASS=my own words`. A value that goes on like a command,
/// `PGPASSWORD=x psql -h y`, ends with its first word, as the shell reads it.
pub(super) fn set(line: &str) -> Option<String> {
    let (before, value) = line.split_once('=')?;
    let name = before.trim_start().strip_prefix("export ").unwrap_or(before).trim_start().to_lowercase();
    let is_named = !name.contains(char::is_whitespace) && (is_key(&name) || is_weak_key(&name));
    let words = |c: char| c.is_alphanumeric() || c == ' ';
    let is_phrase = value.trim().contains(' ') && !value.starts_with(' ') && value.chars().all(words);
    (is_named && is_phrase).then(|| format!("{before}={SECRET}"))
}

fn is_secret(said: &str, name: &str) -> bool {
    let option = said.trim_end_matches(['"', '\'', '$', '=']).trim_end().to_lowercase();
    let is_option = OPTIONS.iter().any(|known| option.ends_with(known));
    let is_own = name.starts_with("x-") && name.len() > 2;
    HEADERS.contains(&name) || (is_own && (is_option || PARTS.iter().any(|part| name.contains(part))))
}
