//! What the end-to-end tests share.

pub mod api;
pub mod assembly;
pub mod counted;
pub mod emulator;
pub mod hooks;
pub mod proxy;
pub mod venv;
pub mod watch;
pub mod world;
