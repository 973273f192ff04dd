//! What a failed request means for the caller.
//!
//! The one question that matters is whether something may have been made. A refusal (4xx) is certain;
//! so is a connection that was never made. Anything else after a write was on its way is in doubt: a 504
//! says that an answer was lost, not that nothing was done. After a 500, 502 or 503 something may have been made
//! as well, but nothing is on its way any more. Only a 503 that names a `Retry-After` is a server's own word that
//! it took no work.

use std::time::Duration;

use domain::{ServiceFailure, clip};
use reqwest::StatusCode;

use crate::service::Operation;

/// The wait when a rate limit names none.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// The most that is repeated of what a service says, in bytes.
const MAX_QUOTE: usize = 300;

/// What the status of an answer means that is no success.
pub(crate) fn of_status(operation: Operation, status: StatusCode, after: Option<Duration>) -> ServiceFailure {
    match status {
        StatusCode::TOO_MANY_REQUESTS => ServiceFailure::Throttled { after: after.unwrap_or(DEFAULT_WAIT) },
        // The server gave up waiting for the request: it has not acted on it.
        StatusCode::REQUEST_TIMEOUT => ServiceFailure::Later { after },
        StatusCode::SERVICE_UNAVAILABLE if after.is_some() => ServiceFailure::Later { after },
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE
            if operation.creates =>
        {
            ServiceFailure::ServerError
        }
        status if status.is_redirection() || status.is_client_error() => ServiceFailure::Refused,
        _ => lost(operation, after),
    }
}

/// What a lost or unreadable answer means.
pub(crate) fn lost(operation: Operation, after: Option<Duration>) -> ServiceFailure {
    if operation.creates { ServiceFailure::InDoubt } else { ServiceFailure::Later { after } }
}

/// What a service says, on one bounded line. Redact it first: half a credential would not be recognised.
pub(crate) fn quote(said: &str) -> String {
    let line: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clip(line.trim(), MAX_QUOTE).to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::service::Service;

    pub(crate) static SERVICE: Service = Service {
        name: "sample",
        title: "Sample",
        url_variable: "SAMPLE_API_URL",
        url_example: "https://api.sample.example",
        credential_variable: "SAMPLE_TOKEN",
        longest_text: markdown::Limit::chars(1_000),
    };

    const WRITE: Operation = Operation::creates("write");
    const READ: Operation = Operation::reads("read");

    fn of(operation: Operation, status: u16, after: Option<u64>) -> ServiceFailure {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        of_status(operation, status, after.map(Duration::from_secs))
    }

    #[test]
    fn refusals_and_redirects_are_certain() {
        for status in [300, 301, 302, 307, 308, 400, 401, 403, 404, 409, 410, 413, 422] {
            assert_eq!(of(WRITE, status, None), ServiceFailure::Refused, "{status}");
            assert_eq!(of(READ, status, None), ServiceFailure::Refused, "{status}");
        }
    }

    #[test]
    fn a_server_error_leaves_a_write_in_doubt_and_a_read_for_later() {
        for status in [500, 502, 503, 504, 520] {
            let sooner = [500, 502, 503].contains(&status);
            let expected = if sooner { ServiceFailure::ServerError } else { ServiceFailure::InDoubt };
            assert_eq!(of(WRITE, status, None), expected, "{status}");
            assert!(of(WRITE, status, None).is_in_doubt());
            assert_eq!(of(READ, status, None), ServiceFailure::Later { after: None }, "{status}");
        }
    }

    #[test]
    fn only_a_503_with_a_time_is_a_refusal_of_work() {
        let after = Some(Duration::from_secs(9));
        assert_eq!(of(WRITE, 503, Some(9)), ServiceFailure::Later { after });
        assert_eq!(of(WRITE, 502, Some(9)), ServiceFailure::ServerError);
    }

    #[test]
    fn a_rate_limit_waits_as_told_or_a_minute() {
        let throttled = |seconds| ServiceFailure::Throttled { after: Duration::from_secs(seconds) };
        assert_eq!(of(WRITE, 429, Some(9)), throttled(9));
        assert_eq!(of(READ, 429, None), throttled(60));
    }

    #[test]
    fn quotes_are_one_bounded_line() {
        assert_eq!(quote(" a\r\nb\u{7} "), "a  b");
        assert!(quote(&"é".repeat(1_000)).len() <= MAX_QUOTE);
    }
}
