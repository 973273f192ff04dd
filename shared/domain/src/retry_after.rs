//! The value of the HTTP header `Retry-After`, as every client reads it.

use std::time::Duration;

use crate::{Timestamp, between};

/// The wait that `value` asks for at `now`: seconds, rounded up, or a date (RFC 9110, section 10.2.3).
///
/// `None` if it is neither. A date that has passed is a wait of zero. The caller bounds it, above and below: the
/// number comes from outside.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    match value.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 => {
            Some(Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX))
        }
        Ok(_) => None,
        Err(_) => Some(between(now, jiff::fmt::rfc2822::parse(value).ok()?.timestamp())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(value: &str) -> Option<Duration> {
        retry_after(value, "2027-01-15T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn seconds_are_rounded_up() {
        assert_eq!(wait("17"), Some(Duration::from_secs(17)));
        assert_eq!(wait(" 2.3 "), Some(Duration::from_secs(3)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
        assert_eq!(wait("inf"), Some(Duration::MAX));
    }

    #[test]
    fn a_date_is_the_time_until_then() {
        assert_eq!(wait("Fri, 15 Jan 2027 08:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Fri, 15 Jan 2021 08:00:30 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_neither_is_no_word() {
        for value in ["", "soon", "-5", "NaN", "15 Jan", "5 s"] {
            assert_eq!(wait(value), None, "{value:?}");
        }
    }
}
