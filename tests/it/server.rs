//! What the tests stand on: a server of their own on a free port, over a database of their own, and clients to ask it.

use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::RunQueryDsl;
use samtykke::config::{Serve, Storage};
use samtykke::db::{Conn, DatabaseUrl};
use samtykke::keys::Keys;
use samtykke::scope::Scope;
use samtykke::serve::{self, Stop};
use samtykke::token::{self, Grant};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;
use ureq::http::{Response, StatusCode};
use uuid::Uuid;

/// The origin of the pages of the site `shop`, as `SITE` has it.
pub const ORIGIN: &str = "https://www.example.no";

/// Where the tests' server says that it is reached from outside.
pub const PUBLIC: &str = "https://consent.example.com";

/// A small site with two purposes.
pub const SITE: &str = r#"
id = "shop"
name = "Butikken"
controller = "Butikken AS"
origins = ["https://www.example.no", "https://example.no"]
languages = ["nb", "en"]
default_language = "nb"
policy_url = "https://www.example.no/personvern"

[[purposes]]
id = "analytics"

[[purposes]]
id = "advertising"

[[services]]
id = "ga"
kind = "ga4"
purpose = "analytics"
key = "G-TEST000001"

[contact]
address = "Storgata 1, 0155 Oslo"
country = "NO"
email = "personvern@example.no"
storage = ["NO"]
"#;

/// Makes one test of each database out of one body.
macro_rules! on_both {
    ($(#[doc = $doc:literal])? $name:ident, |$server:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "some bodies need nothing from around them")]
            use super::*;

            fn check($server: &crate::server::Server) $body

            #[test]
            fn on_sqlite() {
                check(&crate::server::Server::start(crate::server::Database::sqlite()));
            }

            #[test]
            fn on_postgres() {
                check(&crate::server::Server::start(crate::server::Database::postgres()));
            }
        }
    };
}
pub(crate) use on_both;

/// A database that is empty at first and gone afterwards, with the data folder beside it.
pub struct Database {
    pub folder: TempDir,
    url: String,
    /// What to drop on the shared PostgreSQL.
    shared: Option<String>,
}

impl Database {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("samtykke.db").display());
        Self { folder, url, shared: None }
    }

    pub fn postgres() -> Self {
        let name = format!("t{}", Uuid::now_v7().simple());
        execute(&admin(), &format!("CREATE DATABASE {name}"));
        let url = admin().replace("/postgres", &format!("/{name}"));
        Self { folder: tempfile::tempdir().expect("a folder"), url, shared: Some(name) }
    }

    /// One that whoever calls has made, and removes.
    pub fn at(url: String) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), url, shared: None }
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub fn parsed(&self) -> DatabaseUrl {
        self.url().parse().expect("a database URL")
    }

    /// Writes the site file and applies it, as `samtykke site apply` does.
    pub fn apply(&self, text: &str) -> String {
        let parsed = samtykke::site_file::parse(text).expect("a good site file");
        let mut conn = self.parsed().connect().expect("a connection");
        samtykke::db::migrate(&mut conn).expect("migrations");
        format!("{:?}", samtykke::change::apply(&mut conn, &parsed, serve::now()).expect("applied"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(name) = &self.shared {
            execute(&admin(), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// The PostgreSQL that the test run started for itself.
pub fn admin() -> String {
    std::env::var("TEST_POSTGRES_URL").expect("run the tests through tests/with-postgres, as make test does")
}

pub fn execute(url: &str, sql: &str) {
    let mut conn = url.parse::<DatabaseUrl>().expect("a URL").connect().expect("a connection");
    diesel::sql_query(sql).execute(&mut conn).expect(sql);
}

/// A running server. It stops, and is waited for, when dropped.
pub struct Server {
    pub base: String,
    // Before the database, which goes when nobody is at it any more.
    running: Running,
    agent: Agent,
    clock: fn() -> i64,
    pub database: Database,
}

struct Running {
    handle: Stop,
    thread: Option<JoinHandle<Result<(), String>>>,
}

/// Settings as they are without any flag, but for what a test wants quick or out of its way.
pub fn settings() -> Serve {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: Serve,
    }
    let unlimited = ["--rate-per-minute", "0", "--api-rate-per-minute", "0", "--api-refused-per-minute", "0"];
    let quick = ["--workers", "2", "--refresh-ms", "50", "--seal-ms", "50"];
    Line::parse_from(["samtykke", "--public-url", PUBLIC].into_iter().chain(unlimited).chain(quick)).serve
}

impl Server {
    /// Serves `SITE` on a free port.
    pub fn start(database: Database) -> Self {
        database.apply(SITE);
        Self::with(database, settings())
    }

    pub fn with(database: Database, settings: Serve) -> Self {
        Self::with_clock(database, settings, serve::now)
    }

    /// The clock gives unix ms.
    pub fn with_clock(database: Database, settings: Serve, clock: fn() -> i64) -> Self {
        Self::by(database, settings, clock, serve::percent)
    }

    /// Chance gives 0 to 99.
    pub fn by(database: Database, settings: Serve, clock: fn() -> i64, percent: fn() -> u32) -> Self {
        let storage = Storage {
            data_dir: database.folder.path().join("data"),
            database_url: Some(database.parsed()),
            log: tracing::level_filters::LevelFilter::OFF,
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (sender, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            serve::run(&storage, &settings, listener, clock, percent, move |handle| {
                sender.send(handle).expect("the test waits");
            })
        });
        let Ok(handle) = started.recv() else {
            panic!("the server did not start: {:?}", thread.join().expect("no panic"));
        };
        let agent = Agent::new_with_config(Agent::config_builder().http_status_as_error(false).build());
        Self { base, running: Running { handle, thread: Some(thread) }, agent, clock, database }
    }

    /// Stops it, and leaves its database for another.
    pub fn stop(self) -> Database {
        drop(self.running);
        self.database
    }

    /// Sends a request with these headers; a body goes as `text/plain`, as the banner sends it.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => {
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    request = request.header("content-type", "text/plain");
                }
                self.agent.run(request.body(body.to_vec()).expect("a request"))
            }
            None => self.agent.run(request.body(()).expect("a request")),
        };
        Answer::read(response.expect("an answer"))
    }

    /// A token for the site shop with these scopes, made with the server's own keys and by its clock.
    pub fn token(&self, scopes: &str) -> String {
        let (scopes, sites) = (Scope::parse_list(scopes).expect("scopes"), ["shop".to_owned()]);
        let grant = Grant { subject: "test", client: "token:test", scopes: &scopes, sites: &sites, seconds: 900 };
        token::issue(&self.keys(), &grant, (self.clock)()).expect("a token").0
    }

    pub fn keys(&self) -> Keys {
        Keys::open(&self.database.folder.path().join("data")).expect("the server's keys")
    }

    /// Sends a request as a client of the API does.
    pub fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, path, &headers, body.map(|body| body.to_string().into_bytes()).as_deref())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    pub fn post(&self, consent: &Value) -> Answer {
        self.send("POST", CONSENTS, &[("origin", ORIGIN)], Some(consent.to_string().as_bytes()))
    }

    /// The checkpoint, once it has so many leaves.
    pub fn sealed(&self, leaves: usize) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer = self.get("/ledger/checkpoint");
            let size = answer.text().lines().nth(1).and_then(|line| line.parse::<usize>().ok());
            if answer.status == 200 && size.is_some_and(|size| size >= leaves) {
                return answer.text().to_owned();
            }
            assert!(Instant::now() < deadline, "{leaves} leaves are waited for: {}", answer.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// A connection of the test's own to the server's database.
    pub fn conn(&self) -> Conn {
        self.database.parsed().connect().expect("a connection")
    }

    pub fn with_capability(&self, method: &str, capability: &str) -> Answer {
        self.send(method, "/v1/sites/shop/visitors/me", &[("authorization", &format!("Bearer {capability}"))], None)
    }
}

