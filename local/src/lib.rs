//! The whole system on one machine: the binary `afterhook` and the stand-ins for outside services.

pub mod standin;
