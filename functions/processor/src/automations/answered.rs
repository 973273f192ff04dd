//! A word for whoever asked for what cannot be done.

use crate::{Context, Finished, Interrupt};

/// What somebody is told for whom nothing can be done by a program.
pub(super) const COLLEAGUE: &str = "Thank you for writing. A colleague looks into this and answers here.";

/// `outcome`; but where it failed for a kind that `answers` has words for, those wait as a draft, with the reason for the
/// person who decides: whoever asked for it is not left without a word, if they can be answered.
pub(super) async fn answered(
    context: &Context,
    outcome: Result<Finished, Interrupt>,
    answers: &[(&str, &str)],
) -> Result<Finished, Interrupt> {
    let error = match outcome {
        Err(Interrupt::Fail(error)) => error,
        other => return other,
    };
    let answer = answers.iter().find(|(kind, _)| *kind == error.kind).filter(|_| context.target().is_ok());
    match answer {
        Some((_, text)) => context.ask_back(&error.message, (*text).to_owned()).await,
        None => Err(Interrupt::Fail(error)),
    }
}
