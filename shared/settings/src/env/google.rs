//! Keys of further endpoints of the model, and Google's credentials for Vertex AI.

use std::collections::BTreeMap;

use domain::MODEL_KEY;
use secrecy::SecretString;
use serde_json::Value;

use super::variables::Reader;
use crate::endpoints::MODEL_KEYS;

/// `GEMINI_API_KEY_…`, each on one line.
pub(super) fn keys(reader: &Reader<'_>) -> BTreeMap<String, SecretString> {
    let names = reader.names().filter(|name| *name != MODEL_KEY && (MODEL_KEYS.fits)(name));
    names.filter_map(|name| Some((name.to_owned(), reader.secret(name)?))).collect()
}

/// `GOOGLE_CREDENTIALS`: the JSON of a service account's key, of a user's credentials, or of a federated identity.
pub(super) fn credentials(reader: &Reader<'_>) -> Option<SecretString> {
    const NAME: &str = "GOOGLE_CREDENTIALS";
    const KINDS: [&str; 4] =
        ["service_account", "authorized_user", "external_account", "impersonated_service_account"];
    let text = reader.get(NAME)?;
    let json: Option<Value> = serde_json::from_str(text).ok();
    let kind = json.as_ref().and_then(|json| json.get("type")?.as_str());
    if kind.is_some_and(|kind| KINDS.contains(&kind)) {
        return Some(SecretString::from(text));
    }
    let problem = "not the JSON of credentials of Google's".to_owned();
    reader.wrong(NAME, problem, "copy the whole file, braces and all, not its path");
    None
}
