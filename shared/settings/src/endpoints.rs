//! `[[models.endpoints]]`: the addresses of the model's service, when there are several.

use std::path::Path;

use domain::{MODEL_KEY, ModelAccount, ModelEndpoint};
use serde_json::{Value, json};
use url::Url;

use crate::entry::Entry;
use crate::files::read_text;
use crate::form::Form;
use crate::key::key;
use crate::section::Section;

/// Google's own.
const BASE_URL: &str = "https://generativelanguage.googleapis.com";
const MAX_WEIGHT: i64 = 1_000_000;

fn endpoint(mut section: Section<'_>, version: &str, dir: &Path) -> ModelEndpoint {
    let about = "Its share of the tasks, in proportion to the others'; 0 only stands in for them.";
    let weight = section.read_or(key("weight", about), 1, |entry| {
        entry.integer(0..=MAX_WEIGHT).and_then(|weight| u32::try_from(weight).ok())
    });
    let account = account(&mut section, dir);
    let (own, version) = match &account {
        ModelAccount::Key(_) => (BASE_URL.to_owned(), version),
        // The only one that names no location.
        ModelAccount::Vertex { location, .. } if location == GLOBAL => (format!("https://{VERTEX}"), "v1"),
        ModelAccount::Vertex { location, .. } => (format!("https://{location}-{VERTEX}"), "v1"),
    };
    let about = "Its version of the API (default: that of [models]; on Vertex AI \"v1\").";
    let endpoint = ModelEndpoint {
        base_url: section
            .read(key("base_url", "Its address (default: Google's own)."), base_url)
            .unwrap_or(own),
        api_version: section
            .read(key("api_version", about), api_version)
            .unwrap_or_else(|| version.to_owned()),
        weight,
        account,
    };
    section.finish();
    endpoint
}

const VERTEX: &str = "aiplatform.googleapis.com";
const GLOBAL: &str = "global";

/// Whose quota it draws on: a key's project, or one on Vertex AI.
fn account(section: &mut Section<'_>, dir: &Path) -> ModelAccount {
    let about = "The variable that holds its key (default \"GEMINI_API_KEY\").";
    let variable = section.read(key("key", about), |entry| {
        entry.text_like(&MODEL_KEYS, |name| {
            (
                format!("\"{name}\" is not the name of a variable for a model key"),
                "name it GEMINI_API_KEY_ and something",
            )
        })
    });
    let project = section.read(
        key("project", "The project on Vertex AI; it is called with Google's credentials."),
        |entry| {
            entry.text_like(&PROJECT, |name| {
                (format!("\"{name}\" is no project"), "write its id, such as \"my-project-1\"")
            })
        },
    );
    let location = section.read(key("location", "Where on Vertex AI (default \"global\")."), |entry| {
        entry.text_like(&LOCATION, |name| {
            (format!("\"{name}\" is no location"), "write \"global\", or a region such as \"europe-west4\"")
        })
    });
    let about = "Configuration of workload identity federation, which Google writes: a file beside agent.toml, without \
                 a secret (default: GOOGLE_CREDENTIALS, else Google's application default credentials).";
    let workload_identity = section.read(key("workload_identity", about), |entry| federation(entry, dir));
    match project {
        Some(project) => {
            if variable.is_some() {
                section.missing(
                    "project",
                    "a project on Vertex AI has no key",
                    "remove `key`, or the project",
                );
            }
            let location = location.unwrap_or_else(|| GLOBAL.to_owned());
            ModelAccount::Vertex { project, location, workload_identity }
        }
        None => {
            if location.is_some() || workload_identity.is_some() {
                section.missing(
                    "project",
                    "missing, while a location or a workload identity is set",
                    "name the project",
                );
            }
            variable.map_or_else(ModelAccount::default, ModelAccount::Key)
        }
    }
}

/// The configuration in the file that `entry` names. Not a key file: agent.toml and what lies beside it are public.
fn federation(entry: &Entry<'_>, dir: &Path) -> Option<String> {
    let (file, text) = entry.file(dir, read_text)?;
    let kind = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|json| Some(json.get("type")?.as_str()?.to_owned()));
    match kind.as_deref() {
        Some("external_account") => Some(text),
        Some("service_account" | "authorized_user") => entry.refuse(
            format!("`{file}` holds a secret, which must not lie beside agent.toml"),
            "put it into the variable GOOGLE_CREDENTIALS, or use workload identity federation",
        ),
        _ => entry.refuse(
            format!("`{file}` is no configuration of workload identity federation"),
            "make it with `gcloud iam workload-identity-pools create-cred-config --aws`",
        ),
    }
}

