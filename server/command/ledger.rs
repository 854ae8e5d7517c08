//! `samtykke ledger …`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Subcommand;
use samtykke::config::Storage;
use samtykke::db::Conn;
use samtykke::keys::Keys;
use samtykke::ledger::note::{self, Checkpoint};
use samtykke::ledger::verify::{Report, verify};
use samtykke::ledger::{self, Kind, publish, tree};
use samtykke::{consent, jwks};
use uuid::Uuid;

use super::open;

#[derive(Subcommand)]
pub enum Verb {
    /// Recompute the whole ledger from the database, and say which record was changed, added or removed
    Verify {
        /// A checkpoint that was kept elsewhere; may be given several times. The last one that a server here published is
        /// always held against it
        #[arg(long = "checkpoint")]
        checkpoints: Vec<PathBuf>,
    },
    /// Write the proof that a consent stands in the ledger (C2SP tlog-proof)
    Prove {
        /// The id of the consent
        id: Uuid,
    },
    /// Give the log another name, under which it goes on from what the database holds, as after an older backup was put back
    Rename {
        /// Such as example.no/consents
        origin: String,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    match verb {
        Verb::Verify { checkpoints } => verify_all(conn, storage, checkpoints),
        Verb::Prove { id } => {
            print!("{}", prove(conn, storage, *id)?);
            Ok(())
        }
        Verb::Rename { origin } => {
            ledger::rename(conn, origin)?;
            println!("the ledger is called {origin} from now on; restart the servers that were given another name");
            Ok(())
        }
    }
}

fn verify_all(conn: &mut Conn, storage: &Storage, files: &[PathBuf]) -> Result<(), String> {
    let origin = ledger::open(conn, None)?.origin;
    let keys = jwks::public_keys(conn).map_err(|e| e.to_string())?;
    let mut kept: Vec<Checkpoint> = Vec::new();
    let own = publish::memory_path(&storage.data_dir);
    for file in files.iter().chain(own.exists().then_some(&own)) {
        let told = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
        let text = std::fs::read_to_string(file).map_err(|e| told(&e))?;
        let checkpoint = note::verify(&text, keys.iter().map(|(_, key)| key.as_slice())).map_err(|e| told(&e))?;
        // Under another name it was another log's: the one that this one goes on from.
        if checkpoint.origin == origin {
            kept.push(checkpoint);
        } else if file != &own {
            return Err(told(&format!("is a checkpoint of {}, and this ledger is {origin}", checkpoint.origin)));
        }
    }
    let mut told = Instant::now();
    let report = verify(conn, &kept, &mut |done, all| {
        if told.elapsed() > Duration::from_secs(2) {
            told = Instant::now();
            eprintln!("{done} of {all} leaves");
        }
    });
    say(&report.map_err(|e| e.to_string())?, kept.len())
}

fn say(report: &Report, checkpoints: usize) -> Result<(), String> {
    for fault in &report.faults {
        println!("{fault}");
    }
    println!(
        "{} leaves: {} consents and {} erasures, {} forgotten; {} rows are not sealed yet; {checkpoints} checkpoints held against it",
        report.leaves, report.consents, report.erasures, report.forgotten, report.unsealed
    );
    match report.fault_count {
        0 => Ok(()),
        1 => Err("1 thing is wrong".into()),
        n => Err(format!("{n} things are wrong")),
    }
}

fn prove(conn: &mut Conn, storage: &Storage, id: Uuid) -> Result<String, String> {
    let told = |e: diesel::result::Error| e.to_string();
    let seq = consent::seq_of(conn, id).map_err(told)?.ok_or_else(|| format!("there is no consent {id}"))?;
    let leaf = ledger::leaf_of(conn, Kind::Consent, seq).map_err(told)?;
    let leaf = leaf.ok_or("the consent is not sealed yet: a server does that within about a second")?.unsigned_abs();
    let head = ledger::head(conn).map_err(told)?;
    let hashes = tree::prove_leaf(conn, &head, leaf).map_err(|e| e.to_string())?;
    Ok(note::proof(leaf, &hashes, &note::sign(&head, &Keys::open(&storage.data_dir)?)))
}
