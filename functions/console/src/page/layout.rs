//! What every page has around it, and the parts that refresh themselves.

use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::assets;
use super::session::Session;

/// Which entry of the navigation a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Tasks,
    Deliveries,
    Overview,
}

/// The model, among the services.
const MODEL: &str = "Gemini";

/// A page for somebody who is logged in.
pub(crate) fn page(session: &Session, place: Place, title: &str, body: &Markup) -> Markup {
    let current = |here: Place| (place == here).then_some("page");
    in_order(&html! {
        (head(title))
        body {
            a.skip href="#main" { "Skip to the content" }
            header.top {
                a.brand href="/" { (mark()) span { "Afterhook" } }
                nav aria-label="Main" {
                    a href="/" aria-current=[current(Place::Tasks)] { "Tasks" }
                    a href="/ui/deliveries" aria-current=[current(Place::Deliveries)] { "Deliveries" }
                    a href="/ui/overview" aria-current=[current(Place::Overview)] { "Overview" }
                }
                form.who method="post" action="/ui/logout" {
                    (csrf(session))
                    span.quiet { (session.name) }
                    button.link type="submit" { "Log out" }
                }
            }
            @if !session.stand_ins.is_empty() { (stand_ins(&session.stand_ins)) }
            @if !session.addresses_here.is_empty() { (elsewhere(&session.addresses_here)) }
            main #main { (body) }
        }
    })
}

/// Of what strangers wrote, no title, name or text turns the direction of writing: people would decide about another text
/// than the stored one. Held here, for whatever stands on a page.
fn in_order(markup: &Markup) -> Markup {
    PreEscaped(markdown::in_order(&markup.0))
}

/// Whether the model is among `services`.
pub(crate) fn has_model(services: &str) -> bool {
    services.split(", ").any(|service| service == MODEL)
}

/// Nobody takes a canned answer for a real one, nor what it would have cost for money that was spent.
fn stand_ins(services: &str) -> Markup {
    html! {
        aside.standins aria-label="Stand-ins" {
            strong { "Stand-ins: " (services) "." }
            @if has_model(services) { " Answers are canned, costs are simulated." }
            @else { " Nothing is written outside this machine." }
        }
    }
}

/// A page for anybody.
pub(crate) fn bare(title: &str, body: &Markup) -> Markup {
    in_order(&html! {
        (head(title))
        body.bare { main #main { (body) } }
    })
}

/// Nobody takes a server on this machine for the service.
fn elsewhere(addresses: &str) -> Markup {
    html! {
        aside.standins aria-label="Addresses" { "Not the services' own addresses: " strong { (addresses) } "." }
    }
}

fn head(title: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en";
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) " · Afterhook" }
            link rel="icon" href="/ui/icon.svg" type="image/svg+xml";
            link rel="stylesheet" href={ "/ui/app.css?" (assets::version()) };
            script src={ "/ui/app.js?" (assets::version()) } defer {}
        }
    }
}

/// The keys that a page knows, for those who have scripts: always in view, and larger with `?`.
pub(crate) fn keys(keys: &[(&str, &str)]) -> Markup {
    html! {
        p.keys.quiet.small hidden {
            @for (key, does) in keys { span { kbd { (key) } " " span { (does) } } " " }
            span { kbd { "?" } " " span { "these keys" } }
        }
    }
}

/// The sign of the house.
pub(crate) fn mark() -> Markup {
    PreEscaped(assets::ICON.to_owned())
}

/// What proves that a form is of this session.
pub(crate) fn csrf(session: &Session) -> Markup {
    html! { input type="hidden" name="csrf" value=(session.csrf); }
}

/// When a form was shown: what is sent back too soon was pressed for the page before. It stands in its form, or names it.
pub(crate) fn shown(session: &Session, form: Option<&str>) -> Markup {
    html! { input type="hidden" name="shown" form=[form] value=(session.at.as_millisecond()) autocomplete="off"; }
}

/// A part of a page that the script fetches anew from `from`, so many milliseconds after the last time.
/// When `key` changes, the rest of the page is out of date as well.
pub(crate) fn live(from: &str, every_ms: u32, key: &str, content: &Markup) -> Markup {
    html! {
        div data-live=(from) data-every=(every_ms) data-key=(key) data-etag=(etag(content)) aria-live="off" {
            (content)
        }
    }
}

/// The answer to such a fetch: nothing, if nothing has changed.
pub(crate) fn fragment(headers: &HeaderMap, key: &str, content: &Markup) -> Response {
    let etag = etag(content);
    let same = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response =
        if same { StatusCode::NOT_MODIFIED.into_response() } else { in_order(content).into_response() };
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(ETAG, &etag);
    set(http::HeaderName::from_static("x-key"), key);
    response
}

fn etag(content: &Markup) -> String {
    format!("\"{}\"", HEXLOWER.encode(&Sha256::digest(content.0.as_bytes())[..12]))
}
