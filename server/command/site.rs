//! `samtykke site …`

use std::path::{Path, PathBuf};

use clap::Subcommand;
use samtykke::announcement::kept::{self, Kept};
use samtykke::change::{self, Announced};
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
        /// Also a material change that nobody was told of, where the site file says announce_days
        #[arg(long)]
        without_notice: bool,
    },
    /// Announce that a site will be as a file says from the day of its [announcement] on; the file then takes effect by itself
    Announce {
        /// The whole site file as it will be, with [announcement]
        file: PathBuf,
    },
    /// List what a site has announced, and what became of it
    Announcements { site: String },
    /// Take back what was announced
    Cancel {
        site: String,
        /// Its number, as `announcements` lists it
        id: i32,
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
        Verb::Apply { file, without_notice } => apply(storage, file, *without_notice),
        Verb::Announce { file } => announce(storage, file),
        Verb::Announcements { site } => announcements(storage, site),
        Verb::Cancel { site, id } => {
            let notice = change::cancel(&mut open(storage)?.0, site, *id, now()).map_err(|e| e.to_string())?;
            println!("{site}: announcement {id} is cancelled; notice {notice} stands");
            Ok(())
        }
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

fn apply(storage: &Storage, file: &Path, without_notice: bool) -> Result<(), String> {
    let name = file.display();
    let parsed = parse(file)?;
    for warning in &parsed.warnings {
        eprintln!("warning: {warning}");
    }
    let (conn, now) = (&mut open(storage)?.0, now());
    let apply = if without_notice { change::apply_without_notice } else { change::apply };
    let applied = apply(conn, &parsed, now).map_err(|e| format!("{name}: {e}"))?;
    let key = &parsed.key;
    if parsed.content.announcement.as_ref().is_some_and(|announcement| !announcement.is_ahead(now)) {
        eprintln!("warning: announcement.date: that day has come, so that nobody is told of it any more");
    }
    match applied {
        Applied::Unchanged { notice } => println!("{key}: nothing to change; notice {notice} stands"),
        Applied::Settings { notice } => println!("{key}: settings changed; notice {notice} stands"),
        Applied::Published { notice } => println!("{key}: notice {notice} published"),
        Applied::Ahead { notice, day } => {
            println!("{key}: announced for {day}, and takes effect by itself; notice {notice} stands until then");
            return Ok(());
        }
    }
    let ahead = site::id_of(conn, key).and_then(|id| id.map_or(Ok(None), |id| kept::ahead(conn, id)));
    if let Some(ahead) = ahead.map_err(|e| e.to_string())?.filter(|ahead| ahead.settings.is_some()) {
        let day = ahead.day();
        eprintln!(
            "warning: what is announced for {day} takes the place of this whole file then: announce that one anew with this in it"
        );
    }
    Ok(())
}

fn announce(storage: &Storage, file: &Path) -> Result<(), String> {
    let parsed = parse(file)?;
    for warning in &parsed.warnings {
        eprintln!("warning: {warning}");
    }
    let announced = change::announce(&mut open(storage)?.0, &parsed, now());
    let Announced { id, day, material, notice, corrected } =
        announced.map_err(|e| format!("{}: {e}", file.display()))?;
    let (key, kind) = (&parsed.key, if material { "a material change" } else { "a change" });
    if corrected {
        println!("{key}: announcement {id} for {day} takes effect with this file");
    } else {
        println!("{key}: announcement {id}: {kind} on {day}, which notice {notice} tells of");
    }
    Ok(())
}

fn announcements(storage: &Storage, key: &str) -> Result<(), String> {
    let conn = &mut open(storage)?.0;
    let id =
        site::id_of(conn, key).map_err(|e| e.to_string())?.ok_or_else(|| format!("there is no site {key} here"))?;
    for kept in kept::all(conn, id).map_err(|e| e.to_string())? {
        let Kept { id, material, notice, effective_at, cancelled_at, .. } = kept;
        let became = match (effective_at, cancelled_at) {
            (Some(_), _) => "in effect",
            (_, Some(_)) => "cancelled",
            _ => "ahead",
        };
        let kind = if material { "material" } else { "not material" };
        println!("{id}\t{}\t{kind}\t{became}\tsince notice {notice}", kept.day());
    }
    Ok(())
}
