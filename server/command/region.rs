//! `samtykke region …`

use std::net::IpAddr;

use clap::Subcommand;
use samtykke::config::Law;
use samtykke::export;
use samtykke::jurisdiction::Jurisdictions;
use samtykke::region::Database;

#[derive(Subcommand)]
pub enum Verb {
    /// Say what the region database holds, where addresses are, and which law holds there; exits 1 when it is damaged
    Check {
        #[command(flatten)]
        law: Law,
        /// Addresses to look up
        addresses: Vec<String>,
    },
}

pub fn run(verb: &Verb) -> Result<(), String> {
    let Verb::Check { law, addresses } = verb;
    let addresses: Vec<IpAddr> = addresses
        .iter()
        .map(|text| text.parse().map_err(|_| format!("{text:?} is not an address such as 192.0.2.1 or 2001:db8::1")))
        .collect::<Result<_, String>>()?;
    let jurisdictions = Jurisdictions::load(law.jurisdictions.as_deref())?;
    let file = law.region_db.as_deref().ok_or("no file is named: say --region-db FILE, or set SAMTYKKE_REGION_DB")?;
    let database = Database::open(file)?;
    let (networks, subdivisions) =
        database.survey().map_err(|e| format!("the region database {} is damaged: {e}", file.display()))?;
    println!(
        "{}, built {}: {networks} networks, {}",
        database.kind(),
        export::rfc3339(database.built()),
        if subdivisions { "countries and subdivisions" } else { "countries alone: no state of the US, no Quebec" }
    );
    for address in addresses {
        let place = database.find(address);
        let number = jurisdictions.number_of(place.as_ref());
        println!(
            "{address}\t{}\t{}\t{}",
            place.as_ref().map_or("unknown", |place| place.code()),
            jurisdictions.name_of(place.as_ref()),
            jurisdictions.law(number).regime.as_str()
        );
    }
    Ok(())
}
