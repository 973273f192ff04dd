//! Who calls: a personal token, an App by its JWT, or an installation by the token it was given.

use domain::{Timestamp, after};
use std::collections::HashMap;
use std::time::Duration;

use super::words::{of_status, refusal};
use crate::kit::{Reply, claims};

const LIFETIME: Duration = Duration::from_secs(3_600);

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// A person, by a personal access token.
    Person,
    /// An App itself, with this id.
    App(u64),
    /// An App in a repository.
    Installation,
}

/// The installation tokens given out, with their ends.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens(HashMap<String, Timestamp>);

impl Tokens {
    pub(super) fn issue(&mut self, now: Timestamp) -> (String, Timestamp) {
        let token = format!("ghs_standin{:025}", self.0.len() + 1);
        let end = after(now, LIFETIME);
        self.0.insert(token.clone(), end);
        (token, end)
    }

    /// Whose request it is. `INVALID`, a missing, an expired or an unknown credential is a 401.
    pub(super) fn caller(&self, authorization: &str, now: Timestamp) -> Result<Caller, Reply> {
        if authorization.is_empty() {
            return Err(refusal(401, "Requires authentication"));
        }
        let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
        let token = token.trim();
        let known = ["bearer", "token"].contains(&scheme.to_lowercase().as_str());
        if !known || token.is_empty() || token == "INVALID" {
            return Err(of_status(401));
        }
        if token.starts_with("ghs_") {
            let live = self.0.get(token).is_some_and(|end| *end > now);
            return if live { Ok(Caller::Installation) } else { Err(of_status(401)) };
        }
        if token.starts_with("ey") && token.split('.').count() == 3 {
            return app(token, now);
        }
        Ok(Caller::Person)
    }
}

/// Checks the claims of a JWT as GitHub does.
fn app(token: &str, now: Timestamp) -> Result<Caller, Reply> {
    let claims = claims(token).ok_or_else(|| refusal(401, "A JSON web token could not be decoded"))?;
    let time = |name: &str| claims[name].as_f64().map(|seconds| seconds as i64);
    let now = now.as_second();
    let (Some(exp), Some(iat)) = (time("exp"), time("iat")) else {
        return Err(refusal(401, "'Expiration time' ('exp') and 'Issued at' ('iat') must be Integers"));
    };
    if exp <= now || exp > now + 660 || iat > now + 60 {
        return Err(refusal(401, "'Expiration time' claim ('exp') is past, or too far in the future"));
    }
    // A client id (`Iv1.…`) names the App as well as its number does.
    let is_named = claims["iss"].as_str().is_some_and(|iss| iss.starts_with("Iv"));
    let issuer = claims["iss"].as_u64().or_else(|| claims["iss"].as_str()?.parse().ok());
    let issuer = issuer.or(is_named.then_some(1));
    issuer.map(Caller::App).ok_or_else(|| refusal(401, "'Issuer' claim ('iss') must be an Integer"))
}
