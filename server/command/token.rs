//! `samtykke token …`

use clap::Subcommand;
use samtykke::config::Storage;
use samtykke::keys::Keys;
use samtykke::scope::Scope;
use samtykke::serve::now;
use samtykke::token::{self, ALONE, Grant, LONGEST_MINUTES};

use super::{known_sites, open};

#[derive(Subcommand)]
pub enum Verb {
    /// Issue a token for the API, and print it once
    Issue {
        /// Who it is for, as it will stand in the records that are written with it
        name: String,
        /// A site that it opens, or * for all; may be said again
        #[arg(long, required = true)]
        site: Vec<String>,
        /// What it may do: consents:read, people:read, people:write, export, stats, erase, webhooks, with spaces between
        #[arg(long)]
        scope: String,
        /// How long it holds
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_MINUTES)))]
        minutes: u32,
    },
    /// Revoke a token: from now on it opens nothing
    Revoke {
        /// The token
        token: String,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    match verb {
        Verb::Issue { name, site, scope, minutes } => {
            if !token::is_name(name) {
                return Err("a token's name is 1 to 60 of A-Z, a-z, 0-9, . _ and -".into());
            }
            let scopes = Scope::parse_list(scope)?;
            known_sites(conn, site)?;
            let keys = Keys::open(&storage.data_dir)?;
            let client = format!("{ALONE}{name}");
            let seconds = i64::from(*minutes) * 60;
            let grant = Grant { subject: name, client: &client, scopes: &scopes, sites: site, seconds };
            let (text, _) = token::issue(&keys, &grant, now()).map_err(|e| e.to_string())?;
            println!("{text}");
            Ok(())
        }
        Verb::Revoke { token } => {
            let claims = token::read(&Keys::open(&storage.data_dir)?, token, now()).map_err(|e| e.to_string())?;
            token::revoke(conn, &claims, now()).map_err(|e| e.to_string())?;
            println!("revoked");
            Ok(())
        }
    }
}
