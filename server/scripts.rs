//! Every script that was ever served stays available under its hash: a page that names one, with Subresource Integrity or in a cache,
//! runs it unchanged for as long as it likes. Nothing in here is about a visitor, so that it is never erased.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA384, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::prelude::*;

use crate::banner::Asset;
use crate::db::{Conn, on};
use crate::error::{Error, Result};
use crate::hash::hex;
use crate::schema::scripts;
use crate::site::Site;

/// How many older scripts are held in memory.
const HELD: usize = 64;

/// Writes a script down unless it is there; servers that do so at once harm nothing. `site` is absent for what is every site's.
pub fn keep(conn: &mut Conn, site: Option<i32>, asset: &Asset, now: i64) -> QueryResult<()> {
    let known: Option<String> = scripts::table.find(&asset.hash).select(scripts::hash).first(conn).optional()?;
    if known.is_none() {
        let row = (
            scripts::hash.eq(&asset.hash),
            scripts::site_id.eq(site),
            scripts::body.eq(asset.plain.as_ref()),
            scripts::created_at.eq(now),
        );
        on!(conn, |c| diesel::insert_into(scripts::table).values(row).on_conflict_do_nothing().execute(c))?;
    }
    Ok(())
}

/// The script of this hash, if this site, or the program itself, ever served it.
pub fn find(conn: &mut Conn, site: Option<i32>, hash: &str) -> Result<Option<Asset>> {
    let row: Option<(Option<i32>, Vec<u8>)> =
        scripts::table.find(hash).select((scripts::site_id, scripts::body)).first(conn).optional()?;
    let Some((_, body)) = row.filter(|(owner, _)| *owner == site) else { return Ok(None) };
    let asset = Asset::new(body);
    if asset.hash != hash {
        return Err(Error::Internal(format!("the script {hash} was changed in the database")));
    }
    Ok(Some(asset))
}

/// The older scripts that were asked for, compressed, so that a page which keeps to one costs a reading once.
#[derive(Default)]
pub struct Older {
    assets: Mutex<HashMap<Name, Arc<Asset>>>,
}

/// The site, if it is one's, and the hash.
type Name = (Option<i32>, String);

impl Older {
    pub fn get(&self, site: Option<i32>, hash: &str) -> Option<Arc<Asset>> {
        let assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        assets.get(&(site, hash.to_owned())).cloned()
    }

    pub fn put(&self, site: Option<i32>, asset: Asset) -> Arc<Asset> {
        let asset = Arc::new(asset);
        let mut assets = self.assets.lock().unwrap_or_else(PoisonError::into_inner);
        if assets.len() >= HELD {
            assets.clear();
        }
        assets.insert((site, asset.hash.clone()), Arc::clone(&asset));
        asset
    }
}

/// Whether it can be the name of a script at all.
pub fn is_hash(text: &str) -> bool {
    text.len() == hex(&[0; 8]).len() && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The two tags that load a site's script, ready for a page. `base` is where browsers reach the service, without a slash at the
/// end, and empty on the page's own origin.
pub fn tags(site: &Site, base: &str) -> String {
    let Site { key, script, .. } = site;
    let integrity = STANDARD.encode(digest(&SHA384, &script.plain));
    format!(
        "<!-- For most pages: always the current notice and services, within minutes of a change. -->\n\
         <script src=\"{base}/v1/sites/{key}/banner.js\"></script>\n\
         \n\
         <!-- For pages that demand Subresource Integrity: this script and no other, for ever. A change of the site file or of the\n     \
         program reaches such a page only when its tag is replaced by what this command then prints. -->\n\
         <script src=\"{base}/v1/sites/{key}/banner.{}.js\" integrity=\"sha384-{integrity}\" crossorigin=\"anonymous\"></script>\n",
        script.hash,
    )
}
