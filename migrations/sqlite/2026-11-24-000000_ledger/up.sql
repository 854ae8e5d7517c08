-- 128 random bits that stand in the record, so that its hash tells nobody what it says. Answers from before the ledger have none.
ALTER TABLE consents ADD COLUMN salt BLOB;

-- What was forgotten: which leaves of the ledger lost their record, why and when. leaves is JSON, a list of [first, last].
CREATE TABLE erasures (
    seq INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    reason TEXT NOT NULL,
    leaves TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- One row, the head of the ledger: what is in it stands for good. Whoever seals replaces exactly the head that they read.
-- consents_to, erasures_to: every row up to here has its leaf, or never will have one.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY NOT NULL,
    origin TEXT NOT NULL,
    size BIGINT NOT NULL,
    root BLOB NOT NULL,
    consents_to BIGINT NOT NULL,
    erasures_to BIGINT NOT NULL
);

-- Which rows the leaves stand for: length leaves from leaf on are the rows of that kind from seq on.
CREATE TABLE ledger_runs (
    leaf BIGINT PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    seq BIGINT NOT NULL,
    length BIGINT NOT NULL,
    UNIQUE (kind, seq)
);

-- The tree in pieces of 256 hashes (C2SP tlog-tiles). Level 0 holds the entries themselves, their hashes are made when read.
CREATE TABLE ledger_tiles (
    level INTEGER NOT NULL,
    number BIGINT NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, number)
);
