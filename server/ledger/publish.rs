//! Sealing once about every second, and the signed head that this server gives out. A server remembers the last checkpoint that it
//! published, in a file beside its keys, and never publishes one that does not go on from it: a database that was put back to an
//! older state is noticed, and no second history is signed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tlog_tiles::Hash;

use crate::append::Appender;
use crate::db::{self, Conn, DatabaseUrl};
use crate::error::{Error, Result};
use crate::every::{Every, every};
use crate::feed::Waiting;
use crate::jwks;
use crate::keys::Keys;
use crate::ledger::note::{self, Checkpoint};
use crate::ledger::{self, Head, seal, tree};
use crate::sweep::Walk;

/// Any fixed number: the server that holds it seals. It only saves the others the work; what keeps the history one is in `seal`.
const SEALING_LOCK: i64 = 0x5a_3d_7f_12;
/// When nothing was sealed for so long, the lock's holder may be hanging, and everybody looks.
const STALE: Duration = Duration::from_secs(10);

/// A head and its signed note, as they are given out.
pub struct Signed {
    pub head: Head,
    pub note: String,
}

/// What this server publishes, and whether it can.
#[derive(Default)]
pub struct Published {
    /// Nothing before the first round.
    pub signed: ArcSwapOption<Signed>,
    /// The last round failed: consents wait for their leaves.
    pub failing: AtomicBool,
}

/// The file that remembers the last checkpoint.
pub fn memory_path(data_folder: &Path) -> PathBuf {
    data_folder.join("checkpoint")
}

/// Seals and publishes until the guard is dropped.
pub fn start(
    url: DatabaseUrl,
    appender: Arc<Appender>,
    keys: Arc<Keys>,
    data_folder: &Path,
    published: Arc<Published>,
    waiting: Arc<Waiting>,
    period: Duration,
) -> Every {
    let mut turns = Publisher {
        url,
        appender,
        keys,
        path: memory_path(data_folder),
        published,
        waiting,
        conn: None,
        ours: false,
        memory: seal::Memory::default(),
        walk: Walk::default(),
        moved: Instant::now(),
    };
    every(period, move || match turns.round() {
        Ok(()) => turns.published.failing.store(false, Ordering::Relaxed),
        Err(e) => {
            // Said once: consents are recorded all the same, and get their leaves later.
            if !turns.published.failing.swap(true, Ordering::Relaxed) {
                tracing::error!("the ledger stands still: {e}");
            }
            turns.conn = None;
            turns.ours = false;
        }
    })
}

struct Publisher {
    url: DatabaseUrl,
    appender: Arc<Appender>,
    keys: Arc<Keys>,
    path: PathBuf,
    published: Arc<Published>,
    waiting: Arc<Waiting>,
    conn: Option<Conn>,
    ours: bool,
    memory: seal::Memory,
    walk: Walk,
    moved: Instant,
}

impl Publisher {
    fn round(&mut self) -> Result<()> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.url.connect().map_err(|e| Error::Internal(e.to_string()))?,
        };
        self.publish(&mut conn)?;
        if !self.ours {
            self.ours = db::lock(&mut conn, SEALING_LOCK)?;
        }
        if self.ours || self.moved.elapsed() > STALE {
            while let Some(seal) = seal::plan(&mut conn, &mut self.memory)? {
                let more = seal.size() > self.size();
                if !self.appender.write_blocking(move |conn| seal.commit(conn))? || !more {
                    break;
                }
                self.publish(&mut conn)?;
            }
        }
        self.appender.sweep(&mut conn, &mut self.walk)?;
        self.conn = Some(conn);
        Ok(())
    }

    fn size(&self) -> i64 {
        self.published.signed.load().as_ref().map_or(0, |signed| signed.head.size)
    }

    /// Signs the head that is committed, if it goes on from the last one.
    fn publish(&mut self, conn: &mut Conn) -> Result<()> {
        let head = ledger::head(conn)?;
        let current = self.published.signed.load();
        if current.as_ref().is_some_and(|signed| signed.head.size == head.size && signed.head.root == head.root) {
            return Ok(());
        }
        let last = match current.as_ref() {
            Some(signed) => Some((signed.head.leaves(), signed.head.root()?)),
            None => remembered(conn, &self.path, &head.origin)?.map(|last| (last.size, last.root)),
        };
        if let Some((size, root)) = last {
            goes_on(conn, &head, size, root)?;
        }
        let note = note::sign(&head, &self.keys);
        remember(&self.path, &note).map_err(|e| Error::Internal(format!("{}: {e}", self.path.display())))?;
        self.published.signed.store(Some(Arc::new(Signed { head, note })));
        self.waiting.grown();
        self.moved = Instant::now();
        Ok(())
    }
}

/// Whether the tree of this head begins with the one that was published.
fn goes_on(conn: &mut Conn, head: &Head, size: u64, root: Hash) -> Result<()> {
    let proven = match size {
        0 => true,
        _ if size > head.leaves() => false,
        _ => {
            let proof = tree::prove_growth(conn, head, size)?;
            tlog_tiles::check_tree(&proof, head.leaves(), head.root()?, size, root).is_ok()
        }
    };
    if proven {
        return Ok(());
    }
    Err(Error::Internal(format!(
        "a checkpoint of {size} leaves was published that this database, with {}, does not go on from. Was a backup put back? Then \
         no leaf is added until samtykke ledger rename gives the log another name",
        head.size
    )))
}

/// The last checkpoint that a server with this file published, with whichever key signed then. One under another name was another
/// log's.
fn remembered(conn: &mut Conn, path: &Path, origin: &str) -> Result<Option<Checkpoint>> {
    let note = match fs::read_to_string(path) {
        Ok(note) => note,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::Internal(format!("{}: {e}", path.display()))),
    };
    let keys = jwks::public_keys(conn)?;
    let checkpoint = note::verify(&note, keys.iter().map(|(_, public)| public.as_slice()))
        .map_err(|e| Error::Internal(format!("{}: {e}", path.display())))?;
    Ok(Some(checkpoint).filter(|checkpoint| checkpoint.origin == origin))
}

fn remember(path: &Path, note: &str) -> std::io::Result<()> {
    let half = path.with_extension("new");
    let mut file = File::create(&half)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    fs::rename(half, path)
}
