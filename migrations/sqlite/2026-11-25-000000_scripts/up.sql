-- Every script that was ever served, since a page may name one by its hash for years. hash: the first 64 bits of the body's
-- SHA-256, in hex. site_id is absent for what is the same for every site, such as the panel. Nothing in here is about a visitor.
CREATE TABLE scripts (
    hash TEXT PRIMARY KEY NOT NULL,
    site_id INTEGER REFERENCES sites (id),
    body BLOB NOT NULL,
    created_at BIGINT NOT NULL
);
