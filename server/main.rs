//! The command line.

use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;

use actix_web::dev::ServerHandle;
use actix_web::rt::{
    self,
    signal::unix::{SignalKind, signal},
};
use clap::{Parser, Subcommand};
use samtykke::config::{Serve, Storage};
use samtykke::db::{self, Conn};
use samtykke::serve::{self, data_folder, now};
use samtykke::site::{self, Applied};
use samtykke::site_file;

/// Consent and cookie service: asks, gates the page's tags by the answer, and keeps the proof
#[derive(Parser)]
#[command(name = "samtykke", version)]
struct Line {
    #[command(flatten)]
    storage: Storage,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the banner and record consents; brings the database up to date first
    Serve(Box<Serve>),
    /// Bring the database up to date and stop
    Migrate,
    /// Work with sites
    Site {
        #[command(subcommand)]
        verb: SiteVerb,
    },
    /// Say which version this is
    Version,
}

#[derive(Subcommand)]
enum SiteVerb {
    /// Create or change a site as a file says; publishes its next notice if what visitors are shown has changed
    Apply {
        /// A site file in TOML
        file: PathBuf,
    },
    /// List the sites with their current notice and origins
    List,
}

fn main() -> ExitCode {
    let line = Line::parse();
    tracing_subscriber::fmt()
        .with_max_level(line.storage.log)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    match run(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("samtykke: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn run(line: Line) -> Result<(), String> {
    let storage = &line.storage;
    match line.verb {
        Verb::Serve(settings) => {
            let listener =
                TcpListener::bind(settings.listen).map_err(|e| format!("cannot listen on {}: {e}", settings.listen))?;
            let address = listener.local_addr().map_err(|e| e.to_string())?;
            serve::run(storage, &settings, listener, now, |server| {
                stop_on_signal(&server);
                println!("Samtykke {} listens on http://{address}", env!("CARGO_PKG_VERSION"));
                if settings.demo {
                    println!("The demonstration shop: http://{address}/ (Norwegian) and http://{address}/en (English)");
                }
            })
        }
        Verb::Migrate => {
            let (_, ran) = open(storage)?;
            println!("{}: {ran} migrations ran", storage.database());
            Ok(())
        }
        Verb::Site { verb: SiteVerb::Apply { file } } => apply(storage, &file),
        Verb::Site { verb: SiteVerb::List } => {
            for (key, notice, origins) in site::list(&mut open(storage)?.0).map_err(|e| e.to_string())? {
                println!("{key}\tnotice {notice}\t{}", origins.join(" "));
            }
            Ok(())
        }
        Verb::Version => {
            println!("samtykke {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    }
}

/// SIGTERM and SIGINT alike: no new connections, what is under way is finished.
fn stop_on_signal(server: &ServerHandle) {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        // Heard from here on, and not only once the task runs.
        let Ok(mut signals) = signal(kind) else { continue };
        let server = server.clone();
        rt::spawn(async move {
            signals.recv().await;
            tracing::info!("stopping: no new connections, what is under way is finished");
            server.stop(true).await;
        });
    }
}

/// The database, up to date, and how many migrations that took.
fn open(storage: &Storage) -> Result<(Conn, usize), String> {
    let url = storage.database();
    data_folder(&storage.data_dir)?;
    let mut conn = url.open()?;
    let ran = db::migrate(&mut conn)?;
    Ok((conn, ran))
}

fn apply(storage: &Storage, file: &PathBuf) -> Result<(), String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| format!("{name}: {e}"))?;
    let parsed = site_file::parse(&text).map_err(|e| format!("{name} changes nothing, since it is wrong:\n{e}"))?;
    for warning in &parsed.warnings {
        eprintln!("warning: {warning}");
    }
    let applied = site::apply(&mut open(storage)?.0, &parsed, now()).map_err(|e| format!("{name}: {e}"))?;
    let key = &parsed.key;
    match applied {
        Applied::Unchanged { notice } => println!("{key}: nothing to change; notice {notice} stands"),
        Applied::Settings { notice } => println!("{key}: settings changed; notice {notice} stands"),
        Applied::Published { notice } => println!("{key}: notice {notice} published"),
    }
    Ok(())
}
