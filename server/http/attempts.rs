//! How often a secret may be tried: by one sender, and for one client by all of them. Nothing is kept of either but what counts them.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, web};
use tokio::sync::Semaphore;

use crate::client::{self, Client};
use crate::error::{Error, Result};
use crate::hash::sha256;
use crate::http::State;
use crate::http::address::Sender;
use crate::limit::Limit;

/// How many secrets are checked at once: each takes 19 MB.
const AT_ONCE: usize = 2;
/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);
/// So many senders at their limit are what it takes to keep a client from its tokens.
const SENDERS: u32 = 6;
pub struct Attempts {
    senders: Limit<Sender>,
    clients: Limit<[u8; 32]>,
    turns: Arc<Semaphore>,
}

impl Attempts {
    /// `per_minute` for one client, and a sixth of it for one sender; 0 sets no limit.
    pub fn new(per_minute: u32) -> Self {
        Self {
            senders: Limit::new("address", per_minute.div_ceil(SENDERS)),
            clients: Limit::new("client", per_minute),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Counts an attempt for the client of this name, be there one or not.
    pub fn count(&self, state: &State, request: &HttpRequest, name: &str) -> Result<()> {
        if let Some(sender) = state.addresses.sender(request) {
            self.senders.take(&sender, 1)?;
        }
        // What somebody typed in the place of a name is not kept either.
        self.clients.take(&sha256(name.as_bytes()), 1).map(drop)
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
