//! GitHub's credentials: a token, or an app's id and key.

use secrecy::SecretString;

use super::variables::Reader;

const TOKEN: &str = "GITHUB_TOKEN";
const APP_ID: &str = "GITHUB_APP_ID";
const PRIVATE_KEY: &str = "GITHUB_APP_PRIVATE_KEY";

/// How we show GitHub who we are.
#[derive(Debug, Clone)]
pub enum GithubCredentials {
    /// A personal access token.
    Token(SecretString),
    /// An app.
    App {
        /// Its id.
        id: String,
        /// Its key, PEM.
        private_key: SecretString,
    },
}

/// Reads whichever is there. Both are a mistake: which account wrote a comment decides what the loop
/// guard and the proof of a publication look for.
pub(super) fn read(reader: &Reader<'_>) -> Option<GithubCredentials> {
    let token = reader.secret(TOKEN);
    let id = reader.text(APP_ID);
    let key = reader.get(PRIVATE_KEY);
    if reader.get(TOKEN).is_some() && (id.is_some() || key.is_some()) {
        let problem = "set together with the credentials of an app".to_owned();
        reader.wrong(TOKEN, problem, "remove it, or GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY");
    }
    match (id, key) {
        (Some(id), Some(key)) => app(reader, id, key),
        (Some(_), None) => missing(reader, PRIVATE_KEY, APP_ID),
        (None, Some(_)) => missing(reader, APP_ID, PRIVATE_KEY),
        (None, None) => token.map(GithubCredentials::Token),
    }
}

fn missing(reader: &Reader<'_>, name: &str, other: &str) -> Option<GithubCredentials> {
    reader.wrong(name, format!("missing, while {other} is set"), "set both or neither");
    None
}

fn app(reader: &Reader<'_>, id: String, key: &str) -> Option<GithubCredentials> {
    let id_is_plain = id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    if !id_is_plain {
        reader.wrong(
            APP_ID,
            "not the id of an app".to_owned(),
            "copy App ID or Client ID of its settings page",
        );
    }
    // A PEM has line breaks, which many places that hold variables write as `\n`.
    let key = key.replace("\\r", "").replace("\\n", "\n");
    if !is_private_key(&key) {
        reader.wrong(PRIVATE_KEY, "not a private key in PEM".to_owned(), "store the whole .pem file");
        return None;
    }
    id_is_plain.then(|| GithubCredentials::App { id, private_key: SecretString::from(key) })
}

fn is_private_key(text: &str) -> bool {
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    let framed = |line: Option<&&str>, word: &str| {
        line.is_some_and(|line| line.starts_with(word) && line.ends_with("PRIVATE KEY-----"))
    };
    lines.len() >= 3 && framed(lines.first(), "-----BEGIN ") && framed(lines.last(), "-----END ")
}
