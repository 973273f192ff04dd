//! Whether the schema of triage is larger than the model's service takes ([`SchemaSize`]). One that is refused is said in
//! words, so that each question costs two calls.

use std::path::Path;

use domain::{SchemaBound, SchemaSize};
use settings::Settings;

use super::batch_prompt;
use super::question::schema;
use crate::{Registry, automations};

/// What of the schema of triage the model's service may refuse as too complex: in which file, for which intent, and how
/// to mend it.
#[must_use]
pub fn schema_warnings(settings: &Settings, registry: fn() -> Registry, path: &Path) -> Vec<String> {
    let second = settings.shadow.as_ref().map(|shadow| (&*shadow.agent, " names in [shadow]"));
    let agents = [(settings, "")].into_iter().chain(second);
    agents
        .flat_map(|(agent, place)| of_agent(agent, registry(), &format!("{}{place}", path.display())))
        .collect()
}

fn of_agent(settings: &Settings, registry: Registry, place: &str) -> Vec<String> {
    let registry = automations::configured(registry, settings);
    let single = schema(&settings.intents, &registry);
    // Several events are asked for at once.
    let size = SchemaSize::of(&batch_prompt::schema(single, 2));
    let parameters = |automation: &str| registry.get(automation)?.parameters().map(SchemaSize::of);
    let largest = |SchemaBound { of, .. }: SchemaBound| {
        let intents =
            settings.intents.iter().filter_map(|one| Some((of(&parameters(&one.automation)?), one)));
        intents.max_by_key(|(figure, _)| *figure).map(|(_, intent)| intent)
    };
    let warning = |bound: SchemaBound| {
        let intent = largest(bound).map_or_else(
            || "[[intents]]".to_owned(),
            |intent| format!("intent `{}` (automation `{}`)", intent.name, intent.automation),
        );
        let SchemaBound { of, most, what, mend } = bound;
        format!(
            "{place}, {intent}: the triage schema has {} {what}. Gemini refuses more than {most} as too many states, and each event then costs two calls; {mend}",
            of(&size)
        )
    };
    size.exceeded().map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_agent_is_far_below_and_many_words_are_not() {
        let agent = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agent/agent.toml");
        let shipped = Settings::load(&agent).unwrap();
        assert_eq!(schema_warnings(&shipped, crate::registry, &agent), [""; 0]);
        let words: Vec<String> = (0..500).map(|n| format!("\"a label with the number {n}\"")).collect();
        let text = std::fs::read_to_string(&agent).unwrap();
        let labels = format!(
            "[automations.label]\nallowed = [{}]\n[[intents]]\nname = \"tagged\"\nwhen = \"x\"\nautomation = \"label\"\n",
            words.join(", ")
        );
        let settings = Settings::parse(&(text + &labels), agent.parent().unwrap()).unwrap();
        let warnings = schema_warnings(&settings, crate::registry, &agent);
        let first = format!("{}, intent `tagged` (automation `label`): ", agent.display());
        assert!(warnings.len() == 1 && warnings[0].starts_with(&first), "{warnings:?}");
        assert!(warnings[0].contains("shorten the words"), "{warnings:?}");
    }
}
