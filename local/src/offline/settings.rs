//! Settings of a run for show.

use std::time::Duration;

use domain::{LaneTiers, MAX_OPEN_DAYS, ServiceTier};
use settings::{BudgetSettings, Hosts, Mode, Settings, SourceSettings};
use webhook::{CommentPolicy, Filter, InternalPolicy, PriorityRules, Provider, Sender};

use crate::Failure;

/// `settings` for events of these sources: in shadow, whatever they say; without limits but that of `max_usd`; with
/// senders that agent.toml does not name as they are by default. Nothing is fetched, and no past answer takes the place
/// of the model's.
///
/// # Errors
/// Which source is no sender's.
pub(crate) fn for_show<'c>(
    mut settings: Settings,
    sources: impl Iterator<Item = &'c str>,
    max_usd: Option<f64>,
) -> Result<Settings, Failure> {
    for name in sources {
        if !settings.sources.contains_key(name) && name != domain::API_SOURCE {
            settings.sources.insert(name.to_owned(), usual(name)?);
        }
    }
    for source in settings.sources.values_mut() {
        source.mode = Mode::Shadow;
        source.max_event_age = None;
        source.trusted = false;
        // Every event is one that its source takes.
        source.filter = Filter {
            comments: CommentPolicy::Thread,
            internal: InternalPolicy::AnswerInternally,
            ..Filter::default()
        };
    }
    settings.shadow = None;
    settings.api.mode = Mode::Shadow;
    settings.agent.media_hosts = Hosts::default();
    settings.models.fallback_after = Duration::from_hours(24 * MAX_OPEN_DAYS.unsigned_abs());
    settings.budget = BudgetSettings { per_day_usd: max_usd, ..BudgetSettings::default() };
    Ok(settings)
}

/// `settings` whose calls are all served in `tier`; as agent.toml has it, without one.
pub(crate) fn in_tier(mut settings: Settings, tier: Option<ServiceTier>) -> Settings {
    if let Some(tier) = tier {
        settings.models.service_tier = LaneTiers { express: tier, standard: tier, bulk: tier };
    }
    settings
}

fn usual(name: &str) -> Result<SourceSettings, Failure> {
    let provider = Provider::from_name(name)
        .ok_or_else(|| Failure::new(format!("there is no [sources.{name}] and no sender of that name")))?;
    let mut sender = Sender::of(provider);
    sender.site = provider.row().site.map(|site| site.example.to_owned());
    Ok(SourceSettings {
        name: name.to_owned(),
        sender,
        filter: Filter::default(),
        automation: None,
        at: None,
        priorities: PriorityRules::default(),
        hooks: Vec::new(),
        max_event_age: None,
        trusted: false,
        mode: Mode::Shadow,
    })
}
