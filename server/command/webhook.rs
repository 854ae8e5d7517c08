//! `samtykke webhook …`

use clap::Subcommand;
use diesel::Connection;
use samtykke::config::{Storage, Telling};
use samtykke::day::{DAY_MS, Day};
use samtykke::error::Error;
use samtykke::keys::Keys;
use samtykke::serve::now;
use samtykke::site;
use samtykke::webhook::address;
use samtykke::webhook::deliver::Sender;
use samtykke::webhook::delivery::{self, State, Which};
use samtykke::webhook::receiver::{self, Receiver};

use super::open;

/// Deliveries that are listed.
const MOST: i64 = 200;

#[derive(Subcommand)]
pub enum Verb {
    /// Tell somebody what happens on a site from now on, and print once the secret that the signatures are checked with
    Add {
        /// The site's id
        site: String,
        /// Where it is posted to, https
        url: String,
        /// What is told, with spaces between, such as "person.* notice.announced" [default: everything]
        #[arg(long, default_value = "", hide_default_value = true)]
        events: String,
        #[command(flatten)]
        telling: Telling,
    },
    /// List who is told
    List {
        /// The site's id [default: every site]
        site: Option<String>,
    },
    /// Send the event webhook.test now, and say how that went
    Test {
        /// Its number, as `list` has it
        id: i32,
        #[command(flatten)]
        telling: Telling,
    },
    /// Send once more what is parked, or whatever was told since a time
    Replay {
        id: i32,
        /// What is parked; so it is without a word
        #[arg(long, conflicts_with = "from")]
        parked: bool,
        /// Everything since then: a day such as 2027-02-01, or unix time in milliseconds
        #[arg(long, value_parser = time)]
        from: Option<i64>,
    },
    /// Make a new secret and print it once; the old one signs too for a day
    Rotate { id: i32 },
    /// Tell it nothing any more
    Remove { id: i32 },
    /// List what was told last, and what became of it
    Deliveries { id: i32 },
}

/// The beginning of a day, in UTC, or unix ms.
fn time(text: &str) -> Result<i64, String> {
    if let Ok(unix_ms) = text.parse::<i64>() {
        return Ok(unix_ms);
    }
    text.parse::<Day>().map(|day| i64::from(day.0) * DAY_MS)
}

pub fn run(storage: &Storage, verb: &Verb) -> Result<(), String> {
    ran(storage, verb).map_err(|e| e.to_string())
}

fn ran(storage: &Storage, verb: &Verb) -> Result<(), Error> {
    let conn = &mut open(storage).map_err(Error::Internal)?.0;
    let keys = || Keys::open(&storage.data_dir).map_err(Error::Internal);
    match verb {
        Verb::Add { site, url, events, telling } => {
            let site_id = site::id_of(conn, site)?.ok_or_else(|| Error::UnknownSite(site.clone()))?;
            let url = address::parse(url, telling.webhooks_to_private)?;
            let (added, secret) = receiver::add(conn, &keys()?, site_id, &url, &receiver::events(events)?, now())?;
            println!("{}\t{}", added.id, secret.shown());
        }
        Verb::List { site } => {
            for (found, key) in receiver::of_all_sites(conn)? {
                if site.as_ref().is_some_and(|site| *site != key) {
                    continue;
                }
                let Receiver { id, url, events, gone_at, .. } = found;
                let waiting = delivery::count(conn, Some(id), State::Pending)?;
                let parked = delivery::count(conn, Some(id), State::Parked)?;
                let gone = if gone_at.is_some() { "\tgone" } else { "" };
                println!("{id}\t{key}\t{url}\t{events}\t{waiting} waiting\t{parked} parked{gone}");
            }
        }
        Verb::Test { id, telling } => {
            let found = receiver::by_id(conn, *id)?;
            let key = site::current(conn, found.site_id)?.0;
            let attempt = Sender::new(telling.webhooks_to_private).test(&found, &keys()?, &key, now())?;
            match (attempt.delivered, attempt.status, attempt.reason) {
                (true, Some(status), _) => println!("delivered: it answered {status}"),
                (_, Some(status), _) => return Err(Error::Internal(format!("not delivered: it answered {status}"))),
                (_, _, reason) => {
                    return Err(Error::Internal(format!("not delivered: {}", reason.unwrap_or_default())));
                }
            }
        }
        Verb::Replay { id, from, .. } => {
            let id = receiver::by_id(conn, *id)?.id;
            let which = from.map_or(Which::Parked, Which::From);
            let queued = conn.transaction(|conn| delivery::replay(conn, id, which, now()))?;
            println!("{queued} are sent once more");
        }
        Verb::Rotate { id } => {
            let found = receiver::by_id(conn, *id)?;
            let (secret, _) = receiver::rotate(conn, &keys()?, &found, now())?;
            println!("{}", secret.shown());
            eprintln!("the old secret signs too for a day");
        }
        Verb::Remove { id } => {
            let found = receiver::by_id(conn, *id)?;
            receiver::remove(conn, found.id)?;
            println!("{} is told nothing any more", found.url);
        }
        Verb::Deliveries { id } => {
            let id = receiver::by_id(conn, *id)?.id;
            for told in delivery::list(conn, id, None, None, MOST)? {
                let status = told.status.map_or_else(|| "-".into(), |status| status.to_string());
                println!(
                    "{}\t{}\t{}\t{}\t{} tries\t{status}",
                    told.id, told.name, told.event, told.state, told.attempts
                );
            }
        }
    }
    Ok(())
}
