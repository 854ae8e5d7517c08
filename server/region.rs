//! Where an address is, from a MaxMind DB file that the operator names. The address goes in here, a place comes out, and nobody
//! keeps the address (invariant 4).

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use maxminddb::{PathElement, Reader, WithinOptions, path};

use crate::every::{Every, every};
use crate::place::Place;

/// So many networks are looked into before a file is believed to hold countries.
const SAMPLE: usize = 1000;

type Entry<'a> = maxminddb::LookupResult<'a, Vec<u8>>;

/// A file as it was read into memory.
pub struct Database {
    reader: Reader<Vec<u8>>,
}

impl Database {
    /// Errors are sentences that name the file.
    pub fn open(file: &Path) -> Result<Self, String> {
        let name = file.display();
        let bytes = std::fs::read(file).map_err(|e| format!("the region database {name} cannot be read: {e}"))?;
        let damaged =
            |e: maxminddb::MaxMindDbError| format!("the region database {name} is damaged, or no MaxMind DB file: {e}");
        let database = Self { reader: Reader::from_source(bytes).map_err(damaged)? };
        let mut holds = false;
        for entry in database.reader.networks(WithinOptions::default()).map_err(damaged)?.take(SAMPLE) {
            holds |= place(&entry.map_err(damaged)?).is_some();
        }
        let kind = &database.reader.metadata().database_type;
        if holds {
            Ok(database)
        } else {
            Err(format!("the region database {name} holds no countries; it is of type {kind}"))
        }
    }

    /// The place of an address, or `None` where it is not known or what is there cannot be read.
    pub fn find(&self, address: IpAddr) -> Option<Place> {
        place(&self.reader.lookup(address.to_canonical()).ok()?)
    }

    /// What the maker of the file calls it.
    pub fn kind(&self) -> &str {
        &self.reader.metadata().database_type
    }

    /// When the file was made, in unix ms.
    pub fn built(&self) -> i64 {
        i64::try_from(self.reader.metadata().build_epoch).ok().and_then(|s| s.checked_mul(1000)).unwrap_or_default()
    }

    /// Reads the whole file. Says how many networks it holds, and whether any of them has a subdivision; an error is what is
    /// damaged.
    pub fn survey(&self) -> Result<(usize, bool), String> {
        self.reader.verify().map_err(|e| e.to_string())?;
        let (mut networks, mut subdivisions) = (0, false);
        for entry in self.reader.networks(WithinOptions::default()).map_err(|e| e.to_string())? {
            let entry = entry.map_err(|e| e.to_string())?;
            subdivisions = subdivisions || place(&entry).is_some_and(|place| place.subdivision().is_some());
            networks += 1;
        }
        Ok((networks, subdivisions))
    }
}

/// MaxMind's shape, or the flat one that DB-IP's data is also found in. Where an address is registered, or whom it represents,
/// says nothing about where its user is.
fn place(entry: &Entry) -> Option<Place> {
    let text = |path: &[PathElement]| entry.decode_path::<&str>(path).ok().flatten();
    if let Some(country) = text(&path!["country", "iso_code"]) {
        return Place::of(country, text(&path!["subdivisions", 0, "iso_code"]));
    }
    let country = Place::of(text(&path!["country_code"])?, None)?;
    // A name in most files, which is no code.
    let state = text(&path!["state1"]).and_then(Place::parse);
    Some(state.filter(|state| state.country() == country.code()).unwrap_or(country))
}

/// The file that is used now, if the operator named one.
#[derive(Clone, Default)]
pub struct Regions(Option<Arc<ArcSwap<Database>>>);

impl Regions {
    pub fn open(file: &Path) -> Result<(Self, Watch), String> {
        // Asked before it is read: what is written meanwhile is a change.
        let seen = stamp(file);
        let used = Arc::new(ArcSwap::from_pointee(Database::open(file)?));
        let watch = Watch { file: file.to_owned(), used: Arc::clone(&used), seen, failing: false };
        Ok((Self(Some(used)), watch))
    }

    /// The place of an address, or `None` where it is not known.
    pub fn find(&self, address: IpAddr) -> Option<Place> {
        self.0.as_ref()?.load().find(address)
    }
}

/// Sees to it that a file that changes is used.
pub struct Watch {
    file: PathBuf,
    used: Arc<ArcSwap<Database>>,
    seen: Option<(SystemTime, u64)>,
    failing: bool,
}

impl Watch {
    /// Looks at the file. Says what is worth a word: that another one is used now, or, once, that the new one cannot be. The one
    /// before it goes on being used then.
    pub fn look(&mut self) -> Option<Result<String, String>> {
        let now = stamp(&self.file);
        if now == self.seen {
            return None;
        }
        self.seen = now;
        match Database::open(&self.file) {
            Ok(database) => {
                self.failing = false;
                let told = format!("the region database has changed: {} is used from now on", database.kind());
                self.used.store(Arc::new(database));
                Some(Ok(told))
            }
            Err(e) => {
                let first = !std::mem::replace(&mut self.failing, true);
                first.then(|| Err(format!("{e}; the one before it goes on being used")))
            }
        }
    }

    /// Looks again and again, until the guard is dropped.
    pub fn start(mut self, period: Duration) -> Every {
        every(period, move || match self.look() {
            Some(Ok(told)) => tracing::info!("{told}"),
            Some(Err(told)) => tracing::warn!("{told}"),
            None => {}
        })
    }
}

/// What tells one state of a file from the next; `None` while it cannot be seen.
fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
