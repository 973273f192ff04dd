//! Strings that match a regular expression, for `pattern` in schemas.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Longer strings are not made, whatever a repetition asks for.
const MAX_REPEATS: usize = 10_000;

/// A string that matches `pattern` and has at least `min` and at most `max` characters where that is
/// possible; none when the pattern cannot be read.
pub(super) fn example(pattern: &str, min: usize, max: usize) -> Option<String> {
    let hir = regex_syntax::Parser::new().parse(pattern).ok()?;
    let repetitions = [1, 0, 2, 4, 8, 16, min.min(MAX_REPEATS)];
    let candidates = repetitions.into_iter().map(|extra| {
        let mut out = String::new();
        write(&hir, extra, &mut out);
        out
    });
    let fits = |text: &String| (min..=max).contains(&text.chars().count());
    let mut candidates = candidates.peekable();
    let first = candidates.peek().cloned();
    candidates.find(fits).or_else(|| padded(&hir, first.clone()?, min)).or(first)
}

/// An expression without an end may match with anything behind it: fills up to the least length.
fn padded(hir: &Hir, text: String, min: usize) -> Option<String> {
    let anchored = hir.properties().look_set_suffix().contains(regex_syntax::hir::Look::End);
    let missing = min.min(MAX_REPEATS).checked_sub(text.chars().count())?;
    (!anchored).then(|| text + &"a".repeat(missing))
}

/// Appends an example of `hir`, with `extra` rounds for every repetition that allows them.
fn write(hir: &Hir, extra: usize, out: &mut String) {
    if out.len() > MAX_REPEATS {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => out.extend(letter(class)),
        HirKind::Capture(capture) => write(&capture.sub, extra, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, extra, out)),
        HirKind::Alternation(options) => {
            if let Some(first) = options.first() {
                write(first, extra, out);
            }
        }
        HirKind::Repetition(repetition) => {
            let least = usize::try_from(repetition.min).unwrap_or(MAX_REPEATS);
            let most = repetition.max.map_or(MAX_REPEATS, |max| usize::try_from(max).unwrap_or(MAX_REPEATS));
            for _ in 0..least.max(extra).min(most).min(MAX_REPEATS) {
                write(&repetition.sub, extra, out);
            }
        }
    }
}

/// A pleasant character of a class: a letter or digit where there is one.
fn letter(class: &Class) -> Option<char> {
    match class {
        Class::Unicode(class) => {
            let has = |c: char| class.iter().any(|range| range.start() <= c && c <= range.end());
            ['a', 'A', '1', '0', '-', ' '].into_iter().find(|c| has(*c)).or_else(|| {
                let printable = class.iter().map(|range| range.start().max('!')).find(|c| has(*c));
                printable.or_else(|| class.iter().next().map(|range| range.start()))
            })
        }
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn examples_keep_pattern_and_length() {
        assert_eq!(example("^[A-Z]{3}-[0-9]{4}$", 0, 99).unwrap(), "AAA-1111");
        assert_eq!(example("^(foo|bar)$", 0, 99).unwrap(), "foo");
        assert_eq!(example("^[a-z]+$", 5, 9).unwrap().len(), 8);
        assert_eq!(example("^a*$", 0, 0).unwrap(), "");
        assert_eq!(example("^x", 3, 9).unwrap(), "xaa");
        assert_eq!(example("(", 0, 9), None);
    }

    #[test]
    fn enormous_repetitions_stay_small() {
        assert!(example("^((a{1000}){1000}){1000}$", 0, 99).is_none_or(|text| text.len() < 3 * MAX_REPEATS));
    }
}
