-- What a site told its visitors beforehand. day is counted from 1970-01-01, UTC; announcement is as the notice has it, and notice the number
-- of the first that had it. settings and content are what takes effect on the day; both are absent where the change lies outside of the
-- site file. effective_at and cancelled_at: what became of it.
CREATE TABLE announcements (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    site_id INTEGER NOT NULL REFERENCES sites (id),
    day INTEGER NOT NULL,
    material BOOLEAN NOT NULL,
    announcement TEXT NOT NULL,
    notice INTEGER NOT NULL,
    settings TEXT,
    content TEXT,
    announced_at BIGINT NOT NULL,
    effective_at BIGINT,
    cancelled_at BIGINT
);

-- One at a time: nobody understands two.
CREATE UNIQUE INDEX announcements_ahead ON announcements (site_id) WHERE effective_at IS NULL AND cancelled_at IS NULL;
