//! Secrets that a line above them announces: below the header of a table, and in lists.

use super::secrets::{is_key, is_weak_key};
use super::{PERSON, SECRET};

/// What separates the cells of a table.
const SEPARATORS: [char; 4] = ['|', '\t', ';', ','];
/// Words that the head of a column has at the most, and a cell.
const HEAD_WORDS: usize = 2;
const CELL_WORDS: usize = 4;
/// Heads of columns with people's names.
const PEOPLE: &[&str] = &["user", "username", "user name", "login", "name", "account", "benutzer", "usuario"];
/// Heads of columns that make names beside them those of people.
const CONTACTS: &[&str] = &["email", "e-mail", "mail", "phone", "telephone"];
/// Heads by which a line without rules below it is known for a header.
const HEADS: &[&str] = &[
    "email", "e-mail", "mail", "host", "server", "service", "url", "id", "role", "site", "system",
    "database", "db",
];

/// What the lines below announce.
#[derive(Debug)]
pub(super) enum Block {
    /// A table: what separates its cells, and what each column has.
    Table(char, Vec<Column>),
    /// A list: whether it is one in brackets, which ends with one.
    List { in_brackets: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Column {
    Secret,
    Person,
    Other,
}

impl Block {
    /// What `line` begins, before the line `next`.
    pub(super) fn begun_by(line: &str, next: &str) -> Option<Self> {
        Self::list(line)
            .or_else(|| SEPARATORS.into_iter().find_map(|separator| Self::table(line, next, separator)))
    }

    /// `passwords:`, `"tokens": [`
    fn list(line: &str) -> Option<Self> {
        let line = line.trim_end();
        let in_brackets = line.ends_with('[');
        let name = line.trim_end_matches(['[', ' ']).strip_suffix([':', '='])?;
        let name = name.trim_matches(|c: char| c.is_whitespace() || "-\"'{".contains(c)).to_lowercase();
        let singular = name.strip_suffix('s').unwrap_or(&name);
        let is_named = !name.contains(char::is_whitespace) && (is_secret(&name) || is_secret(singular));
        is_named.then_some(Self::List { in_brackets })
    }

    fn table(line: &str, next: &str, separator: char) -> Option<Self> {
        let heads: Vec<String> = line.split(separator).map(head).collect();
        let is_known = |head: &String| [PEOPLE, HEADS].iter().any(|known| known.contains(&head.as_str()));
        let is_head = |head: &String| {
            head.split_whitespace().count() <= HEAD_WORDS && !head.contains(|c: char| c.is_ascii_digit())
        };
        let is_header = heads.len() > 1
            && heads.iter().all(is_head)
            && (is_rule(next) || (separator != '|' && heads.iter().any(is_known)));
        let columns: Vec<Column> = heads.iter().map(|head| Column::headed(head)).collect();
        let is_told = columns.contains(&Column::Secret)
            || (columns.contains(&Column::Person)
                && heads.iter().any(|head| CONTACTS.contains(&head.as_str())));
        (is_header && is_told).then_some(Self::Table(separator, columns))
    }

    /// `line` with what it announces replaced, and all else by `redact`; `None` behind its end.
    pub(super) fn line(&self, line: &str, redact: impl Fn(&str) -> String) -> Option<String> {
        match self {
            // Whatever has parts of its own is no secret as a whole.
            Self::List { .. } if line.contains(['{', '}', ']']) || line.contains(": ") => None,
            Self::List { in_brackets } => {
                (*in_brackets || line.trim_start().starts_with(['-', '*'])).then(|| item(line))
            }
            Self::Table(..) if is_rule(line) => Some(line.to_owned()),
            Self::Table(separator, columns) => row(line, *separator, columns, redact),
        }
    }
}

impl Column {
    fn headed(head: &str) -> Self {
        match () {
            () if is_secret(head) => Self::Secret,
            () if PEOPLE.contains(&head) => Self::Person,
            () => Self::Other,
        }
    }
}

fn is_secret(name: &str) -> bool {
    is_key(name) || is_weak_key(name)
}

fn head(cell: &str) -> String {
    cell.trim_matches(|c: char| c.is_whitespace() || "\"'*`_".contains(c)).to_lowercase()
}

/// Whether `line` is the rule below a header: `|---|---|`, `+-----+`.
fn is_rule(line: &str) -> bool {
    line.contains("--") && line.chars().all(|c| "|-+:= \t".contains(c))
}

/// An element of a list. The name of a variable is none.
fn item(line: &str) -> String {
    let start = line.find(|c: char| !c.is_whitespace() && !"-*\"'".contains(c)).unwrap_or(line.len());
    let (before, text) = line.split_at(start);
    let end = text.trim_end_matches(|c: char| c.is_whitespace() || ",\"'".contains(c)).len();
    let (text, after) = text.split_at(end);
    let is_name = text.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if is_name { line.to_owned() } else { format!("{before}{SECRET}{after}") }
}

/// A row, if `line` is one. A secret may have the separator in it.
fn row(line: &str, separator: char, columns: &[Column], redact: impl Fn(&str) -> String) -> Option<String> {
    let cells: Vec<&str> = line.split(separator).collect();
    let is_row = cells.len() >= columns.len()
        && cells.iter().all(|cell| cell.split_whitespace().count() <= CELL_WORDS);
    let has_more = cells.len() > columns.len();
    let first = columns.iter().position(|column| *column == Column::Secret).unwrap_or(cells.len());
    let new = |(at, cell): (usize, &&str)| {
        let bare = cell.trim();
        match columns.get(at) {
            _ if bare.is_empty() => (*cell).to_owned(),
            _ if has_more && at >= first => cell.replacen(bare, SECRET, 1),
            Some(Column::Secret) => cell.replacen(bare, SECRET, 1),
            Some(Column::Person) => cell.replacen(bare, PERSON, 1),
            _ => redact(cell),
        }
    };
    is_row.then(|| cells.iter().enumerate().map(new).collect::<Vec<_>>().join(&separator.to_string()))
}
