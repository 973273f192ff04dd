//! The simulation over many seeds, and over bugs that it must find.

mod backlog;
mod bites;
mod ordinary;
mod regressions;
mod replay;
