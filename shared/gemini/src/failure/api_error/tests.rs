//! Every form in which the service refuses.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refusal(code: u16, status: &str, message: &str, details: Value) -> ApiError {
    let body = json!({"error": {"code": code, "message": message, "status": status, "details": details}});
    ApiError::read(code, &body)
}

fn exhausted(message: &str, details: Value) -> ApiError {
    refusal(429, "RESOURCE_EXHAUSTED", message, details)
}

fn invalid(message: &str, details: Value) -> ApiError {
    refusal(400, "INVALID_ARGUMENT", message, details)
}

fn quota_failure(ids: &[(&str, &str)]) -> Value {
    let violations: Vec<Value> = ids
        .iter()
        .map(|(id, value)| {
            json!({"quotaMetric": "generativelanguage.googleapis.com/m", "quotaId": id, "quotaValue": value,
            "quotaDimensions": {"location": "global", "model": "m"}})
        })
        .collect();
    json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations})
}

fn retry_info(delay: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
}

const PER_MINUTE: &str = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier";
const PER_DAY: &str = "GenerateRequestsPerDayPerProjectPerModel-FreeTier";
const EXCEEDED: &str = "You exceeded your current quota.";

#[test]
fn quota_failure_with_retry_info_says_what_and_how_long() {
    let details = json!([quota_failure(&[(PER_MINUTE, "10")]), retry_info("45.837906927s")]);
    let error = exhausted(EXCEEDED, details);
    assert_eq!(error.retry_after, Some(Duration::new(45, 837_906_927)));
    let limit = QuotaLimit { id: PER_MINUTE.to_owned(), period: Some(Period::Minute), limit: Some(10) };
    assert_eq!(error.quotas, [limit]);
    assert!(!error.is_daily() && !error.is_without_access());
}

#[test]
fn quota_failure_alone_says_no_time_and_help_alone_says_nothing() {
    let id = "GenerateContentInputTokensPerModelPerMinute-FreeTier";
    let error = exhausted(EXCEEDED, json!([quota_failure(&[(id, "250000")])]));
    assert_eq!((error.retry_after, error.quotas[0].period), (None, Some(Period::Minute)));
    let help = json!([{"@type": "type.googleapis.com/google.rpc.Help", "links": [{"url": "https://ai.google.dev"}]}]);
    let error = exhausted(EXCEEDED, help);
    assert_eq!((error.retry_after, error.quotas.len()), (None, 0));
}

#[test]
fn the_daily_quota_is_found_among_several() {
    let details = json!([quota_failure(&[(PER_MINUTE, "10"), (PER_DAY, "250")]), retry_info("36s")]);
    assert!(exhausted(EXCEEDED, details).is_daily());
}

#[test]
fn words_count_where_details_are_absent() {
    let told = |words: &str| exhausted(words, json!([]));
    let day = told(
        "Out.\n* Quota exceeded for metric: x.com/generate_requests_per_model_per_day, limit: 250, model: m\nPlease retry in 9h12m3.5s.",
    );
    assert!(day.is_daily());
    assert_eq!((day.told().requests_per_day, day.retry_after), (Some(250), Some(MAX_RETRY_AFTER)));
    let minute = told("metric: x.com/generate_requests_per_minute, limit: 10\nPlease retry in 45.5s.");
    assert_eq!((minute.told().requests_per_minute, minute.is_daily()), (Some(10), false));
    assert_eq!(minute.retry_after, Some(Duration::from_millis(45_500)));
    assert!(told("Quota exceeded for quota metric 'Requests per day' of consumer 'x'.").is_daily());
}

