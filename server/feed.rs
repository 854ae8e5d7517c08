//! What changed on a site since somebody last asked, in the order of the ledger's leaves: see `event`. They say where they are by a cursor,
//! and may wait for what comes next. Who waits holds neither a thread nor a connection of the database.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::event::{self, Event};
use crate::hash::sha256;
use crate::ledger::{self, tree};

/// How long is waited at most before the database is asked again, in case this server does not hear how the ledger grows.
const UNHEARD: Duration = Duration::from_secs(5);

/// How many leaves somebody is past, and what stands at the last of them. So one of another site, of another ledger, or of a history that
/// a backup took back is known, and nobody reads on from where they never were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    leaves: i64,
    mark: [u8; 8],
}

impl Cursor {
    /// The one past so many leaves, which are there.
    fn past(conn: &mut Conn, site: &str, leaves: i64) -> Result<Self> {
        let mut marked = format!("{site}\n").into_bytes();
        if leaves > 0 {
            let last = leaves - 1;
            let width = usize::try_from(last % 256).unwrap_or_default() + 1;
            let entries = tree::entries(conn, last / 256, width)?;
            marked.extend(&entries[entries.len() - 32..]);
        }
        let mut mark = [0; 8];
        mark.copy_from_slice(&sha256(&marked)[..8]);
        Ok(Self { leaves, mark })
    }

    /// Whether this site's ledger goes through here.
    fn check(&self, conn: &mut Conn, site: &str) -> Result<()> {
        if self.leaves > ledger::head(conn)?.size {
            return Err(foreign("is ahead of the ledger: was a backup put back?"));
        }
        if *self != Self::past(conn, site, self.leaves)? {
            return Err(foreign("is of another site, or of another ledger"));
        }
        Ok(())
    }
}

fn foreign(reason: &str) -> Error {
    Error::invalid("after", reason)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.leaves.to_be_bytes(), self.mark].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let bytes: Option<[u8; 16]> = bytes.and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.map(u128::from_be_bytes);
        let read = bytes
            .and_then(|both| Some((i64::try_from(both >> 64).ok()?, u64::try_from(both & u128::from(u64::MAX)).ok()?)));
        let (leaves, mark) = read.ok_or_else(|| foreign("expected `next` of an earlier answer"))?;
        Ok(Self { leaves, mark: mark.to_be_bytes() })
    }
}

/// What came after a cursor.
pub struct Changes {
    pub events: Vec<Event>,
    pub next: Cursor,
    /// Whether the ledger goes on behind `next`, perhaps with nothing of this site.
    pub more: bool,
}

/// What happened on a site after a cursor, or from the beginning, in at most `limit` events.
pub fn read(conn: &mut Conn, site_id: i32, site: &str, after: Option<Cursor>, limit: usize) -> Result<Changes> {
    if let Some(after) = &after {
        after.check(conn, site)?;
    }
    let page = event::page(conn, Some(site_id), after.map_or(0, |after| after.leaves), limit)?;
    let more = page.has_more();
    let next = match after {
        Some(after) if after.leaves == page.next => after,
        _ => Cursor::past(conn, site, page.next)?,
    };
    Ok(Changes { events: page.events, next, more })
}

/// Those who wait for the ledger to grow.
pub struct Waiting {
    /// Whether the service stops. It is sent each time that the ledger has grown as well.
    news: watch::Sender<bool>,
    places: Semaphore,
}

impl Waiting {
    /// So many may wait at once.
    pub fn new(most: usize) -> Self {
        Self { news: watch::Sender::new(false), places: Semaphore::new(most.min(Semaphore::MAX_PERMITS)) }
    }

    /// Held by whoever waits.
    pub fn place(&self) -> Result<SemaphorePermit<'_>> {
        self.places.try_acquire().map_err(|_| Error::Crowded)
    }

    /// Hears all that comes from now on.
    pub fn listen(&self) -> Listener {
        Listener(self.news.subscribe())
    }

    /// The ledger has grown.
    pub fn grown(&self) {
        self.news.send_modify(|_| ());
    }

    /// Nobody waits any more: the service stops.
    pub fn end(&self) {
        self.news.send_replace(true);
    }
}

pub struct Listener(watch::Receiver<bool>);

impl Listener {
    /// Waits until it is worth asking again: the ledger has grown, or nobody has said anything for some seconds. `false` when the time is
    /// over, or the service stops.
    pub async fn next(&mut self, patience: Duration) -> bool {
        if *self.0.borrow_and_update() {
            return false;
        }
        match tokio::time::timeout(patience.min(UNHEARD), self.0.changed()).await {
            Ok(Ok(())) => !*self.0.borrow(),
            Ok(Err(_)) => false,
            Err(_) => patience > UNHEARD,
        }
    }
}
