//! [`ApiError`]: a failed call in Google's own words, sorted.

use std::fmt;
use std::time::Duration;

use domain::{clip, says, tells};
use resilience::QuotaLimits;
use serde_json::Value;

use super::known;
use crate::http::Reply;
use crate::wire::parse_duration;

/// Longest message that is passed on, bytes.
const MAX_MESSAGE: usize = 300;
/// The most that a wait is believed. Quotas of a minute and spend limits of ten are renewed long before, and a
/// used-up day is told by its quota. A longer wait is garbled, and it would stop the whole fleet.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// What the service said when it refused.
///
/// Holds nothing of the request: no credentials, no prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status; for an error inside a 200 body, the error's own code, or what its gRPC status stands for.
    pub status: u16,
    /// gRPC status, such as `RESOURCE_EXHAUSTED`; empty if none was given.
    pub grpc_status: String,
    /// First line of the message, without control characters, at most 300 bytes.
    pub message: String,
    /// Reason of `ErrorInfo`, such as `API_KEY_INVALID`.
    pub reason: Option<String>,
    /// How long we are told to wait (`RetryInfo`, or the header `Retry-After`); never zero, at most an hour.
    pub retry_after: Option<Duration>,
    /// Every quota that was exceeded: there can be several at once, and the worst one counts.
    pub quotas: Vec<QuotaLimit>,
    no_access: bool,
}

/// What of one request a model refuses: another request, or another model, may fare better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// The level or amount of thinking.
    Thinking,
    /// The schema of the answer: too complex, or with a keyword that is not known.
    Schema,
    /// The service tier: not every model offers each.
    Tier,
    /// Something else: its length, a setting.
    Request,
    /// The service does not say what.
    Unsaid,
}

/// A quota that was exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaLimit {
    /// `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub id: String,
    /// What its id says about the period; `None` if nothing.
    pub period: Option<Period>,
    /// The limit; `Some(0)` is no access at all.
    pub limit: Option<u64>,
}

/// The period of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Renewed within a minute.
    Minute,
    /// Renewed at midnight in California.
    Day,
}

impl ApiError {
    /// What `reply` refuses, if it does: an error may come in a good answer, too.
    pub(crate) fn in_reply(reply: &Reply) -> Option<Self> {
        if (200..300).contains(&reply.status) && reply.body.get("error").is_none() {
            return None;
        }
        let mut error = Self::read(reply.status, &reply.body);
        error.wait_at_least(reply.retry_after);
        Some(error)
    }

    /// Reads the body of a failed call: `google.rpc.Status`, in the form of the HTTP API. Any body will do: a
    /// proxy's HTML page has no details.
    #[must_use]
    pub fn read(http_status: u16, body: &Value) -> Self {
        // Without `alt=sse`, errors of streamed calls come inside an array.
        let status = &body.get(0).unwrap_or(body)["error"];
        let code = status["code"].as_u64().and_then(|code| u16::try_from(code).ok());
        let code =
            code.filter(|code| *code >= 300).unwrap_or_else(|| known::status_of(text(status, "status")));
        let message = text(status, "message");
        let mut error = Self {
            status: if (200..300).contains(&http_status) { code } else { http_status },
            grpc_status: one_line(text(status, "status")),
            message: one_line(message),
            reason: None,
            retry_after: None,
            quotas: Vec::new(),
            no_access: says_limit_zero(message),
        };
        for detail in status["details"].as_array().into_iter().flatten() {
            error.add(detail);
        }
        if error.status == 429 && error.quotas.is_empty() {
            error.read_words(message);
        }
        error
    }

