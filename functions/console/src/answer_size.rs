//! How large an answer may be: Lambda passes on none of more than 6 MB (6,291,556 bytes), and has a text as a JSON string.

/// Bytes of a body that consists of text, as they stand within Lambda's JSON. What is left of the 6 MB is plenty for the
/// headers.
pub(crate) const MAX_ANSWER_BYTES: usize = 5 << 20;

/// The bytes that `text` takes within a JSON string, without its quotes.
pub(crate) fn escaped(text: &[u8]) -> usize {
    let more = |byte: &u8| match byte {
        b'"' | b'\\' | 0x08 | b'\t' | b'\n' | 0x0c | b'\r' => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.len() + text.iter().map(more).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_that_of_the_json_string() {
        let every: String = (0..0x250).filter_map(char::from_u32).collect();
        for text in [every.as_str(), "", "plain", r#"{"a":"b\\c"}"#, "\u{1f469}"] {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(escaped(text.as_bytes()), json.len() - 2, "{text:?}");
        }
    }
}
