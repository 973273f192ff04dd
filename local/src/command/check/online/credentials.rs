//! What the credentials of a service may do, and by what name people know their account, as far as one request tells.

use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use settings::{ApiAccess, Environment, ZendeskCredentials};
use wiring::OutsideService;

use super::Finding;

/// What Linear is asked, whose one address takes all questions.
const LINEAR_NAME: &str = "query { viewer { name } }";
/// What an answer in Jira takes.
const JIRA_NEEDS: [&str; 2] = ["BROWSE_PROJECTS", "ADD_COMMENTS"];

/// The name that people know the account by, where `login` is an id of programs. `None` where it is not told.
pub(super) async fn name(
    service: OutsideService,
    environment: &Environment,
    client: &Client,
) -> Option<String> {
    let (path, pointer) = match service {
        OutsideService::Slack => ("/auth.test", "/user"),
        OutsideService::Jira => ("/rest/api/3/myself", "/displayName"),
        OutsideService::Zendesk => ("/api/v2/users/me.json", "/user/name"),
        OutsideService::Linear => ("/graphql", "/data/viewer/name"),
        _ => return None,
    };
    let said = ask(service, environment, client, path).await?;
    let name = said.pointer(pointer).and_then(Value::as_str)?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// What the credentials lack for an answer. `None` for the services that have a look of their own.
pub(super) async fn look(
    service: OutsideService,
    environment: &Environment,
    client: &Client,
) -> Option<Finding> {
    let path = match service {
        OutsideService::Github | OutsideService::Slack | OutsideService::Stripe => return None,
        OutsideService::Gitlab => Some("/api/v4/personal_access_tokens/self"),
        OutsideService::Jira => Some("/rest/api/3/mypermissions?permissions=BROWSE_PROJECTS,ADD_COMMENTS"),
        OutsideService::Zendesk => Some("/api/v2/users/me.json"),
        OutsideService::Sentry => Some("/api/0/"),
        OutsideService::Linear | OutsideService::Pagerduty => None,
    };
    let said = match path {
        Some(path) => ask(service, environment, client, path).await,
        None => None,
    };
    Some(judged(service, said.as_ref()))
}

/// What follows from the answer of `service`. What it does not tell is not called good.
fn judged(service: OutsideService, said: Option<&Value>) -> Finding {
    let what = format!("{service} permissions");
    let told = said.and_then(|said| match service {
        OutsideService::Gitlab => has(&said["scopes"], &["api"]),
        OutsideService::Sentry => has(&said["auth"]["scopes"], &["event:write", "event:admin"]),
        OutsideService::Jira => jira(&said["permissions"]),
        OutsideService::Zendesk => zendesk(&said["user"]),
        _ => None,
    });
    match told {
        Some(Ok(may)) => Finding::ok(what, may),
        Some(Err(lacks)) => Finding::wrong(what, lacks, format!("see that {}", due(service))),
        None => Finding::skipped(
            what,
            format!("they are not looked at, since {service} does not tell them; see that {}", due(service)),
        ),
    }
}

/// What it takes, behind `see that`.
fn due(service: OutsideService) -> &'static str {
    match service {
        OutsideService::Gitlab => {
            "the token has the scope `api`, and its account the role Reporter in each project"
        }
        OutsideService::Sentry => "the token has the scope `event:write`",
        OutsideService::Jira => "the account has *Browse Projects* and *Add Comments* in each project",
        OutsideService::Zendesk => "the account is an agent's that sees all tickets",
        OutsideService::Linear => {
            "the key has *Read* and *Create comments*, and its user is a member of the teams that it serves"
        }
        _ => "the key may write: it is not a read-only one",
    }
}

/// Whether one of `enough` is among `scopes`; `None` if they are not told.
fn has(scopes: &Value, enough: &[&str]) -> Option<Result<String, String>> {
    let scopes: Vec<&str> = scopes.as_array()?.iter().filter_map(Value::as_str).collect();
    let said = format!("the token has the scopes {}", scopes.join(", "));
    Some(if scopes.iter().any(|scope| enough.contains(scope)) { Ok(said) } else { Err(said) })
}

/// Without a project, Jira tells what the account may do in one project at least.
fn jira(permissions: &Value) -> Option<Result<String, String>> {
    let may = |name: &str| permissions[name]["havePermission"].as_bool();
    let asked = JIRA_NEEDS.map(|name| (name, may(name)));
    if asked.iter().any(|(_, may)| may.is_none()) {
        return None;
    }
    let lacks: Vec<&str> =
        asked.iter().filter(|(_, may)| *may == Some(false)).map(|(name, _)| *name).collect();
    Some(if lacks.is_empty() {
        Ok("the account may browse and comment in a project at least".to_owned())
    } else {
        Err(format!("the account has {} in no project", lacks.join(" and ")))
    })
}

