//! Where a request comes from, for the audit and for the limits of an address.

use std::net::IpAddr;

use domain::Origin;
use http::Request;
use http::header::USER_AGENT;

/// How `afterhook tasks` calls itself.
const CLI: &str = "afterhook/";

/// Where `request` comes from. Whether it is the command line is its own word, and says no more than
/// that; the address is the one that the platform in front of us has seen, never one out of a header
/// that anybody can send.
pub(crate) fn of<B>(request: &Request<B>) -> Origin {
    let agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let ip = address(request);
    if agent.is_some_and(|agent| agent.starts_with(CLI)) {
        Origin::Cli { ip }
    } else {
        Origin::Console { ip }
    }
}

/// The caller's address as API Gateway has seen it.
#[cfg(feature = "lambda")]
fn address<B>(request: &Request<B>) -> Option<String> {
    use lambda_http::request::RequestContext;
    match request.extensions().get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        _ => None,
    }
}

/// Not known: this is built for use on one machine.
#[cfg(not(feature = "lambda"))]
fn address<B>(_request: &Request<B>) -> Option<String> {
    None
}

/// Whoever asks, as far as the network tells: an address, or the network of an IPv6 address, since one
/// host has 2^64 of those. The one machine that this runs on otherwise.
pub(crate) fn sender<B>(request: &Request<B>) -> String {
    match address(request).as_deref().map(str::parse) {
        None => "local".to_owned(),
        Some(Ok(IpAddr::V4(address))) => address.to_string(),
        Some(Ok(IpAddr::V6(address))) => {
            let network = address.segments();
            format!("{:x}:{:x}:{:x}:{:x}", network[0], network[1], network[2], network[3])
        }
        Some(Err(_)) => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(agent: &str) -> Origin {
        of(&Request::builder()
            .header(USER_AGENT, agent)
            .header("x-forwarded-for", "6.6.6.6")
            .body(())
            .unwrap())
    }

    #[test]
    fn command_line_is_told_from_the_rest_and_no_header_names_an_address() {
        assert_eq!(agent("afterhook/0.1.0"), Origin::Cli { ip: None });
        assert_eq!(agent("Mozilla/5.0"), Origin::CONSOLE);
        assert_eq!(of(&Request::new(())), Origin::CONSOLE);
    }
}
