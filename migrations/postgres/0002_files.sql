-- Files: ordinary collections (folders) and what lies in them. The same tables stand in ../sqlite under the same number.

-- The projection. folder_id is the position the folder was created at, -1 for the root of a home's files; ids of folders and of
-- calendars never meet. position: of the change that brought it to its place.
CREATE TABLE folders (
    home_id          BIGINT NOT NULL,
    folder_id        BIGINT NOT NULL,
    parent_id        BIGINT NOT NULL,
    name             TEXT COLLATE "C" NOT NULL,
    position         BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    changed_position BIGINT NOT NULL,
    altered_position BIGINT NOT NULL,
    PRIMARY KEY (home_id, folder_id),
    UNIQUE (home_id, parent_id, name)
);

CREATE TABLE files (
    home_id     BIGINT NOT NULL,
    folder_id   BIGINT NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    hash        BYTEA NOT NULL,
    size        BIGINT NOT NULL,
    media_type  TEXT NOT NULL,
    position    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    PRIMARY KEY (home_id, folder_id, name)
);
CREATE INDEX files_by_hash ON files (home_id, hash);

-- Bodies of files, in chunks of one size but for the last. A blob without a hash is still arriving, or was given up.
CREATE TABLE blobs (
    home_id  BIGINT NOT NULL,
    blob_id  TEXT NOT NULL,
    hash     BYTEA,
    size     BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    PRIMARY KEY (home_id, blob_id),
    UNIQUE (home_id, hash)
);
CREATE INDEX blobs_arriving ON blobs (begun_at) WHERE hash IS NULL;

CREATE TABLE chunks (
    home_id BIGINT NOT NULL,
    blob_id TEXT NOT NULL,
    number  BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (home_id, blob_id, number)
);
-- Files are mostly packed already.
ALTER TABLE chunks ALTER COLUMN content SET STORAGE EXTERNAL;

INSERT INTO folders (home_id, folder_id, parent_id, name, position, created_at, changed_position, altered_position)
    SELECT home_id, -1, 0, '', 0, 0, 0, 0 FROM homes;
