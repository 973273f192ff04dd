//! [`Roles`]: what the holder of a console token may do.

use std::fmt;
use std::str::FromStr;

/// Something that a console token may be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// See tasks, transcripts and events.
    Read,
    /// Make tasks (`POST /tasks`).
    Submit,
    /// Approve, reject, retry, and say what would have been right.
    Decide,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Submit, Self::Decide];

    /// Its word in `CONSOLE_TOKEN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Decide => "decide",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Submit => 2,
            Self::Decide => 4,
        }
    }
}

/// A set of roles, never empty. `read+decide` in `CONSOLE_TOKEN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Everything: the roles of a line that names none.
    pub const ALL: Self = Self(7);

    /// Whether `role` is among them.
    #[must_use]
    pub fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }
}

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(role.bit())
    }
}

/// The words, separated by `+`.
impl FromStr for Roles {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split('+').try_fold(Self(0), |roles, word| {
            let role = Role::ALL.into_iter().find(|role| role.as_str() == word.trim());
            role.map(|role| Self(roles.0 | role.bit())).ok_or("an unknown role")
        })
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Role::ALL.into_iter().filter(|role| self.has(*role)).map(Role::as_str);
        f.write_str(&words.collect::<Vec<_>>().join("+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_words_with_a_plus_between_them() {
        let read = |text: &str| text.parse::<Roles>().map(|roles| roles.to_string());
        assert_eq!(read("decide + read").as_deref(), Ok("read+decide"));
        assert_eq!(read("read+read").as_deref(), Ok("read"));
        assert_eq!(read("read+submit+decide").unwrap(), Roles::ALL.to_string());
        for wrong in ["", "admin", "read+", "READ", "read,decide", "read/decide"] {
            assert_eq!(read(wrong), Err("an unknown role"), "{wrong}");
        }
    }
}
