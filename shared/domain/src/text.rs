//! Cutting text to a length without breaking a character.

/// The longest prefix of `text` that has at most `max_bytes` bytes.
#[must_use]
pub fn clip(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

#[cfg(test)]
mod tests {
    use super::clip;

    #[test]
    fn a_character_is_never_split() {
        assert_eq!(clip("aé", 2), "a");
        assert_eq!(clip("aé", 3), "aé");
        assert_eq!(clip("", 3), "");
    }
}
