//! The ids that Lambda gives an invocation.

use http::Request;

/// What tells one invocation from another in the logs of all of AWS.
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) trace_id: Option<String>,
}

impl Invocation {
    /// The invocation that `request` came with; `None` outside Lambda.
    #[cfg(feature = "lambda")]
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let context = request.extensions().get::<lambda_http::Context>()?;
        Some(Self { request_id: context.request_id.clone(), trace_id: context.xray_trace_id.clone() })
    }

    /// None: this is built for use outside Lambda.
    #[cfg(not(feature = "lambda"))]
    pub(crate) fn of<B>(_request: &Request<B>) -> Option<Self> {
        None
    }
}
