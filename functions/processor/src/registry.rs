//! [`Registry`]: the automations by name, each one typed async function.

use std::collections::BTreeMap;
use std::future::Future;

use futures::future::{BoxFuture, FutureExt};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Context, Finished, Interrupt};

type Run = Box<dyn Fn(Context, Value) -> BoxFuture<'static, Result<Finished, Interrupt>> + Send + Sync>;
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
pub struct Registry(BTreeMap<String, Automation>);

/// One automation, its parameter type erased.
pub struct Automation {
    schema: Value,
    check: Check,
    run: Run,
}

impl Registry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the automation `name`. The model fills the parameters by the JSON schema of `P`, and
    /// serde checks them before `run` sees them. A second automation of the same name replaces the
    /// first.
    #[must_use]
    pub fn on<P, F, R>(mut self, name: impl Into<String>, run: F) -> Self
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
        self.0.insert(name.into(), automation);
        self
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The automation called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Automation> {
        self.0.get(name)
    }
}

impl Automation {
    /// JSON Schema of the parameters; `None` when it takes none.
    #[must_use]
    pub fn parameters(&self) -> Option<&Value> {
        let fields = self.schema.get("properties").and_then(Value::as_object);
        fields.is_some_and(|fields| !fields.is_empty()).then_some(&self.schema)
    }

    /// What is wrong with `parameters`, in serde's words.
    ///
    /// # Errors
    /// That.
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
