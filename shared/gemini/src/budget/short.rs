//! [`Short`]: why a budget does not cover a call, in figures and in words.

use super::spent::dollars;

/// Why a budget does not cover a call, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Short {
    /// What may be spent.
    pub(super) limit: u64,
    /// Spent today, or in doubt: set aside for calls whose process died, which may have been answered.
    pub(super) spent: u64,
    /// Spent today for certain.
    pub(super) settled: u64,
    /// Spent today or set aside, this call's own part included.
    pub(super) taken: u64,
    /// What the whole call may cost.
    pub(super) needed: u64,
    /// What of that is not covered yet.
    pub(super) missing: u64,
    /// Whose turn it is to ask the whole for more, if this is a shard.
    pub(super) turn: Option<Turn>,
}

/// Who asks the whole of a budget for more money: whoever was told so, or another environment that has just begun to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Ours,
    Another,
}

impl Short {
    /// Whether the money may be there in a moment.
    pub(super) fn is_only_set_aside(self) -> bool {
        self.turn == Some(Turn::Another) || self.spent.saturating_add(self.needed) <= self.limit
    }

    /// For people: what is short of the budget `name` of `limit`, and what to do about it. Money of another `account` than
    /// the agent's own is bounded in the section of that name.
    pub(super) fn told(self, name: &str, limit: u64, account: &str) -> String {
        let section = Some(account.trim_end_matches(':')).filter(|name| !name.is_empty()).unwrap_or("budget");
        let (whose, key) = match name {
            "day" => ("the day's budget", "per_day_usd"),
            _ => ("this tenant's budget for the day", "per_tenant_day_usd"),
        };
        let (whole, settled, missing) = (usd(limit, 2), usd(self.settled, 4), usd(self.missing, 4));
        let (needed, set_aside) = (usd(self.needed, 4), usd(self.taken.saturating_sub(self.spent), 4));
        let doubt = Some(self.spent.saturating_sub(self.settled)).filter(|doubt| *doubt > 0);
        let doubt = doubt.map_or_else(String::new, |it| format!(", {} in doubt after a crash", usd(it, 4)));
        if self.needed > limit {
            format!(
                "{whose} of {whole} is less than the {needed} that this one call may cost: raise [{section}] {key} in agent.toml"
            )
        } else if self.is_only_set_aside() {
            format!(
                "Running calls have reserved {set_aside} of {whose} of {whole} ({settled} spent{doubt}, {missing} more needed). The task tries again when they end; [{section}] {key} in agent.toml bounds them"
            )
        } else {
            format!(
                "{whose} of {whole} is used up ({settled} spent{doubt}, {set_aside} set aside, {missing} more needed); raise [{section}] {key} in agent.toml, or wait for midnight UTC"
            )
        }
    }
}

/// `micro` as money with so many `decimals`, and all of them where it is less than the last can show.
fn usd(micro: u64, decimals: u32) -> String {
    let (amount, least) = (dollars(micro), 10_u64.pow(6 - decimals));
    if micro >= least { format!("${amount:.*}", decimals as usize) } else { format!("${amount}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Spent;

    #[test]
    fn what_was_kept_before_the_whole_counted_by_shard_is_read() {
        let old: Spent = serde_json::from_value(serde_json::json!({"u": 7, "g": 5})).unwrap();
        assert_eq!((old.micro_usd, old.granted, old.given(0)), (7, 5, 0));
    }

    #[test]
    fn the_section_is_named_that_bounds_the_money() {
        let short = Short { limit: 10, spent: 10, settled: 6, taken: 10, needed: 5, ..Short::default() };
        for (account, section) in [("", "[budget] per_day_usd"), ("shadow:", "[shadow] per_day_usd")] {
            let told = short.told("day", 10, account);
            let spent = "used up ($0.000006 spent, $0.000004 in doubt after a crash, $0 set aside";
            assert!(told.contains(spent) && told.contains(section), "{told}");
        }
    }

    #[test]
    fn a_budget_below_a_cent_is_not_called_none() {
        let told = Short { limit: 1_000, needed: 5_000, ..Short::default() }.told("day", 1_000, "");
        assert!(told.contains("the day's budget of $0.001 is less than the $0.0050 that"), "{told}");
        assert_eq!([usd(0, 2), usd(10_000, 2), usd(123_456, 4)], ["$0", "$0.01", "$0.1235"]);
    }
}
