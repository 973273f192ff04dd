//! [`Circumstance`]: a reason to ask a person that lies in the hour and not in the agent. Two agents are not told apart by it.

/// What lets every agent's draft wait in the same hour, whatever the agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circumstance {
    /// The thread has had as many replies within the hour as it may.
    ReplyLimit,
    /// No model could be had: the draft is a past answer, a template, or a person's to write.
    NoModel,
    /// Whether something has happened is not known: the draft is a question about it.
    InDoubt,
}

const REPLIES: &str = " replies within the hour";
const DOUBT: &str = " has happened is not known";

/// Why a draft waits when no model could be had.
pub const NO_MODEL: &str = "no model could be had";

/// Why a draft waits in a thread that has had `limit` replies.
#[must_use]
pub fn over_the_limit(limit: u32) -> String {
    format!("the thread has had {limit}{REPLIES}")
}

/// Why a person is asked about the effect `name`.
#[must_use]
pub fn in_doubt(name: &str) -> String {
    format!("whether `{name}`{DOUBT}")
}

impl Circumstance {
    /// That of a draft which is `parked_because` of it; `None` where the agent itself wants a person to look.
    #[must_use]
    pub fn of(parked_because: &str) -> Option<Self> {
        match parked_because {
            because if because.ends_with(REPLIES) => Some(Self::ReplyLimit),
            because if because.ends_with(DOUBT) => Some(Self::InDoubt),
            because if because.contains(NO_MODEL) => Some(Self::NoModel),
            _ => None,
        }
    }

    /// Whether the draft that waits is the agent's own answer.
    #[must_use]
    pub fn leaves_the_answer(self) -> bool {
        self == Self::ReplyLimit
    }
}

/// Whether one agent asks a person and the other does not, by what their drafts are parked for. Where a circumstance asks, it is
/// not known whether the agent would.
#[must_use]
pub fn parks_otherwise(one: Option<&str>, other: Option<&str>) -> bool {
    let is_circumstance = |because: &str| Circumstance::of(because).is_some();
    one.is_some() != other.is_some() && !one.or(other).is_some_and(is_circumstance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_hour_tells_no_two_agents_apart() {
        let limit = over_the_limit(5);
        assert_eq!(limit, "the thread has had 5 replies within the hour");
        let no_model =
            [format!("it is a fallback answer: {NO_MODEL}"), format!("{NO_MODEL}: write it; a leak")];
        let doubt = in_doubt("reply");
        for (because, circumstance) in [
            (&limit, Circumstance::ReplyLimit),
            (&no_model[0], Circumstance::NoModel),
            (&no_model[1], Circumstance::NoModel),
            (&doubt, Circumstance::InDoubt),
        ] {
            assert_eq!(Circumstance::of(because), Some(circumstance), "{because}");
            assert_eq!(circumstance.leaves_the_answer(), circumstance == Circumstance::ReplyLimit);
            for other in [None, Some("confidence 0.50 is below 0.80")] {
                assert!(!parks_otherwise(Some(because), other) && !parks_otherwise(other, Some(because)));
            }
        }
    }

    #[test]
    fn what_the_agent_itself_parks_for_does() {
        for because in [
            "confidence 0.50 is below 0.80",
            "agent.toml wants a person to look at every answer",
            "the automation asks: refund",
            "it is a fallback answer: no model gave a usable answer",
        ] {
            assert_eq!(Circumstance::of(because), None, "{because}");
            assert!(parks_otherwise(Some(because), None) && parks_otherwise(None, Some(because)));
            assert!(!parks_otherwise(Some(because), Some("a leak")));
        }
        assert!(!parks_otherwise(None, None));
    }
}
