//! [`Operation`]: what we were about to do when something failed.

/// Name of the service in errors.
pub(crate) const SERVICE: &str = "github";

/// An operation on GitHub, as named in errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Ask which account we are.
    Login,
    /// Act in the name of the app itself: ask for it, its installation, and a token for that.
    App,
    /// Read the last comments of a thread.
    History,
    /// Look whether a thread can still be answered.
    State,
    /// Add a comment.
    Publish,
    /// Look for a comment of ours.
    Find,
    /// Read the labels of a thread.
    Labels,
    /// Give a thread labels.
    AddLabels,
}

impl Operation {
    /// The name shown to users.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Login => "ask for our own account",
            Self::App => "act as the app",
            Self::History => "read the comments",
            Self::State => "read the issue",
            Self::Publish => "create a comment",
            Self::Find => "look for our comment",
            Self::Labels => "read the labels",
            Self::AddLabels => "add labels",
        }
    }

    /// Whether a lost answer leaves in doubt if something was made that must not be made twice.
    /// (A spare installation token harms nobody: it expires.)
    pub(crate) const fn creates(self) -> bool {
        matches!(self, Self::Publish | Self::AddLabels)
    }
}
