-- Schema 3 of respo's database. Times and durations are microseconds, times since the Unix epoch (UTC).
-- The tables are respod's own: read them, but never write to them.

-- One row for each pool that has ever been served.
CREATE TABLE pools (
    pool        TEXT    NOT NULL PRIMARY KEY,
    served      INTEGER NOT NULL,  -- 0: it is kept, but not served
    revision    INTEGER NOT NULL,  -- of the inventory in force; 0 before there is one
    last_id     INTEGER NOT NULL,  -- of the newest request
    last_fence  INTEGER NOT NULL,  -- of the newest grant
    at          INTEGER NOT NULL,  -- when the newest record was made
    boot        TEXT    NOT NULL,  -- which boot of the machine this was last written in
    boot_time   INTEGER NOT NULL,  -- how long the machine had been up then
    idle        INTEGER NOT NULL   -- how much time is known to have passed by then since `at`
) STRICT, WITHOUT ROWID;

-- Every revision of each pool's inventory that is kept.
CREATE TABLE inventories (
    pool           TEXT    NOT NULL,
    revision       INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    resource_count INTEGER NOT NULL,
    resources      TEXT    NOT NULL,               -- a JSON array of objects
    stacks         TEXT    NOT NULL DEFAULT '[]',  -- a JSON array of arrays of names
    rules          TEXT    NOT NULL DEFAULT '{}',  -- a JSON object: those that are not as by default
    PRIMARY KEY (pool, revision)
) STRICT;

-- The resources of the inventory in force.
CREATE TABLE resources (
    pool        TEXT    NOT NULL,
    resource    TEXT    NOT NULL,
    description TEXT    NOT NULL,  -- JSON: everything that the inventory says of it, properties included
    location    TEXT GENERATED ALWAYS AS (description ->> '$.location') VIRTUAL,
    attributes  TEXT GENERATED ALWAYS AS (description -> '$.attributes') VIRTUAL,
    PRIMARY KEY (pool, resource)
) STRICT;

-- The fence of each resource's newest grant: the smaller, the longer ago it was used. Of resources that are
-- in the inventory or held.
CREATE TABLE last_used (
    pool        TEXT    NOT NULL,
    resource    TEXT    NOT NULL,
    fence       INTEGER NOT NULL,
    PRIMARY KEY (pool, resource)
) STRICT, WITHOUT ROWID;

-- Every request that waits or holds. `request` is JSON. What may be null and has no other reason given belongs to
-- the grant, and is null while the request waits.
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
    expires     INTEGER,           -- also null if it may be held for ever. A lease with a ttl ends
                                   -- earlier if it is not renewed; that moment is not written down,
                                   -- but for `until`
    until       INTEGER,           -- until when what has a ttl, waiting or granted, needs no renewal: as it
                                   -- was extended, or renewed for longer than its ttl; null if it never was
    idempotency_key BLOB,          -- the SHA-256 digest of the key that it was made with; null: without
    salt        BLOB,              -- what its token follows from, together with the key
    changes     TEXT,              -- what changed while it was held, if something did: see history_entries
    holder      TEXT GENERATED ALWAYS AS (request ->> '$.name') VIRTUAL,
    priority    INTEGER GENERATED ALWAYS AS (coalesce(request ->> '$.priority', 0)) VIRTUAL,
    PRIMARY KEY (pool, id)
) STRICT, WITHOUT ROWID;

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

-- What has ended: one row for each request, whether it was granted or not. Rows are added and, once they are
-- older than the retention, deleted; never changed.
CREATE TABLE history_entries (
    entry       INTEGER NOT NULL PRIMARY KEY,
    pool        TEXT    NOT NULL,
    id          INTEGER NOT NULL,
    request     TEXT    NOT NULL,  -- JSON, of its last holder
    queued_at   INTEGER NOT NULL,
    granted_at  INTEGER,           -- null: it was never granted; so are the two that follow
    fence       INTEGER,
    resources   TEXT,              -- JSON: for each requirement an array of names, of what was held at the end
    ended_at    INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    changes     TEXT               -- null, or a JSON array of objects, each with `at` and with `released`, the
                                   -- names of what was released then, or with `former_holder`, who had it
                                   -- until then (null: nobody by name)
) STRICT;

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
