//! `samtykke export …`

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use samtykke::config::Storage;
use samtykke::day::{DAY_MS, Day};
use samtykke::db::Conn;
use samtykke::list::lines::Format;
use samtykke::list::walk::Walk;
use samtykke::list::{Key, List, Wish, consents, people};
use samtykke::serve::now;
use samtykke::site;

use super::open;

/// How often a terminal is told how far it is.
const TOLD: Duration = Duration::from_millis(250);

#[derive(Subcommand)]
pub enum Verb {
    /// Every answer, oldest first: visitors' and people's
    Consents {
        /// The site's id
        site: String,
        /// The first day, such as 2027-02-01, in UTC
        #[arg(long, value_name = "DAY")]
        from: Option<Day>,
        /// The last day
        #[arg(long, value_name = "DAY")]
        to: Option<Day>,
        #[command(flatten)]
        wish: consents::Wish,
        #[command(flatten)]
        output: Output,
    },
    /// Everybody whom the site knows, and what it may do; with --channel those whom it may reach
    People {
        /// The site's id
        site: String,
        /// Only those of whom something was written down on this day or later, in UTC
        #[arg(long, value_name = "DAY")]
        updated_from: Option<Day>,
        /// Only those of whom nothing was written down after this day
        #[arg(long, value_name = "DAY")]
        updated_to: Option<Day>,
        #[command(flatten)]
        wish: people::Wish,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Args)]
pub struct Output {
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// A file for it, which is there once it is whole [default: the standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(storage: &Storage, verb: Verb) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    let begin = |day: Day| i64::from(day.0) * DAY_MS;
    match verb {
        Verb::Consents { site, from, to, mut wish, output } => {
            wish.from = from.map(|day| begin(day).to_string());
            wish.to = to.map(|day| (begin(day) + DAY_MS).to_string());
            export(conn, &site, &wish, &output)
        }
        Verb::People { site, updated_from, updated_to, mut wish, output } => {
            wish.updated_after = updated_from.map(|day| (begin(day) - 1).max(0).to_string());
            wish.updated_before = updated_to.map(|day| (begin(day) + DAY_MS).to_string());
            export(conn, &site, &wish, &output)
        }
    }
}

fn export<W: Wish>(conn: &mut Conn, site: &str, wish: &W, output: &Output) -> Result<(), String> {
    let site = site::open(conn, site).map_err(|e| e.to_string())?;
    let list = wish.list(Arc::new(site)).map_err(|e| e.to_string())?;
    let mut walk = Walk::new(list, output.format, Key::default(), None);
    let Some(file) = &output.out else {
        return pour(conn, &mut walk, &mut io::stdout().lock());
    };
    // Under another name until it is whole: half of a list looks like one.
    let mut part = OsString::from(file);
    part.push(".part");
    let part = Path::new(&part);
    let outcome = create(part).and_then(|mut made| {
        pour(conn, &mut walk, &mut made)?;
        made.sync_all().and_then(|()| fs::rename(part, file)).map_err(|e| format!("{}: {e}", file.display()))
    });
    if outcome.is_err() {
        let _ = fs::remove_file(part);
    }
    outcome.inspect(|()| println!("{}: {} rows", file.display(), walk.rows))
}

/// For its owner alone: it is about people.
fn create(part: &Path) -> Result<File, String> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(part).map_err(|e| format!("{}: {e}", part.display()))
}

/// Writes the list a piece at a time, and tells a terminal how far it is.
fn pour<L: List>(conn: &mut Conn, walk: &mut Walk<L>, to: &mut impl Write) -> Result<(), String> {
    let (began, mut told) = (Instant::now(), None);
    let terminal = io::stderr().is_terminal();
    let tell = |rows: u64| {
        #[allow(clippy::cast_precision_loss, reason = "for reading")]
        let rate = rows as f64 / began.elapsed().as_secs_f64().max(0.001);
        eprint!("\r{rows} rows, {rate:.0} a second ");
    };
    while !walk.is_over() {
        let piece = walk.piece(conn, now()).map_err(|e| e.to_string())?;
        to.write_all(&piece).map_err(|e| format!("after {} rows: {e}", walk.rows))?;
        if terminal && told.is_none_or(|told: Instant| told.elapsed() >= TOLD) {
            tell(walk.rows);
            told = Some(Instant::now());
        }
    }
    if terminal {
        tell(walk.rows);
        eprintln!();
    }
    to.flush().map_err(|e| format!("after {} rows: {e}", walk.rows))
}