pub const CONSENTS: &str = "/v1/sites/shop/consents";

impl Drop for Running {
    fn drop(&mut self) {
        // Sent at once; the thread is what is waited for.
        drop(self.handle.stop());
        let stopped = self.thread.take().expect("a thread").join();
        if !std::thread::panicking() {
            assert_eq!(stopped.expect("no panic"), Ok(()));
        }
    }
}

/// What came back, whole.
pub struct Answer {
    pub status: StatusCode,
    head: Response<()>,
    pub body: Vec<u8>,
}

impl Answer {
    fn read(response: Response<ureq::Body>) -> Self {
        let (head, mut body) = response.into_parts();
        let body = body.read_to_vec().expect("a body");
        Self { status: head.status, head: Response::from_parts(head, ()), body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.head.headers().get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Every value of a header that may come more than once.
    pub fn all(&self, name: &str) -> String {
        let values = self.head.headers().get_all(name).iter().map(|value| value.to_str().expect("text"));
        values.collect::<Vec<_>>().join(", ")
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// Checks that this is a problem of this code, whole, and gives its detail.
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status.as_u16(), self.header("content-type")),
            (status, "application/problem+json"),
            "{}",
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{code}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()));
        problem
    }

    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}

/// A history as it is before its consents have their places in the ledger: those come a moment later, to all or to some.
pub fn without_leaves(mut history: Value) -> Value {
    for receipt in history["consents"].as_array_mut().expect("a list") {
        receipt.as_object_mut().expect("a receipt").remove("leaf");
    }
    history
}

/// An answer that grants analytics and denies advertising, from a new visitor.
pub fn consent() -> Value {
    json!({
        "id": Uuid::now_v7(),
        "visitor": visitor(),
        "notice": 1,
        "language": "nb",
        "method": "save",
        "choice": { "analytics": "granted", "advertising": "denied" },
        "page": "/priser"
    })
}

/// An id such as the gate makes for a new visitor.
pub fn visitor() -> Uuid {
    Uuid::now_v7()
}

/// The same with one field changed; `null` takes it out.
pub fn changed(consent: &Value, field: &str, value: Value) -> Value {
    let mut changed = consent.clone();
    let fields = changed.as_object_mut().expect("an object");
    if value.is_null() {
        fields.remove(field);
    } else {
        fields.insert(field.into(), value);
    }
    changed
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
