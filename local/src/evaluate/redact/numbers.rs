//! Numbers that reach somebody, and addresses of machines.

use std::net::IpAddr;

use super::{NUMBER, NUMBER_DIGITS};

/// Whether so many digits of `word` stand together that it is more than a number with a unit.
pub(super) fn has_long_number(word: &str) -> bool {
    let longest = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    longest >= NUMBER_DIGITS + 2 && !is_numeric(word)
}

/// Whether a part of a word, such as what follows `phone:`, is such a number.
pub(super) fn is_part_number(part: &str) -> bool {
    is_numeric(part) && digits(part) >= NUMBER_DIGITS && !looks_like_a_date(part)
}

pub(super) fn is_network_address(word: &str) -> bool {
    let word = word.split_once('%').map_or(word, |(address, _zone)| address);
    let host = word.split_once(':').filter(|_| word.matches(':').count() == 1).map_or(word, |(host, _)| host);
    host.parse::<IpAddr>().is_ok()
}

/// `line` with runs of words that are one long number replaced.
pub(super) fn numbers(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut out: Vec<&str> = Vec::new();
    let mut rest = words.as_slice();
    while let Some((first, after)) = rest.split_first() {
        let run = rest.iter().take_while(|word| is_numeric(word)).count();
        let digits: usize = rest.iter().take(run).map(|word| digits(word)).sum();
        let is_date = run > 0 && rest.iter().take(run).any(|word| looks_like_a_date(word));
        if digits >= NUMBER_DIGITS && !is_date {
            out.push(NUMBER);
            rest = rest.get(run..).unwrap_or_default();
        } else {
            out.push(first);
            rest = after;
        }
    }
    out.join(" ")
}

fn digits(word: &str) -> usize {
    word.chars().filter(char::is_ascii_digit).count()
}

fn is_numeric(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', '?', '!']);
    word.chars().any(|c| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || "+()-/.#".contains(c))
}

fn looks_like_a_date(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    parts.len() == 3
        && parts[0].len() == 4
        && parts.iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()))
}