/// An agent may be meant to see some tickets alone.
fn zendesk(user: &Value) -> Option<Result<String, String>> {
    let role = user["role"].as_str()?;
    let sees = user["ticket_restriction"]
        .as_str()
        .map_or_else(|| "all tickets".to_owned(), |limit| format!("some tickets alone (`{limit}`)"));
    Some(match role {
        "end-user" => Err("the account is an end user, who may not answer others".to_owned()),
        role => Ok(format!("the account's role is {role}, and it sees {sees}")),
    })
}

/// One answer, if there is one that means anything. What cannot be reached, or is refused, the account's own line says.
async fn ask(
    service: OutsideService,
    environment: &Environment,
    client: &Client,
    path: &str,
) -> Option<Value> {
    let address = format!("{}{path}", service.address(environment)?);
    let is_question = service == OutsideService::Linear;
    let method = if is_question || service == OutsideService::Slack { Method::POST } else { Method::GET };
    let request = authorized(service, environment, client.request(method, address))?;
    let request = if is_question { request.json(&json!({ "query": LINEAR_NAME })) } else { request };
    let answer = request.send().await.ok().filter(|answer| answer.status().is_success())?;
    answer.json().await.ok()
}

/// `request` with the credentials; `None` where there are none.
fn authorized(
    service: OutsideService,
    environment: &Environment,
    request: RequestBuilder,
) -> Option<RequestBuilder> {
    let token = |access: Option<&ApiAccess>| access?.token.clone();
    Some(match service {
        OutsideService::Slack => request.bearer_auth(environment.slack_bot_token.as_ref()?.expose_secret()),
        OutsideService::Gitlab => request.bearer_auth(token(environment.gitlab.as_ref())?.expose_secret()),
        OutsideService::Sentry => request.bearer_auth(token(environment.sentry.as_ref())?.expose_secret()),
        OutsideService::Linear => {
            let key = token(environment.linear.as_ref())?;
            let key = key.expose_secret();
            // Tokens of applications are sent as bearer tokens, personal keys as they are.
            if key.starts_with("lin_oauth_") {
                request.bearer_auth(key)
            } else {
                request.header("authorization", key)
            }
        }
        OutsideService::Jira => {
            let access = environment.jira.as_ref()?;
            request.basic_auth(&access.email, Some(access.token.expose_secret()))
        }
        OutsideService::Zendesk => match &environment.zendesk.as_ref()?.credentials {
            ZendeskCredentials::ApiToken { email, token } => {
                request.basic_auth(format!("{}/token", email.trim()), Some(token.expose_secret()))
            }
            ZendeskCredentials::Oauth(token) => request.bearer_auth(token.expose_secret()),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn state(service: OutsideService, said: &Value) -> State {
        judged(service, Some(said)).state
    }

    #[test]
    fn a_service_that_tells_is_believed() {
        use OutsideService::{Gitlab, Jira, Sentry, Zendesk};
        let jira = |browse: bool, add: bool| {
            json!({"permissions": {
                "BROWSE_PROJECTS": {"havePermission": browse}, "ADD_COMMENTS": {"havePermission": add},
            }})
        };
        for (service, good, bad) in [
            (Gitlab, json!({"scopes": ["read_api", "api"]}), json!({"scopes": ["read_api"]})),
            (
                Sentry,
                json!({"auth": {"scopes": ["event:read", "event:write"]}}),
                json!({"auth": {"scopes": ["event:read"]}}),
            ),
            (Jira, jira(true, true), jira(true, false)),
            (
                Zendesk,
                json!({"user": {"role": "agent", "ticket_restriction": "groups"}}),
                json!({"user": {"role": "end-user"}}),
            ),
        ] {
            assert_eq!(state(service, &good), State::Ok, "{service}");
            assert_eq!(state(service, &bad), State::Wrong, "{service}");
        }
        let lacks = judged(Jira, Some(&jira(true, false)));
        assert!(lacks.said.contains("ADD_COMMENTS") && !lacks.said.contains("BROWSE_PROJECTS"), "{lacks:?}");
    }

    #[test]
    fn what_is_not_told_is_skipped_and_says_what_to_see_to() {
        for service in OutsideService::ALL {
            for said in [None, Some(json!({})), Some(json!({"permissions": {}, "user": {}, "auth": null}))] {
                let finding = judged(*service, said.as_ref());
                assert_eq!(finding.state, State::Skipped, "{service}: {said:?}");
                assert!(
                    finding.said.contains("not looked at") && finding.said.contains("see that"),
                    "{finding:?}"
                );
            }
        }
    }
}
