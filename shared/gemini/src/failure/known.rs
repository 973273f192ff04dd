//! What the service is known to say, for refusals whose status alone is not enough. Details are often absent, so the
//! messages count: whole sentences, or their beginnings, since a part of one stands in others, too.

/// A key that is not valid, or not any more.
#[rustfmt::skip]
pub(crate) const INVALID_KEY: [&str; 6] = [
    "Invalid API key…", "API key… not valid…", "API key… invalid…", "API key… expired…", "API key… revoked…", "API key not found…",
];
/// A key that stood where everybody could read it.
pub(crate) const LEAKED: [&str; 1] = ["API key… reported as leaked…"];
/// A project that is shut out.
pub(crate) const DENIED: [&str; 1] = ["Project has been denied access…"];
/// A key whose own restrictions leave this API out.
pub(crate) const BLOCKED: [&str; 2] =
    ["Requests to this API are blocked…", "Requests to this API … are blocked…"];
/// A project that has not switched Vertex AI on.
pub(crate) const VERTEX_OFF: [&str; 1] = ["Vertex AI API has not been used in project…"];
/// An identity without the role.
pub(crate) const NO_ROLE: [&str; 1] = ["Permission 'aiplatform.…"];
/// No key at all.
pub(crate) const NO_KEY: [&str; 1] = ["Method doesn't allow unregistered callers…"];
/// A key that may not be used from here, a service that is switched off, a consumer that is shut out.
const SHUT_OUT: [&str; 5] = [
    "… has not been used in project … before or it is disabled…",
    "The provided API key has an IP address restriction…",
    "Requests from referer … are blocked…",
    "Requests from this … client application … are blocked…",
    "Permission denied: Consumer … has been suspended…",
];
/// What a 403 says of the account, whatever is asked. Of all others it is not known that they mean more than the model.
pub(crate) const ACCOUNT: [&[&str]; 7] =
    [&LEAKED, &DENIED, &BLOCKED, &VERTEX_OFF, &NO_ROLE, &NO_KEY, &SHUT_OUT];

/// Whether the reason in a refusal's `ErrorInfo` is the account's.
pub(crate) fn is_reason_of_the_account(reason: &str) -> bool {
    const REASONS: [&str; 6] = [
        "SERVICE_DISABLED",
        "CONSUMER_INVALID",
        "CONSUMER_SUSPENDED",
        "USER_PROJECT_DENIED",
        "ACCOUNT_STATE_INVALID",
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    ];
    reason.starts_with("API_KEY_") || REASONS.contains(&reason)
}

/// No access token: our own words, before those of whoever gives none.
pub(crate) const NO_TOKEN: [&str; 1] = ["No access token: …"];
/// An access token that is missing, wrong or out of date, where there should be one.
pub(crate) const BAD_TOKEN: [&str; 3] = [
    "Request had invalid authentication credentials. Expected OAuth 2 access token…",
    "Request is missing required authentication credential. Expected OAuth 2 access token…",
    "API keys are not supported by this API. Expected OAuth2 access token…",
];
/// A call with less time than the service takes.
pub(crate) const TOO_SHORT: [&str; 1] = ["Manually set deadline … is too short…"];
/// A country that is not served.
pub(crate) const PLACE: [&str; 3] = [
    "User location is not supported…",
    "The free tier is not available in your country…",
    "Gemini API free tier is not available in your country…",
];
/// No credit, or no more of it this month.
pub(crate) const NO_MONEY: [&str; 4] = [
    "Prepayment credits are depleted…",
    "Project has exceeded its monthly spending cap…",
    "Billing account for the owning project is disabled…",
    "API method requires billing to be enabled…",
];
/// A cache that has expired, was deleted, or is another model's.
pub(crate) const LOST_CACHE: [&str; 7] = [
    "CachedContent not found…",
    "Invalid CachedContent name…",
    "Not found: cache content metadata…",
    "Not found: cached content metadata…",
    "Cache content … is expired…",
    "Cached content model does not match the model in the request…",
    "Model used by GenerateContent request (…) and CachedContent (…) has to be the same…",
];
/// A file that a request names.
pub(crate) const FILE: [&str; 1] = ["You do not have permission to access the File…"];
/// A model without context caches.
pub(crate) const NO_CACHES: [&str; 2] =
    ["… is not supported for createCachedContent…", "… does not support cached content…"];
/// A cache that is missing, in a gateway's own words. A 400 that begins so may be about how a cache is used.
pub(crate) const MISSING_CACHE: [&str; 1] = ["CachedContent …"];
/// What may be spent in ten minutes. Google publishes no message; a quota that is named tells it as well.
pub(crate) const SPENT: [&str; 4] = [
    "Spend limit exceeded…",
    "You exceeded your current spend limit…",
    "Your project has exceeded its spend limit…",
    "Your project has exceeded its … spend limit…",
];
/// How a model may think.
pub(crate) const THINKING: [&str; 10] = [
    "Thinking level is not supported…",
    "Thinking level … is not supported…",
    "Thinking budget is not supported…",
    "Thinking is not …",
    "The thinking budget … is invalid…",
    "Budget … is invalid. This model only works in thinking mode…",
    "Unable to submit request because thinking…",
    "You can only set one of thinking budget and thinking level…",
    "You can only set only one of thinking budget and thinking level…",
    "…generation_config.thinking_config…",
];
/// The schema of an answer.
pub(crate) const SCHEMA: [&str; 4] = [
    "A schema in GenerationConfig in the request …",
    "The specified schema …",
    "…generation_config.response_schema…",
    "…generation_config.response_json_schema…",
];
/// A service tier that a model does not have.
pub(crate) const TIER: [&str; 6] = [
    "Flex API is not supported…",
    "Priority API is not supported…",
    "Service tier … is not supported…",
    "Invalid value at 'service_tier'…",
    "…Unknown name \"serviceTier\"…",
    "…Unknown name \"service_tier\"…",
];
/// Nothing.
pub(crate) const UNSAID: [&str; 1] = ["Request contains an invalid argument"];

/// The HTTP status of a gRPC status, for an error in a good answer (google.rpc.Code).
pub(crate) fn status_of(name: &str) -> u16 {
    match name {
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => 400,
        "UNAUTHENTICATED" => 401,
        "PERMISSION_DENIED" => 403,
        "NOT_FOUND" => 404,
        "RESOURCE_EXHAUSTED" => 429,
        "CANCELLED" => 499,
        "UNAVAILABLE" => 503,
        "DEADLINE_EXCEEDED" => 504,
        _ => 500,
    }
}
