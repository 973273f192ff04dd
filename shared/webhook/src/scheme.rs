//! [`Scheme`]: how a sender signs, as data. The verifier is in `verify.rs`, its counterpart in
//! `sign.rs`, the built-in rows in `schemes.rs`.

use std::time::Duration;

use crate::{KeyForm, SignedContent, TimePlace, Tolerance};

/// How a sender signs: HMAC-SHA256 over a template of signed bytes.
///
/// ```
/// use webhook::{Encoding, KeyForm, Scheme, SignedContent};
///
/// // A sender of your own, signing `<id>.<body>`.
/// let scheme = Scheme {
///     header: "x-signature".to_owned(),
///     separator: None,
///     prefix: "sha256=".to_owned(),
///     encoding: Encoding::Hex,
///     key: KeyForm::Text,
///     signed: SignedContent::new("{id}.{body}")?,
///     id_header: Some("x-event-id".to_owned()),
///     freshness: None,
/// };
/// scheme.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheme {
    /// Header that carries the signature, lower case.
    pub header: String,
    /// What separates the items of that header, for senders that put several signatures (or the
    /// time) into it; `None` when the whole header is one signature.
    pub separator: Option<char>,
    /// What stands before the signature within the header or item, such as `sha256=`. Items that
    /// begin otherwise are ignored (Stripe's `v0=`, Standard Webhooks' `v1a,`).
    pub prefix: String,
    /// How the signature is written.
    pub encoding: Encoding,
    /// How a secret becomes the key.
    pub key: KeyForm,
    /// What is signed.
    pub signed: SignedContent,
    /// Header that carries `{id}`, lower case.
    pub id_header: Option<String>,
    /// Where the time of signing stands, and how old it may be; `None` for senders that sign none.
    pub freshness: Option<Tolerance>,
}

/// How the signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal in lower case. The other case is refused, so that no two headers mean the same.
    Hex,
    /// Hexadecimal in upper case.
    HexUpper,
    /// Base 64 with padding.
    Base64,
    /// There is no signature: the header carries the secret itself. It proves who sent, not that
    /// the body is unchanged, so it needs TLS all the way.
    Token,
}

/// A scheme whose parts contradict each other. It would refuse every request, or protect less than
/// it seems to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    /// A header name that no request can have.
    #[error("`{0}` is not a header name: use lower-case letters, digits and hyphens")]
    Header(String),
    /// The template uses a time that nothing provides.
    #[error("`signed` contains {{timestamp}}: name the header that carries it (`timestamp_header`)")]
    TimeNotSent,
    /// A time that is not signed can be changed by anybody who replays the request.
    #[error("the time is sent but not signed: put {{timestamp}} into `signed`, or drop `timestamp_header`")]
    TimeNotSigned,
    /// The template uses an id that nothing provides.
    #[error("`signed` contains {{id}}: name the header that carries it (`id_header`)")]
    IdNotSent,
    /// An id that is not signed identifies nothing.
    #[error("the id is sent but not signed: put {{id}} into `signed`, or drop `id_header`")]
    IdNotSigned,
    /// The time is an item of a header that has only one.
    #[error("the time stands in the signature header: name the `separator` of its items")]
    NoSeparator,
    /// A plain token signs nothing, neither time nor id.
    #[error("a plain token signs nothing: `signed` must be {{body}}, without time or id")]
    TokenSignsNothing,
    /// Nothing is ever fresh within no time.
    #[error("`tolerance` must be longer than 0 s")]
    NoTolerance,
}

impl Scheme {
    /// HMAC over the body alone, written into one header: what most senders do.
    #[must_use]
    pub fn over_body(header: &str, prefix: &str, encoding: Encoding) -> Self {
        Self {
            header: header.to_owned(),
            separator: None,
            prefix: prefix.to_owned(),
            encoding,
            key: KeyForm::Text,
            signed: SignedContent::body(),
            id_header: None,
            freshness: None,
        }
    }

