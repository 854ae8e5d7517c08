DROP TABLE deliveries;
DROP TABLE webhooks;
DROP TABLE fan_out;
