//! The one way in which consents are written: a bounded queue, and behind it writers that commit everything that waits in one
//! transaction with one fsync. What is answered is on disk (invariant 3); a full queue says so at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use diesel::prelude::*;
use tokio::sync::oneshot;

use crate::consent::Consent;
use crate::db::{Conn, DatabaseUrl, on};
use crate::error::{Error, Result};
use crate::schema::{consents, readiness, signing_keys};

/// How long an answer is waited for. Past it the client is told to send again, which is safe: the id is the client's.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a consent.
pub enum Appended {
    New(Box<Consent>),
    /// The same answer was recorded before: that row, and the thumbprint of the key that signed it.
    Again(Box<Consent>, String),
}

enum Job {
    Append(Box<Consent>, oneshot::Sender<Result<Appended>>),
    /// Any other write, which takes its turn: SQLite knows one writer at a time.
    Write(Write),
}

/// Says whether it went well.
type Write = Box<dyn FnOnce(Result<&mut Conn>) -> bool + Send>;

/// The writers. Dropping it lets them finish what waits.
pub struct Appender {
    queue: Option<SyncSender<Job>>,
    waiting: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Appender {
    /// `queue` consents may wait; one transaction holds at most `batch`.
    pub fn start(url: &DatabaseUrl, queue: usize, batch: usize) -> Self {
        let (sender, receiver) = sync_channel(queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let waiting = Arc::new(AtomicUsize::new(0));
        // One file takes one writer; PostgreSQL commits two transactions with one flush when they meet.
        let writers = if matches!(url, DatabaseUrl::Sqlite(_)) { 1 } else { 2 };
        let threads = (0..writers)
            .map(|_| {
                let mut writer = Writer { url: url.clone(), conn: None };
                let (receiver, waiting) = (Arc::clone(&receiver), Arc::clone(&waiting));
                std::thread::spawn(move || writer.run(&receiver, &waiting, batch.max(1)))
            })
            .collect();
        Self { queue: Some(sender), waiting, threads }
    }

    /// Answers after COMMIT. Errors: `Busy` when nothing more may wait, `Unavailable` when it is not known to be written,
    /// `Conflict` when the id is taken by another answer.
    pub async fn append(&self, consent: Consent) -> Result<Appended> {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::Append(Box::new(consent), reply))?;
        wait(answer).await
    }

    /// Runs a write in a transaction of its own, in turn with the others.
    pub async fn write<T, F>(&self, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Job::Write(Box::new(move |conn| {
            let outcome = conn.and_then(|conn| conn.transaction(write).map_err(|e| unavailable(&e)));
            let well = outcome.is_ok();
            // Nobody waits any more: they were told to send it again.
            let _ = reply.send(outcome);
            well
        })))?;
        wait(answer).await
    }

    /// Whether the database takes writes: it does one.
    pub async fn probe(&self, now: i64) -> Result<()> {
        let write = move |conn: &mut Conn| {
            diesel::update(readiness::table.find(1)).set(readiness::checked_at.eq(now)).execute(conn)
        };
        match self.write(write).await? {
            1 => Ok(()),
            _ => Err(Error::Unavailable),
        }
    }

    /// How many jobs wait or are being written.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn enqueue(&self, job: Job) -> Result<()> {
        let queue = self.queue.as_ref().ok_or(Error::Unavailable)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        queue.try_send(job).map_err(|e| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            match e {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Unavailable,
            }
        })
    }
}

impl Drop for Appender {
    fn drop(&mut self) {
        drop(self.queue.take());
        for thread in self.threads.drain(..) {
            // A panic in there was printed when it happened.
            let _ = thread.join();
        }
    }
}

async fn wait<T>(answer: oneshot::Receiver<Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(outcome)) => outcome,
        // The writer died with it, or it takes too long to know.
        Ok(Err(_)) | Err(_) => Err(Error::Unavailable),
    }
}

/// What a failed write is to its caller; the cause is said in the log alone.
fn unavailable(cause: &dyn std::fmt::Display) -> Error {
    tracing::error!("the database refused a write: {cause}");
    Error::Unavailable
}

