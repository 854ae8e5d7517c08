//! How writing goes: what failed, told once an outage, and whether more may be sent.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long refused consents speak against readiness when nobody tries again: a balancer has to send somebody sometime.
const BAD_FOR: Duration = Duration::from_secs(10);

/// How the last writes went, for whoever asks whether more may be sent.
#[derive(Default)]
pub struct Health {
    /// An outage was told in the log, and has not ended.
    told: AtomicBool,
    /// Writes that failed since the start.
    failures: AtomicU64,
    /// When consents were last refused, if none was written since.
    refused: Mutex<Option<Instant>>,
}

impl Health {
    /// What a failed write is to its caller. The cause is said in the log alone, and once an outage.
    pub fn failed(&self, cause: &dyn std::fmt::Display) -> Error {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if self.told.swap(true, Ordering::Relaxed) {
            tracing::debug!("the database refused a write: {cause}");
        } else {
            tracing::error!("the database refuses writes: {cause}");
        }
        Error::Unavailable
    }

    /// The same for consents.
    pub fn refused(&self, cause: &dyn std::fmt::Display) -> Error {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.failed(cause)
    }

    pub fn written(&self) {
        if self.told.swap(false, Ordering::Relaxed) {
            tracing::info!("the database takes writes again");
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub fn is_bad(&self) -> bool {
        let refused = *self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.is_some_and(|refused| refused.elapsed() < BAD_FOR)
    }
}
