//! Who delivers, and when: the server that holds the lock, a thread for each receiver that something is due to, so that a slow one delays
//! no other. What crashes in between is sent again: at least once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::append::Appender;
use crate::db::{self, Conn, DatabaseUrl, Pool};
use crate::error::{Error, Result};
use crate::every::{Every, every};
use crate::keys::Keys;
use crate::metrics::Told;
use crate::webhook::deliver::{self, Sender};
use crate::webhook::delivery::{self, Delivery, Outcome, State};
use crate::webhook::fan_out;
use crate::webhook::receiver::{self, Receiver};

/// Any fixed number: the server that holds it delivers.
const TELLING_LOCK: i64 = 0x5a_3d_7f_13;
/// Pages of the ledger that are fanned out before it is looked at again who is due.
const PAGES: usize = 20;
/// Receivers that are sent to at a time; where there are more, whoever has waited longest is next.
const THREADS: usize = 64;
/// Deliveries that are read and written down together: what a crash sends again.
const BATCH: i64 = 32;
/// How old what was read may be when it is sent, and how long what was sent may wait to be written down, but for the answer to the last.
const SOON: Duration = Duration::from_millis(500);
/// How long a receiver is left alone after a failure, at the most: by then, whatever else is due waits with it.
const LONGEST_REST_MS: i64 = 60_000;
/// How often what waits and what is parked is counted.
const COUNT: Duration = Duration::from_mins(1);

/// What a thread needs.
struct Work {
    pool: Pool,
    appender: Arc<Appender>,
    keys: Arc<Keys>,
    sender: Arc<Sender>,
    told: Told,
    clock: fn() -> i64,
    percent: fn() -> u32,
    stopping: AtomicBool,
    /// How each receiver fares that failed, and has not answered well since.
    rests: Mutex<HashMap<i32, Rest>>,
}

#[derive(Clone, Copy, Default)]
struct Rest {
    failures: u32,
    until: i64,
}

struct Turns {
    url: DatabaseUrl,
    work: Arc<Work>,
    conn: Option<Conn>,
    ours: bool,
    threads: HashMap<i32, JoinHandle<()>>,
    counted: Option<Instant>,
    failing: bool,
}

/// What `start` is given.
pub struct Means {
    pub appender: Arc<Appender>,
    pub keys: Arc<Keys>,
    pub sender: Arc<Sender>,
    pub told: Told,
    pub clock: fn() -> i64,
    pub percent: fn() -> u32,
}

/// Tells whoever wants to know until the guard is dropped.
pub fn start(url: &DatabaseUrl, means: Means, period: Duration) -> Every {
    let Means { appender, keys, sender, told, clock, percent } = means;
    let work = Work {
        pool: db::pool(url, 4),
        appender,
        keys,
        sender,
        told,
        clock,
        percent,
        stopping: AtomicBool::new(false),
        rests: Mutex::default(),
    };
    let mut turns = Turns {
        url: url.clone(),
        work: Arc::new(work),
        conn: None,
        ours: false,
        threads: HashMap::new(),
        counted: None,
        failing: false,
    };
    every(period, move || match turns.turn() {
        Ok(()) => turns.failing = false,
        Err(e) => {
            // Said once: nothing is lost, it is only told later.
            if !turns.failing {
                tracing::error!("webhooks stand still: {e}");
            }
            turns.failing = true;
            turns.conn = None;
            turns.ours = false;
        }
    })
}

impl Turns {
    fn turn(&mut self) -> Result<()> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.url.connect().map_err(|e| Error::Internal(e.to_string()))?,
        };
        if !self.ours {
            self.ours = db::lock(&mut conn, TELLING_LOCK)?;
        }
        if self.ours {
            let now = (self.work.clock)();
            for _ in 0..PAGES {
                if !fan_out::turn(&mut conn, &self.work.appender, now)? {
                    break;
                }
            }
            self.threads.retain(|_, thread| !thread.is_finished());
            for receiver in delivery::waiting(&mut conn, now)? {
                if self.threads.len() < THREADS
                    && !self.threads.contains_key(&receiver)
                    && self.work.is_rested(receiver)
                {
                    let work = Arc::clone(&self.work);
                    self.threads.insert(receiver, std::thread::spawn(move || work.run(receiver)));
                }
            }
            if self.counted.is_none_or(|counted| counted.elapsed() > COUNT) {
                self.work.told.stand(
                    delivery::count(&mut conn, None, State::Pending)?,
                    delivery::count(&mut conn, None, State::Parked)?,
                );
                self.counted = Some(Instant::now());
            }
        }
        self.conn = Some(conn);
        Ok(())
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.work.stopping.store(true, Ordering::Relaxed);
        self.work.sender.stop();
        for (_, thread) in self.threads.drain() {
            // A panic in there was printed when it happened.
            let _ = thread.join();
        }
    }
}

