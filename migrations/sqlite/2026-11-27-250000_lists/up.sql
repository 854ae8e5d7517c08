-- What the lists walk along: a site's answers in the order of their time, and its people in the order in which they came. The first says
-- `site_id > 0`, which is always so, because a query that does not say the same cannot use it: SQLite would go by it to find a visitor.
CREATE INDEX consents_time ON consents (site_id, created_at) WHERE site_id > 0;
CREATE INDEX people_site ON people (site_id, id);
