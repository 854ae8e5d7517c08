//! `samtykke client …`

use clap::Subcommand;
use samtykke::client::{self, Client, LONGEST_MINUTES, NewClient};
use samtykke::config::Storage;
use samtykke::export::rfc3339;
use samtykke::scope::Scope;
use samtykke::serve::now;
use samtykke::token;

use super::{known_sites, open};

#[derive(Subcommand)]
pub enum Verb {
    /// Add a client, and print its id and its secret once
    Add {
        /// Its id, as it will stand in the records that are written with its tokens
        name: String,
        /// A site that its tokens open, or * for all; may be said again
        #[arg(long, required = true)]
        site: Vec<String>,
        /// What they may do: consents:read, people:read, people:write, export, stats, erase, webhooks, with spaces between
        #[arg(long)]
        scope: String,
        /// How long each of them holds
        #[arg(long, default_value_t = LONGEST_MINUTES, value_parser = clap::value_parser!(u32).range(1..=i64::from(LONGEST_MINUTES)))]
        minutes: u32,
    },
    /// List the clients
    List,
    /// Give a client a new secret, and print it once; the old one opens nothing from now on
    Rotate {
        /// The client
        name: String,
    },
    /// Revoke a client: it gets no more tokens, and those that it has open nothing
    Revoke {
        /// The client
        name: String,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    let nobody = |name: &str| format!("there is no client {name}, or it was revoked");
    match verb {
        Verb::Add { name, site, scope, minutes } => {
            if !token::is_name(name) {
                return Err("a client's name is 1 to 60 of A-Z, a-z, 0-9, . _ and -".into());
            }
            let scopes = Scope::parse_list(scope)?;
            known_sites(conn, site)?;
            let new = NewClient { name, scopes: &scopes, sites: site, minutes: *minutes };
            let added = client::add(conn, &new, now()).map_err(|e| e.to_string())?;
            let secret = added.ok_or_else(|| format!("the name {name} was given before, and is given once"))?;
            println!("client_id {name}\nclient_secret {secret}");
        }
        Verb::List => {
            for client in client::all(conn).map_err(|e| e.to_string())? {
                println!("{}", line(&client));
            }
        }
        Verb::Rotate { name } => {
            let secret = client::rotate(conn, name, now()).map_err(|e| e.to_string())?.ok_or_else(|| nobody(name))?;
            println!("client_id {name}\nclient_secret {secret}");
        }
        Verb::Revoke { name } => {
            if !client::revoke(conn, name, now()).map_err(|e| e.to_string())? {
                return Err(format!("there is no client {name}"));
            }
            println!("revoked");
        }
    }
    Ok(())
}

fn line(client: &Client) -> String {
    let since = match (client.revoked_at, client.rotated_at) {
        (Some(at), _) => format!("revoked {}", rfc3339(at)),
        (None, Some(at)) => format!("secret of {}", rfc3339(at)),
        (None, None) => format!("secret of {}", rfc3339(client.created_at)),
    };
    let (sites, scopes, minutes) = (client.sites().join(" "), Scope::names(&client.scopes()), client.seconds() / 60);
    format!("{}\t{sites}\t{scopes}\t{minutes} min\t{since}", client.name)
}
