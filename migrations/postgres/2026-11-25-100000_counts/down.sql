DROP TABLE counts;
ALTER TABLE consents DROP COLUMN variant;
