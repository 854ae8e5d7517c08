//! `samtykke site …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use samtykke::config::Storage;
use samtykke::jurisdiction::Jurisdictions;
use samtykke::serve::now;
use samtykke::site::{self, Applied};
use samtykke::site_file::{self, Parsed};
use samtykke::sites::Sites;
use samtykke::{lint, scripts};

use super::open;

#[derive(Subcommand)]
pub enum Verb {
    /// Create or change a site as a file says; publishes its next notice if what visitors are shown has changed
    Apply {
        /// A site file in TOML
        file: PathBuf,
    },
    /// Say what visitors or an authority would object to in a site file; changes nothing, and fails when there is anything
    Check {
        /// A site file in TOML
        file: PathBuf,
    },
    /// List the sites with their current notice and origins
    List,
    /// Print the script tags that put a site on a page
    Embed {
        site: String,
        /// Where browsers reach the service, such as https://consent.example.no [default: the page's own origin]
        #[arg(long, default_value = "", hide_default_value = true, value_parser = base)]
        base: String,
        /// The table of jurisdictions that the servers use, if it is not the one that is built in: the script knows how long answers hold
        #[arg(long, env = "SAMTYKKE_JURISDICTIONS", value_name = "FILE")]
        jurisdictions: Option<PathBuf>,
    },
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    match verb {
        Verb::Apply { file } => apply(storage, file),
        Verb::Check { file } => check(file),
        Verb::List => {
            for (key, notice, origins) in site::list(&mut open(storage)?.0).map_err(|e| e.to_string())? {
                println!("{key}\tnotice {notice}\t{}", origins.join(" "));
            }
            Ok(())
        }
        Verb::Embed { site, base, jurisdictions } => {
            let sites = Sites::new(Jurisdictions::load(jurisdictions.as_deref())?);
            sites.refresh(&mut open(storage)?.0, now()).map_err(|e| e.to_string())?;
            let site = sites.find(site).map_err(|e| e.to_string())?;
            print!("{}", scripts::tags(&site, base));
            Ok(())
        }
    }
}

/// An address that stands in a page as it is.
fn base(text: &str) -> Result<String, String> {
    let base = text.trim_end_matches('/');
    let place = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/[]%".contains(&b);
    if base.is_empty() || place.is_some_and(|place| !place.is_empty() && place.bytes().all(plain)) {
        return Ok(base.to_owned());
    }
    Err("expected https://… or http://…, without a query".to_owned())
}

fn parse(file: &Path) -> Result<Parsed, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|e| format!("{name}: {e}"))?;
    site_file::parse(&text).map_err(|e| format!("{name} changes nothing, since it is wrong:\n{e}"))
}

fn check(file: &Path) -> Result<(), String> {
    let found = lint::findings(&parse(file)?);
    for finding in &found {
        println!("{finding}");
    }
    match found.len() {
        0 => Ok(()),
        1 => Err(format!("{}: 1 thing to look at", file.display())),
        n => Err(format!("{}: {n} things to look at", file.display())),
    }
}

fn apply(storage: &Storage, file: &Path) -> Result<(), String> {
    let name = file.display();
    let parsed = parse(file)?;
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
