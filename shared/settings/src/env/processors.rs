//! How many processors may run at once.

use super::variables::Reader;

const VARIABLES: [&str; 3] = ["EXPRESS_CONCURRENCY", "STANDARD_CONCURRENCY", "BULK_CONCURRENCY"];

/// The sum of the lanes' bounds, since an environment serves any lane; `None` if no bound is set.
pub(super) fn read(reader: &Reader<'_>) -> Option<u32> {
    let bounds = VARIABLES.iter().filter_map(|name| {
        let text = reader.get(name)?;
        let bound = text.parse::<u32>().ok().filter(|bound| (1..=1_000_000).contains(bound));
        if bound.is_none() {
            reader.wrong(name, format!("`{text}` is not a number from 1 to 1000000"), "write it like 10");
        }
        bound
    });
    bounds.reduce(u32::saturating_add)
}
