//! [`Limit`]: the longest text that a service takes, as the service counts it.

/// What a service counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Chars,
    Utf16,
}

/// The longest text that a service takes, in its own unit: one that counts otherwise would refuse what fits, or cut what
/// does not.
///
/// ```
/// use markdown::Limit;
///
/// let size = |limit: Limit| limit.size("é重🦀");
/// assert_eq!([Limit::chars(9), Limit::utf16(9), Limit::bytes(9)].map(size), [3, 4, 9]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    max: usize,
    unit: Unit,
}

impl Limit {
    /// Bytes in UTF-8, as databases count whose columns have a size.
    #[must_use]
    pub const fn bytes(max: usize) -> Self {
        Self { max, unit: Unit::Bytes }
    }

    /// Characters: Unicode's code points.
    #[must_use]
    pub const fn chars(max: usize) -> Self {
        Self { max, unit: Unit::Chars }
    }

    /// Units of UTF-16, which Java and JavaScript call characters: an emoji has two.
    #[must_use]
    pub const fn utf16(max: usize) -> Self {
        Self { max, unit: Unit::Utf16 }
    }

    /// The greatest size.
    #[must_use]
    pub const fn max(self) -> usize {
        self.max
    }

    /// The same without the room for `text`.
    #[must_use]
    pub fn without(self, text: &str) -> Self {
        Self { max: self.max.saturating_sub(self.size(text)), ..self }
    }

    /// How long `text` is.
    #[must_use]
    pub fn size(self, text: &str) -> usize {
        match self.unit {
            Unit::Bytes => text.len(),
            Unit::Chars => text.chars().count(),
            Unit::Utf16 => text.chars().map(char::len_utf16).sum(),
        }
    }

    /// Whether `text` is not longer.
    #[must_use]
    pub fn fits(self, text: &str) -> bool {
        self.size(text) <= self.max
    }

    /// The longest beginning of `text` that fits.
    pub(crate) fn beginning(self, text: &str) -> &str {
        let mut left = self.max;
        let end = text.char_indices().find(|(_, c)| {
            let unit = self.size(c.encode_utf8(&mut [0; 4]));
            let room = left.checked_sub(unit);
            left = room.unwrap_or(0);
            room.is_none()
        });
        &text[..end.map_or(text.len(), |(at, _)| at)]
    }
}
