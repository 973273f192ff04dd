//! [`EventReader`]: the bytes of server-sent events (`alt=sse`), in whatever pieces the network delivers,
//! cut into the JSON that they carry.

/// Cuts a stream of bytes into the data of its events. A piece may end anywhere, within a character
/// too: nothing is decoded before its line is whole.
///
/// Several `data:` lines of one event are one text. Comments and other fields are skipped, and so is
/// `[DONE]`. Lines that are no field (a bare JSON error in mid-stream) form an event of their own.
#[derive(Debug, Default)]
pub struct EventReader {
    /// The line that is not at its end yet.
    line: Vec<u8>,
    /// Data of the event that is not at its end yet.
    event: String,
}

impl EventReader {
    /// Takes the next bytes; returns the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                events.extend(self.end_line());
            }
        }
        events
    }

    /// The event that the end of the stream completes, if there is one: not every server ends its
    /// last event with an empty line.
    #[must_use]
    pub fn finish(mut self) -> Option<String> {
        let last_line = self.end_line();
        last_line.or_else(|| self.end_event())
    }

    fn end_line(&mut self) -> Option<String> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let line = text.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            return self.end_event();
        }
        let data = match line.split_once(':') {
            Some(("data", data)) => data.strip_prefix(' ').unwrap_or(data),
            Some(("event" | "id" | "retry" | "", _)) => return None,
            _ => line,
        };
        self.event.push_str(data);
        self.event.push('\n');
        None
    }

    fn end_event(&mut self) -> Option<String> {
        let event = std::mem::take(&mut self.event);
        (!matches!(event.trim(), "" | "[DONE]")).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn events_are_cut_at_empty_lines_and_the_last_one_needs_none() {
        let (first, error) = ("data: {\"a\":1}\n\n", "{\n  \"error\": {\n    \"code\": 499\n  }\n}\n");
        let (one, two) = ("{\"a\":1}\n", "{\"a\":2}\n");
        for (body, events) in [
            ("data: {\"a\":1}\r\n\r\ndata: {\"a\":2}\r\n\r\n", vec![one, two]),
            ("event: x\n: note\ndata: {\"a\":\ndata: 1}\n\ndata: [DONE]\n\n", vec!["{\"a\":\n1}\n"]),
            (&format!("{first}{error}"), vec![one, error]),
            (&format!("{first}data: {{\"a\":2}}"), vec![one, two]),
        ] {
            assert_eq!(in_pieces(body.as_bytes(), &[]), events);
        }
    }

    /// `body` in pieces that end at `cuts`.
    fn in_pieces(body: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
        ends.push(body.len());
        ends.sort_unstable();
        let (mut reader, mut from, mut events) = (EventReader::default(), 0, Vec::new());
        for end in ends {
            events.extend(reader.push(&body[from..end]));
            from = end;
        }
        events.extend(reader.finish());
        events
    }

    #[test]
    fn every_byte_may_come_alone() {
        let body = ": hello\r\n\r\ndata: {\"text\":\"Grüße, 世界 🦀\"}\r\n\r\ndata: {\"a\":2}\n\n".as_bytes();
        let cuts: Vec<usize> = (0..body.len()).collect();
        let events = in_pieces(body, &cuts);
        assert_eq!(events, ["{\"text\":\"Grüße, 世界 🦀\"}\n", "{\"a\":2}\n"]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            body in "(data: [a-zü🦀]{0,6}|: x|\\{|\r\n|\n|\n\n){0,12}",
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            prop_assert_eq!(in_pieces(body.as_bytes(), &cuts), in_pieces(body.as_bytes(), &[]));
        }

        #[test]
        fn no_bytes_panic(body: Vec<u8>, cuts in prop::collection::vec(any::<usize>(), 0..4)) {
            in_pieces(&body, &cuts);
        }
    }
}
