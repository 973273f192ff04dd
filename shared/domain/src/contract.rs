//! The contract suites: what every adapter of a port must do. Run by the adapters' own tests.