    /// Reads what the details would say: `… metric: …/generate_requests_per_model_per_day, limit: 250 … retry in 9h12m.`
    fn read_words(&mut self, message: &str) {
        for (at, found) in message.match_indices(", limit: ") {
            let id = message[..at].rsplit(|c: char| c == '/' || c.is_whitespace()).next().unwrap_or_default();
            let limit = &message[at + found.len()..];
            let end = limit.find(|c: char| !c.is_ascii_digit()).unwrap_or(limit.len());
            self.quotas.push(QuotaLimit::new(id, &limit[..end]));
        }
        if self.quotas.is_empty() && squeezed(message).contains("perday") {
            self.quotas.push(QuotaLimit::new("RequestsPerDay", ""));
        }
        let wait = message.split_once("retry in ").and_then(|(_, wait)| wait.split_whitespace().next());
        self.wait_at_least(wait.and_then(|wait| parse_duration(wait.trim_end_matches('.'))));
    }

    /// Reads one detail. Other kinds, and known ones in another shape, say nothing.
    fn add(&mut self, detail: &Value) {
        match text(detail, "@type").rsplit('.').next() {
            Some("QuotaFailure") => {
                let violations = detail["violations"].as_array().into_iter().flatten();
                let quota = |one| QuotaLimit::new(text(one, "quotaId"), text(one, "quotaValue"));
                self.quotas.extend(violations.map(quota));
            }
            Some("RetryInfo") => self.wait_at_least(parse_duration(text(detail, "retryDelay"))),
            Some("ErrorInfo") => {
                let metadata = &detail["metadata"];
                if let Some(id) = metadata["quota_limit"].as_str() {
                    self.quotas.push(QuotaLimit::new(id, text(metadata, "quota_limit_value")));
                }
                self.reason = Some(one_line(text(detail, "reason"))).filter(|reason| !reason.is_empty());
            }
            _ => {}
        }
    }

    /// Waits at least as long as `wait` says: the longest of all waits counts. Zero counts as none, since
    /// coming back at once is what was refused. An hour is the most that is believed.
    pub(crate) fn wait_at_least(&mut self, wait: Option<Duration>) {
        let wait = wait.filter(|wait| !wait.is_zero()).map(|wait| wait.min(MAX_RETRY_AFTER));
        self.retry_after = self.retry_after.max(wait);
    }

    /// Whether the key is refused, whatever is asked.
    #[must_use]
    pub fn is_invalid_key(&self) -> bool {
        self.reason.as_deref() == Some("API_KEY_INVALID")
            || self.status == 401
            || (matches!(self.status, 400 | 403) && tells(&self.message, &known::INVALID_KEY))
    }

    /// Whether the project may not use the model at all: its limit is 0.
    #[must_use]
    pub fn is_without_access(&self) -> bool {
        self.status == 429 && (self.no_access || self.quotas.iter().any(|quota| quota.limit == Some(0)))
    }

    /// Whether the account's money is used up: its credits, or what it may spend in a month. The details
    /// are often missing, so the words count.
    #[must_use]
    pub fn is_without_money(&self) -> bool {
        self.status == 402 || matches!(self.status, 403 | 429) && tells(&self.message, &known::NO_MONEY)
    }

    /// Whether key, project or place are refused, whatever is asked: only what is known to mean that. A file that one
    /// task names is not the account's, nor is a model that an organization does not allow.
    #[must_use]
    pub fn is_of_the_account(&self) -> bool {
        match self.status {
            400 => self.is_invalid_key() || tells(&self.message, &known::PLACE),
            403 => {
                let of_the_reason = self.reason.as_deref().is_some_and(known::is_reason_of_the_account);
                let is_told = known::ACCOUNT.iter().any(|known| tells(&self.message, known));
                of_the_reason || is_told || self.is_invalid_key()
            }
            401 => true,
            _ => false,
        }
    }

    /// Whether this account is not served this model, and nothing else is known to be refused.
    pub(crate) fn is_of_the_model(&self) -> bool {
        match self.status {
            400 => self.grpc_status == "FAILED_PRECONDITION" && !self.is_lost_cache(),
            403 => !self.is_lost_cache() && !says(&self.message, &known::FILE),
            _ => false,
        }
    }

    /// Whether Google says that there is no such thing. A gateway without the path says 404 as well.
    pub(crate) fn is_missing(&self) -> bool {
        self.status == 404 && self.grpc_status == "NOT_FOUND"
    }

