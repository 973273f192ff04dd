//! [`Session`]: who is logged in, by a cookie that nobody can guess.
//!
//! The cookie is a random id and says nothing of the token. What is stored under the id's hash says nothing of
//! either: it names the holder, and proves with the id as key which token has opened the session. So neither a
//! stolen cookie nor a look at the store allows guessing at a token.
//!
//! A session ends with its time, when its token is taken back, or when somebody logs out of it.

use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use domain::{Expected, StateStore, StoreError, Swap, Timestamp, after};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::COOKIE;
use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settings::{Role, Roles};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::tokens::{Holder, Tokens};

/// A working day, and the evening after it.
pub(crate) const LIFE: Duration = Duration::from_secs(12 * 3_600);
/// `__Host-` lets no other host of our domain, and no plain HTTP, set it.
const SECURE_NAME: &str = "__Host-afterhook";
const LOCAL_NAME: &str = "afterhook";
const OPERATION: &str = "open a session";
/// Cookies of our name that are looked up; a browser has one.
const MAX_COOKIES: usize = 4;

/// Who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// The name of the token.
    pub(crate) name: Arc<str>,
    /// What the token is good for.
    pub(crate) roles: Roles,
    /// What every form must carry: a foreign page cannot read it.
    pub(crate) csrf: Arc<str>,
    /// The services that are stand-ins, in words; empty where there are none.
    pub(crate) stand_ins: Arc<str>,
    /// Those that are asked at addresses of this machine, likewise.
    pub(crate) addresses_here: Arc<str>,
    /// When the request came.
    pub(crate) at: Timestamp,
    key: Arc<str>,
    version: u64,
}

/// What is stored of a session.
#[derive(Serialize, Deserialize)]
struct Opened {
    name: String,
    /// The hash of the token, under the session's id as key.
    proof: String,
}

/// The random name of a session: whoever knows it is logged in.
struct Id([u8; 32]);

/// What something derived from an id is for: none can stand for another.
#[derive(Clone, Copy)]
enum Purpose {
    Key,
    Proof,
    Form,
}

impl Id {
    fn new() -> Result<Self, StoreError> {
        let mut id = [0; 32];
        let made = SystemRandom::new().fill(&mut id);
        made.map_err(|_| StoreError::broken(OPERATION, "the system has no randomness"))?;
        Ok(Self(id))
    }

    fn read(cookie: &str) -> Option<Self> {
        BASE64URL_NOPAD.decode(cookie.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    fn derive(&self, purpose: Purpose, what: &[u8]) -> String {
        let label: &[u8] = match purpose {
            Purpose::Key => b"afterhook console session key\0",
            Purpose::Proof => b"afterhook console token\0",
            Purpose::Form => b"afterhook console form\0",
        };
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any length");
        mac.update(label);
        mac.update(what);
        BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    }

    /// Where the session is stored.
    fn key(&self) -> String {
        format!("console:session:{}", BASE64URL_NOPAD.encode(&Sha256::digest(self.derive(Purpose::Key, b""))))
    }

    fn proof(&self, holder: &Holder) -> String {
        self.derive(Purpose::Proof, holder.hash())
    }
}

/// Logs `holder` in; the `Set-Cookie`. `Lax`, so that a link in Slack finds the session.
pub(crate) async fn open(
    state: &dyn StateStore,
    holder: &Holder,
    now: Timestamp,
    local: bool,
) -> Result<String, StoreError> {
    let id = Id::new()?;
    let opened = Opened { name: holder.name.clone(), proof: id.proof(holder) };
    let value = serde_json::to_value(opened).map_err(|error| StoreError::broken(OPERATION, error))?;
    match state.swap(&id.key(), Expected::Absent, &value, now, after(now, LIFE)).await? {
        Swap::Done(_) => Ok(cookie(&BASE64URL_NOPAD.encode(&id.0), LIFE, local)),
        Swap::Conflict(_) => Err(StoreError::broken(OPERATION, "another one has its id")),
    }
}

/// The `Set-Cookie` that logs out.
pub(crate) fn close(local: bool) -> String {
    cookie("", Duration::ZERO, local)
}

fn cookie(value: &str, life: Duration, local: bool) -> String {
    let (name, secure) = if local { (LOCAL_NAME, "") } else { (SECURE_NAME, "; Secure") };
    format!("{name}={value}; Path=/; Max-Age={}; HttpOnly; SameSite=Lax{secure}", life.as_secs())
}

/// The ids in the cookies of a request.
fn ids(headers: &HeaderMap, local: bool) -> Vec<Id> {
    let wanted = if local { LOCAL_NAME } else { SECURE_NAME };
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let cookies = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let ours = cookies.filter(|(name, _)| name.trim() == wanted);
    ours.filter_map(|(_, value)| Id::read(value.trim())).take(MAX_COOKIES).collect()
}

impl Session {
    /// The session of a request, if it has one that holds.
    pub(crate) async fn of(
        headers: &HeaderMap,
        tokens: &Tokens,
        state: &dyn StateStore,
        now: Timestamp,
        local: bool,
    ) -> Result<Option<Self>, StoreError> {
        for id in ids(headers, local) {
            if let Some(session) = Self::with(&id, tokens, state, now).await? {
                return Ok(Some(session));
            }
        }
        Ok(None)
    }

    async fn with(
        id: &Id,
        tokens: &Tokens,
        state: &dyn StateStore,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let key = id.key();
        let Some(stored) = state.get(&key, now).await? else { return Ok(None) };
        // One that was ended is `null`.
        let Ok(opened) = serde_json::from_value::<Opened>(stored.value) else { return Ok(None) };
        let opener =
            |holder: &&Holder| bool::from(id.proof(holder).as_bytes().ct_eq(opened.proof.as_bytes()));
        Ok(tokens.of(&opened.name).find(opener).map(|holder| Self {
            name: holder.name.as_str().into(),
            roles: holder.roles,
            csrf: id.derive(Purpose::Form, b"").into(),
            stand_ins: "".into(),
            addresses_here: "".into(),
            at: now,
            key: key.into(),
            version: stored.version,
        }))
    }

    /// Ends it for whoever has its cookie.
    pub(crate) async fn end(&self, state: &dyn StateStore, now: Timestamp) -> Result<(), StoreError> {
        let expected = Expected::Version(self.version);
        match state.swap(&self.key, expected, &Value::Null, now, after(now, LIFE)).await? {
            // A conflict: it was ended before, which is all that is ever written to it.
            Swap::Done(_) | Swap::Conflict(_) => Ok(()),
        }
    }

    /// Whether it may do what `role` is for.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.roles.has(role)
    }

    /// Whether a form that carries `presented` was made by a page of this session.
    pub(crate) fn made(&self, presented: &str) -> bool {
        bool::from(self.csrf.as_bytes().ct_eq(presented.as_bytes()))
    }
}
