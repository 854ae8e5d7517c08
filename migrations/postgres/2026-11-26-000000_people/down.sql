DROP TABLE revoked_tokens;
DROP TABLE people;
ALTER TABLE consents DROP COLUMN details;
ALTER TABLE consents DROP COLUMN topic;
