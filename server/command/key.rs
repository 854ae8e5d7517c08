//! `samtykke key …`

use clap::Subcommand;
use samtykke::config::Storage;
use samtykke::keys::{self, Keys};
use samtykke::serve::data_folder;

#[derive(Subcommand)]
pub enum Verb {
    /// Make a new signing key; servers use it from their next start on, and the old ones stay published
    Rotate {
        /// Forget the private halves of the old ones at once, as after a theft; checkpoints are then signed by the new one alone
        #[arg(long)]
        alone: bool,
    },
    /// List the keys of this data folder, the one that signs first
    List,
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    data_folder(&storage.data_dir)?;
    match verb {
        Verb::Rotate { alone } => {
            let kid = keys::rotate(&storage.data_dir, *alone)?;
            println!("{kid} signs from the next start on; servers that share the database need a copy of the file");
        }
        Verb::List => {
            for key in Keys::open(&storage.data_dir)?.all() {
                println!("{}", key.kid);
            }
        }
    }
    Ok(())
}
