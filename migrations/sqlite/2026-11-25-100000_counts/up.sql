-- Which form of the notice was answered, where it is shown in several. It stands in the record.
ALTER TABLE consents ADD COLUMN variant TEXT;

-- How often a question was shown and how it was answered, day by day and nothing about anybody: day is counted from 1970-01-01, UTC;
-- country and language are empty where they are not known, variant where there is none. event: shown, or the action of an answer.
CREATE TABLE counts (
    site_id INTEGER NOT NULL REFERENCES sites (id),
    day INTEGER NOT NULL,
    notice INTEGER NOT NULL,
    language TEXT NOT NULL,
    country TEXT NOT NULL,
    layout TEXT NOT NULL,
    variant TEXT NOT NULL,
    event TEXT NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (site_id, day, notice, language, country, layout, variant, event)
);
