-- Lets a connection that must not change the database read schema 1 as if it were schema 3.
CREATE TEMP VIEW inventories AS SELECT *, '[]' AS stacks, '{}' AS rules FROM main.inventories;
CREATE TEMP VIEW requests AS
SELECT *, id AS party, NULL AS until, NULL AS idempotency_key, NULL AS salt, NULL AS changes
FROM main.requests;
CREATE TEMP VIEW history_entries AS SELECT *, NULL AS changes FROM main.history_entries;
CREATE TEMP VIEW guests AS SELECT NULL AS pool, NULL AS id, NULL AS who, NULL AS token WHERE false;
CREATE TEMP VIEW spent_keys AS SELECT NULL AS pool, NULL AS entry, NULL AS key, NULL AS id, NULL AS at WHERE false;
