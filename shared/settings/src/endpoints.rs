//! `[[models.endpoints]]`: the addresses of the model's service, when there are several.

use domain::ModelEndpoint;
use serde_json::json;
use url::Url;

use crate::entry::Entry;
use crate::form::Form;
use crate::key::key;
use crate::section::Section;

/// Google's own.
const BASE_URL: &str = "https://generativelanguage.googleapis.com";
const MAX_WEIGHT: i64 = 1_000_000;

fn endpoint(mut section: Section<'_>, version: &str) -> ModelEndpoint {
    let about = "Its share of the tasks, in proportion to the others'; 0 only stands in for them.";
    let weight = section.read_or(key("weight", about), 1, |entry| {
        entry.integer(0..=MAX_WEIGHT).and_then(|weight| u32::try_from(weight).ok())
    });
    let about = "Its version of the API (default: that of [models]).";
    let endpoint = ModelEndpoint {
        base_url: section.read_or(key("base_url", "Its address."), BASE_URL.to_owned(), base_url),
        api_version: section
            .read(key("api_version", about), api_version)
            .unwrap_or_else(|| version.to_owned()),
        weight,
    };
    section.finish();
    endpoint
}

/// All of them; at least one must have a share.
pub(crate) fn read(section: &mut Section<'_>, version: &str) -> Vec<ModelEndpoint> {
    let each = |item: Entry<'_>| Some(endpoint(item.section()?, version));
    let about = "Several addresses of the model's service, or several versions of its API. Each gets its share of \
                 the tasks; one that fails is left out for 30 s (default: Google's own).";
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

/// The version that an address of the model's API ends with, or one of the paths behind it. Ours comes behind the
/// address, so that every call would go to a path with two versions, and be answered that there is no such model.
pub(crate) fn version_in(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let mut segments = url.path_segments()?.filter(|segment| !segment.is_empty()).rev();
    let last = segments.next()?;
    let named = if matches!(last, "models" | "openai") { segments.next()? } else { last };
    (VERSION.fits)(named).then(|| named.to_owned())
}
