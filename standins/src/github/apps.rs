//! How an App is made by a manifest: a form that a browser posts, and a code that is exchanged once.

use serde_json::{Value, json};

use super::store::Github;
use super::words::{not_found, refusal};
use crate::kit::{Call, Reply};

/// The key of every App. The stand-in looks at no signature.
const KEY: &str = include_str!("../../../shared/github/tests/fixtures/throwaway-app-key.pkcs1.pem");

/// A person has confirmed the manifest: the browser goes back to where it came from, with a code.
pub(super) fn create(github: &mut Github, call: &Call) -> Result<Reply, Reply> {
    let manifest: Value =
        call.field("manifest").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (hook, back) = (text(&manifest["hook_attributes"]["url"]), text(&manifest["redirect_url"]));
    let (Some(_), Some(_), Some(back)) = (text(&manifest["url"]), hook, back) else {
        return Err(refusal(422, "The manifest lacks url, hook_attributes.url or redirect_url."));
    };
    let code = format!("{:040x}", github.manifests.len() + 1);
    github.manifests.insert(code.clone(), manifest);
    let state = call.query("state").unwrap_or_default();
    Ok(Reply::new(302, Value::Null).with("location", format!("{back}?code={code}&state={state}")))
}

/// The App behind a code, which is good once.
pub(super) fn convert(github: &mut Github, call: &Call, code: &str) -> Result<Reply, Reply> {
    let manifest = github.manifests.remove(code).ok_or_else(not_found)?;
    let name = manifest["name"].as_str().unwrap_or("afterhook");
    let app = json!({
        "id": 1_234_567, "slug": name, "name": name, "html_url": format!("{}/apps/{name}", call.origin),
        "permissions": manifest["default_permissions"], "events": manifest["default_events"],
        "webhook_secret": "standin-webhook-secret", "pem": KEY,
    });
    github.last_manifest = manifest;
    Ok(Reply::new(201, app))
}