struct Writer {
    url: DatabaseUrl,
    conn: Option<Conn>,
}

impl Writer {
    fn run(&mut self, queue: &Mutex<Receiver<Job>>, waiting: &AtomicUsize, batch: usize) {
        loop {
            let jobs = {
                let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                let Ok(first) = queue.recv() else { return };
                let mut jobs = vec![first];
                jobs.extend(queue.try_iter().take(batch - 1));
                jobs
            };
            let taken = jobs.len();
            let (mut appends, mut writes) = (Vec::new(), Vec::new());
            for job in jobs {
                match job {
                    Job::Append(consent, reply) => appends.push((consent, reply)),
                    Job::Write(write) => writes.push(write),
                }
            }
            self.append_all(appends);
            for write in writes {
                self.write(write);
            }
            waiting.fetch_sub(taken, Ordering::Relaxed);
        }
    }

    /// The connection, opened when there is none. It is taken out: who finishes well puts it back, and after any error the next
    /// one is new, since nobody can tell in which state a failed one is.
    fn take(&mut self) -> Result<Conn> {
        self.conn.take().map_or_else(|| self.url.connect().map_err(|e| unavailable(&e)), Ok)
    }

    fn write(&mut self, write: Write) {
        match self.take() {
            Ok(mut conn) => {
                if write(Ok(&mut conn)) {
                    self.conn = Some(conn);
                }
            }
            Err(e) => {
                write(Err(e));
            }
        }
    }

    fn append_all(&mut self, mut appends: Vec<(Box<Consent>, oneshot::Sender<Result<Appended>>)>) {
        if appends.is_empty() {
            return;
        }
        // Two writers that insert the same ids in different orders would wait for each other.
        appends.sort_by(|a, b| a.0.id.cmp(&b.0.id));
        let outcomes = match self.commit(&appends.iter().map(|(consent, _)| &**consent).collect::<Vec<_>>()) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(_) if appends.len() == 1 => vec![Err(Error::Unavailable)],
            // One of them may be what failed: alone, it fails no other.
            Err(_) => appends
                .iter()
                .map(|(consent, _)| self.commit(&[consent]).map(|mut one| one.remove(0)))
                .collect::<Vec<_>>(),
        };
        for ((consent, reply), outcome) in appends.into_iter().zip(outcomes) {
            let answer = outcome.and_then(|outcome| match outcome {
                Inserted::New => Ok(Appended::New(consent)),
                Inserted::Taken(old, kid) if old.is_same_answer(&consent) => Ok(Appended::Again(old, kid)),
                Inserted::Taken(..) => Err(Error::Conflict),
            });
            // Nobody waits any more: they were told to send it again.
            let _ = reply.send(answer);
        }
    }

    fn commit(&mut self, batch: &[&Consent]) -> Result<Vec<Inserted>> {
        let mut conn = self.take()?;
        let outcomes = commit(&mut conn, batch).map_err(|e| unavailable(&e))?;
        self.conn = Some(conn);
        Ok(outcomes)
    }
}

/// Writes a batch in one transaction, one outcome for each.
pub fn commit(conn: &mut Conn, batch: &[&Consent]) -> QueryResult<Vec<Inserted>> {
    conn.transaction(|conn| batch.iter().map(|consent| insert(conn, consent)).collect())
}

pub enum Inserted {
    New,
    Taken(Box<Consent>, String),
}

fn insert(conn: &mut Conn, consent: &Consent) -> QueryResult<Inserted> {
    let rows = on!(conn, |c| diesel::insert_into(consents::table)
        .values(consent)
        .on_conflict(consents::id)
        .do_nothing()
        .execute(c))?;
    if rows == 1 {
        return Ok(Inserted::New);
    }
    let (old, kid): (Consent, String) = consents::table
        .inner_join(signing_keys::table)
        .filter(consents::id.eq(&consent.id))
        .select((Consent::as_select(), signing_keys::kid))
        .first(conn)?;
    Ok(Inserted::Taken(Box::new(old), kid))
}
