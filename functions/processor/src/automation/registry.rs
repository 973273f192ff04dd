//! [`Registry`]: the automations by name, each one typed async function.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::future::Future;

use futures::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use settings::Settings;

use crate::{Context, Finished, Interrupt};

type Work = Box<dyn Fn(Context, Value) -> BoxFuture<'static, Result<Finished, Interrupt>> + Send + Sync>;
type Check = Box<dyn Fn(&Value) -> Result<(), String> + Send + Sync>;

/// The automations that agent.toml can name.
///
/// ```
/// use processor::{Context, Finished, Interrupt, Registry};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Greeting {
///     /// Who is to be greeted.
///     name: String,
/// }
///
/// async fn greet(context: Context, greeting: Greeting) -> Result<Finished, Interrupt> {
///     context.reply(format!("Hello, {}!", greeting.name)).await
/// }
///
/// let registry = Registry::new().on("greet", greet);
/// assert_eq!(registry.names().collect::<Vec<_>>(), ["greet"]);
/// ```
#[derive(Default)]
pub struct Registry {
    automations: BTreeMap<String, Automation>,
    mistakes: Vec<String>,
}

/// One automation, its parameter type erased.
pub struct Automation {
    schema: Value,
    check: Check,
    run: Work,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the automation `name`. The model fills the parameters by the JSON schema of `P`, and
    /// serde checks them before `run` sees them. Two automations of one name are a mistake that is
    /// reported at the start, with all others.
    #[must_use]
    pub fn on<P, F, R>(self, name: impl Into<String>, run: F) -> Self
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        F: Fn(Context, P) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Finished, Interrupt>> + Send + 'static,
    {
        let automation = Automation {
            schema: parameter_schema::<P>(),
            check: Box::new(|value| P::deserialize(value).map(drop).map_err(|error| error.to_string())),
            run: Box::new(move |context, value| match serde_json::from_value::<P>(value) {
                Ok(parameters) => run(context, parameters).boxed(),
                Err(error) => {
                    let told = domain::TaskError::new("dispatch", "bad_parameters", error.to_string());
                    futures::future::ready(Err(Interrupt::fail(told))).boxed()
                }
            }),
        };
        let name = name.into();
        // `http.reset` is the call of that name in agent.toml.
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let mut registry = self.add(name.clone(), automation);
        if !is_name {
            let problem = "use letters, digits and `_` alone";
            registry.mistakes.push(format!("`{name}` is not a name for an automation: {problem}"));
        }
        registry
    }

    /// Adds an automation whose parameters have no type of their own.
    #[must_use]
    pub(crate) fn add(mut self, name: String, automation: Automation) -> Self {
        match self.automations.entry(name) {
            Entry::Vacant(place) => {
                place.insert(automation);
            }
            Entry::Occupied(taken) => {
                let mend = "give one of them another name";
                self.mistakes.push(format!("the automation `{}` is registered twice: {mend}", taken.key()));
            }
        }
        self
    }

    /// Narrows a parameter of the automation `name`, at `pointer` in its schema, to `choices`: what the
    /// model can choose from. Whoever takes the parameter checks it all the same.
    #[must_use]
    pub(crate) fn narrow(mut self, name: &str, pointer: &str, choices: &[String]) -> Self {
        let schema = self.automations.get_mut(name).and_then(|known| known.schema.pointer_mut(pointer));
        if let Some(Value::Object(schema)) = schema {
            schema.insert("enum".to_owned(), Value::from(choices));
        }
        self
    }

    /// Checks that every automation that `settings` name is registered here, and has the settings that it
    /// needs.
    ///
    /// # Errors
    /// Everything that is wrong, the registrations included, and how to mend it.
    pub fn check(&self, settings: &Settings) -> Result<(), Vec<String>> {
        let mut mistakes = self.mistakes.clone();
        let named =
            settings.intents.iter().map(|intent| (format!("intent `{}`", intent.name), &intent.automation));
        let fallback = ("[agent] default_automation".to_owned(), &settings.agent.default_automation);
        let own = settings.sources.iter().filter_map(|(name, source)| {
            Some((format!("[sources.{name}] automation"), source.automation.as_ref()?))
        });
        for (place, automation) in named.chain([fallback]).chain(own) {
            if !self.automations.contains_key(automation) {
                let known = self.names().collect::<Vec<_>>().join(", ");
                mistakes
                    .push(format!("{place}: there is no automation `{automation}`; registered are {known}"));
            } else if !settings.automations.suffices_for(automation) {
                mistakes.push(format!(
                    "{place}: `{automation}` has no settings; add the section [automations.{automation}]"
                ));
            }
        }
        let mut names: Vec<&str> = settings.intents.iter().map(|intent| intent.name.as_str()).collect();
        names.sort_unstable();
        let doubles = names.windows(2).filter(|pair| pair[0] == pair[1]);
        mistakes
            .extend(doubles.map(|pair| format!("intent `{}` is there twice; choose another name", pair[0])));
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.automations.keys().map(String::as_str)
    }

    /// The automation called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Automation> {
        self.automations.get(name)
    }
}

impl Automation {
    /// An automation whose parameters are any JSON of `schema`, as `check` says.
    pub(crate) fn untyped<R>(
        schema: Value,
        check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
        run: impl Fn(Context, Value) -> R + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<Finished, Interrupt>> + Send + 'static,
    {
        Self {
            schema,
            check: Box::new(check),
            run: Box::new(move |context, value| run(context, value).boxed()),
        }
    }

    /// JSON Schema of the parameters; `None` when it takes none.
    #[must_use]
    pub fn parameters(&self) -> Option<&Value> {
        let fields = self.schema.get("properties").and_then(Value::as_object);
        fields.is_some_and(|fields| !fields.is_empty()).then_some(&self.schema)
    }

    /// What is wrong with `parameters`, in serde's words.
    ///
    /// # Errors
    /// The problem, in words.
    pub fn check(&self, parameters: &Value) -> Result<(), String> {
        (self.check)(parameters)
    }

    /// Runs it.
    pub fn run(
        &self,
        context: Context,
        parameters: Value,
    ) -> BoxFuture<'static, Result<Finished, Interrupt>> {
        (self.run)(context, parameters)
    }
}

/// The schema of `P` in one piece: the model's service resolves no reference beyond the schema.
fn parameter_schema<P: JsonSchema>() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<P>().to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("title");
    }
    schema
}
