DROP TABLE readiness;
DROP TABLE consents;
DROP TABLE signing_keys;
DROP TABLE notices;
DROP TABLE sites;
