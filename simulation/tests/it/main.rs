//! The simulation over many seeds, and over bugs that it must find.

mod bites;
mod ordinary;
mod replay;
