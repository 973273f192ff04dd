//! [`Served`]: which model served a step, and the one that is wanted if that was another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Exchange, PartKey, PayloadStore, StoreError, TaskId};

/// The step in which an event is sorted; the answer model serves all others.
const TRIAGE: &str = "triage";

/// Which model served a step of a task.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Served {
    /// The step, such as `triage` or `answer`.
    pub step: String,
    /// The model, by the name that it was asked by.
    pub model: String,
    /// The model that is wanted for the step; `null` if that is the one that served.
    pub instead_of: Option<String>,
}

impl Served {
    /// [`Served::of`] all that the models said to the task `id`, by the models that are wanted of it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn read(
        payloads: &dyn PayloadStore,
        id: &TaskId,
        wanted: (&str, &str),
    ) -> Result<Vec<Self>, StoreError> {
        let calls = payloads.list(id, PartKey::CALLS).await?;
        let calls: Result<Vec<_>, _> = calls.iter().map(|(_, call)| call.json("read a call")).collect();
        Ok(Self::of(&calls?, Some(wanted)))
    }

    /// Who answered last in each step of `exchanges`, which are in their order; held against the `(triage, answer)`
    /// models that are wanted, if they are known.
    #[must_use]
    pub fn of(exchanges: &[Exchange], wanted: Option<(&str, &str)>) -> Vec<Self> {
        let mut served: Vec<Self> = Vec::new();
        for Exchange { step, model, .. } in
            exchanges.iter().filter(|it| it.response.get("candidates").is_some())
        {
            let wanted = wanted.map(|(triage, answer)| if step == TRIAGE { triage } else { answer });
            let instead_of = wanted.filter(|wanted| wanted != model).map(str::to_owned);
            served.retain(|it| it.step != *step);
            served.push(Self { step: step.clone(), model: model.clone(), instead_of });
        }
        served
    }

    /// Whether a step among `served` is another model's than the wanted one: sorting, or anything else.
    #[must_use]
    pub fn by_another(served: &[Self], triage: bool) -> bool {
        served.iter().any(|it| it.instead_of.is_some() && (it.step == TRIAGE) == triage)
    }

    /// All of `served`, in one line.
    #[must_use]
    pub fn in_words(served: &[Self]) -> String {
        served.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.step, self.model)?;
        self.instead_of.iter().try_for_each(|wanted| write!(f, " instead of {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Timestamp;

    fn said(step: &str, model: &str, response: Value) -> Exchange {
        let (step, model) = (step.to_owned(), model.to_owned());
        Exchange { step, model, request: Value::Null, response, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn who_answered_last_has_served_and_who_failed_has_not() {
        let answered = || json!({"candidates": []});
        let exchanges = [
            said("triage", "lite", answered()),
            said("answer", "pro", json!({"error": {"code": 503}})),
            said("answer", "flash", answered()),
            said("answer", "pro", json!("it took too long")),
        ];
        let served = Served::of(&exchanges, Some(("lite", "pro")));
        let told: Vec<String> = served.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["triage by lite", "answer by flash instead of pro"]);
        assert!(Served::by_another(&served, false) && !Served::by_another(&served, true));
        assert!(Served::of(&exchanges, None).iter().all(|it| it.instead_of.is_none()));
    }
}
