//! Every setting, once: the field is the flag, the variable, the default and the help.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;
use lettre::message::Mailbox;
use tracing::level_filters::LevelFilter;

use crate::db::DatabaseUrl;
use crate::mail::SmtpUrl;
use crate::public_url::PublicUrl;
use crate::retention::Keep;

/// Where things are kept; every subcommand needs these.
#[derive(Args, Clone, Debug)]
pub struct Storage {
    /// Folder for the embedded database and the keys; made when missing
    #[arg(long, env = "SAMTYKKE_DATA_DIR", default_value = "data", global = true)]
    pub data_dir: PathBuf,

    /// `sqlite:PATH` or `postgres://…` [default: sqlite:DATA_DIR/samtykke.db]
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,

    /// How much is said in the log: off, error, warn, info, debug, trace
    #[arg(long, env = "SAMTYKKE_LOG", default_value = "info", global = true)]
    pub log: LevelFilter,
}

impl Storage {
    /// The database that was named, or the embedded one in the data folder.
    pub fn database(&self) -> DatabaseUrl {
        self.database_url.clone().unwrap_or_else(|| DatabaseUrl::Sqlite(self.data_dir.join("samtykke.db")))
    }
}

/// What tells the law that holds for a visitor.
#[derive(Args, Clone, Debug, Default)]
pub struct Law {
    /// MaxMind DB file with the countries of addresses, such as GeoLite2-City.mmdb or DB-IP's; read anew when it changes
    /// [default: none, and the strictest regime for everybody]
    #[arg(long, env = "SAMTYKKE_REGION_DB", value_name = "FILE")]
    pub region_db: Option<PathBuf>,

    /// Table of jurisdictions in TOML, in place of the one that is built in
    #[arg(long, env = "SAMTYKKE_JURISDICTIONS", value_name = "FILE")]
    pub jurisdictions: Option<PathBuf>,
}

/// How letters are sent.
#[derive(Args, Clone, Debug, Default)]
pub struct Mail {
    /// Server that takes letters: smtps://USER:PASSWORD@HOST, or smtp://USER:PASSWORD@HOST?tls=required [default: none, and whoever writes
    /// a yes down sends its link]
    #[arg(long, env = "SAMTYKKE_SMTP_URL", value_name = "URL", hide_env_values = true, requires = "mail_from")]
    pub smtp_url: Option<SmtpUrl>,

    /// Sender of letters, such as Butikken <post@example.no>
    #[arg(long, env = "SAMTYKKE_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<Mailbox>,
}

/// What `serve` needs besides.
#[derive(Args, Clone, Debug)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "SAMTYKKE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where the service is reached from outside, such as https://samtykke.example.no; links in letters begin with it [default: none, and
    /// no links]
    #[arg(long, env = "SAMTYKKE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    #[command(flatten)]
    pub mail: Mail,

    /// Threads that answer requests [default: one per core]
    #[arg(long, env = "SAMTYKKE_WORKERS")]
    pub workers: Option<usize>,

    /// Connections kept for reading the database
    #[arg(long, env = "SAMTYKKE_READERS", default_value_t = 4)]
    pub readers: u32,

    /// Consents that may wait to be written before the next is answered 503
    #[arg(long, env = "SAMTYKKE_QUEUE", default_value_t = 4096)]
    pub queue: usize,

    /// Consents that one transaction may hold
    #[arg(long, env = "SAMTYKKE_BATCH", default_value_t = 256)]
    pub batch: usize,

    /// How often published sites are looked for, in milliseconds
    #[arg(long, env = "SAMTYKKE_REFRESH_MS", default_value_t = 2000)]
    pub refresh_ms: u64,

    /// How often what was recorded gets its place in the ledger, in milliseconds
    #[arg(long, env = "SAMTYKKE_SEAL_MS", default_value_t = 1000)]
    pub seal_ms: u64,

    /// How often what was counted of the question and its answers is added to the database, in milliseconds
    #[arg(long, env = "SAMTYKKE_COUNT_MS", default_value_t = 5000)]
    pub count_ms: u64,

    /// Requests that may wait for changes of a site at once before the next is answered 503
    #[arg(long, env = "SAMTYKKE_WAITING", default_value_t = 256)]
    pub waiting: usize,

    /// The ledger's name, such as example.no/consents; it is chosen once, on the first start [default: a random one]
    #[arg(long, env = "SAMTYKKE_LEDGER_ORIGIN")]
    pub ledger_origin: Option<String>,

    /// Consents a minute that one address may send, reports, carried choices and receipts asked for again included; 0 sets no limit. So
    /// often the pages of one person who is logged in may ask and answer, and a client ask for a token; one address does that a sixth
    /// as often
    #[arg(long, env = "SAMTYKKE_RATE_PER_MINUTE", default_value_t = 120)]
    pub rate_per_minute: u32,

    /// Requests a minute that one client may send to the API, heavy ones counted for several; 0 sets no limit
    #[arg(long, env = "SAMTYKKE_API_RATE_PER_MINUTE", default_value_t = 600)]
    pub api_rate_per_minute: u32,

    /// Requests a minute that one address may send to the API without a token that holds; 0 sets no limit
    #[arg(long, env = "SAMTYKKE_API_REFUSED_PER_MINUTE", default_value_t = 30)]
    pub api_refused_per_minute: u32,

    /// Proxies whose `X-Forwarded-For` is believed, as addresses or networks with commas between
    #[arg(long, env = "SAMTYKKE_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,

    /// Other issuers whose tokens are taken, in TOML [default: none]
    #[arg(long, env = "SAMTYKKE_ISSUERS", value_name = "FILE")]
    pub issuers: Option<PathBuf>,

    #[command(flatten)]
    pub law: Law,

    /// Header in which trusted proxies say where the visitor is, such as CF-IPCountry: NO, or US-CA. Comes before the file
    #[arg(long, env = "SAMTYKKE_REGION_HEADER", value_name = "NAME", value_parser = header)]
    pub region_header: Option<String>,

    /// How long a stop waits for what is under way, in seconds
    #[arg(long, env = "SAMTYKKE_STOP_SECONDS", default_value_t = 20)]
    pub stop_seconds: u64,

    #[command(flatten)]
    pub keep: Keep,

    #[command(flatten)]
    pub telling: Telling,

    /// Serve the demonstration shop at `/`, with its site and its collectors
    #[arg(long, env = "SAMTYKKE_DEMO")]
    pub demo: bool,
}

/// Where webhooks may go.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Telling {
    /// Send webhooks to private addresses as well, there also over http: to this machine and its network. Without it nobody with a token can
    /// make the service ask what only it can reach
    #[arg(long, env = "SAMTYKKE_WEBHOOKS_TO_PRIVATE")]
    pub webhooks_to_private: bool,
}

impl Serve {
    pub fn seal(&self) -> Duration {
        Duration::from_millis(self.seal_ms.max(10))
    }

    pub fn count(&self) -> Duration {
        Duration::from_millis(self.count_ms.max(10))
    }

    pub fn refresh(&self) -> Duration {
        Duration::from_millis(self.refresh_ms.max(10))
    }
}

/// A field name (RFC 9110, 5.1).
fn header(text: &str) -> Result<String, String> {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let good = !text.is_empty() && text.bytes().all(token);
    good.then(|| text.to_owned()).ok_or_else(|| "expected the name of a header such as CF-IPCountry".to_owned())
}

/// `10.0.0.0/8` or a bare address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "expected an address or a network such as 10.0.0.0/8".to_owned())
}
