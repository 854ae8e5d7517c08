//! The one way in which consents are written: a bounded queue, and behind it writers that commit everything that waits in one
//! transaction with one fsync. What is answered is on disk (invariant 3); a full queue says so at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use tokio::sync::oneshot;

use crate::consent::Consent;
use crate::db::{Conn, DatabaseUrl};
use crate::error::{Error, Result};
use crate::health::Health;
use crate::insert::{self, Inserted};
use crate::metrics::Written;
use crate::schema::readiness;
use crate::sweep::{self, Walk};

/// How long an answer is waited for. Past it the client is told to send again, which is safe: the id is the client's.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a writer looks for more before it sleeps.
const AWAKE_FOR: Duration = Duration::from_micros(250);

/// How long all writes wait for readers that keep SQLite's log; what is in the way longer is tried again a second later.
const SCRUB_MS: u32 = 20;

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

/// Says whether it went well. Besides the connection it is given the highest number that its writer gave a row of SQLite.
type Write = Box<dyn FnOnce(Result<(&mut Conn, &mut i64)>) -> bool + Send>;

/// The writers. Dropping it lets them finish what waits.
pub struct Appender {
    queue: Option<SyncSender<Job>>,
    waiting: Arc<AtomicUsize>,
    /// SQLite may still keep something that was erased, perhaps since before the start.
    unswept: Arc<AtomicBool>,
    health: Arc<Health>,
    threads: Vec<JoinHandle<()>>,
}

impl Appender {
    /// `queue` consents may wait; one transaction holds at most `batch`.
    pub fn start(url: &DatabaseUrl, queue: usize, batch: usize, written: &Written) -> Self {
        let (sender, receiver) = sync_channel(queue.max(1));
        let receiver = Arc::new(Mutex::new(receiver));
        let waiting = Arc::new(AtomicUsize::new(0));
        let health = Arc::new(Health::default());
        // One file takes one writer; PostgreSQL commits two transactions with one flush when they meet.
        let writers = if matches!(url, DatabaseUrl::Sqlite(_)) { 1 } else { 2 };
        let threads = (0..writers)
            .map(|_| {
                let mut writer = Writer {
                    url: url.clone(),
                    conn: None,
                    opened_after: 0,
                    above: 0,
                    written: written.clone(),
                    health: Arc::clone(&health),
                };
                let (receiver, waiting) = (Arc::clone(&receiver), Arc::clone(&waiting));
                std::thread::spawn(move || writer.run(&receiver, &waiting, batch.max(1)))
            })
            .collect();
        Self { queue: Some(sender), waiting, unswept: Arc::new(AtomicBool::new(true)), health, threads }
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
        wait(self.start_write(move |conn, _| conn.transaction(write))?).await
    }

    /// Runs a write for which nobody waits. That it failed is said in the log alone.
    pub fn write_later<F>(&self, write: F) -> Result<()>
    where
        F: FnOnce(&mut Conn) -> QueryResult<()> + Send + 'static,
    {
        self.start_write(move |conn, _| conn.transaction(write)).map(drop)
    }

    /// The same for a write that adds consents; see `insert::within`. What it answers may be an error of its own, and then nothing of
    /// it is kept.
    pub async fn record<T, F>(&self, record: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &mut i64) -> Result<T> + Send + 'static,
    {
        let outcome = self.start_write(move |conn, above| {
            let outcome = conn.transaction::<_, Error, _>(|conn| record(conn, above));
            match outcome {
                Err(Error::Database(e)) => Err(e),
                outcome => Ok(outcome),
            }
        })?;
        wait(outcome).await?
    }

    /// Runs an erasure in a transaction of its own. It goes from SQLite's log at once if no reader is in the way, and else, as its last
    /// copies in the file, when it is swept.
    pub async fn erase<T, F>(&self, erase: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let unswept = Arc::clone(&self.unswept);
        let erased = self.start_write(move |conn, _| {
            let erased = conn.transaction(erase)?;
            unswept.store(true, Ordering::Relaxed);
            // Where it cannot be done now, the sweep says so.
            let _ = sweep::log(conn, SCRUB_MS);
            Ok(erased)
        })?;
        wait(erased).await
    }

    /// The same for a thread that may wait, without a look at the log.
    pub fn erase_blocking<T, F>(&self, erase: F) -> Result<()>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        self.write_blocking(move |conn| conn.transaction(erase))?;
        self.unswept.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A step of taking what was erased out of SQLite's files, in turn with the other writes: `conn` reads, and `walk` is how far it is.
    pub fn sweep(&self, conn: &mut Conn, walk: &mut Walk) -> Result<()> {
        // PostgreSQL has nothing to sweep, and a write that writes nothing would keep a connection of which nobody knows whether it can.
        if matches!(conn, Conn::Postgres(_)) {
            return Ok(());
        }
        if matches!(walk, Walk::Done) && self.unswept.swap(false, Ordering::Relaxed) {
            *walk = Walk::Pages(1);
        }
        if let Walk::Pages(first) = *walk {
            let (pages, next) = sweep::look(conn, first)?;
            for some in pages.chunks(sweep::BATCH) {
                let some = some.to_vec();
                self.write_blocking(move |conn| conn.transaction(|conn| sweep::overwrite(conn, &some)))?;
            }
            *walk = next.map_or(Walk::Log, Walk::Pages);
        }
        if matches!(walk, Walk::Log) && self.write_blocking(|conn| sweep::log(conn, SCRUB_MS))? {
            *walk = Walk::Done;
        }
        Ok(())
    }