    /// Checks that the parts fit together; for schemes that a user describes.
    ///
    /// # Errors
    /// The first [`SchemeError`]. [`Scheme::verify`] relies on this check and does not repeat it.
    pub fn check(&self) -> Result<(), SchemeError> {
        let time = self.freshness.as_ref().map(|tolerance| &tolerance.place);
        let time_header = time.and_then(TimePlace::header);
        for name in [Some(self.header.as_str()), self.id_header.as_deref(), time_header].into_iter().flatten()
        {
            if !is_header_name(name) {
                return Err(SchemeError::Header(name.to_owned()));
            }
        }
        let time_is_signed = self.signed.has_timestamp();
        let plain = self.id_header.is_none() && time.is_none() && self.signed == SignedContent::body();
        let faults = [
            (self.encoding == Encoding::Token && !plain, SchemeError::TokenSignsNothing),
            (self.signed.has_id() && self.id_header.is_none(), SchemeError::IdNotSent),
            (!self.signed.has_id() && self.id_header.is_some(), SchemeError::IdNotSigned),
            (time_is_signed && !time.is_some_and(TimePlace::is_in_headers), SchemeError::TimeNotSent),
            (!time_is_signed && time.is_some_and(TimePlace::is_in_headers), SchemeError::TimeNotSigned),
            (matches!(time, Some(TimePlace::Item(_))) && self.separator.is_none(), SchemeError::NoSeparator),
            (self.freshness.as_ref().is_some_and(|t| t.within == Duration::ZERO), SchemeError::NoTolerance),
        ];
        faults.into_iter().find_map(|(is_fault, fault)| is_fault.then_some(fault)).map_or(Ok(()), Err)
    }
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimeFormat;

    fn custom() -> Scheme {
        Scheme {
            signed: SignedContent::new("{timestamp}.{body}").unwrap(),
            freshness: Some(Tolerance {
                place: TimePlace::Header("x-timestamp".to_owned()),
                format: TimeFormat::UnixSeconds,
                within: Duration::from_secs(300),
            }),
            ..Scheme::over_body("x-signature", "sha256=", Encoding::Hex)
        }
    }

    #[test]
    fn a_described_scheme_with_signed_time_is_sound() {
        assert_eq!(custom().check(), Ok(()));
    }

    #[test]
    fn a_time_must_be_sent_and_signed() {
        assert_eq!(Scheme { freshness: None, ..custom() }.check(), Err(SchemeError::TimeNotSent));
        assert_eq!(
            Scheme { signed: SignedContent::body(), ..custom() }.check(),
            Err(SchemeError::TimeNotSigned)
        );
        let mut item = custom();
        item.freshness.as_mut().unwrap().place = TimePlace::Item("t=".to_owned());
        assert_eq!(item.check(), Err(SchemeError::NoSeparator));
        let mut never = custom();
        never.freshness.as_mut().unwrap().within = Duration::ZERO;
        assert_eq!(never.check(), Err(SchemeError::NoTolerance));
    }

    #[test]
    fn a_time_inside_the_body_does_not_feed_the_template() {
        let mut scheme = custom();
        scheme.freshness.as_mut().unwrap().place = TimePlace::Body("/sentAt".to_owned());
        assert_eq!(scheme.check(), Err(SchemeError::TimeNotSent));
        scheme.signed = SignedContent::body();
        assert_eq!(scheme.check(), Ok(()));
    }

    #[test]
    fn an_id_must_be_sent_and_signed() {
        let signed = SignedContent::new("{id}.{timestamp}.{body}").unwrap();
        assert_eq!(Scheme { signed, ..custom() }.check(), Err(SchemeError::IdNotSent));
        let id_header = Some("x-id".to_owned());
        assert_eq!(Scheme { id_header, ..custom() }.check(), Err(SchemeError::IdNotSigned));
    }

    #[test]
    fn a_token_cannot_claim_to_sign_a_time() {
        assert_eq!(
            Scheme { encoding: Encoding::Token, ..custom() }.check(),
            Err(SchemeError::TokenSignsNothing)
        );
    }

    #[test]
    fn header_names_that_never_match_are_refused() {
        for name in ["", "X-Signature", "x signature", "x-signature:"] {
            let scheme = Scheme { header: name.to_owned(), ..custom() };
            assert_eq!(scheme.check(), Err(SchemeError::Header(name.to_owned())));
        }
    }
}
