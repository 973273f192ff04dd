//! Making a text short enough for where it goes.

/// Put where a text was cut.
pub(crate) const CUT: &str = "… (cut: too long for one message)";

/// What `convert` makes of the longest beginning of `source` whose `size` is at most `limit`, found
/// to within a few per cent; and whether that is not all of it.
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
        kept = &kept[..kept.floor_char_boundary(keep)];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(fit("abc", 3, str::to_owned, String::len), ("abc".to_owned(), false));
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
}
