//! [`Scheme::sign`]: the sender's side, for sample events and tests.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use domain::Timestamp;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::{Encoding, Scheme, Secrets, TimePlace};

impl Scheme {
    /// The headers that sign `body` with the first usable one of `secrets`, names in lower case (as
    /// HTTP/2 and API Gateway have them). An id, if the scheme has one, is derived from the body: the
    /// same body sent twice is the same event.
    ///
    /// Empty when no secret is usable: the request then goes out unsigned and is refused. A time
    /// inside the body is the caller's to write.
    #[must_use]
    pub fn sign(&self, secrets: &Secrets, body: &[u8], now: Timestamp) -> Vec<(String, String)> {
        let id = self.id_header.as_ref().map(|_| derived_id(body));
        self.sign_as(secrets, id.as_deref().unwrap_or(""), body, now)
    }

    /// [`Scheme::sign`] under an id of the caller's choice.
    #[must_use]
    pub fn sign_as(&self, secrets: &Secrets, id: &str, body: &[u8], now: Timestamp) -> Vec<(String, String)> {
        let keys = secrets.keys(self.key);
        let Some(key) = keys.first() else { return Vec::new() };
        let time = self.freshness.as_ref().map(|tolerance| (&tolerance.place, tolerance.format.write(now)));
        let stamp = time.as_ref().map_or("", |(_, stamp)| stamp.as_str());
        let signature = match self.encoding {
            Encoding::Hex => HEXLOWER.encode(&self.mark(key, stamp, id, body)),
            Encoding::HexUpper => HEXUPPER.encode(&self.mark(key, stamp, id, body)),
            Encoding::Base64 => BASE64.encode(&self.mark(key, stamp, id, body)),
            Encoding::Token => String::from_utf8_lossy(key.expose_secret()).into_owned(),
        };
        let mut headers = vec![(self.header.clone(), format!("{}{signature}", self.prefix))];
        match &time {
            Some((TimePlace::Header(name), stamp)) => headers.push((name.clone(), stamp.clone())),
            Some((TimePlace::Item(prefix), stamp)) => {
                let separator = self.separator.map(String::from).unwrap_or_default();
                headers[0].1 = format!("{prefix}{stamp}{separator}{}", headers[0].1);
            }
            Some((TimePlace::Body(_), _)) | None => {}
        }
        headers.extend(self.id_header.as_ref().map(|name| (name.clone(), id.to_owned())));
        headers
    }
}

/// 128 bits of the body's hash, in an alphabet without separators.
fn derived_id(body: &[u8]) -> String {
    format!("msg_{}", BASE64URL_NOPAD.encode(&Sha256::digest(body)[..16]))
}