/// A variable that holds a key of the model's.
pub(crate) const MODEL_KEYS: Form = Form {
    fits: |name| {
        name.strip_prefix(MODEL_KEY).is_some_and(|rest| {
            rest.is_empty()
                || rest.strip_prefix('_').is_some_and(|rest| {
                    !rest.is_empty()
                        && rest.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                })
        })
    },
    pattern: "^GEMINI_API_KEY(_[A-Z0-9_]+)?$",
    example: "GEMINI_API_KEY_2",
};

/// The id of a project, or its number: a segment of addresses.
pub(crate) const PROJECT: Form =
    Form { fits: |name| is_label(name, 63), pattern: "^[a-z0-9][a-z0-9-]{0,62}$", example: "my-project-1" };

/// A location on Vertex AI: a part of host names.
pub(crate) const LOCATION: Form =
    Form { fits: |name| is_label(name, 32), pattern: "^[a-z0-9][a-z0-9-]{0,31}$", example: "europe-west4" };

fn is_label(name: &str, most: usize) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= most && name.starts_with(is_plain) && name.chars().all(|c| is_plain(c) || c == '-')
}

/// All of them; at least one must have a share.
pub(crate) fn read(section: &mut Section<'_>, version: &str, dir: &Path) -> Vec<ModelEndpoint> {
    let each = |item: Entry<'_>| Some(endpoint(item.section()?, version, dir));
    let about = "Several addresses of the model's service, versions of its API, or accounts, Vertex AI's too. Each gets \
                 its share of the tasks; if an account refuses or fails, the next one is asked (default: Google's address).";
    section
        .read(key("endpoints", about), |entry| {
            let endpoints = entry.each(each)?;
            match endpoints.iter().any(|endpoint| endpoint.weight > 0) || endpoints.is_empty() {
                true => Some(endpoints),
                false => entry.refuse("every weight is 0", "give one of them a weight of 1"),
            }
        })
        .unwrap_or_default()
}

/// `v1`, `v1beta`, `v1alpha` or what comes after them.
pub(crate) const VERSION: Form = Form {
    fits: |version| {
        version.strip_prefix('v').is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
        })
    },
    pattern: "^v[0-9][A-Za-z0-9]*$",
    example: "v1beta",
};

pub(crate) fn api_version(entry: &Entry<'_>) -> Option<String> {
    entry.text_like(&VERSION, |version| {
        (format!("\"{version}\" is not an API version"), "use \"v1beta\" or \"v1\"")
    })
}

/// The value is not quoted: somebody may have put a password in it.
fn base_url(entry: &Entry<'_>) -> Option<String> {
    let text = entry.text();
    entry.also(|| json!({"pattern": "^[Hh][Tt][Tt][Pp][Ss]?:[^?#]+$"}));
    let text = text?;
    let sound = Url::parse(&text).is_ok_and(|url| {
        let plain = url.username().is_empty() && url.password().is_none();
        matches!(url.scheme(), "http" | "https") && plain && url.query().is_none() && url.fragment().is_none()
    });
    if !sound {
        return entry.refuse("is not the address of an API", format!("write it like \"{BASE_URL}\""));
    }
    match version_in(&text) {
        None => Some(text.trim_end_matches('/').to_owned()),
        Some(_) => {
            entry.refuse("names the version of the API as well", "leave it out: `api_version` names it")
        }
    }
}

/// What the model's API has behind its version.
const BEHIND_VERSION: [&str; 4] = ["cachedContents", "models", "openai", "tunedModels"];

/// The version in an address of the model's API: what it ends with, or what one of the API's paths stands behind. Ours
/// comes behind the address, so that every call would go to a path with two versions, and be answered that there is no
/// such model.
pub(crate) fn version_in(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    let behind = segments.iter().skip(1).map(Some).chain([None]);
    let mut named = segments.iter().zip(behind).filter(|(segment, _)| (VERSION.fits)(segment));
    named
        .find(|(_, next)| next.is_none_or(|next| BEHIND_VERSION.contains(next)))
        .map(|(version, _)| (*version).to_owned())
}
