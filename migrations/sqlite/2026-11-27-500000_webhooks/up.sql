-- Who is told of what happens on a site. events: types with spaces between, as `person.* notice.announced`. key is what signs, sealed
-- with another one that is derived from capability.key; so is old_key, which signs too until old_until. from_leaf: what stood in the ledger
-- before is not told. gone_at: the receiver said that it is gone.
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    key BLOB NOT NULL,
    old_key BLOB,
    old_until BIGINT,
    from_leaf BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    gone_at BIGINT
);

CREATE INDEX webhooks_of_site ON webhooks (site_id);

-- What is told to whom. An event of the ledger is named by its leaf alone, and read when it is sent, so that nothing is sent of what was
-- erased meanwhile. Anything else has its data here, and with person whom it is about, if anybody. name is what receivers know it by.
-- state is pending, delivered, parked or erased; due_at is there while it is pending, and ended_at afterwards. queued_at: when it became
-- pending last, from which on it is tried for three days. status: what the receiver answered last, if it did.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    webhook_id INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    leaf BIGINT,
    name TEXT NOT NULL,
    event TEXT NOT NULL,
    data TEXT,
    person BLOB,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    status INTEGER,
    created_at BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    due_at BIGINT,
    ended_at BIGINT
);

-- An event of the ledger is told to nobody twice because two servers looked at once.
CREATE UNIQUE INDEX deliveries_of_leaf ON deliveries (webhook_id, leaf);
CREATE INDEX deliveries_due ON deliveries (webhook_id, due_at);
CREATE INDEX deliveries_by_state ON deliveries (webhook_id, state, id);
CREATE INDEX deliveries_about ON deliveries (person);

-- One row: every leaf below next has its deliveries.
CREATE TABLE fan_out (
    id INTEGER PRIMARY KEY NOT NULL,
    next BIGINT NOT NULL
);

-- What is in the ledger already happened before anybody asked to be told.
INSERT INTO fan_out (id, next) SELECT 1, coalesce(max(size), 0) FROM ledger;
