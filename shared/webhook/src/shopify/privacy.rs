//! The topics that every app must take: what a shop or its customer wants told or forgotten.
//!
//! <https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance>. Their bodies name a shop instead
//! of an object, and their own shape says which of the three they are.

use domain::{Event, clip};

use crate::Sender;
use crate::reading::{Facts, JsonView, MAX_FACT_BYTES, Summary, happening, hash};

/// The topic of a body that has a shop and no object.
pub(super) fn topic(body: JsonView<'_>) -> Option<&'static str> {
    let is_object = body.text("/admin_graphql_api_id").is_some() || body.id("/id").is_some();
    if is_object || body.id("/shop_id").is_none() || body.text("/shop_domain").is_none() {
        return None;
    }
    Some(match (body.object("/customer"), body.0.get("orders_to_redact")) {
        (None, _) => "shop.redact",
        (Some(_), Some(_)) => "customers.redact",
        (Some(_), None) => "customers.data_request",
    })
}

/// The event of such a body.
pub(super) fn event(sender: &Sender, body: JsonView<'_>, name: &str) -> Event {
    let shop = body.text("/shop_domain").unwrap_or(&sender.name);
    let customer = body.id("/customer/id");
    let orders = |list: &str| {
        let ids: Vec<String> = body.items(list).filter_map(|id| id.id("")).take(50).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let thread = match &customer {
        Some(id) => format!("customer/{id}"),
        None => format!("shop/{}", body.id("/shop_id").unwrap_or_default()),
    };
    let person = body.text("/customer/email").unwrap_or("shopify");
    Event {
        actor_id: customer.clone(),
        title: Some(format!("{name} {shop}")),
        text: Summary::default()
            .say(Some(name))
            .line("Shop", Some(shop))
            .line("Customer", customer.as_deref())
            .line("E-mail", body.text("/customer/email"))
            .line("Orders asked for", orders("/orders_requested"))
            .line("Orders to forget", orders("/orders_to_redact"))
            .done(),
        happening: happening([Some(name), Some(&hash(body.0.to_string().as_bytes()))]),
        metadata: Facts::default()
            .text("shop_id", body.id("/shop_id").as_deref())
            .text("data_request", body.id("/data_request/id").as_deref())
            .done(),
        ..Event::new(name, shop, thread, clip(person, MAX_FACT_BYTES))
    }
}
