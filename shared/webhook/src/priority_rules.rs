//! [`PriorityRules`]: how urgent an event is, by what it is and who caused it.

use domain::{Event, Priority};

/// The rules of one source, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriorityRules(pub Vec<PriorityRule>);

/// One rule: what is said must hold, what is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorityRule {
    /// Event, such as `issues.opened`, or `issues` for all of that kind.
    pub event: Option<String>,
    /// A label of the thread, whatever its case.
    pub label: Option<String>,
    /// Who caused it: the name or the account's id, whatever its case.
    pub sender: Option<String>,
    /// How urgent it is then.
    pub priority: Priority,
}

impl PriorityRules {
    /// The priority of `event`: the first rule that fits, else the sender's own word, else 3.
    #[must_use]
    pub fn of(&self, event: &Event) -> Priority {
        let rule = self.0.iter().find(|rule| rule.fits(event)).map(|rule| rule.priority);
        rule.or(event.priority).unwrap_or_default()
    }
}

impl PriorityRule {
    fn fits(&self, event: &Event) -> bool {
        let kind = event.name.split('.').next().unwrap_or_default();
        let is = |wanted: &Option<String>, holds: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(holds);
        let actors = [Some(&event.actor), event.actor_id.as_ref()];
        is(&self.event, &|name| name == event.name || name == kind)
            && is(&self.label, &|label| event.labels.iter().any(|known| known.eq_ignore_ascii_case(label)))
            && is(&self.sender, &|sender| {
                actors.iter().flatten().any(|known| known.eq_ignore_ascii_case(sender))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(event: Option<&str>, label: Option<&str>, sender: Option<&str>, priority: u8) -> PriorityRule {
        let text = |text: Option<&str>| text.map(str::to_owned);
        PriorityRule {
            event: text(event),
            label: text(label),
            sender: text(sender),
            priority: Priority::new(priority).unwrap(),
        }
    }

    fn event() -> Event {
        Event {
            labels: vec!["Outage".to_owned()],
            actor_id: Some("U7".to_owned()),
            ..Event::new("issues.opened", "t", "t#1", "mona")
        }
    }

    fn priority(rules: &[PriorityRule], event: &Event) -> u8 {
        PriorityRules(rules.to_vec()).of(event).level()
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = [
            rule(Some("issues.closed"), None, None, 1),
            rule(Some("issues"), None, None, 4),
            rule(None, None, None, 5),
        ];
        assert_eq!(priority(&rules, &event()), 4);
        assert_eq!(priority(&rules[..1], &event()), 3);
    }

    #[test]
    fn all_that_a_rule_says_must_hold() {
        assert_eq!(priority(&[rule(None, Some("outage"), Some("MONA"), 5)], &event()), 5);
        assert_eq!(priority(&[rule(None, Some("outage"), Some("u7"), 5)], &event()), 5);
        assert_eq!(priority(&[rule(None, Some("outage"), Some("hubot"), 5)], &event()), 3);
        assert_eq!(priority(&[rule(Some("issue"), Some("outage"), None, 5)], &event()), 3);
    }

    #[test]
    fn a_rule_is_heard_before_the_senders_own_word() {
        let urgent = Event { priority: Some(Priority::HIGHEST), ..event() };
        assert_eq!(priority(&[], &urgent), 5);
        assert_eq!(priority(&[rule(None, Some("outage"), None, 2)], &urgent), 2);
    }
}