impl Work {
    fn is_rested(&self, receiver: i32) -> bool {
        let rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        rests.get(&receiver).is_none_or(|rest| rest.until <= (self.clock)())
    }

    /// Delivers until nothing is due, or something fails.
    fn run(&self, receiver: i32) {
        loop {
            match self.some(receiver) {
                Ok(true) => {}
                Ok(false) => return,
                Err(e) => {
                    self.rest(receiver);
                    tracing::error!(webhook = receiver, "nothing can be delivered: {e}");
                    return;
                }
            }
        }
    }

    /// Delivers some, and says whether to go on.
    fn some(&self, id: i32) -> Result<bool> {
        let found = db::read(&self.pool, |conn| {
            let receiver = match receiver::by_id(conn, id) {
                Err(Error::UnknownWebhook(_)) => return Ok(None),
                found => found?,
            };
            let due = delivery::due(conn, id, (self.clock)(), BATCH)?;
            if receiver.gone_at.is_some() || due.is_empty() {
                return Ok(None);
            }
            // Sent within `SOON`, so that little can be erased meanwhile.
            let bodies = deliver::made(conn, &due)?;
            Ok(Some((receiver, due, bodies)))
        });
        let Some((receiver, due, bodies)) = found? else { return Ok(false) };
        let mut outcomes = Vec::new();
        let (mut go_on, mut gone, mut broken) = (true, false, None);
        let started = Instant::now();
        for (delivery, body) in due.iter().zip(bodies) {
            let outcome = match self.one(&receiver, delivery, body, &mut gone) {
                Ok(outcome) => outcome,
                Err(e) => {
                    broken = Some(e);
                    break;
                }
            };
            if self.stopping.load(Ordering::Relaxed) {
                // It may have failed for that alone; what is delivered is delivered.
                outcomes.extend(Some(outcome).filter(|outcome| outcome.state == State::Delivered));
                go_on = false;
                break;
            }
            let well = matches!(outcome.state, State::Delivered | State::Erased);
            outcomes.push(outcome);
            if well {
                self.rests.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            } else {
                self.rest(id);
                go_on = false;
                break;
            }
            if started.elapsed() > SOON {
                break;
            }
        }
        self.write(&receiver, due, outcomes, gone)?;
        broken.map_or(Ok(go_on), Err)
    }

    /// One attempt.
    fn one(&self, receiver: &Receiver, delivery: &Delivery, body: Option<String>, gone: &mut bool) -> Result<Outcome> {
        let Some(body) = body else {
            let (id, attempts, at) = (delivery.id, delivery.attempts, (self.clock)());
            return Ok(Outcome { id, state: State::Erased, attempts, status: None, at });
        };
        let attempt = self.sender.post(receiver, &self.keys, &delivery.name, &body, (self.clock)())?;
        *gone = attempt.is_gone();
        let outcome = attempt.outcome(delivery, (self.percent)(), (self.clock)());
        let (webhook, status, state) = (receiver.id, attempt.status.unwrap_or_default(), outcome.state.as_str());
        tracing::debug!(webhook, status, state, reason = attempt.reason, "delivery tried");
        Ok(outcome)
    }

    fn write(&self, receiver: &Receiver, due: Vec<Delivery>, outcomes: Vec<Outcome>, gone: bool) -> Result<()> {
        let id = receiver.id;
        for outcome in &outcomes {
            self.told.attempt(outcome.state);
            if outcome.state == State::Parked {
                let status = outcome.status.unwrap_or_default();
                tracing::warn!(webhook = id, status, "a delivery is parked: it was tried as long as it is");
            }
        }
        if gone {
            tracing::warn!(webhook = id, "a receiver says that it is gone, and is parked with all that waits for it");
        }
        let now = (self.clock)();
        self.appender.write_blocking(move |conn| {
            diesel::Connection::transaction(conn, |conn| {
                delivery::record(conn, &due, &outcomes)?;
                if gone { delivery::park_all(conn, id, now) } else { Ok(()) }
            })
        })
    }

    /// Leaves a receiver alone for a second, and twice as long each time.
    fn rest(&self, receiver: i32) {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = rests.entry(receiver).or_default();
        rest.until = (self.clock)() + (1000_i64 << rest.failures.min(6)).min(LONGEST_REST_MS);
        rest.failures = rest.failures.saturating_add(1);
    }
}
