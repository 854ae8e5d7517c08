//! One delivery: the body, made of the row as it is now, signed and posted; and what its answer means. Of an answer nothing is kept or
//! logged but its status.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use ureq::config::Config;
use ureq::http::{HeaderMap, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Timeout};
use uuid::Uuid;

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::event;
use crate::export::rfc3339_ms;
use crate::keys::Keys;
use crate::webhook::address::{Guard, Refused};
use crate::webhook::delivery::{Delivery, Outcome, State};
use crate::webhook::receiver::Receiver;
use crate::webhook::sign;

/// How long an answer is waited for, the connection included.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK_UP: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(10);
/// What is read of an answer, so that the next may come over the same connection.
const READ: u64 = 4096;

/// Leaves that are so near to each other are read at once.
const NEAR: i64 = 256;

/// How long after each failure it is tried again, in seconds: three days in all.
const DELAYS: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Nothing is tried longer, however seldom it had its turn.
const LONGEST_MS: i64 = 80 * 3_600_000;
/// What a receiver may ask for with `Retry-After`, in seconds.
const LONGEST_ASKED: i64 = 86_400;

/// What sends.
pub struct Sender {
    agent: Agent,
    /// Receivers on private addresses are sent to.
    pub to_private: bool,
}

impl Sender {
    pub fn new(to_private: bool) -> Self {
        let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(crypto)
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = Config::builder()
            .tls_config(tls)
            .https_only(!to_private)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // None of the environment's: it would look names up itself, and connect to whatever it found.
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .timeout_resolve(Some(LOOK_UP))
            .timeout_connect(Some(CONNECT))
            .max_response_header_size(16 * 1024)
            // Many close after five seconds what nobody uses.
            .max_idle_age(Duration::from_secs(3))
            .user_agent(concat!("samtykke/", env!("CARGO_PKG_VERSION")))
            .build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), Guard::new(to_private));
        Self { agent, to_private }
    }

    /// Posts a body that is signed for `now`, unix ms.
    pub fn post(&self, receiver: &Receiver, keys: &Keys, name: &str, body: &str, now: i64) -> Result<Attempt> {
        let seconds = now.div_euclid(1000);
        let signatures = sign::signatures(&receiver.secrets(keys, now)?, name, seconds, body);
        let request = self
            .agent
            .post(&receiver.url)
            .content_type("application/json")
            .header("webhook-id", name)
            .header("webhook-timestamp", seconds.to_string())
            .header("webhook-signature", signatures);
        Ok(match request.send(body) {
            Ok(answer) => {
                let (head, body) = answer.into_parts();
                // Nobody looks at it.
                let _ = body.into_reader().take(READ).read_to_end(&mut Vec::new());
                Attempt { retry_after: retry_after(&head.headers), ..Attempt::answered(head.status.as_u16()) }
            }
            Err(e) => Attempt::failed(reason(&e)),
        })
    }

    /// Ends what is under way, and everything that is posted from now on.
    pub fn stop(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends the event `webhook.test`, which nobody notes.
    pub fn test(&self, receiver: &Receiver, keys: &Keys, site: &str, now: i64) -> Result<Attempt> {
        let name = format!("test-{}", Uuid::now_v7());
        self.post(receiver, keys, &name, &body("webhook.test", now, &json!({ "site": site })), now)
    }
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attempt {
    pub delivered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Seconds.
    #[serde(skip)]
    retry_after: Option<i64>,
}

impl Attempt {
    fn answered(status: u16) -> Self {
        Self { delivered: (200..300).contains(&status), status: Some(status), reason: None, retry_after: None }
    }

    fn failed(reason: &'static str) -> Self {
        Self { delivered: false, status: None, reason: Some(reason), retry_after: None }
    }

    /// 410 Gone: the receiver wants nothing more.
    pub fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// What it means for this delivery. `percent` is a random number, 0 to 99.
    pub fn outcome(&self, tried: &Delivery, percent: u32, now: i64) -> Outcome {
        let attempts = tried.attempts + 1;
        let delay = usize::try_from(tried.attempts).ok().and_then(|failed| DELAYS.get(failed));
        let (state, at) = match delay {
            _ if self.delivered => (State::Delivered, now),
            Some(seconds) if !self.is_gone() && now - tried.queued_at < LONGEST_MS => {
                // A tenth sooner or later, so that what failed together does not come back together.
                let spread = seconds * 1000 * (900 + i64::from(percent.min(99)) * 2) / 1000;
                let asked = self.retry_after.unwrap_or_default().clamp(0, LONGEST_ASKED) * 1000;
                (State::Pending, now + spread.max(asked))
            }
            _ => (State::Parked, now),
        };
        Outcome { id: tried.id, state, attempts, status: self.status, at }
    }
}

/// The bodies of some deliveries as the database has them now, in the same order; nothing where one was erased.
pub fn made(conn: &mut Conn, deliveries: &[Delivery]) -> Result<Vec<Option<String>>> {
    let mut events = BTreeMap::new();
    let leaves: BTreeSet<i64> = deliveries.iter().filter_map(|delivery| delivery.leaf).collect();
    // Mostly they follow each other, and are read at once.
    let (first, last) = (leaves.first().copied().unwrap_or_default(), leaves.last().copied().unwrap_or_default());
    let mut next = first;
    if last - first < NEAR {
        let page = event::page(conn, None, first, usize::try_from(last - first + 1).unwrap_or_default())?;
        events.extend(page.events.into_iter().filter_map(|event| Some((event.leaf?, event))));
        next = page.next;
    }
    for leaf in leaves.range(next..) {
        events.extend(
            event::page(conn, None, *leaf, 1)?.events.into_iter().filter_map(|event| Some((event.leaf?, event))),
        );
    }
    let made = deliveries.iter().map(|delivery| match (&delivery.data, delivery.leaf) {
        (Some(data), _) => {
            let data: Value = serde_json::from_str(data).map_err(|e| Error::Internal(format!("a delivery: {e}")))?;
            Ok(Some(body(&delivery.event, delivery.created_at, &data)))
        }
        (None, leaf) => {
            let event = leaf.and_then(|leaf| events.get(&leaf));
            Ok(event.map(|event| body(&event.kind, event.at, &json!(event))))
        }
    });
    made.collect()
}

fn body(event: &str, at: i64, data: &Value) -> String {
    json!({ "type": event, "timestamp": rfc3339_ms(at), "data": data }).to_string()
}

/// Seconds; a date says nothing here.
fn retry_after(headers: &HeaderMap) -> Option<i64> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}

