//! [`Scheme::verify`]: the one verifier of all schemes.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::signed_content::Piece;
use crate::{Encoding, Headers, Rejection, Scheme, Secrets, TimePlace};

/// Longer ids are nobody's.
const MAX_ID_BYTES: usize = 256;

/// An HMAC, or the hash of a plain token, so that comparing tokens does not tell their length.
pub(crate) type Mark = [u8; 32];

/// What the headers say, before any of it is believed.
struct Sent<'h> {
    marks: Vec<Mark>,
    time: Option<(&'h str, Timestamp)>,
    id: Option<&'h str>,
}

impl Scheme {
    /// Checks the signature of `body` against every live secret, then the time.
    ///
    /// # Errors
    /// [`Rejection`]: says nothing that helps a forger.
    pub fn verify(
        &self,
        secrets: &Secrets,
        headers: &(impl Headers + ?Sized),
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let keys = secrets.keys(self.key);
        if keys.is_empty() {
            return Err(Rejection::NoSecret);
        }
        let sent = self.read(headers)?;
        let stamp = sent.time.map_or("", |(text, _)| text);
        // No early exit: the time taken says nothing about which secret or signature matched.
        let mut genuine = Choice::from(0);
        for key in &keys {
            let wanted = self.mark(key, stamp, sent.id.unwrap_or(""), body);
            for given in &sent.marks {
                genuine |= wanted.ct_eq(given);
            }
        }
        if !bool::from(genuine) {
            return Err(Rejection::Wrong);
        }
        self.check_time(sent.time.map(|(_, at)| at), body, now)
    }

    /// What a genuine request carries.
    pub(crate) fn mark(&self, key: &SecretSlice<u8>, stamp: &str, id: &str, body: &[u8]) -> Mark {
        let key = key.expose_secret();
        if self.encoding == Encoding::Token {
            return Sha256::digest(key).into();
        }
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
        for piece in self.signed.pieces() {
            mac.update(match piece {
                Piece::Text(text) => text.as_bytes(),
                Piece::Timestamp => stamp.as_bytes(),
                Piece::Id => id.as_bytes(),
                Piece::Body => body,
            });
        }
        mac.finalize().into_bytes().into()
    }

    fn read<'h>(&self, headers: &'h (impl Headers + ?Sized)) -> Result<Sent<'h>, Rejection> {
        let line = present(headers, &self.header)?;
        let marks: Vec<Mark> = self
            .items(line)
            .filter_map(|item| self.decode(item.strip_prefix(self.prefix.as_str())?))
            .collect();
        if marks.is_empty() {
            return Err(malformed(&self.header));
        }
        Ok(Sent { marks, time: self.read_time(headers, line)?, id: self.read_id(headers)? })
    }

    fn read_time<'h>(
        &self,
        headers: &'h (impl Headers + ?Sized),
        line: &'h str,
    ) -> Result<Option<(&'h str, Timestamp)>, Rejection> {
        let Some(tolerance) = &self.freshness else { return Ok(None) };
        let (name, text) = match &tolerance.place {
            TimePlace::Header(name) => (name, present(headers, name)?),
            TimePlace::Item(prefix) => {
                let text = self.items(line).find_map(|item| item.strip_prefix(prefix.as_str()));
                (&self.header, text.ok_or_else(|| malformed(&self.header))?)
            }
            TimePlace::Body(_) => return Ok(None),
        };
        let at = tolerance.format.read(text).ok_or_else(|| malformed(name))?;
        Ok(Some((text, at)))
    }

    fn read_id<'h>(&self, headers: &'h (impl Headers + ?Sized)) -> Result<Option<&'h str>, Rejection> {
        let Some(name) = &self.id_header else { return Ok(None) };
        let id = present(headers, name)?;
        let sound = (1..=MAX_ID_BYTES).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_graphic())
            && self.signed.delimits_id(id);
        if sound { Ok(Some(id)) } else { Err(malformed(name)) }
    }

    /// The items of the signature header; without a separator, the whole of it.
    fn items<'h>(&self, line: &'h str) -> impl Iterator<Item = &'h str> {
        let separator = self.separator;
        line.split(move |c| Some(c) == separator)
    }

    fn decode(&self, text: &str) -> Option<Mark> {
        let bytes = match self.encoding {
            Encoding::Hex => HEXLOWER.decode(text.as_bytes()).ok()?,
            Encoding::HexUpper => HEXUPPER.decode(text.as_bytes()).ok()?,
            Encoding::Base64 => BASE64.decode(text.as_bytes()).ok()?,
            Encoding::Token => return Some(Sha256::digest(text).into()),
        };
        bytes.try_into().ok()
    }

    fn check_time(&self, sent: Option<Timestamp>, body: &[u8], now: Timestamp) -> Result<(), Rejection> {
        let Some(tolerance) = &self.freshness else { return Ok(()) };
        let at = match &tolerance.place {
            TimePlace::Body(pointer) => tolerance
                .read_body(pointer, body)
                .ok_or_else(|| Rejection::Undated { pointer: pointer.clone() })?,
            TimePlace::Header(_) | TimePlace::Item(_) => sent.ok_or_else(|| malformed(&self.header))?,
        };
        if tolerance.accepts(at, now) { Ok(()) } else { Err(Rejection::Stale { within: tolerance.within }) }
    }
}

fn present<'h>(headers: &'h (impl Headers + ?Sized), name: &str) -> Result<&'h str, Rejection> {
    headers.header(name).ok_or_else(|| Rejection::Missing { header: name.to_owned() })
}

fn malformed(header: &str) -> Rejection {
    Rejection::Malformed { header: header.to_owned() }
}
