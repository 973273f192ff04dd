//! Function calls: whether the model calls one, and with what.

use serde_json::{Value, json};

use super::errors::ApiError;
use super::facts::Facts;
use super::models::{Kind, Model};
use super::ordered::Node;
use super::request::{check_schema, text_of};
use super::schema;

/// Whether the model may, must or must not call a function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Auto,
    Any,
    None,
}

/// The functions on offer.
#[derive(Debug, Clone, Default)]
pub(super) struct Tools {
    declared: Vec<Function>,
    mode: Mode,
    allowed: Vec<String>,
}

#[derive(Debug, Clone)]
struct Function {
    name: String,
    parameters: Node,
}

impl Tools {
    /// Reads `tools` and `toolConfig` of a request or a cache.
    pub(super) fn parse(body: &Node) -> Result<Self, ApiError> {
        let mut declared = Vec::new();
        for (index, tool) in body.items("tools").iter().enumerate() {
            for (number, function) in tool.items("functionDeclarations").iter().enumerate() {
                let path = format!("tools[{index}].function_declarations[{number}]");
                declared.push(function_of(function, &path)?);
            }
        }
        let config = body.field("toolConfig").and_then(|c| c.field("functionCallingConfig"));
        let mode = match config.and_then(|c| c.string("mode")).unwrap_or("AUTO") {
            "ANY" => Mode::Any,
            "NONE" => Mode::None,
            "AUTO" | "VALIDATED" | "MODE_UNSPECIFIED" => Mode::Auto,
            other => {
                return Err(ApiError::invalid(format!(
                    "Invalid value at 'tool_config.function_calling_config.mode' ({other})"
                )));
            }
        };
        let allowed: Vec<String> = config
            .map(|c| {
                c.items("allowedFunctionNames").iter().filter_map(Node::as_str).map(str::to_owned).collect()
            })
            .unwrap_or_default();
        if let Some(unknown) = allowed.iter().find(|name| !declared.iter().any(|f| f.name == **name)) {
            let message = format!("allowed_function_names contains `{unknown}`, which is not declared.");
            return Err(ApiError::invalid(message));
        }
        Ok(Self { declared, mode, allowed })
    }

    /// The function that the model calls in answer to this conversation, if it calls one: always when
    /// it must; when it may, if the last word was a person's and speaks of the function.
    pub(super) fn call(&self, contents: &[Node], facts: &Facts) -> Option<(String, Value)> {
        let mut offered =
            self.declared.iter().filter(|f| self.allowed.is_empty() || self.allowed.contains(&f.name));
        let function = match self.mode {
            Mode::None => None,
            Mode::Any => offered.max_by_key(|f| mentions(&f.name, facts)),
            Mode::Auto if answers_a_call(contents) => None,
            Mode::Auto => {
                let best = offered.by_ref().max_by_key(|f| mentions(&f.name, facts))?;
                (mentions(&best.name, facts) > 0).then_some(best)
            }
        }?;
        let args = schema::instance(&function.parameters, facts).to_value();
        Some((function.name.clone(), if args.is_object() { args } else { json!({}) }))
    }
}

fn function_of(function: &Node, path: &str) -> Result<Function, ApiError> {
    let name = function.string("name").unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
    if name.is_empty()
        || name.len() > 128
        || !name.chars().all(legal)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err(ApiError::invalid(format!(
            "* GenerateContentRequest.{path}.name: Invalid function name. Must start with a letter or an \
             underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes \
             (-), with a maximum length of 128.\n"
        )));
    }
    let parameters = match function.field("parameters") {
        Some(schema) => {
            check_schema(schema, &format!("{path}.parameters"), 0)?;
            schema.clone()
        }
        None => function.field("parametersJsonSchema").cloned().unwrap_or(Node::EMPTY),
    };
    Ok(Function { name: name.to_owned(), parameters })
}

fn mentions(name: &str, facts: &Facts) -> usize {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2);
    words.filter(|word| facts.has_word(word)).count()
}

fn answers_a_call(contents: &[Node]) -> bool {
    let last = contents.last().map(|content| content.items("parts")).unwrap_or_default();
    last.iter().any(|part| part.field("functionResponse").is_some())
}

/// Generation 3 wants the signature of its own call back; without it the request is refused. Only the
/// current turn is looked at: what came after the last thing a person said.
pub(super) fn check_signatures(contents: &[Node], model: &Model) -> Result<(), ApiError> {
    if model.kind != Kind::Levels {
        return Ok(());
    }
    let turn = contents
        .iter()
        .rposition(|c| c.string("role") != Some("model") && !text_of(c).is_empty())
        .map_or(0, |last| last + 1);
    for content in contents.iter().skip(turn).filter(|c| c.string("role") == Some("model")) {
        let first = content.items("parts").iter().find(|part| part.field("functionCall").is_some());
        if let Some(part) = first.filter(|part| part.string("thoughtSignature").is_none()) {
            let name = part.field("functionCall").and_then(|call| call.string("name")).unwrap_or_default();
            return Err(ApiError::invalid(format!(
                "Function call is missing a thought_signature in functionCall parts. This is required for tools \
                 to work correctly, and missing thought_signature may lead to degraded model performance. \
                 Additional data, function call `{name}`."
            )));
        }
    }
    Ok(())
}
