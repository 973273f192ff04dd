//! [`SignedContent`]: what is signed.

/// What is signed: text with `{timestamp}`, `{id}` and, exactly once, `{body}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedContent(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Timestamp,
    Id,
    Body,
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Something else between braces.
    #[error("`{{{0}}}` is unknown: a template may contain {{timestamp}}, {{id}} and {{body}}")]
    Unknown(String),
    /// An opening brace alone.
    #[error("a `{{` without `}}`")]
    Unclosed,
    /// The body is not signed, or signed twice.
    #[error("{{body}} must occur exactly once, or the body is not what was signed")]
    Body,
    /// The end of the id cannot be told from what follows.
    #[error("{{id}} must be followed by a separator such as `.`: its end could be moved otherwise")]
    Ambiguous,
}

impl SignedContent {
    /// Reads a template such as `v0:{timestamp}:{body}`.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn new(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, opened)) = rest.split_once('{') {
            let (name, after) = opened.split_once('}').ok_or(TemplateError::Unclosed)?;
            push_text(&mut pieces, before);
            pieces.push(Piece::named(name)?);
            rest = after;
        }
        push_text(&mut pieces, rest);
        if pieces.iter().filter(|piece| **piece == Piece::Body).count() != 1 {
            return Err(TemplateError::Body);
        }
        let id_runs_on = |pair: &[Piece]| pair[0] == Piece::Id && !matches!(pair[1], Piece::Text(_));
        if pieces.windows(2).any(id_runs_on) { Err(TemplateError::Ambiguous) } else { Ok(Self(pieces)) }
    }

    /// The body alone.
    #[must_use]
    pub fn body() -> Self {
        Self(vec![Piece::Body])
    }

    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.0
    }

    pub(crate) fn has_timestamp(&self) -> bool {
        self.0.contains(&Piece::Timestamp)
    }

    pub(crate) fn has_id(&self) -> bool {
        self.0.contains(&Piece::Id)
    }

    /// Whether `id` ends where the signer ended it. `a.1` and `1.b` around a `.` are the same signed
    /// bytes as `a` and `1.1.b`: who has seen one could send the other.
    pub(crate) fn delimits_id(&self, id: &str) -> bool {
        self.0.windows(2).all(|pair| match pair {
            [Piece::Id, Piece::Text(separator)] => !id.contains(separator.as_str()),
            _ => true,
        })
    }
}

impl Piece {
    fn named(name: &str) -> Result<Self, TemplateError> {
        match name {
            "timestamp" => Ok(Self::Timestamp),
            "id" => Ok(Self::Id),
            "body" => Ok(Self::Body),
            other => Err(TemplateError::Unknown(other.to_owned())),
        }
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_placeholders_keep_their_order() {
        let template = SignedContent::new("v0:{timestamp}:{body}").unwrap();
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(template.pieces(), [text("v0:"), Piece::Timestamp, text(":"), Piece::Body]);
        assert_eq!(SignedContent::new("{body}").unwrap(), SignedContent::body());
    }

    #[test]
    fn a_template_that_leaves_the_body_out_is_refused() {
        for text in ["", "{timestamp}", "{body}{body}", "body"] {
            assert_eq!(SignedContent::new(text), Err(TemplateError::Body), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(SignedContent::new("{ts}{body}"), Err(TemplateError::Unknown("ts".to_owned())));
        assert_eq!(SignedContent::new("{body}{"), Err(TemplateError::Unclosed));
        assert_eq!(SignedContent::new("{id}{body}"), Err(TemplateError::Ambiguous));
    }

    #[test]
    fn an_id_that_contains_the_separator_is_not_delimited() {
        let template = SignedContent::new("{id}.{timestamp}.{body}").unwrap();
        assert!(template.delimits_id("msg_1"));
        assert!(!template.delimits_id("msg.1"));
    }
}
