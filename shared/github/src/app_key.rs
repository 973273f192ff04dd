//! The RSA key of a GitHub App and the tokens signed with it (RS256, RFC 7515 and 7519).

use std::fmt;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use domain::Timestamp;
use outbound::BuildError;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// How far in the past a token is dated, against clocks that go wrong (GitHub's advice).
const BACKDATED: Duration = Duration::from_secs(60);
/// How long a token is valid from now on. GitHub refuses more than 10 minutes.
const LIFETIME: Duration = Duration::from_secs(9 * 60);
const HEADER: &[u8] = br#"{"alg":"RS256","typ":"JWT"}"#;

/// A key that signs for an app.
pub(crate) struct AppKey(RsaKeyPair);

#[derive(Serialize)]
struct Claims<'a> {
    iat: i64,
    exp: i64,
    iss: &'a str,
}

/// The key could not sign; RSA signing fails only when the system has no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the app's token could not be signed")]
pub(crate) struct SigningError;

impl AppKey {
    /// Reads a PEM, PKCS#1 or PKCS#8. Line breaks written as `\n`, as environment files have them,
    /// are understood.
    pub(crate) fn from_pem(pem: &SecretString) -> Result<Self, BuildError> {
        let unescaped = SecretString::from(pem.expose_secret().replace("\\n", "\n"));
        let pem = unescaped.expose_secret().trim();
        if !pem.starts_with("-----BEGIN ") {
            return Err(unusable(
                "is not a PEM; give the whole file, from -----BEGIN RSA PRIVATE KEY----- on, with its line breaks",
            ));
        }
        if pem.contains("ENCRYPTED") {
            return Err(unusable("is locked by a passphrase; remove it with `openssl rsa`"));
        }
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
            unusable("is damaged or no private key; download a new one from the app's settings")
        })?;
        let pair = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(unusable("is not an RSA key; apps have no others")),
        };
        pair.map(Self).map_err(|_| {
            unusable(
                "is damaged, or not an RSA key of 2048 bits or more; download a new one from the app's settings",
            )
        })
    }

    /// The token that shows GitHub that we are the app `id`.
    pub(crate) fn sign(&self, id: &str, now: Timestamp) -> Result<String, SigningError> {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let (iat, exp) = (now.as_second() - seconds(BACKDATED), now.as_second() + seconds(LIFETIME));
        let claims = serde_json::to_vec(&Claims { iat, exp, iss: id }).map_err(|_| SigningError)?;
        let mut token = BASE64URL_NOPAD.encode(HEADER);
        token.push('.');
        BASE64URL_NOPAD.encode_append(&claims, &mut token);
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), token.as_bytes(), &mut signature)
            .map_err(|_| SigningError)?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }
}

fn unusable(problem: &'static str) -> BuildError {
    BuildError::Setting { setting: "the GitHub App private key", problem }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppKey([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::BASE64;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use serde_json::{Value, json};

    use super::*;

    const PKCS1: &str = include_str!("../tests/fixtures/throwaway-app-key.pkcs1.pem");
    const PKCS8: &str = include_str!("../tests/fixtures/throwaway-app-key.pkcs8.pem");
    const PUBLIC: &str = include_str!("../tests/fixtures/throwaway-app-key.public.pem");
    const ELLIPTIC: &str = include_str!("../tests/fixtures/throwaway-ec-key.pem");

    fn key(pem: &str) -> Result<AppKey, BuildError> {
        AppKey::from_pem(&pem.into())
    }

    fn refusal(pem: &str) -> String {
        key(pem).err().unwrap_or_else(|| panic!("the key was taken")).to_string()
    }

    fn verified_claims(token: &str) -> Value {
        let body: String = PUBLIC.lines().filter(|line| !line.starts_with('-')).collect();
        let public = BASE64.decode(body.as_bytes()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(BASE64URL_NOPAD.decode(header.as_bytes()).unwrap(), HEADER);
        serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn tokens_of_both_pem_forms_verify_with_the_public_key() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for pem in [PKCS1, PKCS8, &PKCS1.replace('\n', "\\n"), &PKCS1.replace('\n', "\r\n")] {
            let token = key(pem).unwrap().sign("4711", now).unwrap();
            let expected = json!({"iat": 1_799_999_940, "exp": 1_800_000_540, "iss": "4711"});
            assert_eq!(verified_claims(&token), expected);
        }
    }

    #[test]
    fn life_of_a_token_is_within_what_github_takes() {
        assert!(BACKDATED + LIFETIME <= Duration::from_secs(600));
    }

    #[test]
    fn unusable_keys_are_refused_with_what_is_wrong() {
        assert!(refusal("").contains("is not a PEM"));
        assert!(refusal("MIIEowIBAAKCAQEA").contains("is not a PEM"));
        assert!(refusal(ELLIPTIC).contains("not an RSA key"));
        assert!(refusal(PUBLIC).contains("no private key"));
        assert!(refusal(&PKCS1[..800]).contains("damaged"));
        let locked = PKCS8.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        assert!(refusal(&locked).contains("passphrase"));
    }

    #[test]
    fn neither_errors_nor_debug_show_the_key() {
        let line = PKCS1.lines().nth(3).unwrap();
        assert!(!refusal(&PKCS1[..800]).contains(&line[..16]));
        assert_eq!(format!("{:?}", key(PKCS1).unwrap()), "AppKey([redacted])");
    }
}
