//! agent.toml: any text is read, or refused with mistakes that say where they are.

use settings::Settings;

use super::{files, of_repository, text};
use crate::Target;

pub(super) const TARGET: Target = Target {
    name: "agent-toml",
    seeds: || {
        let is_toml = |path: &std::path::Path| path.extension().is_some_and(|ending| ending == "toml");
        let mut seeds: Vec<Vec<u8>> =
            files("agent").into_iter().filter(|(path, _)| is_toml(path)).map(|(_, file)| file).collect();
        seeds.push(b"[agent]\nname = \"a\"\npersona = \"persona.md\"\n[sources.github]\n".to_vec());
        seeds
    },
    words: &[
        "[sources.x]\n",
        "[[intents]]\n",
        "[automations.http.x]\n",
        "url = \"https://a.b/{c}\"\n",
        "[budget]\n",
        "[models.limits]\n",
        "= \"",
        "= -1\n",
        "= 9999999999999999999\n",
        "= inf\n",
        "= [\n",
        "'''",
        "\"\"\"",
        "= {",
        "7d",
        "1h30m",
        "1970-01-01",
        "persona = \"../..\"\n",
        "**/*.md",
        "provider = \"custom\"\n",
        "scheme = {",
    ],
    check,
};

fn check(input: &[u8]) {
    if let Err(mistakes) = Settings::parse(&text(input), &of_repository("agent")) {
        assert!(!mistakes.as_slice().is_empty() && !mistakes.to_string().is_empty());
    }
}
