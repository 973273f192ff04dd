//! `/ui/login` and `/ui/logout`: a console token in, a session out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Query, Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode, Uri};
use maud::{Markup, html};
use serde::Deserialize;
use settings::Role;

use super::failure::Failure;
use super::guard::{Member, Signed};
use super::words::percent_encode;
use super::{layout, origin, session};
use crate::refusal::Refusal;
use crate::tokens::{Holder, Tokens};
use crate::{Console, wrong_tokens};

const LOGIN: &str = "/ui/login";

/// Where to go after the login.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Way {
    to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attempt {
    token: String,
    to: String,
}

/// The login page that leads back to `uri`.
pub(crate) fn way_to(uri: &Uri) -> String {
    let to = uri.path_and_query().map_or("/", |it| it.as_str());
    if to == "/" { LOGIN.to_owned() } else { format!("{LOGIN}?to={}", percent_encode(to)) }
}

/// The login page that leads to the page whose form was sent to `uri`.
pub(crate) fn way_to_page_of(uri: &Uri) -> String {
    let page = uri.path().rsplit_once('/').map_or("/", |(page, _)| page);
    if !page.starts_with("/ui/tasks/") {
        return LOGIN.to_owned();
    }
    let list = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{LOGIN}?to={}", percent_encode(&format!("{page}{list}")))
}

/// A page of ours. `//evil.example` and `/\evil.example` lead elsewhere in a browser, and what a
/// browser drops on the way (tabs, line ends) could make one of them.
fn is_ours(to: &str) -> bool {
    (to == "/" || to.starts_with("/?") || to.starts_with("/ui/"))
        && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

/// The form.
pub(crate) async fn form(way: Result<Query<Way>, QueryRejection>) -> Markup {
    let to = way.map(|Query(way)| way.to).unwrap_or_default();
    page(&to, None)
}

/// Opens a session for a good token.
pub(crate) async fn login(
    State(console): State<Arc<Console>>,
    request: Request,
) -> Result<Response, Failure> {
    if !origin::is_ours(request.headers()) {
        return Err(Failure(Refusal::Forged("The request did not come from this site.")));
    }
    let (from, sender) = (crate::origin::of(&request), crate::origin::sender(&request));
    let (now, local) = (console.clock.now(), origin::is_local(request.headers()));
    let Form(attempt) = Form::<Attempt>::from_request(request, &())
        .await
        .map_err(|_| Refusal::Malformed("The form did not arrive as it was sent.".to_owned()))?;
    let tokens = console.tokens.now().await?;
    let Some(holder) = holder(&tokens, attempt.token.trim()) else {
        telemetry::refused(None, &from, None, "wrong_token");
        return wrong(wrong_tokens::refuse(&console, &sender, now).await, &attempt.to);
    };
    if !holder.roles.has(Role::Read) {
        telemetry::refused(Some(&holder.name), &from, None, "role");
        return Err(Failure(Refusal::Forbidden { needs: Role::Read, has: holder.roles }));
    }
    let cookie = session::open(&*console.stores.state, holder, now, local).await?;
    tracing::info!(by = holder.name, %from, "logged in to the console");
    let to = if is_ours(&attempt.to) { attempt.to.as_str() } else { "/" };
    Ok(([(SET_COOKIE, cookie)], Redirect::to(to)).into_response())
}

/// The form once more, unless there were too many tries.
fn wrong(refusal: Refusal, to: &str) -> Result<Response, Failure> {
    match refusal {
        Refusal::Unauthorized => {
            let wrong = "CONSOLE_TOKEN does not contain this token.";
            Ok((StatusCode::UNAUTHORIZED, page(to, Some(wrong))).into_response())
        }
        refusal => Err(Failure(refusal)),
    }
}

/// Whose token it is. A whole line of `CONSOLE_TOKEN`, name, roles and all, is taken too: it is what `dev`
/// prints.
fn holder<'t>(tokens: &'t Tokens, presented: &str) -> Option<&'t Holder> {
    tokens.whose(presented).or_else(|| {
        let (head, token) = presented.split_once(':')?;
        let name = head.split_once('/').map_or(head, |(name, _)| name);
        tokens.whose(token.trim()).filter(|found| found.name == name.trim())
    })
}

/// Ends the session, in this browser and wherever else its cookie may be. If that cannot be written down,
/// the cookie stays: who is told that they are logged out is.
pub(crate) async fn logout(
    State(console): State<Arc<Console>>,
    Extension(session): Member,
    headers: HeaderMap,
    _: Signed,
) -> Result<Response, Failure> {
    session.end(&*console.stores.state, console.clock.now()).await?;
    tracing::info!(by = &*session.name, "logged out of the console");
    let cookie = session::close(origin::is_local(&headers));
    Ok(([(SET_COOKIE, cookie)], Redirect::to(LOGIN)).into_response())
}

fn page(to: &str, wrong: Option<&str>) -> Markup {
    let body = html! {
        section.card.narrow.login {
            (layout::mark())
            h1 { "Afterhook" }
            p.quiet { "Log in with your console token." }
            @if let Some(wrong) = wrong { p.notice.bad role="alert" { (wrong) } }
            form method="post" action=(LOGIN) {
                input type="hidden" name="to" value=(to);
                label for="token" { "Console token" }
                input #token type="password" name="token" autocomplete="current-password" required
                    autofocus spellcheck="false" aria-invalid=[wrong.map(|_| "true")];
                button.primary type="submit" { "Log in" }
            }
            p.quiet.small {
                "A line of " code { "CONSOLE_TOKEN" } ". On your machine, "
                code { "afterhook dev" } " prints one."
            }
        }
    };
    layout::bare("Log in", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_our_own_pages_only() {
        for ours in ["/", "/?status=failed&q=a%20b", "/ui/tasks/tsk_0", "/ui/overview"] {
            assert!(is_ours(ours), "{ours}");
        }
        for foreign in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/ui/\\evil",
            "/ui/a\nb",
            "javascript:alert(1)",
            "/tasks",
            "/?\t//evil.example",
        ] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }

    #[test]
    fn the_way_back_survives_the_query() {
        let way = way_to(&Uri::from_static("/?status=failed&q=a"));
        assert_eq!(way, "/ui/login?to=%2F%3Fstatus%3Dfailed%26q%3Da");
        let form = Uri::from_static("/ui/tasks/tsk_0/approve?source=a");
        assert_eq!(way_to_page_of(&form), "/ui/login?to=%2Fui%2Ftasks%2Ftsk_0%3Fsource%3Da");
    }
}
