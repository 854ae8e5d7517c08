DROP INDEX people_site;
DROP INDEX consents_time;