    /// Whether it is the address that is refused, or the version of the API in it: another one may serve the model.
    pub fn is_of_the_address(&self) -> bool {
        matches!(self.status, 300..400 | 404 | 405 | 410) && !self.is_lost_cache()
    }

    /// What a 400 finds fault with, if that is the request.
    pub(crate) fn about(&self) -> Option<About> {
        if self.status != 400 {
            return None;
        }
        let known = [
            (&known::THINKING[..], About::Thinking),
            (&known::SCHEMA, About::Schema),
            (&known::TIER, About::Tier),
            (&known::UNSAID, About::Unsaid),
        ];
        let about = known.into_iter().find(|(words, _)| says(&self.message, words));
        Some(about.map_or(About::Request, |(_, about)| about))
    }

    /// The limits that the service names.
    pub(crate) fn told(&self) -> QuotaLimits {
        let least = |period, word: &str| {
            let named = self
                .quotas
                .iter()
                .filter(|one| one.period == Some(period) && squeezed(&one.id).contains(word));
            named.filter_map(|quota| quota.limit).min()
        };
        QuotaLimits {
            requests_per_minute: least(Period::Minute, "request"),
            tokens_per_minute: least(Period::Minute, "inputtoken"),
            requests_per_day: least(Period::Day, "request"),
            ..QuotaLimits::default()
        }
    }

    /// Whether a quota per day is among those exceeded. It may come with a short `RetryInfo`, which is wrong for it.
    #[must_use]
    pub fn is_daily(&self) -> bool {
        self.quotas.iter().any(|quota| quota.period == Some(Period::Day))
    }

    /// Whether money, not calls or tokens, ran out: a limit of spending in a rolling window of ten minutes.
    #[must_use]
    pub fn is_spend_limit(&self) -> bool {
        let by_quota = || self.quotas.iter().any(|quota| quota.id.contains("Spend"));
        self.status == 429 && (says(&self.message, &known::SPENT) || by_quota())
    }

    /// Whether the context cache that was named cannot be used: expired, deleted, or not ours (the service says 403 for
    /// all three), unknown to a gateway (404), or made for the model that an alias stood for until today (400).
    #[must_use]
    pub fn is_lost_cache(&self) -> bool {
        match self.status {
            400 => says(&self.message, &known::LOST_CACHE),
            403 | 404 => {
                says(&self.message, &known::LOST_CACHE) || says(&self.message, &known::MISSING_CACHE)
            }
            _ => false,
        }
    }

    /// Whether a context cache was refused for being smaller than the model takes.
    pub(crate) fn is_too_small_for_a_cache(&self) -> bool {
        self.status == 400 && self.message.contains("min_total_token_count=")
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        for word in [&self.grpc_status, self.reason.as_ref().unwrap_or(&String::new())] {
            if !word.is_empty() {
                write!(f, " {word}")?;
            }
        }
        for quota in &self.quotas {
            write!(f, " [{}]", quota.id)?;
        }
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl std::error::Error for ApiError {}

impl QuotaLimit {
    fn new(id: &str, limit: &str) -> Self {
        let period = if squeezed(id).contains("perday") {
            Some(Period::Day)
        } else if squeezed(id).contains("perminute") {
            Some(Period::Minute)
        } else {
            None
        };
        Self { id: one_line(id), period, limit: limit.parse().ok() }
    }
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// `PerDay`, `per_day` and `per day` alike.
fn squeezed(words: &str) -> String {
    words.to_lowercase().replace(['_', ' '], "")
}

/// `limit: 0`, but not `limit: 0.5` or `limit: 05`.
fn says_limit_zero(message: &str) -> bool {
    message.match_indices("limit: 0").any(|(at, found)| {
        let rest = &message[at + found.len()..];
        !rest.strip_prefix('.').unwrap_or(rest).starts_with(|next: char| next.is_ascii_digit())
    })
}

/// What may go into logs and to users: one line, short, nothing that moves a cursor.
fn one_line(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    clip(line, MAX_MESSAGE).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
