//! [`FieldMap`]: where the fields of a sender's events are; [`Pointer`]: a place in a JSON body.

/// Where the fields of a sender's events are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldMap {
    /// Kind of event (default: `/type`).
    pub event: Option<Pointer>,
    /// Whose quota and share of the queue it uses (default: the name of the source).
    pub tenant: Option<Pointer>,
    /// The conversation that it belongs to (default: each event is one).
    pub thread: Option<Pointer>,
    /// Who caused it (default: the name of the source).
    pub actor: Option<Pointer>,
    /// Heading (default: none).
    pub title: Option<Pointer>,
    /// What the agent is to read (default: the whole body).
    pub text: Option<Pointer>,
    /// A list of texts, or of objects with a `name` (default: none).
    pub labels: Option<Pointer>,
    /// When it happened, as RFC 3339 has it (default: `/timestamp`).
    pub occurred_at: Option<Pointer>,
    /// The id of the comment, for events that are comments (default: none is).
    pub comment: Option<Pointer>,
    /// `true` where the customer can see it; anything else, or nothing, is for the staff alone (default:
    /// everything is public).
    pub public: Option<Pointer>,
}

/// A JSON pointer (RFC 6901), such as `/ticket/id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

/// A text that is no JSON pointer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It does not begin at the root.
    #[error("a JSON pointer begins with `/`")]
    NoRoot {
        /// What it was probably meant to be.
        meant: String,
    },
    /// It is the root, which is no field.
    #[error("a JSON pointer to a field has at least one name behind its `/`")]
    Whole,
    /// A `~` that escapes nothing.
    #[error("a `~` in a JSON pointer is written `~0`, and a `/` within a name `~1`")]
    Escape,
}

impl Pointer {
    /// Reads a pointer to a field.
    ///
    /// # Errors
    /// [`PointerError`].
    pub fn new(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() || text == "/" {
            return Err(PointerError::Whole);
        }
        if !text.starts_with('/') {
            let path = text.trim_start_matches(['$', '.']).replace(['.', '['], "/").replace([']', '\''], "");
            return Err(PointerError::NoRoot { meant: format!("/{path}") });
        }
        let mut escapes = text.split('~').skip(1);
        if escapes.any(|rest| !rest.starts_with(['0', '1'])) {
            return Err(PointerError::Escape);
        }
        Ok(Self(text.to_owned()))
    }

    /// The pointer as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_to_fields_are_taken() {
        for text in ["/id", "/ticket/id", "/items/0/name", "/a~1b", "/m~0n", "//"] {
            assert_eq!(Pointer::new(text).as_ref().map(Pointer::as_str), Ok(text));
        }
    }

    #[test]
    fn what_was_meant_is_guessed() {
        let meant = |text: &str| match Pointer::new(text) {
            Err(PointerError::NoRoot { meant }) => meant,
            other => format!("{other:?}"),
        };
        assert_eq!(meant("id"), "/id");
        assert_eq!(meant("$.ticket.id"), "/ticket/id");
        assert_eq!(meant("items[0].name"), "/items/0/name");
    }

    #[test]
    fn the_root_and_stray_tildes_are_no_fields() {
        assert_eq!(Pointer::new(""), Err(PointerError::Whole));
        assert_eq!(Pointer::new("/"), Err(PointerError::Whole));
        assert_eq!(Pointer::new("/a~"), Err(PointerError::Escape));
        assert_eq!(Pointer::new("/a~2"), Err(PointerError::Escape));
    }
}
