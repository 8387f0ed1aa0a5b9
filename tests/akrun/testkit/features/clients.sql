CREATE TABLE clients (phone TEXT, name TEXT);
INSERT INTO clients VALUES ('1', 'Ann'), ('3', 'Cid');
