-- From schema 2 to schema 3: leases for a time, which are extended, shared, passed on and released in parts; requests
-- that are made once.

DROP VIEW history;
DROP VIEW held;

-- A lease that is passed on gets a `party` of its own from now on.

-- Until when what has a ttl, waiting or granted, needs no renewal: as it was extended, or renewed for longer than its
-- ttl; null if it never was.
ALTER TABLE requests ADD COLUMN until INTEGER;
-- The SHA-256 digest of the key that it was made with; null: without.
ALTER TABLE requests ADD COLUMN idempotency_key BLOB;
-- What its token follows from, together with the key.
ALTER TABLE requests ADD COLUMN salt BLOB;
-- What changed while it was held, if something did: see history_entries.
ALTER TABLE requests ADD COLUMN changes TEXT;
ALTER TABLE history_entries ADD COLUMN changes TEXT;

-- Who else may act on a lease, by leave of its holder.
CREATE TABLE guests (
    pool        TEXT    NOT NULL,
    id          INTEGER NOT NULL,  -- of the lease
    who         TEXT    NOT NULL,
    token       BLOB    NOT NULL,  -- the SHA-256 digest of this one's token
    PRIMARY KEY (pool, id, who)
) STRICT, WITHOUT ROWID;

-- The idempotency keys whose requests have ended: the newest of each pool.
CREATE TABLE spent_keys (
    pool        TEXT    NOT NULL,
    entry       INTEGER NOT NULL,  -- counts on without a gap, in the order in which they were spent
    key         BLOB    NOT NULL,  -- its SHA-256 digest
    id          INTEGER NOT NULL,  -- of what was made with it
    at          INTEGER NOT NULL,  -- when that ended, or passed to another holder
    PRIMARY KEY (pool, entry)
) STRICT, WITHOUT ROWID;

-- For people: the history with times as text and durations in seconds.
CREATE VIEW history AS
SELECT
    pool,
    id,
    fence,
    request ->> '$.name' AS holder,
    request ->> '$.description' AS description,
    resources,
    request -> '$.requirements' AS requirements,
    coalesce(request -> '$.tags', '{}') AS tags,
    coalesce(request ->> '$.priority', 0) AS priority,
    strftime('%Y-%m-%dT%H:%M:%fZ', queued_at / 1e6, 'unixepoch') AS queued,
    strftime('%Y-%m-%dT%H:%M:%fZ', granted_at / 1e6, 'unixepoch') AS granted,
    strftime('%Y-%m-%dT%H:%M:%fZ', ended_at / 1e6, 'unixepoch') AS ended,
    max(0, coalesce(granted_at, ended_at) - queued_at) / 1e6 AS waited_seconds,
    max(0, ended_at - granted_at) / 1e6 AS held_seconds,
    reason,
    (
        SELECT json_group_array(
            json_set(value, '$.at', strftime('%Y-%m-%dT%H:%M:%fZ', (value ->> '$.at') / 1e6, 'unixepoch')))
        FROM json_each(changes)
    ) AS changes
FROM history_entries;

-- For people: who holds what now. A lease with a ttl ends when it has not been renewed for so long, or at `expires`.
CREATE VIEW held AS
SELECT
    pool,
    name.value AS resource,
    holder,
    request ->> '$.description' AS description,
    requests.id,
    fence,
    strftime('%Y-%m-%dT%H:%M:%fZ', since / 1e6, 'unixepoch') AS since,
    strftime('%Y-%m-%dT%H:%M:%fZ', expires / 1e6, 'unixepoch') AS expires,
    request ->> '$.ttl' AS ttl,
    (
        SELECT json_group_array(who) FROM guests
        WHERE guests.pool = requests.pool AND guests.id = requests.id
    ) AS allowed
FROM requests,
    json_each(requests.resources) AS requirement,
    json_each(requirement.value) AS name;