#[test]
fn a_limit_of_zero_is_no_access_and_no_other_is() {
    let by_value = exhausted(EXCEEDED, json!([quota_failure(&[(PER_DAY, "0")])]));
    assert!(by_value.is_without_access());
    let words = "You exceeded your current quota.\n* Quota exceeded for metric: m, limit: 0, model: x\nPlease retry in 3s.";
    assert!(exhausted(words, json!([])).is_without_access());
    for (limit, is_zero) in [
        ("limit: 20", false),
        ("limit: 0.5", false),
        ("limit: 05", false),
        ("limit: 10", false),
        ("limit: 0.", true),
    ] {
        assert_eq!(exhausted(limit, json!([])).is_without_access(), is_zero, "{limit}");
    }
}

#[test]
fn a_quota_in_error_info_counts_too() {
    let info = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com", "metadata": {"quota_limit": "GenerateContentRequestsPerDayPerProject",
        "quota_limit_value": "60"}}]);
    let error = exhausted(EXCEEDED, info);
    assert!(error.is_daily());
    assert_eq!(error.reason.as_deref(), Some("RATE_LIMIT_EXCEEDED"));
}

#[test]
fn a_spend_limit_is_told_from_a_rate() {
    let error = exhausted("Your project has exceeded its spend limit.", json!([]));
    assert!(error.is_spend_limit());
    assert!(!exhausted(EXCEEDED, json!([])).is_spend_limit());
}

