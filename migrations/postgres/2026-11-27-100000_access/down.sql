DROP TABLE audit;
DROP TABLE clients;
