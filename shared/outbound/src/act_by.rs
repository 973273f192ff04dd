//! [`acting_until`]: a request that acts leaves in time, or not at all.
//!
//! Whoever may act for a while looks at the clock before the call. Between that look and the wire the process may stand
//! still: another task blocks its thread, or the machine sleeps. Timers do not help: they hear of the time when the
//! runtime comes to them, and a request that was handed to its connection is written before that. So the body of such a
//! request looks at the clock when its connection takes it. Such requests go by HTTP/1.1, where the head waits for the
//! body's beginning; over HTTP/2 both are queued, and written later by another task. An empty body looks when it is asked
//! whether it is empty: in time it is, and the request has none; later it claims a byte, which never comes.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use domain::{Clock, Timestamp};
use http_body::{Frame, SizeHint};
use reqwest::Body;

tokio::task_local! {
    static ACT_BY: ActBy;
}

/// When a request that acts must have left.
#[derive(Clone)]
struct ActBy {
    clock: Clock,
    at: Timestamp,
}

impl ActBy {
    fn is_over(&self) -> bool {
        self.clock.now() >= self.at
    }
}

/// Does `work`. None of its requests that may change something leaves once `clock` says `at`.
pub async fn acting_until<W: Future>(clock: &Clock, at: Timestamp, work: W) -> W::Output {
    ACT_BY.scope(ActBy { clock: clock.clone(), at }, work).await
}

/// Whether a request that acts may leave now: `true` but for work of [`acting_until`] whose time is over.
#[must_use]
pub fn may_act() -> bool {
    ACT_BY.try_with(|act_by| !act_by.is_over()).unwrap_or(true)
}

/// A body of `bytes`, for a request that acts; of none where there is nothing to say.
pub(crate) fn body(bytes: Vec<u8>) -> Body {
    // The simulation looks at the clock itself, where its connection is made.
    #[cfg(feature = "simulated")]
    if simulated::is_on() {
        return bytes.into();
    }
    match ACT_BY.try_with(Clone::clone) {
        Ok(act_by) => Body::wrap(Timed { bytes: Some(bytes.into()), act_by }),
        Err(_) => bytes.into(),
    }
}

/// The body of a request that acts in time.
struct Timed {
    bytes: Option<Bytes>,
    act_by: ActBy,
}

#[derive(Debug, thiserror::Error)]
#[error("the request would have left too late")]
pub(crate) struct TooLate;

impl http_body::Body for Timed {
    type Data = Bytes;
    type Error = TooLate;

    fn poll_frame(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TooLate>>> {
        let Self { bytes, act_by } = self.get_mut();
        // Without a byte, it was too late when its size was asked for.
        let is_late = |bytes: &Bytes| bytes.is_empty() || act_by.is_over();
        Poll::Ready(
            bytes.take().map(|bytes| if is_late(&bytes) { Err(TooLate) } else { Ok(Frame::data(bytes)) }),
        )
    }

    fn is_end_stream(&self) -> bool {
        self.size_hint().exact() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        let len = |bytes: &Bytes| bytes.len().max(usize::from(self.act_by.is_over())) as u64;
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, len))
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::{ErrorKind, Read};
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use futures::future::{Either, select};
    use reqwest::{Client, Method};

    use super::*;
    use crate::transport;

    /// What has arrived at `listener` until now, by whatever connection.
    fn arrived(listener: &TcpListener, connection: &mut Option<std::net::TcpStream>) -> Vec<u8> {
        if connection.is_none() {
            *connection = listener.accept().ok().map(|(connection, _)| connection);
        }
        let Some(connection) = connection else { return Vec::new() };
        connection.set_nonblocking(true).unwrap();
        let mut bytes = Vec::new();
        match connection.read_to_end(&mut bytes) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
        bytes
    }

    /// Sends a request with this content whose time is over at the turn `turn` of its thread after the connection was
    /// there. What had arrived by then, and what did afterwards.
    async fn sent(method: Method, content: &[u8], turn: usize) -> (Vec<u8>, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seconds = Arc::new(AtomicI64::new(0));
        let clock = {
            let seconds = Arc::clone(&seconds);
            Clock::from_fn(move || Timestamp::from_second(seconds.load(Ordering::SeqCst)).unwrap())
        };
        let at = Timestamp::from_second(10).unwrap();
        transport::provider();
        let client = Client::builder().no_proxy().http1_only().build().unwrap();
        let request = async {
            assert!(may_act());
            let request = client.request(method, &url).body(body(content.to_vec()));
            transport::dispatch(request).await.map(drop)
        };
        let (mut connection, mut before, mut turns) = (None, None, 0);
        // Behind the request at each turn, and at once again.
        let others = poll_fn(|context| {
            context.waker().wake_by_ref();
            if connection.is_none() {
                connection = listener.accept().ok().map(|(connection, _)| connection);
                return Poll::Pending;
            }
            if turns == turn {
                before = Some(arrived(&listener, &mut connection));
                seconds.store(10, Ordering::SeqCst);
            }
            turns += 1;
            if turns < turn + 100 { Poll::Pending } else { Poll::Ready(()) }
        });
        match select(Box::pin(acting_until(&clock, at, request)), Box::pin(others)).await {
            Either::Left((answer, others)) => {
                assert!(answer.is_err(), "nobody answers");
                others.await;
            }
            Either::Right(_) => {}
        }
        let after = arrived(&listener, &mut connection);
        (before.unwrap(), after)
    }

    #[test]
    fn a_request_whose_time_is_over_does_not_leave_however_late_its_thread_stands_still() {
        let runtime = tokio::runtime::Builder::new_current_thread().event_interval(1).enable_all().build();
        let runtime = runtime.unwrap();
        for (method, content, length) in
            [(Method::POST, "{}", Some("content-length: 2\r\n")), (Method::DELETE, "", None)]
        {
            let mut left = 0;
            for turn in 0..40 {
                let (before, after) = runtime.block_on(sent(method.clone(), content.as_bytes(), turn));
                assert_eq!(String::from_utf8_lossy(&after), "", "{turn}");
                if !before.is_empty() {
                    let text = String::from_utf8(before).unwrap();
                    assert!(text.ends_with(&format!("\r\n\r\n{content}")), "{text}");
                    assert!(!text.contains("transfer-encoding"), "{text}");
                    assert_eq!(text.contains("content-length"), length.is_some(), "{text}");
                    assert!(text.contains(length.unwrap_or_default()), "{text}");
                    left += 1;
                }
            }
            assert!(left > 0, "no {method} left in time");
        }
    }

    #[tokio::test]
    async fn what_has_no_limit_may_act_at_any_time() {
        assert!(may_act());
        let now = Clock::fixed(Timestamp::UNIX_EPOCH);
        assert!(!acting_until(&now, Timestamp::UNIX_EPOCH, async { may_act() }).await);
    }
}
