//! Which links are let through.

/// Whether a link may lead to `url`.
pub(crate) fn is_allowed(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let plain = !url.chars().any(|c| c.is_control() || c.is_whitespace());
    plain && matches!(scheme.as_deref(), Some("http" | "https" | "mailto"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_for_people_are_allowed() {
        for good in ["https://x.example/a?b=c", "HTTP://x", "mailto:a@b.example"] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "slack://x",
            "/a",
            "//x",
            "",
            " https://x",
            "https://x\ny",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }
}
