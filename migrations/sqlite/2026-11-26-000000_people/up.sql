-- What a person's event is about: a channel, adult, reservation, choice or link. Visitors' answers have none. visitor is the person then:
-- a keyed hash. details is canonical JSON. Both stand in the record.
ALTER TABLE consents ADD COLUMN topic TEXT;
ALTER TABLE consents ADD COLUMN details TEXT;

-- What stands for each person after all their events: written with each of them, and made of nothing else. ref is there for opaque ids
-- alone, and is never an address or a number. sequence counts the events.
CREATE TABLE people (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    person BLOB NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT,
    state TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (site_id, person)
);

-- Tokens that open nothing any more, each until it would have ended by itself.
CREATE TABLE revoked_tokens (
    jti TEXT PRIMARY KEY NOT NULL,
    revoked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
