//! [`Payment`]: what is refunded, checked.

use std::fmt;

/// Longest id that is taken; Stripe's are documented as at most 255 characters.
const MAX_ID: usize = 255;

/// A payment, by the id of its charge or of its intent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Payment {
    id: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Charge,
    Intent,
}

impl Payment {
    /// The payment with this id: `ch_…` and `py_…` are charges, `pi_…` is an intent. `None` for
    /// everything else: the id becomes part of a path.
    #[must_use]
    pub fn parse(id: &str) -> Option<Self> {
        let (prefix, rest) = id.split_once('_')?;
        let kind = match prefix {
            "ch" | "py" => Kind::Charge,
            "pi" => Kind::Intent,
            _ => return None,
        };
        let plain = !rest.is_empty()
            && id.len() <= MAX_ID
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        plain.then(|| Self { id: id.to_owned(), kind })
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of the parameter that it is.
    pub(crate) fn parameter(&self) -> &'static str {
        match self.kind {
            Kind::Charge => "charge",
            Kind::Intent => "payment_intent",
        }
    }
}

impl fmt::Display for Payment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_are_told_from_everything_else() {
        let parameter = |id| Payment::parse(id).map(|payment| payment.parameter());
        assert_eq!(parameter("ch_1NirD82eZvKYlo2C"), Some("charge"));
        assert_eq!(parameter("py_1"), Some("charge"));
        assert_eq!(parameter("pi_1Gszs_K2"), Some("payment_intent"));
        for bad in
            ["", "ch_", "ch", "re_1", "cus_1", "ch_1/refunds", "ch_../x", "ch_1?x", "ch_ 1", "ch_é", " ch_1"]
        {
            assert_eq!(parameter(bad), None, "{bad}");
        }
        assert_eq!(parameter(&format!("ch_{}", "a".repeat(300))), None);
    }
}
