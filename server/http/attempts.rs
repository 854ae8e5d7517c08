//! How often a secret may be tried: by one sender, and for one client by all of them. Nothing is kept of either but what counts them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{HttpRequest, web};
use governor::clock::DefaultClock;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::client::{self, Client};
use crate::error::{Error, Result};
use crate::hash::sha256;
use crate::http::State;

/// How many secrets are checked at once: each takes 19 MB.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);
/// So many senders at their limit are what it takes to keep a client from its tokens.
const SENDERS: u32 = 6;
/// After so many attempts, what was kept of those who fell silent is forgotten.
const SWEEP_EVERY: usize = 1024;

type Limiter = RateLimiter<u128, DashMapStateStore<u128>, DefaultClock>;

pub struct Attempts {
    senders: Option<Limiter>,
    clients: Option<Limiter>,
    since_sweep: AtomicUsize,
    turns: Arc<Semaphore>,
}

impl Attempts {
    /// `per_minute` for one client, and a sixth of it for one sender; 0 sets no limit.
    pub fn new(per_minute: u32) -> Self {
        let limiter = |n: u32| NonZeroU32::new(n).map(|n| RateLimiter::dashmap(Quota::per_minute(n)));
        Self {
            senders: limiter(per_minute.div_ceil(SENDERS)),
            clients: limiter(per_minute),
            since_sweep: AtomicUsize::new(0),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Counts an attempt for the client of this name, be there one or not.
    pub fn count(&self, state: &State, request: &HttpRequest, name: &str) -> Result<()> {
        let (Some(senders), Some(clients)) = (&self.senders, &self.clients) else { return Ok(()) };
        if self.since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            senders.retain_recent();
            clients.retain_recent();
        }
        if let Some(sender) = state.addresses.sender(request) {
            senders.check_key(&sender).map_err(|_| Error::TooMany)?;
        }
        // What somebody typed in the place of a name is not kept either.
        let mut half = [0; 16];
        half.copy_from_slice(&sha256(name.as_bytes())[..16]);
        clients.check_key(&u128::from_be_bytes(half)).map_err(|_| Error::TooMany)
    }

    /// `client::proved`, on a thread that may take its time.
    pub async fn proved(&self, found: Option<Client>, secret: String) -> Result<Option<Client>> {
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(Ok(turn)) = turn else { return Err(Error::Busy) };
        let proved = web::block(move || {
            // Whoever asked may be gone by now; the turn lasts as long as the work.
            let _turn = turn;
            client::proved(found, &secret)
        });
        proved.await.map_err(|e| Error::Internal(e.to_string()))
    }
}
