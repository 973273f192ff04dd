//! [`Origin`]: where a decision came from, for the audit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a decision came from. Kept with it, and written to the log.
///
/// An address is the one that the connection came from, as the platform in front of us has seen it:
/// never one that the caller names in a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Origin {
    /// The console: its page, or its API.
    Console {
        /// Address of the caller, where it is known.
        ip: Option<String>,
    },
    /// The command line, by its own word.
    Cli {
        /// Address of the caller, where it is known.
        ip: Option<String>,
    },
    /// A button of a Slack message.
    Slack {
        /// The workspace (`T…`).
        team: String,
        /// The account (`U…`).
        user: String,
    },
    /// Nobody: the time was over.
    Sweeper,
    /// The sender of the event sent it once more.
    Sender,
}

impl Origin {
    /// The console, from an address that is not known.
    pub const CONSOLE: Self = Self::Console { ip: None };

    /// Whether it came by the console: its page, its API, or the command line, which speaks to that.
    #[must_use]
    pub fn is_console(&self) -> bool {
        matches!(self, Self::Console { .. } | Self::Cli { .. })
    }
}

/// `console 203.0.113.7`, `slack T1DC2JH3J/U2CERLKJA`: one word for the log, or two.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (channel, ip) = match self {
            Self::Console { ip } => ("console", ip),
            Self::Cli { ip } => ("cli", ip),
            Self::Slack { team, user } => return write!(f, "slack {team}/{user}"),
            Self::Sweeper => return f.write_str("sweeper"),
            Self::Sender => return f.write_str("sender"),
        };
        f.write_str(channel)?;
        ip.as_ref().map_or(Ok(()), |ip| write!(f, " {ip}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_names_the_channel_and_what_is_known_of_it() {
        let slack = Origin::Slack { team: "T1".to_owned(), user: "U1".to_owned() };
        for (origin, shown) in [
            (Origin::CONSOLE, json!({"channel": "console", "ip": null})),
            (Origin::Cli { ip: Some("::1".to_owned()) }, json!({"channel": "cli", "ip": "::1"})),
            (slack, json!({"channel": "slack", "team": "T1", "user": "U1"})),
            (Origin::Sweeper, json!({"channel": "sweeper"})),
        ] {
            assert_eq!(serde_json::to_value(&origin).unwrap(), shown);
            assert_eq!(serde_json::from_value::<Origin>(shown).unwrap(), origin);
        }
    }

    #[test]
    fn log_has_the_channel_first() {
        assert_eq!(Origin::Console { ip: Some("203.0.113.7".to_owned()) }.to_string(), "console 203.0.113.7");
        assert_eq!(Origin::CONSOLE.to_string(), "console");
    }
}
