//! Starts everything in order and stops it in the reverse one: no new connections, what is under way is committed, then the end.

use std::fs::DirBuilder;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{HttpServer, rt};

use crate::announcement::kept;
use crate::append::Appender;
use crate::config::{Serve, Storage};
use crate::day::Day;
use crate::db::{self, Conn, DatabaseUrl, FileLock};
use crate::erasure::{self, Reason};
use crate::error::Error;
use crate::every::{Every, every};
use crate::feed::Waiting;
use crate::http::address::Addresses;
use crate::http::attempts::Attempts;
use crate::http::demo::Demo;
use crate::http::{State, app};
use crate::issuer::Issuers;
use crate::jurisdiction::Jurisdictions;
use crate::keys::{self, Keys};
use crate::ledger::{
    self,
    publish::{self, Published},
};
use crate::limit::Limit;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::person::reach::Counted;
use crate::region::Regions;
use crate::retention::{self, Keep};
use crate::scripts::Older;
use crate::sites::{self, Sites};
use crate::stats::Counts;
use crate::webhook::deliver::Sender;
use crate::webhook::turns::{self, Means};
use crate::webhook::{delivery, receiver};
use crate::{audit, change, jwks, once, site_file};

/// The server's clock, in unix ms.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Chance, 0 to 99: which variant falls to a visitor.
pub fn percent() -> u32 {
    // Without it everybody gets the site's own.
    keys::random().map_or(99, |bytes| u32::from_be_bytes(bytes) % 100)
}

/// The data folder, made when missing and then closed to others.
pub fn data_folder(folder: &Path) -> Result<(), String> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|e| format!("the data folder {} cannot be made: {e}", folder.display()))
}

/// Erases what was kept long enough, at three in the morning, UTC, by the server's clock.
fn forget_every_night(url: DatabaseUrl, appender: Arc<Appender>, keep: Keep, clock: fn() -> i64) -> Every {
    let mut last = retention::night(clock());
    every(Duration::from_secs(1), move || {
        let now = clock();
        if retention::night(now) <= last {
            return;
        }
        last = retention::night(now);
        let outcome = url.open().map_err(Error::Internal).and_then(|mut conn| {
            retention::run(&mut conn, keep, now, |_, site, rows| {
                appender.erase_blocking(move |conn| erasure::rows(conn, site, &rows, Reason::Retention, now))
            })
        });
        match outcome {
            Ok(due) => tracing::info!(consents = due.consents, refusals = due.refusals, "kept long enough, and erased"),
            // What is still there is due tomorrow.
            Err(e) => tracing::error!("what was kept long enough could not be erased: {e}"),
        }
        // A night in which nothing goes needs no walk through the files.
        let old = appender
            .write_blocking(move |conn| once::has_old(conn, now))
            .and_then(|some| if some { appender.erase_blocking(move |conn| once::old(conn, now)) } else { Ok(()) });
        if let Err(e) = old {
            tracing::error!("answers that were kept long enough could not be deleted: {e}");
        }
        let old = move |conn: &mut Conn| {
            retention::old_counts(conn, now)?;
            audit::forget(conn, keep.keep_audit_days, now)
        };
        if let Err(e) = appender.write_blocking(old) {
            tracing::error!("counts and uses that were kept long enough could not be deleted: {e}");
        }
        if let Err(e) = forget_told(&appender, now) {
            tracing::error!("webhooks that were kept long enough could not be deleted: {e}");
        }
    })
}

/// Deletes what was told long enough ago, and secrets that sign nothing any more.
fn forget_told(appender: &Appender, now: i64) -> Result<(), Error> {
    while appender.write_blocking(move |conn| delivery::drop_old(conn, now))? {}
    appender.write_blocking(move |conn| receiver::drop_old_secrets(conn, now)).map(drop)
}

