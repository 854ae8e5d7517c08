-- What was answered to writes that came with an Idempotency-Key, so that whoever sends one again gets the same answer. key is a keyed hash
-- of the client, the site and the key; fingerprint one of the whole request. about is the person whom the answer is about, 16 zeros where that
-- is not known, and absent where it is about nobody. holder is whoever is at it; answer is sealed, and absent until there is one.
CREATE TABLE kept_answers (
    key BLOB PRIMARY KEY NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    about BLOB,
    fingerprint BLOB NOT NULL,
    holder BLOB NOT NULL,
    taken_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    answer BLOB
);

CREATE INDEX kept_answers_about ON kept_answers (site_id, about);
CREATE INDEX kept_answers_created_at ON kept_answers (created_at);
