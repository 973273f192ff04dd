//! GitHub's GraphQL API, which alone knows discussions.
//!
//! It answers nearly everything with status 200; what went wrong stands in `errors`, each with a type.

use domain::{ServiceError, ServiceFailure};
use outbound::{Answer, Base, Call, Client, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::absence;
use crate::api::Api;
use crate::problem;
use crate::thread::Thread;

/// The wait when the limit of points is used up and no time is named.
const LIMIT_WAIT: std::time::Duration = std::time::Duration::from_secs(60);

#[derive(Debug, Deserialize)]
struct Response {
    data: Option<Value>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

/// Asks `query` with `variables` about something in `thread`'s repository. What is found is at `pointer` in the
/// answer.
pub(crate) async fn ask<T: DeserializeOwned>(
    api: &Api,
    call: Call,
    thread: Thread<'_>,
    query: &str,
    variables: Value,
    pointer: &str,
) -> Result<T, ServiceError> {
    let body = json!({"query": query, "variables": variables});
    let request = api.post(call, address(api.client.base()), &body)?;
    let answer = api.answer(call, thread, &request).await?;
    let response: Response = api.client.decode(call, &answer)?;
    if let Some(problem) = response.errors.first() {
        let error = error(&api.client, call, &answer, problem);
        let is_absent = problem.kind == "NOT_FOUND";
        return Err(if is_absent { absence::of_discussion(api, call, thread, error).await } else { error });
    }
    let found = response.data.and_then(|mut data| data.pointer_mut(pointer).map(Value::take));
    let Some(found) = found.filter(|found| !found.is_null()) else {
        let error =
            api.client.refused(call, "the discussion or comment does not exist, or is hidden from us");
        return Err(absence::of_discussion(api, call, thread, error).await);
    };
    // As after a body that is no JSON, a write is in doubt.
    T::deserialize(found).map_err(|_| api.client.lost(call, "GitHub's answer is not what its API documents"))
}

/// The login of the account that a token writes under: `name[bot]` of an app's, to which `GET /user` is closed.
pub(crate) async fn viewer(api: &Api, call: Call) -> Result<String, ServiceError> {
    let request = api.post(call, address(api.client.base()), &json!({"query": "query{viewer{login}}"}))?;
    let answer = api.as_owner(call, &request).await?;
    let response: Response = api.client.decode(call, &answer)?;
    if let Some(problem) = response.errors.first() {
        return Err(error(&api.client, call, &answer, problem));
    }
    let login = response.data.as_ref().and_then(|data| data.pointer("/viewer/login")?.as_str());
    login.map(str::to_owned).ok_or_else(|| api.client.refused(call, "GitHub does not say whose the token is"))
}

fn error(client: &Client, call: Call, answer: &Answer, problem: &Problem) -> ServiceError {
    let lacks_permission = problem::lacks_permission(call.operation, &problem.message);
    let failure = match problem.kind.as_str() {
        "RATE_LIMITED" => ServiceFailure::Throttled { after: LIMIT_WAIT },
        "FORBIDDEN" | "UNPROCESSABLE" if problem::is_over(&problem.message) => ServiceFailure::Closed,
        "INSUFFICIENT_SCOPES" => ServiceFailure::AccountRefused,
        "FORBIDDEN" if problem::is_shut_out(&problem.message) || lacks_permission => {
            ServiceFailure::AccountRefused
        }
        "FORBIDDEN" | "UNPROCESSABLE" if problem::is_limited(&problem.message) => {
            ServiceFailure::AccountRefused
        }
        "FORBIDDEN" | "NOT_FOUND" | "UNPROCESSABLE" => ServiceFailure::Refused,
        // "Something went wrong while executing your query": a part may have happened.
        _ => return client.lost(call, format!("GraphQL: {}", problem.message)),
    };
    let hint = match failure {
        ServiceFailure::AccountRefused if problem.kind == "INSUFFICIENT_SCOPES" => {
            Some("give the token these scopes")
        }
        _ if lacks_permission || failure == ServiceFailure::Refused => {
            Some("give our account the permission Discussions: read and write")
        }
        _ if problem::is_limited(&problem.message) => Some(problem::LIMITED_HINT),
        ServiceFailure::AccountRefused => Some(problem::SHUT_OUT_HINT),
        _ => None,
    };
    client.failed_as(call, failure, answer, &problem.message, hint)
}

/// `https://api.github.com/graphql`, or `https://HOST/api/graphql` of an Enterprise Server.
fn address(base: &Base) -> Url {
    let mut url = base.join(&["graphql"]);
    if let Some(root) = url.path().strip_suffix("/api/v3/graphql").map(str::to_owned) {
        url.set_path(&format!("{root}/api/graphql"));
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SERVICE;

    #[test]
    fn graphql_is_beside_the_rest_api() {
        for (base, expected) in [
            ("https://api.github.com", "https://api.github.com/graphql"),
            ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/graphql"),
        ] {
            assert_eq!(address(&Base::parse(&SERVICE, base).unwrap()).as_str(), expected);
        }
    }
}
