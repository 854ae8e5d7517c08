DROP TABLE ledger_tiles;
DROP TABLE ledger_runs;
DROP TABLE ledger;
DROP TABLE erasures;
ALTER TABLE consents DROP COLUMN salt;