/// Tells by webhooks what happens.
fn tell(url: &DatabaseUrl, state: &State, period: Duration) -> Every {
    let means = Means {
        appender: Arc::clone(&state.appender),
        keys: Arc::clone(&state.keys),
        sender: Arc::clone(&state.sender),
        told: state.metrics.told.clone(),
        clock: state.now,
        percent: state.percent,
    };
    turns::start(url, means, period)
}

/// Lets what was announced take effect on its day, by the server's clock. After a pause it is late, and never left out.
fn change_in_time(url: DatabaseUrl, appender: Arc<Appender>, period: Duration, clock: fn() -> i64) -> Every {
    let mut conn = None;
    let mut failing = false;
    every(period, move || {
        let now = clock();
        let mut turn = || {
            let mut open = conn.take().map_or_else(|| url.connect().map_err(|e| Error::Internal(e.to_string())), Ok)?;
            let due = kept::due(&mut open, Day::of(now))?;
            conn = Some(open);
            let mut outcome = Ok(());
            for key in due {
                let own = key.clone();
                let came = appender.write_blocking(move |conn| match change::take_effect(conn, &own, now) {
                    Err(Error::Database(e)) => Err(e),
                    outcome => Ok(outcome),
                });
                match came.flatten() {
                    Ok(true) => tracing::info!(site = key, "what was announced is in effect"),
                    Ok(false) => {}
                    // One site's trouble is not another's.
                    Err(e) => outcome = Err(e),
                }
            }
            outcome
        };
        match turn() {
            Ok(()) => failing = false,
            // Said once: it is tried again and again.
            Err(e) if !failing => {
                failing = true;
                tracing::error!("what was announced cannot take effect: {e}");
            }
            Err(_) => {}
        }
    })
}

/// The means to stop what runs.
#[derive(Clone)]
pub struct Stop {
    server: ServerHandle,
    waiting: Arc<Waiting>,
}

impl Stop {
    /// At once there are no new connections, and who waits for news is answered; what is under way is finished when this is awaited.
    pub fn stop(&self) -> impl Future<Output = ()> + use<> {
        self.waiting.end();
        self.server.stop(true)
    }
}

/// Puts the demonstration shop where it is served.
fn show_demo(conn: &mut Conn, port: u16, now: i64) -> Result<(), String> {
    let mut demo = site_file::parse(Demo::SITE).map_err(|e| e.to_string())?;
    demo.origins.extend([format!("http://127.0.0.1:{port}"), format!("http://localhost:{port}")]);
    demo.origins.sort();
    demo.origins.dedup();
    change::apply_without_notice(conn, &demo, now).map(drop).map_err(|e| e.to_string())
}

/// Who sends, where that is, and how much each may.
fn addresses(settings: &Serve, regions: Regions) -> Addresses {
    Addresses::new(
        settings.rate_per_minute,
        settings.api_refused_per_minute,
        settings.trusted_proxies.clone(),
        regions,
        settings.region_header.clone(),
    )
}

