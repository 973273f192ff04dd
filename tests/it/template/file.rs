//! template.yaml as a tree in which a reference is the text that it refers to.

use std::fs;
use std::path::Path;

use yaml_serde::Value;
use yaml_serde::value::TaggedValue;

/// The parsed template.
pub(super) struct Template(Value);

impl Template {
    pub(super) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        Self(untagged(yaml_serde::from_str(&fs::read_to_string(path).unwrap()).unwrap()))
    }

    pub(super) fn root(&self) -> &Value {
        &self.0
    }

    pub(super) fn resource(&self, name: &str) -> &Value {
        let resource = &self.0["Resources"][name];
        assert!(!resource.is_null(), "template.yaml has no resource {name}");
        resource
    }

    pub(super) fn properties(&self, name: &str) -> &Value {
        &self.resource(name)["Properties"]
    }

    /// The names of the resources of a type, sorted.
    pub(super) fn named(&self, kind: &str) -> Vec<&str> {
        let resources = self.0["Resources"].as_mapping().unwrap().iter();
        let mut names: Vec<&str> = resources
            .filter(|(_, resource)| text(&resource["Type"]) == kind)
            .map(|(name, _)| text(name))
            .collect();
        names.sort_unstable();
        names
    }

    /// The variables of a function: its own and those of all.
    pub(super) fn variables(&self, function: &str) -> impl Iterator<Item = (&str, &Value)> {
        let of_all = &self.0["Globals"]["Function"]["Environment"]["Variables"];
        let own = &self.properties(function)["Environment"]["Variables"];
        let both = [of_all, own].into_iter().filter_map(Value::as_mapping).flatten();
        both.map(|(name, value)| (text(name), value))
    }

    /// What a role allows: each action with each resource.
    pub(super) fn permissions(&self, role: &str) -> Vec<(String, String)> {
        let mut allowed = Vec::new();
        for policy in self.properties(role)["Policies"].as_sequence().unwrap() {
            for statement in policy["PolicyDocument"]["Statement"].as_sequence().unwrap() {
                for action in strings(&statement["Action"]) {
                    let on = strings(&statement["Resource"]).into_iter();
                    allowed.extend(on.map(|resource| (action.to_owned(), resource.to_owned())));
                }
            }
        }
        allowed
    }
}

/// The tree without tags: `!Ref X` is `X`, `!GetAtt X.Arn` is `X.Arn`.
fn untagged(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) => {
            let TaggedValue { value, .. } = *tagged;
            untagged(value)
        }
        Value::Sequence(values) => Value::Sequence(values.into_iter().map(untagged).collect()),
        Value::Mapping(members) => {
            Value::Mapping(members.into_iter().map(|(name, value)| (name, untagged(value))).collect())
        }
        plain => plain,
    }
}

/// A text, or the first one of a function such as `!If`.
pub(super) fn text(value: &Value) -> &str {
    let first = value.as_sequence().map_or(value, |values| &values[0]);
    first.as_str().unwrap_or_else(|| panic!("no text: {first:?}"))
}

pub(super) fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value:?}"))
}

/// One text or a list of them.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::Sequence(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}
