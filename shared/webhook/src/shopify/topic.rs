//! Which topics are true of a signed body.

use crate::reading::{JsonView, word};

/// How long after its creation an object may have been written to before the news of it was signed.
const CREATION_SECONDS: i64 = 300;

/// Whether the topic `resource/action` can be that of `body`, whose object is of the kind `kind`.
pub(super) fn is_true(body: JsonView<'_>, kind: &str, resource: &str, action: &str) -> bool {
    is_of(resource, kind) && word(action).is_some() && !is_contradicted(body, action)
}

/// Whether the topic's `resource` (`orders`) is that of the object's `kind` (`order`). Where the body
/// does not say its kind, there is nothing to contradict the topic.
fn is_of(resource: &str, kind: &str) -> bool {
    let plural = [format!("{kind}s"), format!("{kind}es"), format!("{}ies", kind.trim_end_matches('y'))];
    word(resource).is_some()
        && (kind == super::UNKNOWN || resource == kind || plural.iter().any(|it| it == resource))
}

/// Whether the dates and states of the body say that `action` is not what has just happened.
fn is_contradicted(body: JsonView<'_>, action: &str) -> bool {
    let is_paid =
        || matches!(body.text("/financial_status"), Some("paid" | "partially_refunded" | "refunded"));
    match action {
        "create" => was_changed_since(body),
        "cancelled" => body.0.get("cancelled_at").is_some_and(serde_json::Value::is_null),
        "paid" => body.text("/financial_status").is_some() && !is_paid(),
        "fulfilled" => body.0.get("fulfillment_status").is_some_and(|status| status != "fulfilled"),
        _ => false,
    }
}

fn was_changed_since(body: JsonView<'_>) -> bool {
    let dates = body.date("/created_at").zip(body.date("/updated_at"));
    dates.is_some_and(|(created, updated)| updated.as_second() - created.as_second() > CREATION_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_topic_must_agree_with_the_signed_kind() {
        assert!(
            is_of("orders", "order")
                && is_of("draft_orders", "draft_order")
                && is_of("inventories", "inventory")
        );
        assert!(is_of("orders", "object") && !is_of("customers", "order") && !is_of("or/ders", "object"));
    }

    #[test]
    fn a_topic_that_dates_and_states_contradict_is_not_believed() {
        let order = json!({
            "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T11:00:00Z", "cancelled_at": null,
            "financial_status": "pending", "fulfillment_status": null,
        });
        let believed = |action| is_true(JsonView(&order), "order", "orders", action);
        for action in ["create", "cancelled", "paid", "fulfilled"] {
            assert!(!believed(action), "{action}");
        }
        for action in ["updated", "edited", "delete"] {
            assert!(believed(action), "{action}");
        }
        assert!(is_true(JsonView(&json!({ "id": 1 })), "object", "orders", "delete"));
    }
}
