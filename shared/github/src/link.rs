//! The `Link` header (RFC 8288) that GitHub pages its lists with.
//!
//! Only the page numbers are read from it: following the addresses would let a header choose where
//! our credentials go.

use outbound::{Answer, Url};

/// The page numbers that a `Link` header names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// The next page, absent on the last one.
    pub(crate) next: Option<u64>,
    /// The last page, absent when this is it.
    pub(crate) last: Option<u64>,
}

impl Pages {
    /// The pages of the list that `answer` is one of.
    pub(crate) fn of(answer: &Answer) -> Self {
        let header = answer.headers.get("link").and_then(|value| value.to_str().ok());
        header.map(Self::parse).unwrap_or_default()
    }

    /// Reads a header such as `<https://…?page=2>; rel="next", <https://…?page=3>; rel="last"`. What
    /// cannot be understood is left out.
    fn parse(header: &str) -> Self {
        let mut pages = Self::default();
        for link in header.split(',') {
            let Some((address, parameters)) = link.split_once('>') else { continue };
            let Some(page) = page_number(address.trim().trim_start_matches('<')) else { continue };
            for parameter in parameters.split(';') {
                match parameter.trim() {
                    r#"rel="next""# | "rel=next" => pages.next = Some(page),
                    r#"rel="last""# | "rel=last" => pages.last = Some(page),
                    _ => {}
                }
            }
        }
        pages
    }
}

/// The cursor of the next page of a list that is paged by cursors. It is the only part of the address that is used.
pub(crate) fn next_cursor(answer: &Answer) -> Option<String> {
    let header = answer.headers.get("link")?.to_str().ok()?;
    let next = header.split(',').find(|link| link.contains("rel=\"next\""))?;
    let (address, _) = next.split_once('>')?;
    let url = Url::parse(address.trim().trim_start_matches('<')).ok()?;
    let (_, cursor) = url.query_pairs().find(|(name, _)| name == "cursor")?;
    (!cursor.is_empty() && cursor.len() <= 200).then(|| cursor.into_owned())
}

fn page_number(address: &str) -> Option<u64> {
    let url = Url::parse(address).ok()?;
    let (_, page) = url.query_pairs().find(|(name, _)| name == "page")?;
    page.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_and_last_page_are_read() {
        let header = r#"<https://api.github.com/repositories/1/issues/7/comments?per_page=100&page=2>; rel="next", <https://api.github.com/repositories/1/issues/7/comments?per_page=100&page=3>; rel="last""#;
        assert_eq!(Pages::parse(header), Pages { next: Some(2), last: Some(3) });
    }

    #[test]
    fn the_last_page_names_neither() {
        let header = r#"<https://api.github.com/x?page=2>; rel="prev", <https://api.github.com/x?page=1>; rel="first""#;
        assert_eq!(Pages::parse(header), Pages::default());
    }

    #[test]
    fn nonsense_names_no_page() {
        for header in ["", ",", "<", "x", "<https://x?page=-1>; rel=\"next\"", "<::>; rel=\"last\""] {
            assert_eq!(Pages::parse(header), Pages::default(), "{header}");
        }
    }
}