    /// Runs a write for a thread that may wait, for a place in the queue too, and in no transaction: the write brings its own, or
    /// cannot have one.
    pub fn write_blocking<T, F>(&self, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let (job, answer) = self.job(move |conn, _| write(conn));
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = self.queue.as_ref().map(|queue| queue.send(job));
        if !matches!(sent, Some(Ok(()))) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::Unavailable);
        }
        answer.blocking_recv().unwrap_or(Err(Error::Unavailable))
    }

    fn start_write<T, F>(&self, write: F) -> Result<oneshot::Receiver<Result<T>>>
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &mut i64) -> QueryResult<T> + Send + 'static,
    {
        let (job, answer) = self.job(write);
        self.enqueue(job)?;
        Ok(answer)
    }

    fn job<T, F>(&self, write: F) -> (Job, oneshot::Receiver<Result<T>>)
    where
        T: Send + 'static,
        F: FnOnce(&mut Conn, &mut i64) -> QueryResult<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let health = Arc::clone(&self.health);
        let job = Job::Write(Box::new(move |conn| {
            let outcome = conn.and_then(|(conn, above)| write(conn, above).map_err(|e| health.failed(&e)));
            let well = outcome.is_ok();
            // Nobody waits any more: they were told to send it again.
            let _ = reply.send(outcome);
            well
        }));
        (job, answer)
    }

    /// Whether the database takes writes: it does one, and the last consents were not refused. A disk without room for another
    /// page may still have some for a row that is there.
    pub async fn probe(&self, now: i64) -> Result<()> {
        if self.health.is_bad() {
            return Err(Error::Unavailable);
        }
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

/// The next job; nothing when there will be none. Who has just been answered often asks again, and waking a thread that sleeps takes
/// as long as a commit, so that it is looked for a moment longer.
fn next(queue: &Receiver<Job>) -> Option<Job> {
    let slept = Instant::now();
    while slept.elapsed() < AWAKE_FOR {
        match queue.try_recv() {
            Ok(job) => return Some(job),
            Err(TryRecvError::Empty) => std::thread::yield_now(),
            Err(TryRecvError::Disconnected) => return None,
        }
    }
    queue.recv().ok()
}

struct Writer {
    url: DatabaseUrl,
    conn: Option<Conn>,
    /// How many writes had failed, anybody's, when it was opened.
    opened_after: u64,
    /// The highest number that it gave a row of SQLite.
    above: i64,
    written: Written,
    health: Arc<Health>,
}

impl Writer {
    fn run(&mut self, queue: &Mutex<Receiver<Job>>, waiting: &AtomicUsize, batch: usize) {
        loop {
            let jobs = {
                let queue = queue.lock().unwrap_or_else(PoisonError::into_inner);
                let Some(first) = next(&queue) else { return };
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
    /// one is new, since nobody can tell in which state a failed one is. So it is after an error of another writer: what ended
    /// that one's connection, as a restart does, ended them all.
    fn take(&mut self) -> Result<Conn> {
        let failures = self.health.failures();
        if let Some(conn) = self.conn.take().filter(|_| self.opened_after == failures) {
            return Ok(conn);
        }
        self.opened_after = failures;
        self.url.connect().map_err(|e| self.health.refused(&e))
    }

    fn write(&mut self, write: Write) {
        match self.take() {
            Ok(mut conn) => {
                if write(Ok((&mut conn, &mut self.above))) {
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
        let batch: Vec<&Consent> = appends.iter().map(|(consent, _)| &**consent).collect();
        let outcomes = match self.commit(&batch) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(e) if batch.len() == 1 => vec![Err(e)],
            Err(_) => self.one_by_one(&batch),
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

    /// One of a batch may be what failed: alone, it fails no other. But a database that is not there is not asked again for each.
    fn one_by_one(&mut self, batch: &[&Consent]) -> Vec<Result<Inserted>> {
        let mut there = true;
        let outcomes = batch.iter().map(|consent| {
            if there && self.conn.is_none() {
                self.conn = self.take().ok();
                there = self.conn.is_some();
            }
            if !there {
                return Err(Error::Unavailable);
            }
            self.commit(&[consent]).map(|mut one| one.remove(0))
        });
        outcomes.collect()
    }

    fn commit(&mut self, batch: &[&Consent]) -> Result<Vec<Inserted>> {
        let mut conn = self.take()?;
        let outcomes = insert::commit(&mut conn, batch, &mut self.above).map_err(|e| self.health.refused(&e))?;
        self.conn = Some(conn);
        self.health.written();
        self.written.transactions.inc();
        self.written.rows.inc_by(outcomes.iter().filter(|outcome| matches!(outcome, Inserted::New)).count() as u64);
        Ok(outcomes)
    }
}
