//! Shopify: whatever has an id, and the topics that every app must take.
//!
//! <https://shopify.dev/docs/api/webhooks>. The topic stands in a header alone, which is not signed: whoever
//! replays a request could name another one. So the signed body has the last word: a topic must be of the
//! body's kind of object, and one that the body's dates and states contradict is not believed. What the
//! header can still choose is among the topics that are true of the body.

mod privacy;
mod topic;

use domain::{Event, Happening, Timestamp, clip};

use crate::provider::Row;
use crate::reading::{
    Facts, JsonView, MAX_FACT_BYTES, Summary, any_name, happening, hash, lacks, object, word,
};
use crate::{ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    hint: Some("x-shopify-topic"),
    hint_of: |name| name.replacen('.', "/", 1),
    delivery: Some("x-shopify-webhook-id"),
    times: &["/created_at", "/updated_at"],
    open: has_id,
    endings: &["cancelled", "delete", "uninstalled"],
    has_threads: false,
    kind: Some(kind),
    ..Row::json("shopify", Scheme::shopify, read)
};

/// Topics whose bodies have an id: these resources, with these actions.
const OBJECTS: [&str; 9] = [
    "carts",
    "checkouts",
    "collections",
    "customers",
    "draft_orders",
    "fulfillments",
    "orders",
    "products",
    "refunds",
];
const ACTIONS: [&str; 7] = ["cancelled", "create", "delete", "fulfilled", "paid", "update", "updated"];
/// The kind of an object that does not say it.
const UNKNOWN: &str = "object";

/// Whether bodies of the topic called `name` have an id.
fn has_id(name: &str) -> bool {
    name.split_once('.')
        .is_some_and(|(object, action)| OBJECTS.contains(&object) && ACTIONS.contains(&action))
}

fn kind(received: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    if let Some(topic) = privacy::topic(body) {
        return Some(topic.to_owned());
    }
    // Of a body without an object the header alone can say what cannot be read.
    let Some((kind, _)) = object_id(body) else {
        return received.event_hint.filter(|topic| !topic.trim().is_empty()).map(any_name);
    };
    let topic = received.event_hint.and_then(|topic| topic.split_once('/'));
    let topic = topic.filter(|(resource, action)| topic::is_true(body, &kind, resource, action));
    Some(topic.map_or(kind, |(resource, action)| format!("{resource}.{action}")))
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let name = kind(received, body).ok_or_else(|| lacks("admin_graphql_api_id"))?;
    if privacy::topic(body).is_some() {
        return Ok(Parsed::Event(Box::new(privacy::event(sender, body, &name))));
    }
    let (kind, id) = object_id(body).ok_or_else(|| lacks("admin_graphql_api_id"))?;
    let shop = ["/shop_domain", "/myshopify_domain"].iter().find_map(|pointer| body.text(pointer));
    let person = body.text("/email").or_else(|| body.text("/contact_email"));
    let person = person.or_else(|| body.text("/customer/email"));
    let date = body.date("/updated_at").or_else(|| body.date("/created_at"));
    let text = summary(body);
    let happening = reported(body, &name, &format!("{kind}/{id}"), &text);
    Ok(Parsed::Event(Box::new(Event {
        actor_id: body.id("/customer/id"),
        title: Some(format!("{name} {}", body.id("/name").unwrap_or_else(|| id.clone()))),
        labels: labels(body),
        occurred_at: date,
        happening,
        text,
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

/// Two subscriptions to one topic may ask for other fields, or another version of the API: what they say differs, and
/// the date does not. An object is created once. A change without a date of its own is told apart by what is said.
fn reported(body: JsonView<'_>, name: &str, object: &str, text: &str) -> Option<Happening> {
    let date = |pointer| body.date(pointer).map(|date: Timestamp| date.to_string());
    let (created, updated) = (date("/created_at"), date("/updated_at"));
    let (at, said) = match (name.ends_with(".create"), created, updated) {
        (true, Some(at), _) | (_, _, Some(at)) => (Some(at), String::new()),
        (_, created, None) => (created, hash(text.as_bytes())),
    };
    happening([Some(name), Some(object), at.as_deref(), Some(&said)])
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
    named.or_else(|| Some((UNKNOWN.to_owned(), body.id("/id")?)))
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
    use super::snake;

    #[test]
    fn kinds_are_written_with_underscores() {
        assert_eq!(snake("DraftOrder"), "draft_order");
    }
}
