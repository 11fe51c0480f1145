-- Files: ordinary collections (folders) and what lies in them. The same tables stand in ../postgres under the same number.

-- The projection. folder_id is the position the folder was created at, -1 for the root of a home's files; ids of folders and of
-- calendars never meet. position: of the change that brought it to its place.
CREATE TABLE folders (
    home_id          INTEGER NOT NULL,
    folder_id        INTEGER NOT NULL,
    parent_id        INTEGER NOT NULL,
    name             TEXT NOT NULL,
    position         INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    changed_position INTEGER NOT NULL,
    altered_position INTEGER NOT NULL,
    PRIMARY KEY (home_id, folder_id),
    UNIQUE (home_id, parent_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE files (
    home_id     INTEGER NOT NULL,
    folder_id   INTEGER NOT NULL,
    name        TEXT NOT NULL,
    hash        BLOB NOT NULL,
    size        INTEGER NOT NULL,
    media_type  TEXT NOT NULL,
    position    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (home_id, folder_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_hash ON files (home_id, hash);

-- Bodies of files, in chunks of one size but for the last. A blob without a hash is still arriving, or was given up.
CREATE TABLE blobs (
    home_id  INTEGER NOT NULL,
    blob_id  TEXT NOT NULL,
    hash     BLOB,
    size     INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (home_id, blob_id),
    UNIQUE (home_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX blobs_arriving ON blobs (begun_at) WHERE hash IS NULL;

CREATE TABLE chunks (
    home_id INTEGER NOT NULL,
    blob_id TEXT NOT NULL,
    number  INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (home_id, blob_id, number)
) STRICT;

INSERT INTO folders (home_id, folder_id, parent_id, name, position, created_at, changed_position, altered_position)
    SELECT home_id, -1, 0, '', 0, 0, 0, 0 FROM homes;
