-- Systems that get tokens by themselves (OAuth 2.0 client credentials). Of a secret nothing is kept but its Argon2id hash. scope and sites
-- are lists with spaces between. A name is given once, since records speak of it: one that was revoked stays here.
CREATE TABLE clients (
    id SERIAL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL,
    scope TEXT NOT NULL,
    sites TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT,
    revoked_at BIGINT
);

-- Every use of a scope that writes, exports or erases: written before it is done. status is how it was answered, and missing where that is
-- not known. route is the pattern of the route, with nobody in it.
CREATE TABLE audit (
    id BIGSERIAL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    scope TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    status INTEGER
);
CREATE INDEX audit_at ON audit (at);