#[test]
fn the_longer_wait_counts_and_zero_is_none() {
    let mut error = exhausted(EXCEEDED, json!([retry_info("0s")]));
    assert_eq!(error.retry_after, None);
    error.wait_at_least(Some(Duration::from_secs(7)));
    error.wait_at_least(Some(Duration::from_secs(3)));
    error.wait_at_least(None);
    assert_eq!(error.retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn a_lost_cache_is_a_403_and_a_small_one_is_told_by_its_minimum() {
    let lost = "CachedContent not found (or permission denied)";
    assert!(refusal(403, "PERMISSION_DENIED", lost, json!([])).is_lost_cache());
    assert!(!refusal(403, "PERMISSION_DENIED", "Denied.", json!([])).is_lost_cache());
    let moved =
        "Model used by GenerateContent request (models/a) and CachedContent (models/b) has to be the same.";
    assert!(invalid(moved, json!([])).is_lost_cache());
    let small = "Cached content is too small. total_token_count=97, min_total_token_count=2048.";
    assert!(invalid(small, json!([])).is_too_small_for_a_cache());
    assert!(!invalid("Bad request.", json!([])).is_too_small_for_a_cache());
}

#[test]
fn an_error_says_its_code_its_words_and_no_more_wherever_it_stands() {
    let overloaded = json!({"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}});
    for (status, body, said) in [
        (502, json!("<html>Bad gateway</html>"), "HTTP 502"),
        (502, json!(null), "HTTP 502"),
        (502, json!([]), "HTTP 502"),
        (502, json!({"error": "no"}), "HTTP 502"),
        (502, json!({}), "HTTP 502"),
        (200, overloaded.clone(), "HTTP 503 UNAVAILABLE: Overloaded."),
        (429, json!([overloaded]), "HTTP 429 UNAVAILABLE: Overloaded."),
        (200, json!({"error": {"code": "invalid_request", "message": "m"}}), "HTTP 500: m"),
        (200, json!({"error": {"status": "INTERNAL", "message": "m"}}), "HTTP 500 INTERNAL: m"),
        (200, json!([{"error": {"code": 13, "status": "UNAVAILABLE"}}]), "HTTP 503 UNAVAILABLE"),
    ] {
        assert_eq!(ApiError::read(status, &body).to_string(), said);
    }
}

#[test]
fn details_of_a_wrong_shape_or_an_unknown_kind_do_not_break_the_rest() {
    let google = |kind: &str| format!("type.googleapis.com/google.rpc.{kind}");
    let details = json!([
        {"@type": google("QuotaFailure"), "violations": "many"}, {"@type": google("RetryInfo"), "retryDelay": 34},
        {"@type": google("Poem"), "lines": 2}, "text", null, retry_info("45.837906927s")]);
    let error = exhausted(EXCEEDED, details);
    assert_eq!((error.retry_after, error.quotas.len()), (Some(Duration::new(45, 837_906_927)), 0));
}

#[test]
fn messages_are_one_short_line() {
    let error = invalid(&format!("\u{1b}[2Ja\tb{}\nsecond", "x".repeat(500)), json!([]));
    assert!(error.message.starts_with(" [2Ja b"));
    assert!(error.message.len() <= MAX_MESSAGE && !error.message.contains("second"));
}

proptest! {
    #[test]
    fn no_message_panics(status: u16, message: String, delay: String, id: String) {
        let body = json!({"error": {"code": status, "message": message, "details": [retry_info(&delay),
            quota_failure(&[(id.as_str(), id.as_str())])]}});
        let error = ApiError::read(status, &body);
        let _ = (error.to_string(), error.is_too_small_for_a_cache(), error.is_without_access());
    }
}

/// Words within another message mean nothing.
#[test]
fn messages_count_whole_and_not_by_a_word_in_them() {
    let invalid = |message: &str| invalid(message, json!([]));
    let misused = "CachedContent can not be used with GenerateContent request setting system_instruction.";
    assert!(!invalid(misused).is_lost_cache());
    assert!(!invalid("The text `API key not valid` is too long.").is_invalid_key());
    let quota = "Quota exceeded for requests of the billing account per minute";
    assert!(!exhausted(quota, json!([])).is_without_money());
    for rate in
        ["Suspended for a minute.", "Requests of projects that spend little are limited to 25 a minute."]
    {
        assert!(!exhausted(rate, json!([])).is_spend_limit(), "{rate}");
    }
    let by_quota = json!([quota_failure(&[("GenerateContentSpendPerTenMinutes", "10")])]);
    assert!(exhausted(EXCEEDED, by_quota).is_spend_limit());
    let denied = "Permission 'generativelanguage.cachedContent.get' denied on a resource.";
    assert!(!refusal(403, "PERMISSION_DENIED", denied, json!([])).is_lost_cache());
    for lost in ["Not found: cache content metadata 8754364356910645200.", "CachedContent x is gone"] {
        assert!(refusal(404, "NOT_FOUND", lost, json!([])).is_lost_cache(), "{lost}");
    }
    assert!(invalid("Cached content model does not match the model in the request.").is_lost_cache());
}

/// What a 400 is about is told by the whole of it, or by the path of the field.
#[test]
fn a_refusal_is_about_what_its_known_sentence_is_about() {
    for (message, expected) in [
        ("Thinking level MINIMAL is not supported for this model.", About::Thinking),
        ("Thinking is not enabled for models/m.", About::Thinking),
        ("Budget 0 is invalid. This model only works in thinking mode.", About::Thinking),
        ("Invalid value at 'generation_config.thinking_config.thinking_level'", About::Thinking),
        ("The specified schema produces a constraint that has too many states for serving.", About::Schema),
        (
            "A schema in GenerationConfig in the request exceeds the maximum allowed nesting depth.",
            About::Schema,
        ),
        ("* GenerateContentRequest.generation_config.response_schema.properties: empty", About::Schema),
        ("Flex API is not supported for model m.", About::Tier),
        (r#"Invalid JSON payload received. Unknown name "serviceTier": Cannot find field."#, About::Tier),
        ("Unable to submit request because thinking_level is not supported by this model.", About::Thinking),
        ("You can only set only one of thinking budget and thinking level.", About::Thinking),
        ("Request contains an invalid argument.", About::Unsaid),
        ("The input token count exceeds the maximum number of tokens allowed 1048576.", About::Request),
        ("The file `my thinking.pdf` has no pages.", About::Request),
        ("Cannot fetch content from https://schema.example/flexible.", About::Request),
        ("A frontier of this request is not valid.", About::Request),
    ] {
        let error = invalid(message, json!([]));
        assert_eq!(error.about(), Some(expected), "{message}");
    }
}
