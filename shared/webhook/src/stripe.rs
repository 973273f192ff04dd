//! Stripe: every type of event, as a summary of its object.
//!
//! <https://docs.stripe.com/api/events/object>. Events come unordered and more than once; the id
//! inside the signed body tells them apart. A customer does not read what an agent answers here, so
//! there is no target: automations act, or tell people elsewhere.

use domain::{Event, money};

use crate::provider::Row;
use crate::reading::{Facts, JsonView, Summary, any_name, lacks, object};
use crate::signed_time::TimeFormat;
use crate::{ParseError, Parsed, Received, Scheme, Sender};

pub(crate) static ROW: Row = Row {
    id: Some("/id"),
    has_threads: false,
    kind: Some(kind),
    ..Row::json("stripe", Scheme::stripe, read)
};

/// Some types have brackets in them: `v2.core.account[configuration.merchant].capability_status_updated`
/// is `v2.core.account_configuration.merchant_.capability_status_updated` here.
fn kind(_: &Received<'_>, body: JsonView<'_>) -> Option<String> {
    body.text("/type").map(any_name)
}

fn read(sender: &Sender, received: &Received<'_>) -> Result<Parsed, ParseError> {
    let value = object(received)?;
    let body = JsonView(&value);
    let kind = kind(received, body).ok_or_else(|| lacks("type"))?;
    let id = body.text("/id").ok_or_else(|| lacks("id"))?;
    // Thin events name their object without showing it.
    let object = body.object("/data/object").or_else(|| body.object("/related_object"));
    let part = |pointer: &str| object.and_then(|object| object.text(pointer));
    // The balance, for one, has no id.
    let thread = part("/id").unwrap_or(id);
    let customer = part("/customer").or_else(|| part("/customer/id"));
    let person = part("/billing_details/email").or_else(|| part("/customer_email"));
    let person = person.or_else(|| part("/receipt_email")).or_else(|| part("/email"));
    // With Connect, each account is a customer of ours with a budget of its own.
    let tenant = body.text("/account").unwrap_or(&sender.name);
    Ok(Parsed::Event(Box::new(Event {
        actor_id: customer.map(str::to_owned),
        title: object.map(|object| format!("{kind}: {}", heading(object))),
        text: object.map_or_else(|| kind.clone(), summary),
        occurred_at: body.time("/created", TimeFormat::UnixSeconds).or_else(|| body.date("/created")),
        metadata: facts(body, object),
        ..Event::new(kind, tenant, thread, person.or(customer).unwrap_or("stripe"))
    })))
}

/// `charge ch_1 of 20.00 USD`.
fn heading(object: JsonView<'_>) -> String {
    let kind = object.text("/object").or_else(|| object.text("/type")).unwrap_or("object");
    let id = object.text("/id").unwrap_or_default();
    match amount(object) {
        Some(amount) => format!("{kind} {id} of {amount}"),
        None => format!("{kind} {id}"),
    }
}

fn summary(object: JsonView<'_>) -> String {
    let address = object.text("/billing_details/name").or_else(|| object.text("/customer_name"));
    let failure = object.text("/failure_message").or_else(|| object.text("/last_payment_error/message"));
    let decline = object.text("/outcome/seller_message").or_else(|| object.text("/last_payment_error/code"));
    Summary::default()
        .say(Some(&heading(object)))
        .line("Status", object.text("/status"))
        .line("Description", object.text("/description"))
        .line("Customer", object.text("/customer").or_else(|| object.text("/customer/id")))
        .line("Name", address)
        .line("E-mail", object.text("/billing_details/email").or_else(|| object.text("/customer_email")))
        .line("Reason", object.text("/reason").or_else(|| object.text("/cancellation_details/reason")))
        .line("Comment", object.text("/cancellation_details/comment"))
        .line("Failure", failure)
        .line("Bank or risk", decline)
        .line("Charge", object.text("/charge"))
        .line("Payment", object.text("/payment_intent"))
        .line("Invoice", object.text("/invoice").or_else(|| object.text("/number")))
        .line("Subscription", object.text("/subscription"))
        .done()
}

/// Stripe counts in the smallest unit of a currency.
fn amount(object: JsonView<'_>) -> Option<String> {
    let currency = object.text("/currency")?;
    let units = ["/amount", "/amount_due", "/amount_total", "/total"];
    let units = units.iter().find_map(|pointer| object.number(pointer))?;
    Some(money(units, currency))
}

fn facts(body: JsonView<'_>, object: Option<JsonView<'_>>) -> serde_json::Map<String, serde_json::Value> {
    let text = |pointer: &str| object.and_then(|object| object.text(pointer));
    let is_charge = text("/object") == Some("charge");
    Facts::default()
        .text("object", text("/object").or_else(|| text("/type")))
        .text("object_id", text("/id"))
        .text("charge", if is_charge { text("/id") } else { text("/charge") })
        .text("payment_intent", text("/payment_intent"))
        .text("currency", text("/currency"))
        .number("amount", object.and_then(|object| object.number("/amount")))
        .flag("livemode", body.flag("/livemode"))
        .done()
}
