//! Sets of places in a text.

use std::ops::Range;

/// Places in a text, in order and apart from each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range<usize>>);

impl Ranges {
    /// The places that `found` covers, in whatever order.
    #[must_use]
    pub fn new(mut found: Vec<Range<usize>>) -> Self {
        found.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
        for range in found {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// Whether the byte at `offset` is in one of them.
    #[must_use]
    pub fn contains(&self, offset: usize) -> bool {
        let after = self.0.partition_point(|range| range.start <= offset);
        after > 0 && offset < self.0[after - 1].end
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        self.0.iter().cloned()
    }

    /// What these and `others` cover together.
    #[must_use]
    pub fn and(mut self, others: impl IntoIterator<Item = Range<usize>>) -> Self {
        self.0.extend(others);
        Self::new(self.0)
    }

    /// Everything else of a text of `length` bytes.
    pub fn gaps(&self, length: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let starts = std::iter::once(0).chain(self.0.iter().map(|range| range.end));
        let ends = self.0.iter().map(|range| range.start).chain(std::iter::once(length));
        starts.zip(ends).map(|(start, end)| start..end).filter(|gap| !gap.is_empty())
    }

    /// `text` with `change` made to each gap between them; what they cover stays to the byte. `change` is
    /// also told where its piece begins.
    pub fn change_gaps(&self, text: &str, mut change: impl FnMut(usize, &str) -> String) -> String {
        let mut changed = String::with_capacity(text.len());
        let mut done = 0;
        for gap in self.gaps(text.len()) {
            changed.push_str(&text[done..gap.start]);
            changed.push_str(&change(gap.start, &text[gap.clone()]));
            done = gap.end;
        }
        changed.push_str(&text[done..]);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_touch_are_one() {
        let ranges = Ranges::new(vec![4..6, 0..2, 2..3, 5..9]);
        assert_eq!(ranges, Ranges(vec![0..3, 4..9]));
        assert!(ranges.contains(2) && !ranges.contains(3) && ranges.contains(4) && !ranges.contains(9));
    }

    #[test]
    fn gaps_are_what_is_left_and_alone_change() {
        let ranges = Ranges::new(vec![1..2, 3..5]);
        assert_eq!(ranges.gaps(7).collect::<Vec<_>>(), [0..1, 2..3, 5..7]);
        assert_eq!(ranges.gaps(5).collect::<Vec<_>>(), [0..1, 2..3]);
        assert_eq!(ranges.change_gaps("abcdefg", |at, piece| format!("<{at}{piece}>")), "<0a>b<2c>de<5fg>");
        assert_eq!(Ranges::default().change_gaps("ab", |_, piece| piece.to_uppercase()), "AB");
    }
}
