-- What both databases hold; the same tables stand in ../postgres under the same number.
-- Times are UTC microseconds. Tables of user data carry home_id first: the seam along which data is divided.

-- Operating state: not logged, no position.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE domains (
    domain_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO domains (name) VALUES ('default');

-- principal_id, uuid and segment never change; ids and uuids are never used again. login and display_name may change.
CREATE TABLE principals (
    principal_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id          INTEGER NOT NULL REFERENCES domains (domain_id),
    uuid               TEXT NOT NULL UNIQUE,
    kind               TEXT NOT NULL CHECK (kind IN ('individual', 'group', 'room', 'resource')),
    segment            TEXT NOT NULL UNIQUE,
    login              TEXT NOT NULL UNIQUE,
    display_name       TEXT NOT NULL,
    password           TEXT,
    credential_version INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    disabled_at        INTEGER
) STRICT;

CREATE TABLE addresses (
    principal_id INTEGER NOT NULL REFERENCES principals (principal_id),
    address      TEXT NOT NULL UNIQUE,
    rank         INTEGER NOT NULL,
    PRIMARY KEY (principal_id, rank)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_passwords (
    app_password_id TEXT NOT NULL PRIMARY KEY,
    principal_id    INTEGER NOT NULL REFERENCES principals (principal_id),
    label           TEXT NOT NULL,
    keyed_hash      BLOB NOT NULL,
    created_at      INTEGER NOT NULL,
    revoked_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX app_passwords_by_principal ON app_passwords (principal_id);

-- A home is everything one principal owns; position numbers its changes without gaps.
-- history_floor: changes at or below it are no longer in the log.
CREATE TABLE homes (
    home_id       INTEGER NOT NULL PRIMARY KEY REFERENCES principals (principal_id),
    position      INTEGER NOT NULL DEFAULT 0,
    history_floor INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The log is the truth: ids, positions, kinds and hashes only. Collections that come and go are changes of collection_id 0, the
-- home itself, under their segment; a name is empty where a collection's own properties changed.
CREATE TABLE log (
    home_id       INTEGER NOT NULL REFERENCES homes (home_id),
    position      INTEGER NOT NULL,
    collection_id INTEGER NOT NULL,
    name          TEXT NOT NULL,
    kind          TEXT NOT NULL CHECK (kind IN ('put', 'delete', 'collection', 'uncollection', 'properties')),
    before_hash   BLOB,
    after_hash    BLOB,
    at            INTEGER NOT NULL,
    PRIMARY KEY (home_id, position)
) STRICT, WITHOUT ROWID;
-- Covering: with (home_id, position) alone one calendar's delta would read every neighbour's changes.
CREATE INDEX log_by_collection ON log (home_id, collection_id, position, name, kind);

-- Side tables that retention and erasure may clear.
CREATE TABLE log_context (
    home_id        INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position  INTEGER NOT NULL,
    actor          INTEGER,
    credential     TEXT NOT NULL,
    client         TEXT NOT NULL,
    address        TEXT NOT NULL,
    reason         TEXT NOT NULL,
    request_id     TEXT NOT NULL,
    PRIMARY KEY (home_id, first_position)
) STRICT, WITHOUT ROWID;

CREATE TABLE log_values (
    home_id  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (home_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE bodies (
    home_id INTEGER NOT NULL,
    hash    BLOB NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (home_id, hash)
) STRICT;

-- What a home held at a position, so that the log below it may go.
CREATE TABLE baselines (
    home_id  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (home_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline_rows (
    home_id    INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    row_number INTEGER NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (home_id, position, row_number)
) STRICT, WITHOUT ROWID;

-- The log accepts INSERT only; pruning may delete only at or below a baseline.
CREATE TRIGGER log_is_append_only BEFORE UPDATE ON log
BEGIN
    SELECT RAISE(ABORT, 'the log accepts INSERT only');
END;
CREATE TRIGGER log_is_kept BEFORE DELETE ON log
WHEN NOT EXISTS (SELECT 1 FROM baselines b WHERE b.home_id = OLD.home_id AND b.position >= OLD.position)
BEGIN
    SELECT RAISE(ABORT, 'the log may be deleted only at or below a baseline');
END;

-- The projection: what requests read, derived from the log.
-- collection_id is the position the collection was created at: unique in its home for ever.
-- changed_position: the last change of a member; altered_position: the last change of its own properties.
CREATE TABLE collections (
    home_id          INTEGER NOT NULL,
    collection_id    INTEGER NOT NULL,
    segment          TEXT NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('calendar', 'inbox', 'outbox')),
    components       TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    changed_position INTEGER NOT NULL,
    altered_position INTEGER NOT NULL,
    PRIMARY KEY (home_id, collection_id),
    UNIQUE (home_id, segment)
) STRICT, WITHOUT ROWID;

-- collection_id 0 is the home itself; name is empty for properties of a collection.
CREATE TABLE properties (
    home_id       INTEGER NOT NULL,
    collection_id INTEGER NOT NULL,
    name          TEXT NOT NULL,
    namespace     TEXT NOT NULL,
    local         TEXT NOT NULL,
    xml           TEXT NOT NULL,
    PRIMARY KEY (home_id, collection_id, name, namespace, local)
) STRICT, WITHOUT ROWID;

-- position: of the last put. first_start to status are facts for the index, recomputed when the engine that found them
-- (facts_version) is another.
CREATE TABLE objects (
    home_id       INTEGER NOT NULL,
    collection_id INTEGER NOT NULL,
    name          TEXT NOT NULL,
    uid           TEXT NOT NULL,
    component     TEXT NOT NULL,
    hash          BLOB NOT NULL,
    size          INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    modified_at   INTEGER NOT NULL,
    facts_version INTEGER NOT NULL,
    first_start   INTEGER NOT NULL,
    last_end      INTEGER NOT NULL,
    alarm_first   INTEGER,
    alarm_last    INTEGER,
    floating      INTEGER NOT NULL,
    recurring     INTEGER NOT NULL,
    transparent   INTEGER NOT NULL,
    status        TEXT,
    PRIMARY KEY (home_id, collection_id, name),
    UNIQUE (home_id, collection_id, uid)
) STRICT, WITHOUT ROWID;
-- Covering for the pages of a time-range query.
CREATE INDEX objects_by_time ON objects (home_id, collection_id, last_end, name, first_start, component);
CREATE INDEX objects_by_facts_version ON objects (facts_version);

-- Followers: a mark says that a home has changes a follower cares for, up to that position.
CREATE TABLE marks (
    follower TEXT NOT NULL,
    home_id  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (follower, home_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursors (
    follower TEXT NOT NULL,
    home_id  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    PRIMARY KEY (follower, home_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
    follower TEXT NOT NULL,
    home_id  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    error    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (follower, home_id, position)
) STRICT, WITHOUT ROWID;
