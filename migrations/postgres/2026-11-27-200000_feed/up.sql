-- What happened on one site, in the order of the rows, without reading past what happened on all the others.
CREATE INDEX consents_site ON consents (site_id, seq);
CREATE INDEX erasures_site ON erasures (site_id, seq);
