//! The tree in tiles of 256 hashes, as the database keeps it: its growing right edge, and proofs read from it. What is read is
//! checked against the root first, so that a damaged tile gives an error and never a false proof.

use std::cell::RefCell;

use diesel::prelude::*;
use tlog_tiles::{Error as TreeError, Hash, HashReader, Tile, TileHashReader, TileReader};

use crate::db::Conn;
use crate::error::{Error, Result};
use crate::ledger::{Entry, Head};
use crate::schema::ledger_tiles;

const HEIGHT: u8 = 8;
/// Bytes of a full tile, and of a full bundle of entries.
const FULL: usize = 256 * 32;

/// The unfinished tile of every level: all that is needed to add leaves and to know the root.
pub struct Edge {
    size: u64,
    levels: Vec<Level>,
    /// The entries behind the hashes of level 0.
    entries: Vec<u8>,
    finished: Vec<Stored>,
}

#[derive(Default)]
struct Level {
    number: i64,
    hashes: Vec<u8>,
    grown: bool,
}

/// A row of `ledger_tiles`.
#[derive(Insertable)]
#[diesel(table_name = ledger_tiles)]
pub struct Stored {
    level: i32,
    number: i64,
    hashes: Vec<u8>,
}

impl Edge {
    /// The edge of an empty tree.
    pub const fn empty() -> Self {
        Self { size: 0, levels: Vec::new(), entries: Vec::new(), finished: Vec::new() }
    }

    /// The edge of the tree that stands, checked against its root.
    pub fn load(conn: &mut Conn, head: &Head) -> Result<Self> {
        let mut edge = Self { size: head.leaves(), ..Self::empty() };
        let mut count = head.leaves();
        while count > 0 {
            let (number, width) = (count / 256, usize::try_from(count % 256).unwrap_or_default());
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            let level = edge.levels.len();
            let stored = if width == 0 { Vec::new() } else { stored(conn, level, number, width)? };
            let hashes = if level == 0 {
                edge.entries.clone_from(&stored);
                leaf_hashes(&stored)
            } else {
                stored
            };
            edge.levels.push(Level { number, hashes, grown: false });
            count /= 256;
        }
        if edge.root()? == head.root()? { Ok(edge) } else { Err(damaged("its right edge does not have its root")) }
    }

    pub fn push(&mut self, entry: &Entry) {
        self.entries.extend(entry);
        self.size += 1;
        self.add(0, tlog_tiles::record_hash(entry));
    }

    fn add(&mut self, height: usize, hash: Hash) {
        if self.levels.len() == height {
            self.levels.push(Level::default());
        }
        let level = &mut self.levels[height];
        level.hashes.extend(hash.0);
        level.grown = true;
        if level.hashes.len() < FULL {
            return;
        }
        let full = std::mem::take(&mut level.hashes);
        let number = level.number;
        level.number += 1;
        level.grown = false;
        let above = Tile::subtree_hash(&full);
        let hashes = if height == 0 { std::mem::take(&mut self.entries) } else { full };
        self.finished.push(Stored { level: i32::try_from(height).unwrap_or(i32::MAX), number, hashes });
        self.add(height + 1, above);
    }

    pub fn root(&self) -> Result<Hash> {
        tlog_tiles::tree_hash(self.size, self).map_err(|e| Error::Internal(e.to_string()))
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The tiles that were finished since the last time.
    pub fn take_finished(&mut self) -> Vec<Stored> {
        std::mem::take(&mut self.finished)
    }

    /// Every tile that has changed, to be written.
    pub fn into_changed(self) -> Vec<Stored> {
        let mut changed = self.finished;
        let mut entries = Some(self.entries);
        for (height, level) in self.levels.into_iter().enumerate() {
            let entries = if height == 0 { entries.take() } else { None };
            if level.grown {
                let level_number = i32::try_from(height).unwrap_or(i32::MAX);
                let hashes = entries.unwrap_or(level.hashes);
                changed.push(Stored { level: level_number, number: level.number, hashes });
            }
        }
        changed
    }
}

impl HashReader for Edge {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TreeError> {
        let read = |index: &u64| {
            let least = Tile::from_index(HEIGHT, *index);
            let level = self.levels.get(usize::from(least.level())).ok_or(TreeError::IndexesNotInTree)?;
            if i64::try_from(least.level_index()) != Ok(level.number) {
                return Err(TreeError::IndexesNotInTree);
            }
            least.hash_at_index(&level.hashes, *index)
        };
        indexes.iter().map(read).collect()
    }
}

impl Stored {
    /// Writes a tile, over what was there of it.
    pub fn write(&self, conn: &mut Conn) -> QueryResult<()> {
        let there = diesel::update(ledger_tiles::table.find((self.level, self.number)))
            .set(ledger_tiles::hashes.eq(&self.hashes))
            .execute(conn)?;
        if there == 0 {
            diesel::insert_into(ledger_tiles::table).values(self).execute(conn)?;
        }
        Ok(())
    }

    /// Whether it is what the database holds.
    pub fn stands(&self, conn: &mut Conn) -> QueryResult<bool> {
        let there: Option<Vec<u8>> =
            ledger_tiles::table.find((self.level, self.number)).select(ledger_tiles::hashes).first(conn).optional()?;
        Ok(there.as_deref() == Some(&self.hashes))
    }

