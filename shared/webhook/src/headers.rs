//! [`Headers`]: the few things this crate asks of a request's headers.

/// Looks up headers by their lower-case name, without tying this crate to an HTTP library.
pub trait Headers {
    /// The value of the header `name` (lower case); `None` when it is absent or not text.
    fn header(&self, name: &str) -> Option<&str>;
}

impl<F: Fn(&str) -> Option<&'static str>> Headers for F {
    fn header(&self, name: &str) -> Option<&str> {
        self(name)
    }
}

impl Headers for [(String, String)] {
    fn header(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
