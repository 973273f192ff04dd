//! The sweeper against stores in memory and an HTTP server of the test's own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
