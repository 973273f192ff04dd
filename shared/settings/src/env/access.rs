//! [`ApiAccess`]: a service that wants no more than a token.

use secrecy::SecretString;

use super::urls;
use super::variables::Reader;

/// Where the API of a service is, and what we show it.
#[derive(Debug, Clone)]
pub struct ApiAccess {
    /// Base of the API, without a slash at its end.
    pub url: String,
    /// `None` for a server of one's own that needs none.
    pub token: Option<SecretString>,
}

/// Reads the variable of the base, which is `public` unless it is set, and that of the token. `None` when
/// neither is set.
pub(super) fn read(reader: &Reader<'_>, url: &str, public: &str, token: &str) -> Option<ApiAccess> {
    let (url, token) = (urls::base(reader, url), reader.secret(token));
    let is_there = url.is_some() || token.is_some();
    is_there.then(|| ApiAccess { url: url.unwrap_or_else(|| public.to_owned()), token })
}
