//! All sites, held in memory and swapped whole: no request reads them from disk, and none sees half of a change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use diesel::prelude::*;

use crate::db::{Conn, DatabaseUrl};
use crate::error::{Error, Result};
use crate::every::{Every, every};
use crate::jurisdiction::Jurisdictions;
use crate::schema::sites;
use crate::site::{Row, Site};
use crate::{banner, scripts};

/// All sites, in memory. A request sees either the old state or the new one, never a mixture.
pub struct Sites {
    by_key: ArcSwap<HashMap<String, Arc<Site>>>,
    pub jurisdictions: Jurisdictions,
    /// What every site loads is written down.
    kept: AtomicBool,
    /// It was told in the log that scripts cannot be written down.
    told: AtomicBool,
}

impl Sites {
    /// None yet.
    pub fn new(jurisdictions: Jurisdictions) -> Self {
        let (kept, told) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { by_key: ArcSwap::default(), jurisdictions, kept, told }
    }

    pub fn find(&self, key: &str) -> Result<Arc<Site>> {
        self.by_key.load().get(key).cloned().ok_or_else(|| Error::UnknownSite(key.to_owned()))
    }

    /// Loads what has changed since the last time and swaps it in. Says how many sites did.
    /// A site that cannot be loaded keeps its last good state, and the error is returned.
    pub fn refresh(&self, conn: &mut Conn, now: i64) -> Result<usize> {
        let rows: Vec<Row> = sites::table.load(conn)?;
        let old = self.by_key.load_full();
        let mut new = HashMap::with_capacity(rows.len());
        let mut changed = 0;
        let mut failed = None;
        for row in &rows {
            let kept = old.get(&row.key);
            let site = match kept {
                Some(site) if site.revision == row.revision => Ok(Arc::clone(site)),
                _ => Site::load(conn, row, &self.jurisdictions).map(Arc::new).inspect(|_| changed += 1),
            };
            match (site, kept) {
                (Ok(site), _) => drop(new.insert(row.key.clone(), site)),
                (Err(e), kept) => {
                    failed = Some(e);
                    if let Some(site) = kept {
                        new.insert(row.key.clone(), Arc::clone(site));
                    }
                }
            }
        }
        if changed > 0 || new.len() != old.len() {
            self.by_key.store(Arc::new(new));
        }
        match self.keep_scripts(conn, now) {
            Ok(()) => self.told.store(false, Ordering::Relaxed),
            // They are served all the same, and written down when that can be done.
            Err(e) if !self.told.swap(true, Ordering::Relaxed) => {
                tracing::warn!("scripts cannot be written down, so that older ones may be missing later: {e}");
            }
            Err(_) => {}
        }
        failed.map_or(Ok(changed), Err)
    }

    fn keep_scripts(&self, conn: &mut Conn, now: i64) -> QueryResult<()> {
        if !self.kept.load(Ordering::Relaxed) {
            for asset in banner::modules().values() {
                scripts::keep(conn, None, asset, now)?;
            }
            self.kept.store(true, Ordering::Relaxed);
        }
        for site in self.by_key.load().values().filter(|site| !site.kept.load(Ordering::Relaxed)) {
            scripts::keep(conn, Some(site.id), &site.script, now)?;
            site.kept.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Watches the database for published sites until the returned guard is dropped.
/// It keeps its own connection: a pool that is exhausted must not hide a new notice.
pub fn watch(sites: Arc<Sites>, url: DatabaseUrl, period: Duration, now: fn() -> i64) -> Every {
    let mut conn = None;
    let mut failing = false;
    every(period, move || {
        let outcome = match conn.take().map_or_else(|| url.connect(), Ok) {
            Ok(mut open) => sites.refresh(&mut open, now()).inspect(|_| conn = Some(open)).map_err(|e| e.to_string()),
            Err(e) => Err(e.to_string()),
        };
        match outcome {
            Ok(changed) => {
                failing = false;
                if changed > 0 {
                    tracing::info!(changed, "sites published");
                }
            }
            // Said once: the sites in memory go on being served.
            Err(e) if !failing => {
                failing = true;
                tracing::warn!("sites cannot be read anew: {e}");
            }
            Err(_) => {}
        }
    })
}
