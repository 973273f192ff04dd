//! Shopify: orders, customers, products and whatever else has an id.
//!
//! <https://shopify.dev/docs/api/webhooks>. Topic and shop are told in headers that are not signed.
//! The signed body says of what kind its object is, and that decides; the topic adds what happened to
//! it, so a replayed delivery could claim no more than another thing about the same object, and is a
//! duplicate anyway. The shop is the tenant only where the body names it: a source per shop is best.

use domain::{Event, clip};

use crate::provider::Row;
use crate::reading::{Facts, JsonView, MAX_FACT_BYTES, Summary, lacks, object, word};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    hint: Some("x-shopify-topic"),
    delivery: Some("x-shopify-webhook-id"),
    ..Row::json("shopify", Scheme::shopify, read)
};

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let (kind, id) = object_id(body).ok_or_else(|| lacks("admin_graphql_api_id"))?;
    let topic = received.event_hint.and_then(|topic| topic.split_once('/'));
    let name = match topic {
        Some((resource, action)) if is_of(resource, &kind) && word(action).is_some() => {
            format!("{resource}.{action}")
        }
        _ => kind.clone(),
    };
    let shop = ["/shop_domain", "/myshopify_domain"].iter().find_map(|pointer| body.text(pointer));
    let person = body.text("/email").or_else(|| body.text("/contact_email"));
    let person = person.or_else(|| body.text("/customer/email"));
    let date = body.date("/updated_at").or_else(|| body.date("/created_at"));
    Ok(Parsed::Event(Box::new(Event {
        actor_id: body.id("/customer/id"),
        title: Some(format!("{name} {}", body.id("/name").unwrap_or_else(|| id.clone()))),
        text: summary(body),
        labels: labels(body),
        occurred_at: date,
        metadata: Facts::default()
            .text("object", Some(&kind))
            .text("object_id", Some(&id))
            .text("financial_status", body.text("/financial_status"))
            .text("fulfillment_status", body.text("/fulfillment_status"))
            .text("currency", body.text("/currency"))
            .flag("test", body.flag("/test"))
            .done(),
        ..Event::new(
            name,
            shop.unwrap_or(&sender.name),
            format!("{kind}/{id}"),
            clip(person.unwrap_or("shopify"), MAX_FACT_BYTES),
        )
    })))
}

/// Kind and id of the object: `order` and `820982911946154508` of
/// `gid://shopify/Order/820982911946154508`. Some bodies have a plain id alone.
fn object_id(body: JsonView<'_>) -> Option<(String, String)> {
    let gid = body.text("/admin_graphql_api_id").and_then(|gid| gid.strip_prefix("gid://shopify/"));
    let named = gid.and_then(|gid| gid.split_once('/')).and_then(|(kind, id)| {
        let kind = snake(kind);
        let id = id.split('?').next().unwrap_or(id);
        word(&kind).is_some().then(|| (kind.clone(), id.to_owned()))
    });
    named.or_else(|| Some(("object".to_owned(), body.id("/id")?)))
}

/// `DraftOrder` is `draft_order`.
fn snake(kind: &str) -> String {
    let mut name = String::new();
    for c in kind.chars() {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

/// Whether the topic's `resource` (`orders`) is that of the object's `kind` (`order`). Where the body
/// does not say its kind, there is nothing to contradict the topic.
fn is_of(resource: &str, kind: &str) -> bool {
    let plural = [format!("{kind}s"), format!("{kind}es"), format!("{}ies", kind.trim_end_matches('y'))];
    word(resource).is_some()
        && (kind == "object" || resource == kind || plural.iter().any(|it| it == resource))
}

/// Shopify writes tags as one text.
fn labels(body: JsonView<'_>) -> Vec<String> {
    let tags = body.text("/tags").unwrap_or_default().split(',').map(str::trim);
    tags.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

fn summary(body: JsonView<'_>) -> String {
    let person = [body.text("/customer/first_name"), body.text("/customer/last_name")];
    let person = person.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let total =
        body.text("/total_price").map(|price| format!("{price} {}", body.text("/currency").unwrap_or("")));
    let mut text = Summary::default()
        .say(body.text("/title").or_else(|| body.text("/name")))
        .line("Customer", Some(person).filter(|person| !person.is_empty()))
        .line("E-mail", body.text("/email").or_else(|| body.text("/customer/email")))
        .line("Total", total)
        .line("Payment", body.text("/financial_status"))
        .line("Shipping", body.text("/fulfillment_status"))
        .line("Cancelled because", body.text("/cancel_reason"))
        .line("Note", body.text("/note"))
        .line("Description", body.text("/body_html"));
    for item in body.items("/line_items").take(20) {
        let name = item.text("/name").or_else(|| item.text("/title")).unwrap_or("item");
        let (count, price) = (item.number("/quantity").unwrap_or(1), item.text("/price").unwrap_or("?"));
        text = text.say(Some(&format!("{count} × {name} at {price}")));
    }
    text.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_must_agree_with_the_signed_kind() {
        assert!(
            is_of("orders", "order")
                && is_of("draft_orders", "draft_order")
                && is_of("inventories", "inventory")
        );
        assert!(is_of("orders", "object") && !is_of("customers", "order") && !is_of("or/ders", "object"));
        assert_eq!(snake("DraftOrder"), "draft_order");
    }
}
