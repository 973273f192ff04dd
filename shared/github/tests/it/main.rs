//! The client against a scripted GitHub on 127.0.0.1.

#![allow(clippy::unwrap_used, clippy::panic)]

mod absence;
mod account;
mod app;
mod connection;
mod deliveries;
mod discussions;
mod find;
mod github;
mod history;
mod labels;
mod publish;
mod reactions;
mod reference;
mod reviews;
mod safety;
mod state;
mod support;
