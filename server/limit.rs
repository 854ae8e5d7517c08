//! How much one sender may ask for: a share that is there at once, and fills up again evenly, a minute's worth in a minute. It is kept in
//! memory, by each server for itself, and by a clock that nobody sets.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::error::{Error, Result};

/// Seconds in which a share fills up.
pub const WINDOW: u32 = 60;
/// After so many requests, what was kept of senders who fell silent is forgotten.
const SWEEP_EVERY: usize = 4096;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>;

/// The limit of every sender of one kind.
pub struct Limit<K: Hash + Eq + Clone, C: Clock = DefaultClock> {
    /// Whom it counts, in a word.
    whose: &'static str,
    quota: u32,
    /// None where there is no limit.
    limiter: Option<Limiter<K, C>>,
    since_sweep: AtomicUsize,
}

/// How a sender stands after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub quota: u32,
    pub left: u32,
    /// Within so many seconds there is no more than that, or hardly.
    pub seconds: u32,
}

impl<K: Hash + Eq + Clone> Limit<K> {
    /// `per_minute` 0 sets no limit.
    pub fn new(whose: &'static str, per_minute: u32) -> Self {
        Self::by(whose, per_minute, DefaultClock::default())
    }
}

impl<K: Hash + Eq + Clone, C: Clock> Limit<K, C> {
    fn by(whose: &'static str, per_minute: u32, clock: C) -> Self {
        let limiter = NonZeroU32::new(per_minute)
            .map(|quota| RateLimiter::new(Quota::per_minute(quota), DashMapStateStore::default(), clock));
        Self { whose, quota: per_minute, limiter, since_sweep: AtomicUsize::new(0) }
    }

    pub const fn quota(&self) -> u32 {
        self.quota
    }

    /// Counts a request that costs so much, or refuses it and counts nothing. No request costs more than a whole share. Says how the
    /// sender stands now; nothing where there is no limit.
    pub fn take(&self, sender: &K, cost: u32) -> Result<Option<Share>> {
        let Some(limiter) = &self.limiter else { return Ok(None) };
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            limiter.retain_recent();
        }
        let cost = NonZeroU32::new(cost.clamp(1, self.quota)).unwrap_or(NonZeroU32::MIN);
        match limiter.check_key_n(sender, cost) {
            Ok(Ok(state)) => {
                let left = state.remaining_burst_capacity();
                Ok(Some(Share { quota: self.quota, left, seconds: WINDOW.div_ceil(self.quota) }))
            }
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(limiter.clock().now());
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let seconds = u32::try_from(seconds).unwrap_or(WINDOW).max(1);
                Err(Error::TooMany { whose: self.whose, quota: self.quota, seconds })
            }
            // It was made to fit, so that nobody meets this.
            Err(_) => Err(Error::TooMany { whose: self.whose, quota: self.quota, seconds: WINDOW }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn wait(outcome: Result<Option<Share>>) -> u32 {
        match outcome {
            Err(Error::TooMany { whose: "client", seconds, .. }) => seconds,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_share_is_there_at_once_and_fills_up_evenly() {
        let clock = FakeRelativeClock::default();
        let limit = Limit::by("client", 6, clock.clone());
        let left = |cost| limit.take(&"crm", cost).expect("within the share").expect("a limit");
        assert_eq!(left(1), Share { quota: 6, left: 5, seconds: 10 });
        assert_eq!(left(4).left, 1);
        assert_eq!(wait(limit.take(&"crm", 2)), 10, "two are there when one more is");
        assert_eq!(left(1).left, 0, "what was refused cost nothing");
        clock.advance(Duration::from_millis(9_001));
        assert_eq!(wait(limit.take(&"crm", 1)), 1, "never none");
        assert_eq!(wait(limit.take(&"crm", 6)), 51);
        assert_eq!(limit.take(&"erp", 1).expect("another's").expect("a limit").left, 5);
        clock.advance(Duration::from_secs(1));
        assert_eq!(left(1).left, 0);
        clock.advance(Duration::from_mins(10));
        assert_eq!(left(1_000).left, 0, "nothing costs more than a whole share");
        clock.advance(Duration::from_mins(1));
        assert_eq!(left(1).left, 5);
    }

    #[test]
    fn without_a_limit_nothing_is_told() {
        let limit = Limit::new("client", 0);
        for _ in 0..10_000 {
            assert_eq!(limit.take(&1, 100).expect("no limit"), None);
        }
    }
}
