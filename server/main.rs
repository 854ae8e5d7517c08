//! The command line.

mod command;

use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;

use actix_web::rt::{
    self,
    signal::unix::{SignalKind, signal},
};
use clap::{Parser, Subcommand};
use samtykke::backup;
use samtykke::config::{Serve, Storage};
use samtykke::retention::Keep;
use samtykke::serve::{self, Stop, now, percent};

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
        verb: command::site::Verb,
    },
    /// Verify the ledger, prove what stands in it
    Ledger {
        #[command(subcommand)]
        verb: command::ledger::Verb,
    },
    /// Check receipts, and write them in standard forms
    Receipt {
        #[command(subcommand)]
        verb: command::receipt::Verb,
    },
    /// Work with what tells where visitors are
    Region {
        #[command(subcommand)]
        verb: command::region::Verb,
    },
    /// Work with the signing keys
    Key {
        #[command(subcommand)]
        verb: command::key::Verb,
    },
    /// Work with a visitor's answers
    Visitor {
        #[command(subcommand)]
        verb: command::visitor::Verb,
    },
    /// Work with the people whom a site knows
    People {
        #[command(subcommand)]
        verb: command::people::Verb,
    },
    /// Issue tokens for the API, and revoke them
    Token {
        #[command(subcommand)]
        verb: command::token::Verb,
    },
    /// Tell other systems what happens, by webhooks
    Webhook {
        #[command(subcommand)]
        verb: command::webhook::Verb,
    },
    /// Work with the clients that get tokens by themselves (OAuth 2.0 client credentials)
    Client {
        #[command(subcommand)]
        verb: command::client::Verb,
    },
    /// Say who wrote, exported or erased with a token, when and where
    Audit(command::audit::Wish),
    /// Say how often a site's question was shown and how it was answered; groups of few are withheld
    Stats(command::stats::Wish),
    /// Write all answers or people of a site, or those that are wished for, as lines of JSON or as a table
    Export {
        #[command(subcommand)]
        verb: Box<command::export::Verb>,
    },
    /// Erase what was kept long enough, as a running server does every night
    Retention {
        #[command(flatten)]
        keep: Keep,
        /// Only say what would go
        #[arg(long)]
        dry_run: bool,
    },
    /// Copy the embedded database into a new file, also while it is served; the keys in the data folder are not in it
    Backup {
        /// A file that does not exist yet
        file: PathBuf,
    },
    /// Say which version this is
    Version,
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
        Verb::Serve(settings) => serve(storage, &settings),
        Verb::Migrate => {
            let (_, ran) = command::open(storage)?;
            println!("{}: {ran} migrations ran", storage.database());
            Ok(())
        }
        Verb::Site { verb } => command::site::run(storage, &verb),
        Verb::Ledger { verb } => command::ledger::run(storage, &verb),
        Verb::Receipt { verb } => command::receipt::run(storage, &verb),
        Verb::Region { verb } => command::region::run(&verb),
        Verb::Key { verb } => command::key::run(storage, &verb),
        Verb::Visitor { verb } => command::visitor::run(storage, &verb),
        Verb::People { verb } => command::people::run(storage, &verb),
        Verb::Token { verb } => command::token::run(storage, &verb),
        Verb::Webhook { verb } => command::webhook::run(storage, &verb),
        Verb::Client { verb } => command::client::run(storage, &verb),
        Verb::Audit(wish) => command::audit::run(storage, &wish),
        Verb::Stats(wish) => command::stats::run(storage, &wish),
        Verb::Export { verb } => command::export::run(storage, *verb),
        Verb::Retention { keep, dry_run } => command::retention::run(storage, keep, dry_run),
        Verb::Backup { file } => {
            backup::write(&storage.database(), &file)?;
            println!(
                "{} is written; the keys in {} need a copy of their own",
                file.display(),
                storage.data_dir.display()
            );
            Ok(())
        }
        Verb::Version => {
            println!("samtykke {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    }
}

fn serve(storage: &Storage, settings: &Serve) -> Result<(), String> {
    let listener =
        TcpListener::bind(settings.listen).map_err(|e| format!("cannot listen on {}: {e}", settings.listen))?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    serve::run(storage, settings, listener, now, percent, |server| {
        stop_on_signal(&server);
        println!("Samtykke {} listens on http://{address}", env!("CARGO_PKG_VERSION"));
        if settings.demo {
            println!("The demonstration shop: http://{address}/ (Norwegian) and http://{address}/en (English)");
        }
    })
}

/// SIGTERM and SIGINT alike: no new connections, what is under way is finished.
fn stop_on_signal(server: &Stop) {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        // Heard from here on, and not only once the task runs.
        let Ok(mut signals) = signal(kind) else { continue };
        let server = server.clone();
        rt::spawn(async move {
            signals.recv().await;
            tracing::info!("stopping: no new connections, what is under way is finished");
            server.stop().await;
        });
    }
}
