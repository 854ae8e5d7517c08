//! What is counted, for Prometheus. No label ever holds anything about a visitor.

use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::ledger::publish::Published;
use crate::webhook::delivery::State;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    /// The pattern of the route, never the path itself.
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Recorded {
    site: String,
    action: String,
    method: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Unmarked {
    site: String,
    service: String,
    found: &'static str,
}

/// What the writers count themselves.
#[derive(Clone, Default)]
pub struct Written {
    pub transactions: Counter,
    pub rows: Counter,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Attempt {
    outcome: &'static str,
}

/// What is told to webhooks.
#[derive(Clone, Default)]
pub struct Told {
    attempts: Family<Attempt, Counter>,
    waiting: Gauge,
    parked: Gauge,
}

impl Told {
    pub fn attempt(&self, state: State) {
        // One that is pending afterwards has failed.
        let outcome = if state == State::Pending { "failed" } else { state.as_str() };
        self.attempts.get_or_create(&Attempt { outcome }).inc();
    }

    /// How many wait and are parked, as whoever delivers counts them.
    pub fn stand(&self, waiting: i64, parked: i64) {
        self.waiting.set(waiting);
        self.parked.set(parked);
    }
}

pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Histogram,
    consents: Family<Recorded, Counter>,
    repeated: Counter,
    unmarked: Family<Unmarked, Counter>,
    waiting: Gauge,
    leaves: Gauge,
    standing_still: Gauge,
    pub written: Written,
    pub told: Told,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("samtykke");
        let requests = Family::default();
        let seconds = Histogram::new(exponential_buckets(0.0005, 2.0, 15));
        let consents = Family::default();
        let repeated = Counter::default();
        let unmarked = Family::default();
        let waiting = Gauge::default();
        let (leaves, standing_still) = (Gauge::default(), Gauge::default());
        let (written, told) = (Written::default(), Told::default());
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register("http_request_seconds", "Time from a request to its answer", seconds.clone());
        registry.register("consents", "Consents recorded", consents.clone());
        registry.register("consents_repeated", "Consents sent again and recognised", repeated.clone());
        registry.register("unmarked_tags", "Reports of tags that ran without a yes", unmarked.clone());
        registry.register("writes_waiting", "Writes that wait or are under way", waiting.clone());
        registry.register("ledger_leaves", "Leaves of the checkpoint that is published", leaves.clone());
        registry.register("ledger_standing_still", "1 when nothing can be sealed or published", standing_still.clone());
        registry.register("write_transactions", "Transactions that committed consents", written.transactions.clone());
        registry.register("write_rows", "Consents that they held", written.rows.clone());
        registry.register("webhook_deliveries", "Webhooks sent, by what became of it", told.attempts.clone());
        registry.register("webhook_deliveries_waiting", "Webhooks that are tried now or later", told.waiting.clone());
        registry.register("webhook_deliveries_parked", "Webhooks that are not tried any more", told.parked.clone());
        Self {
            registry,
            requests,
            seconds,
            consents,
            repeated,
            unmarked,
            waiting,
            leaves,
            standing_still,
            written,
            told,
        }
    }
}

impl Metrics {
    pub fn request(&self, method: &str, route: &'static str, status: u16, seconds: f64) {
        const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "DELETE", "OPTIONS"];
        let method = METHODS.into_iter().find(|known| *known == method).unwrap_or("other");
        self.requests.get_or_create(&Request { method, route, status }).inc();
        self.seconds.observe(seconds);
    }

    pub fn recorded(&self, site: &str, action: &str, method: &str) {
        let labels = Recorded { site: site.into(), action: action.into(), method: method.into() };
        self.consents.get_or_create(&labels).inc();
    }

    pub fn repeated(&self) {
        self.repeated.inc();
    }

    /// Whether it is the first report of its kind.
    pub fn unmarked(&self, site: &str, service: &str, found: &'static str) -> bool {
        let labels = Unmarked { site: site.into(), service: service.into(), found };
        self.unmarked.get_or_create(&labels).inc() == 0
    }

    /// OpenMetrics 1.0 text.
    pub fn text(&self, waiting: usize, published: &Published) -> String {
        self.leaves.set(published.signed.load().as_ref().map_or(0, |signed| signed.head.size));
        self.standing_still.set(i64::from(published.failing.load(Ordering::Relaxed)));
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
