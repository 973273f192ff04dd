//! Tickets, checked.

use domain::{ServiceError, Target};
use outbound::{Base, Call, Client, Url};

/// A ticket of the account that we have credentials for.
#[derive(Debug, Clone, Copy)]
pub struct Ticket(u64);

impl Ticket {
    /// Checks a target: it must be of our account, which is named in the base's address. A base that is not
    /// `NAME.zendesk.com` (a stand-in, a proxy) was configured for all accounts.
    pub(crate) fn of(client: &Client, call: Call, target: &Target) -> Result<Self, ServiceError> {
        let Target::ZendeskTicket { subdomain, id } = target else {
            return Err(client.foreign(call, target));
        };
        if *id == 0 {
            return Err(client.refused(call, "a ticket's number is at least 1"));
        }
        match account_of(client.base()) {
            Some(ours) if !ours.eq_ignore_ascii_case(subdomain) => {
                let message =
                    format!("the ticket is of another account than {ours}, whose credentials we have");
                Err(client.refused(call, message))
            }
            _ => Ok(Self(*id)),
        }
    }

    /// `/api/v2/tickets/7.json`
    pub(crate) fn segments(self) -> [String; 4] {
        ["api".to_owned(), "v2".to_owned(), "tickets".to_owned(), format!("{}.json", self.0)]
    }

    /// `/api/v2/tickets/7/comments.json` and the like.
    pub(crate) fn list(self, base: &Base, what: &str) -> Url {
        base.join(&["api", "v2", "tickets", &self.0.to_string(), what])
    }

    /// Where an agent looks at it.
    pub(crate) fn page(self, base: &Base) -> String {
        base.join(&["agent", "tickets", &self.0.to_string()]).into()
    }
}

fn account_of(base: &Base) -> Option<&str> {
    base.host().strip_suffix(".zendesk.com").filter(|name| !name.contains('.'))
}
