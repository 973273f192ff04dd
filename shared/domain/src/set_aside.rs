//! What is set aside of a budget, in the item that the processors keep of it (`budget:DAY`).
//!
//! Of that item this knows the reservations alone: by id, how much, and from which second on it counts as spent. A test
//! of `afterhook eval` holds it to them. So a store that is opened by one process alone links no model client.

use serde_json::Value;

use crate::Timestamp;

/// What the keys of budgets begin with.
pub const BUDGETS: &str = "budget:";

/// Counts as spent at `now` what is set aside in `item`: whoever did so is gone, and the calls may have been answered.
/// Nothing is given back. Returns how many reservations that were.
pub fn spend_what_is_set_aside(item: &mut Value, now: Timestamp) -> usize {
    let now = now.as_second();
    let reservations = item.get_mut("r").and_then(Value::as_object_mut).into_iter().flatten();
    let ends = reservations.filter_map(|(_, reservation)| reservation.get_mut(1));
    let open = ends.filter(|end| end.as_i64().is_some_and(|end| end > now));
    open.map(|end| *end = now.into()).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_set_aside_keeps_its_amount_and_is_spent_from_now_on() {
        let now = Timestamp::from_second(100).unwrap();
        let mut item = json!({"u": 7, "r": {"a": [5, 90], "b": [6, 400]}});
        assert_eq!(spend_what_is_set_aside(&mut item, now), 1);
        assert_eq!(item, json!({"u": 7, "r": {"a": [5, 90], "b": [6, 100]}}));
        for none in [json!({"u": 7}), json!(3), json!({"r": [1]})] {
            let mut item = none.clone();
            assert_eq!((spend_what_is_set_aside(&mut item, now), item), (0, none));
        }
    }
}
