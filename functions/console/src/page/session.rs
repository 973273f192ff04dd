//! [`Session`]: a cookie that says who is logged in until when, signed with the token that opened it.
//!
//! A session ends with its time, when its token is taken back, or when somebody logs out of it. Only the
//! last is stored: a copy of the cookie is worth nothing from then on.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use domain::{Expected, StateStore, StoreError, Swap, Timestamp, after};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::COOKIE;
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::tokens::{Holder, Tokens};

/// A working day, and the evening after it.
pub(crate) const LIFE: Duration = Duration::from_secs(12 * 3_600);
/// `__Host-` lets no other host of our domain, and no plain HTTP, set it.
const SECURE_NAME: &str = "__Host-afterhook";
const LOCAL_NAME: &str = "afterhook";

/// Who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The name of the token.
    pub(crate) name: Arc<str>,
    /// What every form must carry: a foreign page cannot read it.
    pub(crate) csrf: Arc<str>,
    /// Names it in the state store; says nothing about its cookie.
    key: Arc<str>,
    ends: Timestamp,
}

/// What the signature is for: one made for a cookie is worth nothing in a form.
#[derive(Clone, Copy)]
enum Purpose {
    Cookie,
    Form,
}

/// The cookie's value for the holder of a token: name, end and signature.
fn value(holder: &Holder, now: Timestamp) -> String {
    let name = BASE64URL_NOPAD.encode(holder.name.as_bytes());
    let payload = format!("{name}.{}", after(now, LIFE).as_millisecond());
    let signature = BASE64URL_NOPAD.encode(&sign(holder, Purpose::Cookie, &payload));
    format!("{payload}.{signature}")
}

/// The `Set-Cookie` that logs `holder` in. `Lax`, so that a link in Slack finds the session.
pub(crate) fn open(holder: &Holder, now: Timestamp, local: bool) -> String {
    cookie(&value(holder, now), LIFE, local)
}

/// The `Set-Cookie` that logs out.
pub(crate) fn close(local: bool) -> String {
    cookie("", Duration::ZERO, local)
}

fn cookie(value: &str, life: Duration, local: bool) -> String {
    let (name, secure) = if local { (LOCAL_NAME, "") } else { (SECURE_NAME, "; Secure") };
    format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", life.as_secs())
}

impl Session {
    /// The session of a request, if it has one that holds.
    pub(crate) fn of(headers: &HeaderMap, tokens: &Tokens, now: Timestamp, local: bool) -> Option<Self> {
        let wanted = if local { LOCAL_NAME } else { SECURE_NAME };
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
        cookies.find_map(|(name, value)| {
            (name.trim() == wanted).then(|| Self::read(value.trim(), tokens, now)).flatten()
        })
    }

    fn read(value: &str, tokens: &Tokens, now: Timestamp) -> Option<Self> {
        let (payload, signature) = value.rsplit_once('.')?;
        let (name, end) = payload.split_once('.')?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        let name = String::from_utf8(BASE64URL_NOPAD.decode(name.as_bytes()).ok()?).ok()?;
        let signed_by = |holder: &&Holder| {
            bool::from(sign(holder, Purpose::Cookie, payload).as_slice().ct_eq(&signature))
        };
        let holder = tokens.of(&name).find(signed_by)?;
        // After the signature: an end that anybody can write is not worth reading.
        let ends = Timestamp::from_millisecond(end.parse().ok()?).ok().filter(|ends| *ends > now)?;
        let csrf = BASE64URL_NOPAD.encode(&sign(holder, Purpose::Form, payload));
        let key = format!("logout:{}", BASE64URL_NOPAD.encode(&Sha256::digest(&signature)));
        Some(Self { name: holder.name.as_str().into(), csrf: csrf.into(), key: key.into(), ends })
    }

    /// Whether somebody has logged out of it.
    pub(crate) async fn is_over(&self, state: &dyn StateStore, now: Timestamp) -> Result<bool, StoreError> {
        Ok(state.get(&self.key, now).await?.is_some())
    }

    /// Ends it for whoever has its cookie. Remembered for as long as it would have lasted.
    pub(crate) async fn end(&self, state: &dyn StateStore, now: Timestamp) -> Result<(), StoreError> {
        match state.swap(&self.key, Expected::Absent, &Value::Bool(true), now, self.ends).await? {
            // A conflict: it was ended before.
            Swap::Done(_) | Swap::Conflict(_) => Ok(()),
        }
    }

    /// Whether a form that carries `presented` was made by a page of this session.
    pub(crate) fn made(&self, presented: &str) -> bool {
        bool::from(self.csrf.as_bytes().ct_eq(presented.as_bytes()))
    }
}

fn sign(holder: &Holder, purpose: Purpose, payload: &str) -> [u8; 32] {
    let label: &[u8] = match purpose {
        Purpose::Cookie => b"afterhook console session\0",
        Purpose::Form => b"afterhook console form\0",
    };
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(holder.secret()).expect("any length");
    mac.update(label);
    mac.update(payload.as_bytes());
    mac.finalize().into_bytes().into()
}