/// In words that hold nothing of what was sent or answered.
fn reason(error: &ureq::Error) -> &'static str {
    const TLS: &str = "its certificate or its TLS does not hold";
    match error {
        ureq::Error::Other(other) => match other.downcast_ref::<Refused>() {
            Some(Refused::Private) => "its address is private, and this service sends to none of those",
            Some(Refused::Plain) => "its address is public, and only https is sent there",
            None => "the request failed",
        },
        ureq::Error::HostNotFound => "its name is not known",
        ureq::Error::Timeout(Timeout::Resolve) => "its name could not be looked up in time",
        ureq::Error::Timeout(_) => "it did not answer in time",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => TLS,
        ureq::Error::RequireHttpsOnly(_) => "it is not https, and this service sends over nothing else",
        ureq::Error::Io(e) if e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some() => TLS,
        ureq::Error::Io(e) if e.kind() == std::io::ErrorKind::ConnectionRefused => "it refused the connection",
        ureq::Error::Io(_) | ureq::Error::ConnectionFailed => "the connection failed",
        ureq::Error::Protocol(_) => "it did not answer in HTTP",
        _ => "the request failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Delivery {
        let (name, event, state) = ("leaf-7".into(), "erased".into(), "pending".into());
        Delivery {
            id: 1,
            name,
            event,
            leaf: Some(7),
            data: None,
            state,
            attempts: 0,
            status: None,
            created_at: 0,
            queued_at: 0,
            due_at: Some(0),
            ended_at: None,
        }
    }

    #[test]
    fn what_fails_is_tried_for_three_days_and_then_parked() {
        for (percent, hours) in [(0, 68), (50, 75), (99, 82)] {
            let (mut tried, mut now, mut waits) = (fresh(), 0, Vec::new());
            loop {
                let outcome = Attempt::answered(503).outcome(&tried, percent, now);
                assert_eq!(outcome.attempts, tried.attempts + 1);
                tried.attempts = outcome.attempts;
                if outcome.state == State::Parked {
                    assert_eq!(outcome.at, now);
                    break;
                }
                waits.push(outcome.at - now);
                now = outcome.at;
            }
            assert_eq!(tried.attempts, 10, "{waits:?}");
            assert!(waits.is_sorted() && (4500..=5500).contains(&waits[0]), "{waits:?}");
            assert_eq!(now / 3_600_000, hours, "{waits:?}");
        }
        let late = Attempt::failed("x").outcome(&fresh(), 50, LONGEST_MS);
        assert_eq!(late.state, State::Parked, "it had its turn too seldom");
    }

    #[test]
    fn any_two_hundred_is_good_and_gone_is_the_end() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(Attempt::answered(status).outcome(&fresh(), 50, 9).state, State::Delivered, "{status}");
        }
        for status in [100, 199, 300, 301, 302, 307, 400, 404, 429, 500] {
            assert_eq!(Attempt::answered(status).outcome(&fresh(), 50, 9).state, State::Pending, "{status}");
        }
        let gone = Attempt::answered(410);
        assert!(gone.is_gone());
        assert_eq!(gone.outcome(&fresh(), 50, 9).state, State::Parked);
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_and_not_for_less() {
        let asked = |seconds| {
            let attempt = Attempt { retry_after: Some(seconds), ..Attempt::answered(429) };
            attempt.outcome(&fresh(), 50, 0).at
        };
        assert_eq!((asked(1), asked(60), asked(i64::MAX)), (5000, 60_000, 86_400_000));
        assert_eq!(asked(-1), 5000);
    }
}
