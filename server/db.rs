//! One connection type over SQLite and PostgreSQL. Nothing is written twice for the two engines but the migrations.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::error::{Error, Result};
use diesel::connection::SimpleConnection;
use diesel::r2d2::ManageConnection;
use diesel::sql_types::Bool;
use diesel::{Connection, PgConnection, QueryResult, QueryableByName, RunQueryDsl, SqliteConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// Any fixed number: servers that start together take turns on it.
const MIGRATION_LOCK: i64 = 0x5a_3d_7f_11;

#[derive(diesel::MultiConnection)]
pub enum Conn {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Runs the same query on whichever engine the connection is: the derive covers selects and single writes, but not
/// `on_conflict`.
macro_rules! on {
    ($conn:expr, |$inner:ident| $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres($inner) => $query,
            $crate::db::Conn::Sqlite($inner) => $query,
        }
    };
}
pub(crate) use on;

/// Where the database is. Never printed whole: a URL may hold a password.
#[derive(Clone)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(String),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err("sqlite: needs the path of a file, as in sqlite:data/samtykke.db".to_owned());
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err("expected sqlite:PATH or postgres://…".to_owned())
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => {
                let after = url.split_once("://").map_or("", |(_, rest)| rest);
                let place = after.rsplit_once('@').map_or(after, |(_, place)| place);
                write!(f, "postgres://{}", place.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl DatabaseUrl {
    /// Opens one connection; the scheme alone decides the engine.
    /// SQLite: WAL and `synchronous=FULL`, so that a commit is on disk when it returns; deleted bytes are overwritten.
    pub fn connect(&self) -> diesel::ConnectionResult<Conn> {
        match self {
            Self::Sqlite(path) => {
                let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
                conn.batch_execute(
                    "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                     PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
                )
                .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Sqlite(conn))
            }
            Self::Postgres(url) => {
                let mut conn = PgConnection::establish(&with_patience(url))?;
                conn.batch_execute("SET client_min_messages = warning")
                    .map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                Ok(Conn::Postgres(conn))
            }
        }
    }
}

impl DatabaseUrl {
    /// Opens one connection, or says in one sentence why that cannot be done.
    pub fn open(&self) -> Result<Conn, String> {
        self.connect().map_err(|e| {
            let cause = e.to_string();
            format!("{self} cannot be opened: {}", cause.lines().next().unwrap_or_default())
        })
    }
}

/// libpq waits without end for a server that does not answer, and for one that has gone silent, unless the URL says how long.
fn with_patience(url: &str) -> String {
    const PATIENCE: [(&str, &str); 5] = [
        ("connect_timeout", "5"),
        ("tcp_user_timeout", "10000"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "3"),
        ("keepalives_count", "3"),
    ];
    let mut url = url.to_owned();
    for (name, value) in PATIENCE {
        if !url.contains(name) {
            let separator = if url.contains('?') { '&' } else { '?' };
            url = format!("{url}{separator}{name}={value}");
        }
    }
    url
}

/// Brings the schema up to date and says how many migrations ran.
/// PostgreSQL: under an advisory lock. SQLite: a `serve` holds the file, see `FileLock`, so only short commands can meet.
pub fn migrate(conn: &mut Conn) -> Result<usize, String> {
    let sentence = |e: Box<dyn std::error::Error + Send + Sync>| format!("the database could not be migrated: {e}");
    match conn {
        Conn::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(|ran| ran.len()).map_err(sentence),
        Conn::Postgres(conn) => {
            let lock = |conn: &mut PgConnection, f: &str| {
                diesel::sql_query(format!("SELECT {f}({MIGRATION_LOCK})")).execute(conn).map_err(|e| sentence(e.into()))
            };
            lock(conn, "pg_advisory_lock")?;
            let ran = conn.run_pending_migrations(POSTGRES).map(|ran| ran.len()).map_err(sentence);
            lock(conn, "pg_advisory_unlock")?;
            ran
        }
    }
}

/// Whether this connection may do what one server does for all: it does once it has asked, until it ends. `number` says what. On SQLite
/// nobody else is there.
pub fn lock(conn: &mut Conn, number: i64) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Lock {
        #[diesel(sql_type = Bool)]
        held: bool,
    }
    let Conn::Postgres(conn) = conn else { return Ok(true) };
    let lock: Lock = diesel::sql_query(format!("SELECT pg_try_advisory_lock({number}) AS held")).get_result(conn)?;
    Ok(lock.held)
}

/// One server per SQLite file: two would each believe they are alone. Held as long as the value lives.
pub struct FileLock {
    _file: Option<std::fs::File>,
}

impl FileLock {
    /// `Ok` with nothing held for PostgreSQL, where any number may serve.
    pub fn take(url: &DatabaseUrl) -> Result<Self, String> {
        let DatabaseUrl::Sqlite(path) = url else { return Ok(Self { _file: None }) };
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        let file = std::fs::File::create(&lock).map_err(|e| format!("{}: {e}", PathBuf::from(&lock).display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(_) => Err(format!("{url} is already being served by another process")),
        }
    }
}

/// A pool for reads. It opens a connection when one is asked for, and gives up after a short wait.
pub type Pool = diesel::r2d2::Pool<Manager>;

pub struct Manager(DatabaseUrl);

impl ManageConnection for Manager {
    type Connection = Conn;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Conn, Self::Error> {
        self.0.connect().map_err(diesel::r2d2::Error::ConnectionError)
    }

    fn is_valid(&self, conn: &mut Conn) -> Result<(), Self::Error> {
        conn.batch_execute("SELECT 1").map_err(diesel::r2d2::Error::QueryError)
    }

    fn has_broken(&self, conn: &mut Conn) -> bool {
        std::thread::panicking() || on!(conn, |c| !matches!(transaction_depth(c), Ok(None)))
    }
}

/// `Ok(None)` when no transaction is open; anything else means that the last user left the connection in the middle.
fn transaction_depth<C: Connection>(conn: &mut C) -> QueryResult<Option<std::num::NonZeroU32>> {
    use diesel::connection::TransactionManager;
    <C::TransactionManager as TransactionManager<C>>::transaction_manager_status_mut(conn).transaction_depth()
}

pub fn pool(url: &DatabaseUrl, size: u32) -> Pool {
    Pool::builder()
        .max_size(size.max(1))
        .min_idle(Some(0))
        .connection_timeout(Duration::from_secs(3))
        .build_unchecked(Manager(url.clone()))
}

/// Runs a query on a connection of the pool. A database that does not answer is `Unavailable`; its cause is logged here.
pub fn read<T>(pool: &Pool, query: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    let told = |cause: &dyn std::fmt::Display| {
        tracing::error!("the database could not be read: {cause}");
        Error::Unavailable
    };
    let mut conn = pool.get().map_err(|e| told(&e))?;
    query(&mut conn).map_err(|e| match e {
        Error::Database(e) => told(&e),
        e => e,
    })
}
