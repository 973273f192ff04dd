//! The request's headers as the signature schemes see them, and its media type.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use webhook::{Headers, Provider, is_media_type};

use crate::outcome::Refusal;

/// Bytes that a stored media type or event hint may have: the task's item must stay small, and no
/// sender needs more.
const MAX_STORED: usize = 256;

/// The headers of one request.
///
/// A header that was sent twice counts as absent: which of two signatures (or times) is meant is
/// for nobody to guess, and a proxy in front may have judged the other one.
pub(crate) struct SignedHeaders<'h>(pub(crate) &'h HeaderMap);

impl Headers for SignedHeaders<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.0.get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() { None } else { value.to_str().ok() }
    }
}

impl<'h> SignedHeaders<'h> {
    /// The media type, if it is one in which `provider` sends.
    pub(crate) fn media_type(&self, provider: Provider) -> Result<&str, Refusal> {
        let wanted = provider.media_types();
        self.header(CONTENT_TYPE.as_str())
            .filter(|value| value.len() <= MAX_STORED && wanted.iter().any(|it| is_media_type(value, it)))
            .ok_or(Refusal::MediaType { wanted })
    }

    /// The sender's unsigned word for the kind of event; one of absurd length is none.
    pub(crate) fn event_hint(&self, provider: Provider) -> Option<&str> {
        provider.event_hint(self).filter(|hint| hint.len() <= MAX_STORED)
    }
}
