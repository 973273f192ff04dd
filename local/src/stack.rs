//! [`Stack`]: a deployed stack, by what its outputs and secrets say, for commands that look at it from outside.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use settings::{Environment, Mistakes, Variables};

use crate::Failure;

/// Outputs of template.yaml, and the variables that they are the values of.
const VARIABLES: &[(&str, &str)] = &[
    ("TasksTable", "TASKS_TABLE"),
    ("StateTable", "STATE_TABLE"),
    ("PayloadBucket", "PAYLOAD_BUCKET"),
    ("ExpressLaneUrl", "QUEUE_URL_EXPRESS"),
    ("StandardLaneUrl", "QUEUE_URL_STANDARD"),
    ("BulkLaneUrl", "QUEUE_URL_BULK"),
    ("DeadLetterUrl", "QUEUE_URL_DEAD"),
    ("ConsoleUrl", "CONSOLE_URL"),
];

/// One of the three secrets of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretOf {
    /// What senders sign with.
    Verify,
    /// The credentials of model and services.
    Act,
    /// The tokens of the console.
    Console,
}

impl SecretOf {
    /// All of them.
    pub(crate) const ALL: &'static [Self] = &[Self::Verify, Self::Act, Self::Console];

    /// The output that names it, and the variable that does so on Lambda.
    #[cfg(feature = "aws")]
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Verify => ("VerifySecretId", "VERIFY_SECRET_ID"),
            Self::Act => ("ActSecretId", "ACT_SECRET_ID"),
            Self::Console => ("ConsoleSecretId", "CONSOLE_SECRET_ID"),
        }
    }
}

/// What is known of a stack.
#[derive(Debug)]
pub(crate) struct Stack {
    name: String,
    outputs: BTreeMap<String, String>,
    /// The variables in its secrets, as far as they were read.
    secrets: BTreeMap<String, SecretString>,
}

impl Stack {
    /// The stack called `name`, with these of its secrets.
    #[cfg(feature = "aws")]
    pub(crate) async fn read(name: &str, secrets: &[SecretOf]) -> Result<Self, Failure> {
        let sdk = aws::sdk_config().await;
        let outputs = cloud_formation::outputs(&sdk, name).await?;
        let mut stack = Self { name: name.to_owned(), outputs, secrets: BTreeMap::new() };
        for secret in secrets {
            let (output, variable) = secret.names();
            let id = stack.output(output)?.to_owned();
            let read = aws::Secrets::new(&sdk, id, variable).read(domain::Clock::system().now()).await;
            let read = read.map_err(|error| Failure::at(format!("{output} of {name}"), error))?;
            stack.secrets.extend(read.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        Ok(stack)
    }

    /// There are no adapters of AWS in this build.
    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_async, reason = "AWS is asked asynchronously")]
    pub(crate) async fn read(name: &str, _: &[SecretOf]) -> Result<Self, Failure> {
        Err(Failure::new(format!(
            "--stack is not built in: use `cargo run --features aws -- --stack {name} …`, or a released binary"
        )))
    }

    fn output(&self, name: &str) -> Result<&str, Failure> {
        self.outputs.get(name).map(String::as_str).ok_or_else(|| {
            Failure::new(format!("the stack {} has no output {name}: is it one of template.yaml?", self.name))
        })
    }

    /// Where its console is.
    pub(crate) fn console(&self) -> Result<String, Failure> {
        self.output("ConsoleUrl").map(|url| url.trim_end_matches('/').to_owned())
    }

    /// Where senders post to, without the route.
    pub(crate) fn webhooks(&self) -> Result<String, Failure> {
        let url = self.output("WebhookUrl")?;
        Ok(url.split("/webhooks/").next().unwrap_or(url).to_owned())
    }

    /// The token of its console, if there is one alone. What is done with a token is recorded in its holder's name: of
    /// several, nobody but its holder can say which is theirs.
    pub(crate) fn token(&self) -> Result<SecretString, Failure> {
        let environment = self.environment().map_err(|mistakes| Failure::mistakes(&mistakes))?;
        let why = match environment.console_tokens.as_slice() {
            [token] => return Ok(token.token.clone()),
            [] => "has no CONSOLE_TOKEN: put the line of `afterhook token NAME` there".to_owned(),
            tokens => format!(
                "has {} tokens: set CONSOLE_TOKEN to your own line, since what you do is recorded in its name",
                tokens.len()
            ),
        };
        Err(Failure::new(format!("ConsoleSecretId of {} {why}", self.name)))
    }

    /// What its functions see, as far as it is known.
    pub(crate) fn variables(&self) -> Variables {
        let resources = VARIABLES.iter().filter_map(|(output, variable)| {
            Some(((*variable).to_owned(), self.outputs.get(*output)?.clone()))
        });
        let secrets =
            self.secrets.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        Variables::from_map(resources.chain(secrets))
    }

    /// The same, read.
    pub(crate) fn environment(&self) -> Result<Environment, Mistakes> {
        self.variables().environment()
    }
}

#[cfg(feature = "aws")]
mod cloud_formation;

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(outputs: &[(&str, &str)]) -> Stack {
        let outputs = outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let secrets = [("CONSOLE_TOKEN".to_owned(), format!("ada:{}", "t".repeat(32)).into())].into();
        Stack { name: "prod".to_owned(), outputs, secrets }
    }

    #[test]
    fn outputs_become_addresses_and_variables() {
        let stack = stack(&[
            ("WebhookUrl", "https://a.example/webhooks/github"),
            ("ConsoleUrl", "https://a.example/"),
            ("DeadLetterUrl", "https://sqs.example/dead"),
        ]);
        assert_eq!(stack.webhooks().unwrap(), "https://a.example");
        assert_eq!(stack.console().unwrap(), "https://a.example");
        let environment = stack.environment().unwrap();
        assert_eq!(environment.queue_url_dead.as_deref(), Some("https://sqs.example/dead"));
        assert_eq!(environment.console_url.as_deref(), Some("https://a.example"));
        assert_eq!(stack.token().unwrap().expose_secret(), "t".repeat(32));
    }

    /// Else whatever anybody decides would be recorded as the first person's.
    #[test]
    fn nobody_acts_in_the_name_of_the_first_of_several_people() {
        let mut stack = stack(&[]);
        let tokens = format!("ada:{}\nbob:{}", "a".repeat(32), "b".repeat(32));
        stack.secrets.insert("CONSOLE_TOKEN".to_owned(), tokens.into());
        let said = stack.token().unwrap_err().to_string();
        assert!(said.contains("has 2 tokens: set CONSOLE_TOKEN"), "{said}");
    }

    #[test]
    fn a_stack_of_another_template_is_named() {
        let said = stack(&[]).console().unwrap_err().to_string();
        assert!(said.contains("the stack prod has no output ConsoleUrl"), "{said}");
    }
}
