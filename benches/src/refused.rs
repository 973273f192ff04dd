//! The key is found in public and refused for good in the middle of a run; ten minutes later there is a new one. How often
//! the fleet asks meanwhile, and whether everything is done then.

use std::time::Duration;

use domain::{Clock, TaskStatus, Timestamp, between};
use standins::gemini::{Fault, FaultRule, GeminiStandin, Refusal};
use tokio::runtime::Builder;

use crate::fleet::{Fleet, PROCESSORS};
use crate::report::Table;
use crate::seen;
use crate::statistics::seconds;
use crate::storm::explain;
use crate::world::World;
use crate::{Outcome, agent, assembly, github_event};

const NEW_KEY: &str = "bench-new";
const CALM: Duration = Duration::from_secs(10);
const REFUSED: Duration = Duration::from_secs(600);
/// A task comes every so often, before, during and after.
const GAP: Duration = Duration::from_secs(1);
/// Tasks that wait look every minute whether there is another key.
const TIMEOUT: Duration = Duration::from_secs(420);
const CALLS: f64 = 5.0;

pub(crate) fn run() -> Outcome<Vec<Table>> {
    let settings = agent::load(&agent::of("outage.toml"))?;
    let title =
        format!("refused: a leaked key for {} s, {PROCESSORS} processors, outage.toml", REFUSED.as_secs());
    let mut table = Table::new(title);
    let world = World::with(
        GeminiStandin::builder().keep_requests(seen::REMEMBERED).keep_bodies(false),
        &Clock::system(),
    )?;
    let webhooks = github_event::issues(1..=(2 * CALM + REFUSED).as_secs())?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (tasks, since, until) = runtime.block_on(async {
        let fleet = Fleet::start(&world, &settings)?;
        let key = async {
            tokio::time::sleep(CALM).await;
            let leaked = Fault::Refused(Refusal::LeakedKey);
            world.gemini.set_faults(vec![FaultRule::always(leaked).on(assembly::KEY)]);
            let since = Timestamp::now();
            tokio::time::sleep(REFUSED).await;
            // The old one is never good again.
            fleet.renew(&world, &settings, NEW_KEY)?;
            Ok::<_, crate::Problem>((since, Timestamp::now()))
        };
        let arrivals = async {
            let mut every = tokio::time::interval(GAP);
            for webhook in &webhooks {
                every.tick().await;
                fleet.take(&settings, std::slice::from_ref(webhook)).await?;
            }
            Ok::<(), crate::Problem>(())
        };
        let ((since, until), ()) = futures::try_join!(key, arrivals)?;
        Ok::<_, crate::Problem>((fleet.ended(webhooks.len(), TIMEOUT).await?, since, until))
    })?;
    let calls = seen::calls(&world.gemini);
    let meanwhile = calls.iter().filter(|call| call.at > since && call.at < until).count();
    #[expect(clippy::cast_precision_loss, reason = "few")]
    let a_minute = meanwhile as f64 * 60.0 / between(since, until).as_secs_f64();
    table.target("calls a minute meanwhile", format!("{a_minute:.1}"), "≤ 5", a_minute <= CALLS);
    let back =
        calls.iter().filter(|call| call.at > until && call.status == Some(200)).map(|call| call.at).min();
    let back = back.map_or("never".to_owned(), |back| seconds(between(until, back)));
    table.figure("first answer with the new key", back);
    let in_status = |status| tasks.iter().filter(|task| task.control.status == status).count();
    table.all_of("completed", in_status(TaskStatus::Completed), webhooks.len());
    table.none("failed", in_status(TaskStatus::Failed));
    let answered = world.answered(1..=webhooks.len() as u64);
    table.none("issues without a comment", answered.never);
    table.none("issues with more than one comment", answered.doubled);
    explain(&mut table, &tasks);
    Ok(vec![table])
}
