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
    let (mut out, mut rest) = (String::new(), line);
    while let Some((before, value, after)) = header(rest) {
        out.push_str(before);
        if value.trim().is_empty() {
            out.push_str(value);
        } else {
            out.extend([" ", SECRET]);
        }
        rest = after;
    }
    out + rest
}

/// The first such header of `line`: what stands up to its colon, its value, and what follows.
fn header(line: &str) -> Option<(&str, &str, &str)> {
    line.match_indices(':').find_map(|(colon, _)| {
        let (before, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '-').next()?;
        let said = before.strip_suffix(name)?;
        if !is_secret(said, &name.to_lowercase()) {
            return None;
        }
        let quote = said.chars().next_back().filter(|c| "\"'`".contains(*c));
        let (value, after) = value.split_at(quote.and_then(|quote| value.find(quote)).unwrap_or(value.len()));
        Some((line.get(..=colon)?, value, after))
    })
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
    let is_option = || {
        let option = said.trim_end_matches(['"', '\'', '$', '=']).trim_end();
        let word = option.rsplit(char::is_whitespace).next().unwrap_or(option);
        OPTIONS.iter().any(|known| word.eq_ignore_ascii_case(known))
    };
    let is_own = name.starts_with("x-") && name.len() > 2;
    HEADERS.contains(&name) || (is_own && (PARTS.iter().any(|part| name.contains(part)) || is_option()))
}
