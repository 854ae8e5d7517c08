//! `samtykke receipt …`

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use samtykke::config::Storage;
use samtykke::export::{self, Form};
use samtykke::jwks::KeySet;
use samtykke::ledger::note;
use samtykke::receipt;
use uuid::Uuid;

use super::open;

#[derive(Subcommand)]
pub enum Verb {
    /// Check a receipt with nothing but the published keys
    Verify {
        /// A receipt, or the JWS in it
        file: PathBuf,
        /// The keys, as /.well-known/jwks.json has them
        #[arg(long)]
        keys: PathBuf,
        /// The proof that it stands in the ledger, as /ledger/proof/{leaf} or samtykke ledger prove gives it
        #[arg(long)]
        proof: Option<PathBuf>,
    },
    /// Write a receipt in a standard form
    Export {
        /// The id of the consent
        id: Uuid,
        #[arg(long)]
        form: Form,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    match verb {
        Verb::Verify { file, keys, proof } => verify(file, keys, proof.as_deref()),
        Verb::Export { id, form } => {
            let receipt = export::of(&mut open(storage)?.0, *id, None, *form).map_err(|e| e.to_string())?;
            println!("{:#}", receipt.ok_or_else(|| format!("there is no consent {id}"))?);
            Ok(())
        }
    }
}

fn verify(file: &Path, keys: &Path, proof: Option<&Path>) -> Result<(), String> {
    let set: KeySet = serde_json::from_str(&read(keys)?).map_err(|e| format!("{}: {e}", keys.display()))?;
    let verified = receipt::verify(&read(file)?, &set).map_err(|e| format!("{}: {e}", file.display()))?;
    println!("signed by {}", verified.kid);
    println!("{}", verified.record);
    if let Some(proof) = proof {
        let text = read(proof)?;
        let public: Vec<Vec<u8>> = set.keys.iter().filter_map(|key| URL_SAFE_NO_PAD.decode(&key.x).ok()).collect();
        let (leaf, checkpoint) = note::check_proof(&text, &verified.record, public.iter().map(Vec::as_slice))
            .map_err(|e| format!("{}: {e}", proof.display()))?;
        println!("leaf {leaf} of {} in {}", checkpoint.size, checkpoint.origin);
    }
    Ok(())
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))
}
