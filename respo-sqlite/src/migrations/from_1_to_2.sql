-- From schema 1 to schema 2: the party of each request; the stacks and the rules of each inventory.

-- What has ended was passed over where it had been retired; from now on it is not there.
DELETE FROM last_used
WHERE NOT EXISTS (
    SELECT 1 FROM resources
    WHERE resources.pool = last_used.pool AND resources.resource = last_used.resource
) AND NOT EXISTS (
    SELECT 1 FROM requests, json_each(requests.resources) AS requirement, json_each(requirement.value) AS name
    WHERE requests.pool = last_used.pool AND name.value = last_used.resource
);

ALTER TABLE inventories ADD COLUMN stacks TEXT NOT NULL DEFAULT '[]';
ALTER TABLE inventories ADD COLUMN rules TEXT NOT NULL DEFAULT '{}';

-- The view would follow the table to its other name.
DROP VIEW held;
ALTER TABLE requests RENAME TO requests_1;
CREATE TABLE requests (
    pool        TEXT    NOT NULL,
    id          INTEGER NOT NULL,
    queued_at   INTEGER NOT NULL,
    token       BLOB    NOT NULL,  -- the SHA-256 digest of its token
    party       INTEGER NOT NULL,  -- requests with the same number, which are those of one session, may have
                                   -- parts of one stack. A lease that is passed on has one of its own
    request     TEXT    NOT NULL,
    fence       INTEGER,
    revision    INTEGER,           -- of the inventory that it was granted from
    resources   TEXT,              -- JSON: for each requirement an array of names. A name that is not
                                   -- in the inventory is a key that exists while it is asked for
    since       INTEGER,           -- when it was granted
    expires     INTEGER,           -- also null if it may be held for ever
    holder      TEXT GENERATED ALWAYS AS (request ->> '$.name') VIRTUAL,
    priority    INTEGER GENERATED ALWAYS AS (coalesce(request ->> '$.priority', 0)) VIRTUAL,
    PRIMARY KEY (pool, id)
) STRICT, WITHOUT ROWID;
-- There were no stacks, so each request is a party of its own.
INSERT INTO requests
    (pool, id, queued_at, token, party, request, fence, revision, resources, since, expires)
SELECT pool, id, queued_at, token, id, request, fence, revision, resources, since, expires
FROM requests_1;
DROP TABLE requests_1;

CREATE VIEW held AS
SELECT
    pool,
    name.value AS resource,
    holder,
    request ->> '$.description' AS description,
    requests.id,
    fence,
    strftime('%Y-%m-%dT%H:%M:%fZ', since / 1e6, 'unixepoch') AS since,
    strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1e6, 'unixepoch') AS expires
FROM requests,
    json_each(requests.resources) AS requirement,
    json_each(requirement.value) AS name;
