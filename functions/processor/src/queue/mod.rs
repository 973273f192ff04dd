//! What the processor takes from SQS, and what it answers: batches, records, and what becomes of each message.

pub(crate) mod ack;
pub(crate) mod batch;
#[cfg(feature = "lambda")]
pub(crate) mod not_ready;
pub(crate) mod shadows;
pub(crate) mod sqs;
