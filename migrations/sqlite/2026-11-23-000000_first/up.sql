-- One web property. settings is the applied site file as JSON; revision grows with every change, and running servers watch it.
CREATE TABLE sites (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    settings TEXT NOT NULL,
    revision BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- One published version of all that a visitor is shown. Never updated. hash is SHA-256 over content.
-- asks_since: the oldest notice whose answers still cover everything that this one asks for.
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    content TEXT NOT NULL,
    asks_since INTEGER NOT NULL,
    published_at BIGINT NOT NULL,
    UNIQUE (site_id, number)
);

-- The public half of every key that ever signed a receipt; the private half never comes here.
CREATE TABLE signing_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    kid TEXT NOT NULL UNIQUE,
    public_key BLOB NOT NULL,
    created_at BIGINT NOT NULL
);

-- One recorded answer. Appended, never updated; only retention and erasure delete.
-- Every column but seq, key_id and signature is part of the signed record.
CREATE TABLE consents (
    seq INTEGER PRIMARY KEY NOT NULL,
    id BLOB NOT NULL UNIQUE,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    notice_id INTEGER NOT NULL REFERENCES notices (id),
    visitor BLOB NOT NULL,
    previous BLOB,
    choice TEXT NOT NULL,
    action TEXT NOT NULL,
    method TEXT NOT NULL,
    language TEXT,
    page TEXT,
    regime TEXT NOT NULL,
    regime_found TEXT NOT NULL,
    signals TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    key_id INTEGER NOT NULL REFERENCES signing_keys (id),
    signature BLOB NOT NULL
);
CREATE INDEX consents_visitor ON consents (visitor);

-- One row that readiness rewrites, to know that the database can be written.
CREATE TABLE readiness (
    id INTEGER PRIMARY KEY NOT NULL,
    checked_at BIGINT NOT NULL
);
INSERT INTO readiness (id, checked_at) VALUES (1, 0);
