-- Lets a connection that must not change the database read schema 1 as if it were schema 2.
CREATE TEMP VIEW inventories AS SELECT *, '[]' AS stacks, '{}' AS rules FROM main.inventories;
CREATE TEMP VIEW requests AS SELECT *, id AS party FROM main.requests;
