//! What a trigger sends: JSON that its author has written, whose fields the source's `map` names.
//!
//! A template for a trigger with the condition *Comment is public*, that goes with `map = { event = "/event",
//! thread = "/ticket", actor = "/author", title = "/title", text = "/text", public = "/public", occurred_at = "/at" }`:
//!
//! ```json
//! { "event": "ticket.comment_added", "ticket": "{{ticket.id}}", "author": "{{current_user.id}}",
//!   "title": "{{ticket.title}}", "text": "{{ticket.latest_public_comment}}", "public": true,
//!   "at": "{{ticket.updated_at_with_timestamp}}" }
//! ```
//!
//! Without the time, two comments with the same words would be one event: the body is all that tells them apart.
//!
//! `thread` is the number of the ticket, which is answered. `{{ticket.latest_comment}}` would include internal
//! notes, and no other field tells them apart: so nothing is public unless its author says so.

use domain::{Audience, Event, Target};
use markdown::says;

use super::number;
use crate::reading::JsonView;
use crate::{Received, Sender, mapped};

/// What a trigger's event is called that says no name.
const NAMELESS: &str = "ticket.triggered";

pub(super) fn event(sender: &Sender, received: &Received<'_>, body: JsonView<'_>) -> Event {
    let event = mapped::event(sender, received, body, NAMELESS);
    let thread = sender.map.thread.as_ref().and_then(|pointer| body.id(pointer.as_str()));
    let ticket = thread.and_then(|thread| number(&thread));
    let site = sender.site.clone();
    Event {
        audience: if sender.map.public.is_some() { event.audience } else { Audience::Internal },
        // Nothing but the words that it names was written: a comment that has files alone has none.
        title: event.title.filter(|_| sender.map.text.is_none() || says(&event.text)),
        // The account's id is all that a trigger knows of who wrote.
        actor_id: Some(event.actor.clone()),
        thread: ticket.map_or(event.thread, |id| format!("ticket/{id}")),
        target: site.zip(ticket).map(|(subdomain, id)| Target::ZendeskTicket { subdomain, id }),
        ..event
    }
}
