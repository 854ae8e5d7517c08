//! What came of a load: how many answers of which status, and how long each took.

use std::collections::BTreeMap;
use std::time::Duration;

use super::answer::Answer;

#[derive(Default)]
pub struct Outcome {
    /// How long was measured, without the warm-up and without what was still under way at the end.
    pub seconds: f64,
    /// Processor time of the loaded process and of the clients meanwhile.
    pub server_cpu: f64,
    pub clients_cpu: f64,
    /// Every answer by its status, warm-up and end included.
    pub answered: BTreeMap<u16, u64>,
    /// How many of the 503 did not say when to come again.
    pub without_retry_after: u64,
    waits: BTreeMap<u16, Waits>,
}

impl Outcome {
    /// Counts an answer; the wait counts when it ended in the measured time.
    pub fn count(&mut self, answer: &Answer, wait: Duration, measured: bool) {
        *self.answered.entry(answer.status).or_default() += 1;
        if answer.status == 503 && !answer.retry_after {
            self.without_retry_after += 1;
        }
        if measured {
            let us = u32::try_from(wait.as_micros()).unwrap_or(u32::MAX);
            self.waits.entry(answer.status).or_default().0.push(us);
        }
    }

    pub fn sort(&mut self) {
        self.waits.values_mut().for_each(|waits| waits.0.sort_unstable());
    }

    /// The waits for answers of one status.
    pub fn waits(&self, status: u16) -> &Waits {
        static NONE: Waits = Waits(Vec::new());
        self.waits.get(&status).unwrap_or(&NONE)
    }

    pub fn per_second(&self, status: u16) -> f64 {
        self.waits(status).0.len() as f64 / self.seconds
    }

    pub fn total(&self, status: u16) -> u64 {
        self.answered.get(&status).copied().unwrap_or_default()
    }

    /// Stops the run when there was any other answer than these.
    pub fn expect(&self, statuses: &[u16]) {
        let foreign: Vec<_> = self.answered.iter().filter(|(status, _)| !statuses.contains(status)).collect();
        assert!(
            foreign.is_empty(),
            "expected answers of {statuses:?} alone, and there were (status, count) {foreign:?}"
        );
    }
}

/// Sorted, in µs.
#[derive(Default)]
pub struct Waits(Vec<u32>);

impl Waits {
    /// The wait that so many of a thousand did not exceed, in ms.
    pub fn ms(&self, permille: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * permille / 1000).map_or(f64::NAN, |us| f64::from(*us) / 1000.0)
    }

    pub fn mean_ms(&self) -> f64 {
        self.0.iter().map(|us| f64::from(*us)).sum::<f64>() / 1000.0 / self.0.len() as f64
    }
}
