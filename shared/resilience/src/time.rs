//! Points in time as whole microseconds since 1970, in which the shared machines calculate: every
//! sum saturates, so no state read back can overflow.

use std::time::Duration;

use jiff::Timestamp;

/// Microseconds of one second.
pub(crate) const SECOND: i64 = 1_000_000;

/// Microseconds since 1970.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// The point in time; one beyond the calendar becomes its first or last.
pub(crate) fn timestamp(micros: i64) -> Timestamp {
    let edge = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(edge)
}

/// A length of time in microseconds.
pub(crate) fn span(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_beyond_the_calendar_become_its_edges() {
        assert_eq!(timestamp(i64::MAX), Timestamp::MAX);
        assert_eq!(timestamp(i64::MIN), Timestamp::MIN);
        assert_eq!(timestamp(micros(Timestamp::constant(7, 5_000))), Timestamp::constant(7, 5_000));
        assert_eq!(span(Duration::MAX), i64::MAX);
    }
}
