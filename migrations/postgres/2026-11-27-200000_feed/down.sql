DROP INDEX erasures_site;
DROP INDEX consents_site;
