//! The client of GitHub's APIs behind [`domain::Publisher`]: reads the comments of a thread, writes one, and finds
//! again what it wrote. A thread is an issue, a pull request, a thread of its review, or a discussion.
//!
//! Three rules shape it:
//!
//! - **A comment is created at most once per call.** Nothing here repeats a `POST` that may have
//!   reached GitHub. A comment is in doubt when its answer was lost
//!   ([`domain::ServiceFailure::InDoubt`]); the hidden marker tells later whether it was created
//!   ([`domain::Publisher::find`]).
//! - **Credentials go to one host.** Addresses are built from the configured base and checked names
//!   ([`domain::Target`]), never taken from a payload, a `Link` header or a redirect to elsewhere.
//! - **Every outside call ends.** One time limit covers a whole operation, tokens, pages and
//!   redirects included, and every body has a maximum size.
//!
//! ```
//! # fn main() -> Result<(), outbound::BuildError> {
//! use github::{Config, Credentials, Github};
//!
//! let config = Config { base_url: "https://github.example.com/api/v3".into(), ..Config::default() };
//! let publisher = Github::new(Credentials::Token("ghp_example".into()), &config, domain::Clock::system())?;
//! # Ok(())
//! # }
//! ```

mod absence;
mod account;
mod api;
mod app;
mod app_key;
mod comments;
mod config;
mod credentials;
mod deliveries;
mod discussions;
mod grants;
mod graphql;
mod labels;
mod link;
mod operation;
mod problem;
mod publisher;
mod rate_limit;
mod reactions;
mod redirect;
mod reference;
mod state;
mod thread;

pub use config::{Config, Credentials, SERVICE};
pub use grants::Grants;
pub use publisher::Github;
