//! Making a text short enough for where it goes.

use std::borrow::Cow;

use pulldown_cmark::{CodeBlockKind, Event, Tag};

use crate::limit::Limit;
use crate::parser::parse;

/// Put where a text was cut.
pub(crate) const CUT: &str = "… (cut: too long for one message)";
/// Room for the line that closes a block of code.
const FENCE_ROOM: &str = "````````````````````````````````````````";

/// `markdown` in at most `limit`: cut between two blocks, its code closed, with a note that says so. A block that is
/// longer by itself is cut at the end of a line.
///
/// ```
/// let long = "One.\n\nTwo.\n\n".repeat(20);
/// let short = markdown::shorten(&long, markdown::Limit::chars(150));
/// assert!(short.ends_with("\n\n… (cut: too long for one message)") && short.starts_with("One.\n\nTwo."));
/// ```
#[must_use]
pub fn shorten(markdown: &str, limit: Limit) -> Cow<'_, str> {
    if limit.fits(markdown) {
        return Cow::Borrowed(markdown);
    }
    let room = limit.without(CUT).without("\n\n").without(FENCE_ROOM);
    let kept = &markdown[..boundary(markdown, room.beginning(markdown).len())];
    let mut text = kept.trim_end().to_owned();
    if let Some(fence) = open_fence(&text).filter(|fence| fence.len() < FENCE_ROOM.len()) {
        text.push('\n');
        text.push_str(&fence);
    }
    text.push_str("\n\n");
    text.push_str(CUT);
    Cow::Owned(text)
}

/// What `convert` makes of the longest beginning of `source` whose `size` is at most `limit`, found
/// to within a few per cent or a block; and whether that is not all of it.
///
/// The source is cut, not the result, so that whatever was open at the cut is closed by the parser.
pub(crate) fn fit<T>(
    source: &str,
    limit: usize,
    convert: impl Fn(&str) -> T,
    size: impl Fn(&T) -> usize,
) -> (T, bool) {
    let mut kept = source;
    loop {
        let made = convert(kept);
        let is = size(&made);
        if is <= limit || kept.is_empty() {
            return (made, kept.len() < source.len());
        }
        // A little less than in proportion, and always less than before: this ends.
        let share = limit as f64 / is as f64 * 0.98;
        let keep = ((kept.len() as f64 * share) as usize).min(kept.len() - 1);
        kept = &kept[..boundary(kept, keep)];
    }
}

/// Where to cut `markdown` so that at most `keep` bytes are left: at the end of a block; within a block that is
/// longer than half of it, at the end of a line, else of a word, else of a character.
fn boundary(markdown: &str, keep: usize) -> usize {
    let keep = markdown.floor_char_boundary(keep);
    let is_much = |at: &usize| at * 2 >= keep;
    let before = &markdown[..keep];
    let block = block_end(markdown, keep);
    let ends = [Some(block), before.rfind('\n'), before.rfind(' ')];
    ends.into_iter().flatten().find(is_much).unwrap_or(keep)
}

/// The end of the last block of the document itself that ends by `keep`.
fn block_end(markdown: &str, keep: usize) -> usize {
    let (mut depth, mut end) = (0_usize, 0);
    for (event, range) in parse(markdown).into_offset_iter() {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            if range.end > keep {
                break;
            }
            end = range.end;
        }
    }
    end
}

/// The line that closes the block of code in which `markdown` ends, if it ends in one.
///
/// ```
/// assert_eq!(markdown::open_fence("~~~~\ncode").as_deref(), Some("~~~~"));
/// assert_eq!(markdown::open_fence("```\ncode\n```"), None);
/// ```
#[must_use]
pub fn open_fence(markdown: &str) -> Option<String> {
    let blocks = parse(markdown).into_offset_iter().filter_map(|(event, range)| match event {
        Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => Some(range),
        _ => None,
    });
    let block = blocks.last().filter(|range| range.end >= markdown.trim_end().len())?;
    let text = markdown[block.clone()].trim_end();
    let sign = text.chars().next()?;
    let length = text.chars().take_while(|c| *c == sign).count();
    let (first, last) = (text.lines().next()?, text.lines().last()?);
    let last = last.trim_start_matches(['>', ' ']);
    let is_closed = text.len() > first.len() && last.len() >= length && last.chars().all(|c| c == sign);
    if is_closed {
        return None;
    }
    // As deep in lists and quotes as its beginning.
    let line = markdown[..block.start].rfind('\n').map_or(0, |end| end + 1);
    let indent = markdown[line..block.start].chars().map(|c| if c == '>' { '>' } else { ' ' });
    Some(indent.chain(std::iter::repeat_n(sign, length)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(fit("abc", 3, str::to_owned, String::len), ("abc".to_owned(), false));
        assert_eq!(shorten("abc", Limit::chars(3)), "abc");
    }

    #[test]
    fn what_does_not_fit_is_cut_to_little_less_than_the_limit() {
        let doubled = |text: &str| text.repeat(2);
        let (made, cut) = fit(&"aé".repeat(10_000), 1_000, doubled, String::len);
        assert!(cut && made.len() <= 1_000 && made.len() > 900, "{}", made.len());
    }

    #[test]
    fn a_limit_that_nothing_meets_ends_too() {
        assert_eq!(fit("abc", 0, |text| format!("{text}!"), String::len), ("!".to_owned(), true));
    }

    #[test]
    fn the_cut_is_between_blocks() {
        let text = format!("# A\n\n{}\n\n- b\n- c\n\nlast paragraph {}", "word ".repeat(20), "x ".repeat(60));
        let short = shorten(&text, Limit::chars(250));
        assert!(short.ends_with(&format!("- b\n- c\n\n{CUT}")), "{short}");
    }

    #[test]
    fn each_unit_counts_as_its_service_does_and_what_just_fits_is_not_cut() {
        for unit in ["a", "é", "重", "🦀", "👨‍👩‍👧"] {
            for limit in [Limit::bytes, Limit::chars, Limit::utf16] {
                let whole = unit.repeat(1_000 / limit(0).size(unit));
                let just = limit(limit(0).size(&whole));
                assert_eq!(shorten(&whole, just), whole);
                let longer = format!("{whole}b");
                let short = shorten(&longer, just);
                assert!(just.fits(&short) && short.ends_with(CUT), "{unit}: {short}");
                let kept = limit(0).size(&short);
                assert!(
                    kept + limit(0).size(FENCE_ROOM) + limit(0).size(unit) >= just.max(),
                    "{unit}: {kept}"
                );
            }
        }
    }

    #[test]
    fn code_is_closed_as_deep_as_it_was_opened() {
        for (open, closed) in
            [("```rust\n", "\n```\n\n"), ("- a\n\n  ~~~~\n  ", "\n  ~~~~\n\n"), ("> ```\n> ", "\n> ```\n\n")]
        {
            let text = format!("{open}{}", "x".repeat(400));
            let short = shorten(&text, Limit::chars(300));
            assert!(short.ends_with(&format!("{closed}{CUT}")), "{short}");
        }
        assert_eq!(open_fence("```\na\n```"), None);
        assert_eq!(open_fence("```\na\n```\nb"), None);
        assert_eq!(open_fence("a `b`"), None);
    }

    proptest! {
        #[test]
        fn no_text_is_longer_than_its_limit_nor_swallows_the_note(text in "(```|~~~|\n|- |> |é|word |x){0,200}", limit in 100_usize..300) {
            let limit = Limit::chars(limit);
            let short = shorten(&text, limit);
            prop_assert!(limit.fits(&short));
            prop_assert!(short == text || short.ends_with(CUT));
        }
    }
}
