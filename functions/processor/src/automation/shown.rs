//! What the model is shown of an event, and whether that is anything: a message that is a file alone cannot be answered
//! by whoever does not see the file. What the opening of its thread shows does not speak for it.

use domain::{MAX_ATTEMPTS, ModelCall, TaskError};
use outbound::Url;
use webhook::{IgnoreReason, is_wordless};

use crate::Interrupt;
use crate::automation::fetched::{Shown, fetched};
use crate::automation::media::{is_own, listed, may_come_from};
use crate::task::claimed_task::ClaimedTask;

const NOT_FETCHED: &str = "none of its files could be fetched, and the log says why";
const NOT_OPENED: &str = "the model could open none of its files";

/// The files of an event without words, fetched before anything is paid for, and kept for [`shown`].
///
/// # Errors
/// If none came and it answers for no words of older tasks: [`Interrupt::Defer`] while one may come, then
/// [`Interrupt::Ignore`].
pub(crate) async fn look(claimed: &ClaimedTask) -> Result<(), Interrupt> {
    if is_wordless(&claimed.event) {
        let shown = shown(claimed).await?;
        *claimed.shown.lock().await = Some(shown);
    }
    Ok(())
}

/// What the model is shown. Files that [`look`] has fetched are given away: no more is in memory than may be sent.
///
/// # Errors
/// As [`look`].
pub(crate) async fn shown(claimed: &ClaimedTask) -> Result<Shown, Interrupt> {
    if let Some(shown) = claimed.shown.lock().await.take() {
        return Ok(shown);
    }
    let (event, hosts) = (&claimed.event, &claimed.resources.settings.agent.media_hosts);
    let allows = |url: &Url| may_come_from(url, hosts);
    let place = |url: &Url| is_own(url, event).then_some(event.tenant.as_str());
    let files = &claimed.resources.services.files;
    let shown = fetched(listed(event, hosts), files, &allows, &place).await;
    if shown.has_own || says_anything(claimed).await? {
        return Ok(shown);
    }
    // A host that is down for a minute loses nobody's message.
    let is_last = claimed.task.lock().await.control.attempts >= MAX_ATTEMPTS;
    if shown.may_come && !is_last { Err(Interrupt::retry(not_fetched())) } else { Err(empty(NOT_FETCHED)) }
}

/// Ends the task if `call`, from which the model refused files, shows none any more, and there are no words.
///
/// # Errors
/// As [`look`].
pub(crate) async fn check(claimed: &ClaimedTask, call: &ModelCall) -> Result<(), Interrupt> {
    let shows_any = call.turns.iter().any(|turn| !turn.media.is_empty());
    if shows_any || says_anything(claimed).await? { Ok(()) } else { Err(empty(NOT_OPENED)) }
}

/// Whether there are words to answer, of the event or of what gave way to it.
async fn says_anything(claimed: &ClaimedTask) -> Result<bool, Interrupt> {
    Ok(!is_wordless(&claimed.event) || !claimed.carried().await?.is_empty())
}

fn not_fetched() -> TaskError {
    TaskError::new("fetch the files", "not_fetched", NOT_FETCHED)
}

fn empty(why: &str) -> Interrupt {
    Interrupt::Ignore(format!("{}: {why}", IgnoreReason::Empty.as_str()))
}
