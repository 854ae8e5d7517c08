-- What happened on one site, in the order of the rows, without reading past what happened on all the others.
-- `site_id > 0` is always so; a query that does not say it cannot use this, and SQLite would go by it to find a visitor.
CREATE INDEX consents_site ON consents (site_id, seq) WHERE site_id > 0;
CREATE INDEX erasures_site ON erasures (site_id, seq);