/// Serves until it is stopped, by this clock and this chance: `started` is given the means to, inside the running system, once requests are answered.
/// Errors are sentences for whoever started it.
pub fn run(
    storage: &Storage,
    settings: &Serve,
    listener: TcpListener,
    clock: fn() -> i64,
    percent: fn() -> u32,
    started: impl FnOnce(Stop),
) -> Result<(), String> {
    if settings.region_header.is_some() && settings.trusted_proxies.is_empty() {
        return Err("--region-header needs --trusted-proxies: nobody else is believed about where a visitor is".into());
    }
    let jurisdictions = Jurisdictions::load(settings.law.jurisdictions.as_deref())?;
    let (regions, watch_regions) = match &settings.law.region_db {
        Some(file) => Regions::open(file).map(|(regions, watch)| (regions, Some(watch.start(settings.refresh()))))?,
        None => (Regions::default(), None),
    };
    let issuers =
        settings.issuers.as_deref().map_or_else(|| Ok(Issuers::default()), |file| Issuers::load(file, clock()))?;
    let asking = issuers.refresh(settings.refresh(), clock);
    let mailer = Mailer::new(&settings.mail)?;
    let url = storage.database();
    data_folder(&storage.data_dir)?;
    let _alone = FileLock::take(&url)?;
    // Before the database is made: a damaged key leaves nothing behind.
    let mut keys = Keys::open(&storage.data_dir)?;
    let mut conn = url.open()?;
    let ran = db::migrate(&mut conn)?;
    if ran > 0 {
        tracing::info!(migrations = ran, "database {url} brought up to date");
    }
    let address = listener.local_addr().map_err(|e| e.to_string())?;

    jwks::register(&mut keys, &mut conn, clock())
        .map_err(|e| format!("the signing key could not be registered: {e}"))?;
    if settings.demo {
        show_demo(&mut conn, address.port(), clock())?;
    }
    ledger::open(&mut conn, settings.ledger_origin.as_deref())?;
    let sites = Arc::new(Sites::new(jurisdictions));
    sites.refresh(&mut conn, clock()).map_err(|e| format!("the sites cannot be read: {e}"))?;
    drop(conn);

    let watch = sites::watch(Arc::clone(&sites), url.clone(), settings.refresh(), clock);
    let metrics = Metrics::default();
    let keys = Arc::new(keys);
    let appender = Arc::new(Appender::start(&url, settings.queue, settings.batch, &metrics.written));
    let published = Arc::new(Published::default());
    let waiting = Arc::new(Waiting::new(settings.waiting));
    let sealing = publish::start(
        url.clone(),
        Arc::clone(&appender),
        Arc::clone(&keys),
        &storage.data_dir,
        Arc::clone(&published),
        Arc::clone(&waiting),
        settings.seal(),
    );
    let forgetting = forget_every_night(url.clone(), Arc::clone(&appender), settings.keep, clock);
    let changing = change_in_time(url.clone(), Arc::clone(&appender), settings.refresh(), clock);
    let counts = Arc::new(Counts::default());
    let counting = {
        let (counts, appender) = (Arc::clone(&counts), Arc::clone(&appender));
        // What fails is told by the appender, and waits for the next time.
        every(settings.count(), move || drop(counts.flush_by(&appender)))
    };
    let state = Data::new(State {
        sender: Arc::new(Sender::new(settings.telling.webhooks_to_private)),
        sites,
        keys,
        issuers,
        appender,
        published,
        waiting: Arc::clone(&waiting),
        readers: db::pool(&url, settings.readers),
        addresses: addresses(settings, regions),
        clients: Limit::new("client", settings.api_rate_per_minute),
        logins: Limit::new("person", settings.rate_per_minute),
        attempts: Attempts::new(settings.rate_per_minute),
        metrics,
        older: Older::default(),
        demo: settings.demo.then(Demo::default),
        public_url: settings.public_url.clone(),
        mailer,
        counts,
        counted: Arc::new(Counted::default()),
        now: clock,
        percent,
    });

    let telling = tell(&url, &state, settings.seal());
    let shared = Data::clone(&state);
    rt::System::new().block_on(async move {
        let server = HttpServer::new(move || app(Data::clone(&shared)))
            .workers(
                settings.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1),
            )
            .client_request_timeout(Duration::from_secs(10))
            .shutdown_timeout(settings.stop_seconds)
            .disable_signals()
            .listen(listener)
            .map_err(|e| e.to_string())?
            .run();
        started(Stop { server: server.handle(), waiting });
        server.await.map_err(|e| e.to_string())
    })?;

    drop((watch, watch_regions, sealing, forgetting, changing, counting, telling, asking));
    if state.counts.flush_by(&state.appender).is_err() {
        tracing::error!("the last figures could not be added to the database");
    }
    // The last reference: the writers finish what waits before this returns.
    drop(state);
    tracing::info!("stopped");
    Ok(())
}