    pub fn name(&self) -> String {
        format!("tile {} of level {}", self.number, self.level)
    }
}

fn damaged(how: &str) -> Error {
    Error::Internal(format!("the ledger is damaged: {how}"))
}

/// The first `width` hashes of a tile; of level 0, the entries.
fn stored(conn: &mut Conn, level: usize, number: i64, width: usize) -> Result<Vec<u8>> {
    let level = i32::try_from(level).unwrap_or(i32::MAX);
    let row: Option<Vec<u8>> =
        ledger_tiles::table.find((level, number)).select(ledger_tiles::hashes).first(conn).optional()?;
    let mut hashes = row.filter(|hashes| hashes.len() >= width * 32).ok_or_else(|| damaged("a tile is not whole"))?;
    hashes.truncate(width * 32);
    Ok(hashes)
}

fn leaf_hashes(entries: &[u8]) -> Vec<u8> {
    entries.chunks(32).flat_map(|entry| tlog_tiles::record_hash(entry).0).collect()
}

/// The entries of a bundle.
pub fn entries(conn: &mut Conn, number: i64, width: usize) -> Result<Vec<u8>> {
    stored(conn, 0, number, width)
}

/// The hashes of a tile.
pub fn hashes(conn: &mut Conn, level: u8, number: i64, width: usize) -> Result<Vec<u8>> {
    let stored = stored(conn, usize::from(level), number, width)?;
    Ok(if level == 0 { leaf_hashes(&stored) } else { stored })
}

/// That a leaf is in the tree of this head (RFC 6962, 2.1.1).
pub fn prove_leaf(conn: &mut Conn, head: &Head, leaf: u64) -> Result<Vec<Hash>> {
    prove(conn, head, |tree| tlog_tiles::prove_record(head.leaves(), leaf, tree))
}

/// That the tree of this head begins with the one of `size` leaves, at least 1 (RFC 6962, 2.1.2).
pub fn prove_growth(conn: &mut Conn, head: &Head, size: u64) -> Result<Vec<Hash>> {
    prove_growth_to(conn, head, size, head.leaves())
}

/// The same between two sizes that the tree once had.
pub fn prove_growth_to(conn: &mut Conn, head: &Head, from: u64, to: u64) -> Result<Vec<Hash>> {
    prove(conn, head, |tree| tlog_tiles::prove_tree(to, from, tree))
}

fn prove(
    conn: &mut Conn,
    head: &Head,
    proof: impl FnOnce(&TileHashReader<'_>) -> Result<Vec<Hash>, TreeError>,
) -> Result<Vec<Hash>> {
    let tiles = Tiles { conn: RefCell::new(conn), failed: RefCell::new(None) };
    let outcome = proof(&TileHashReader::new(head.leaves(), head.root()?, &tiles));
    match tiles.failed.into_inner() {
        Some(error) => Err(error),
        None => outcome.map_err(|e| damaged(&e.to_string())),
    }
}

struct Tiles<'a> {
    conn: RefCell<&'a mut Conn>,
    /// Why the database did not give a tile: the tree's own error has no room for it.
    failed: RefCell<Option<Error>>,
}

impl TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, TreeError> {
        let mut conn = self.conn.borrow_mut();
        let read = |tile: &Tile| {
            let number = i64::try_from(tile.level_index()).unwrap_or(i64::MAX);
            hashes(&mut conn, tile.level(), number, tile.width() as usize)
        };
        tiles.iter().map(read).collect::<Result<_>>().map_err(|e| {
            *self.failed.borrow_mut() = Some(e);
            TreeError::InvalidTile
        })
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6962, 2.1, as it is written there.
    fn by_definition(entries: &[Entry]) -> Hash {
        match entries {
            [] => tlog_tiles::EMPTY_HASH,
            [one] => tlog_tiles::record_hash(one),
            many => {
                let split = many.len().next_power_of_two() / 2;
                tlog_tiles::node_hash(by_definition(&many[..split]), by_definition(&many[split..]))
            }
        }
    }

    #[test]
    fn the_tree_is_the_one_of_rfc_6962() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let mut edge = Edge::empty();
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (leaf, root) in leaves.iter().zip(roots) {
            edge.size += 1;
            edge.add(0, tlog_tiles::record_hash(leaf));
            assert_eq!(crate::hash::hex(&edge.root().expect("a root").0), root);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn the_edge_has_the_root_of_the_definition(sizes in prop::collection::vec(0..700_usize, 1..3), seed in any::<u8>()) {
            let total: usize = sizes.iter().sum();
            let entries: Vec<Entry> = (0..total).map(|i| {
                let mut entry = [seed; 32];
                entry[..8].copy_from_slice(&i.to_be_bytes());
                entry
            }).collect();
            let mut edge = Edge::empty();
            for (i, entry) in entries.iter().enumerate() {
                edge.push(entry);
                if i % 97 == 0 || i + 1 == total {
                    prop_assert_eq!(edge.root().expect("a root"), by_definition(&entries[..=i]));
                }
            }
        }
    }
}
