//! Every statement, in one text for both databases.
//!
//! Lists go in as one JSON parameter through `json_each`: built into SQLite, a function of that name in the Postgres migration.
//! What only one database has (locks, transactions) stands in its driver's file.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub const $name: &str = $text;)*
        /// All of them: the contract suite prepares each on both databases.
        #[cfg(test)]
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}

/// The columns of a principal, as `Principal` reads them.
macro_rules! concat_principal {
    ($rest:literal) => {
        concat!(
            "SELECT p.principal_id, p.domain_id, p.uuid, p.kind, p.segment, p.login, p.display_name, p.password, p.credential_version, \
             p.disabled_at, p.created_at FROM principals p ",
            $rest
        )
    };
}

/// The columns of a collection, as `Collection` reads them.
macro_rules! collection_columns {
    () => {
        "SELECT collection_id, segment, kind, components, created_at, changed_position, altered_position FROM collections"
    };
}

/// The columns of an object, as `StoredObject` reads them; a body follows where one is joined.
macro_rules! object_columns {
    () => {
        "SELECT o.name, o.uid, o.component, o.hash, o.size, o.position, o.created_at, o.modified_at"
    };
}

/// The columns of a folder, as `Folder` reads them.
macro_rules! folder_columns {
    () => {
        "SELECT folder_id, parent_id, name, position, created_at, changed_position, altered_position FROM folders WHERE home_id = $1 "
    };
}

/// The columns of a file, as `StoredFile` reads them.
macro_rules! file_columns {
    () => {
        "SELECT name, hash, size, media_type, position, created_at, modified_at FROM files WHERE home_id = $1 AND folder_id = $2 "
    };
}

/// A folder and all folders below it, with how far below.
macro_rules! folder_tree {
    () => {
        "WITH RECURSIVE tree (folder_id, level) AS \
         (SELECT folder_id, CAST(1 AS BIGINT) FROM folders WHERE home_id = $1 AND folder_id = $2 \
          UNION ALL SELECT f.folder_id, t.level + 1 FROM folders f JOIN tree t ON f.parent_id = t.folder_id WHERE f.home_id = $1) "
    };
}

/// Bodies that no file has.
macro_rules! released {
    () => {
        "b.home_id = $1 AND b.hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM files f WHERE f.home_id = b.home_id AND f.hash = b.hash)"
    };
}

macro_rules! object_bodies {
    () => {
        ", b.content FROM objects o JOIN bodies b ON b.home_id = o.home_id AND b.hash = o.hash"
    };
}

macro_rules! object_page {
    () => {
        " WHERE o.home_id = $1 AND o.collection_id = $2 AND o.name > $3 ORDER BY o.name LIMIT $4"
    };
}

macro_rules! objects_named {
    () => {
        " WHERE o.home_id = $1 AND o.collection_id = $2 AND o.name IN (SELECT value FROM json_each($3))"
    };
}

statements! {
    // Settings and domains.
    SETTING = "SELECT value FROM settings WHERE name = $1";
    ADD_SETTING = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    DEFAULT_DOMAIN = "SELECT MIN(domain_id) FROM domains";

    // Principals.
    ADD_PRINCIPAL = "INSERT INTO principals (domain_id, uuid, kind, segment, login, display_name, password, credential_version, created_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8) RETURNING principal_id";
    ADD_ADDRESS = "INSERT INTO addresses (principal_id, address, rank) VALUES ($1, $2, $3)";
    ADD_HOME = "INSERT INTO homes (home_id) VALUES ($1)";
    ADD_FILES_ROOT = "INSERT INTO folders (home_id, folder_id, parent_id, name, position, created_at, changed_position, altered_position) \
                      VALUES ($1, -1, 0, '', 0, 0, 0, 0)";
    ANY_PRINCIPAL = "SELECT principal_id FROM principals LIMIT 1";
    SEGMENT_TAKEN = "SELECT principal_id FROM principals WHERE segment = $1";
    PRINCIPALS = concat_principal!("ORDER BY p.principal_id");
    PRINCIPALS_OF_DOMAIN = concat_principal!("WHERE p.domain_id = $1 AND p.disabled_at IS NULL ORDER BY p.principal_id LIMIT $2");
    PRINCIPAL_BY_ID = concat_principal!("WHERE p.principal_id = $1");
    PRINCIPAL_BY_SEGMENT = concat_principal!("WHERE p.segment = $1");
    /// People log in by name or by any of their addresses.
    PRINCIPAL_BY_LOGIN = concat_principal!(
        "WHERE p.login = $1 OR p.principal_id = (SELECT b.principal_id FROM addresses b WHERE b.address = $1) \
         ORDER BY CASE WHEN p.login = $1 THEN 0 ELSE 1 END LIMIT 1");
    ADDRESSES = "SELECT address FROM addresses WHERE principal_id = $1 ORDER BY rank";
    ADDRESSES_OF_DOMAIN = "SELECT a.principal_id, a.address FROM addresses a JOIN principals p ON p.principal_id = a.principal_id \
                           WHERE p.domain_id = $1 ORDER BY a.principal_id, a.rank LIMIT $2";
    SET_PASSWORD = "UPDATE principals SET password = $2, credential_version = credential_version + 1 WHERE principal_id = $1";
    SET_DISABLED = "UPDATE principals SET disabled_at = $2, credential_version = credential_version + 1 WHERE principal_id = $1";
    BUMP_CREDENTIALS = "UPDATE principals SET credential_version = credential_version + 1 WHERE principal_id = $1";
    ADD_APP_PASSWORD = "INSERT INTO app_passwords (app_password_id, principal_id, label, keyed_hash, created_at) VALUES ($1, $2, $3, $4, $5)";
    APP_PASSWORD = "SELECT principal_id, label, keyed_hash FROM app_passwords WHERE app_password_id = $1 AND revoked_at IS NULL";
    APP_PASSWORDS = "SELECT app_password_id, label, created_at FROM app_passwords WHERE principal_id = $1 AND revoked_at IS NULL \
                     ORDER BY created_at";
    REVOKE_APP_PASSWORD = "UPDATE app_passwords SET revoked_at = $3 \
                           WHERE principal_id = $1 AND app_password_id = $2 AND revoked_at IS NULL";

    // Homes.
    /// Takes the home's row lock on Postgres; on SQLite the writer is alone already.
    LOCK_HOME = "UPDATE homes SET position = position WHERE home_id = $1 RETURNING position";
    SET_POSITION = "UPDATE homes SET position = $2 WHERE home_id = $1";
    SET_HISTORY_FLOOR = "UPDATE homes SET history_floor = $2 WHERE home_id = $1";
    HOME = "SELECT position, history_floor FROM homes WHERE home_id = $1";
    HOME_IDS = "SELECT home_id FROM homes ORDER BY home_id";

    // The log and its side tables.
    ADD_LOG = "INSERT INTO log (home_id, position, collection_id, name, kind, before_hash, after_hash, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ADD_CONTEXT = "INSERT INTO log_context (home_id, first_position, last_position, actor, credential, client, address, reason, request_id) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ADD_VALUE = "INSERT INTO log_values (home_id, position, value) VALUES ($1, $2, $3)";
    LOG_PAGE = "SELECT l.position, l.collection_id, l.name, l.kind, l.after_hash, l.at, v.value \
                FROM log l LEFT JOIN log_values v ON v.home_id = l.home_id AND v.position = l.position \
                WHERE l.home_id = $1 AND l.position > $2 ORDER BY l.position LIMIT $3";
    /// What happened to the members of a collection since a position, each named once, in the order of its last change.
    CHANGED_NAMES = "SELECT name, MAX(position) FROM log \
                     WHERE home_id = $1 AND collection_id = $2 AND position > $3 AND position <= $4 AND name <> '' \
                     GROUP BY name ORDER BY MAX(position) LIMIT $5";
    ADD_BASELINE = "INSERT INTO baselines (home_id, position, at) VALUES ($1, $2, $3) ON CONFLICT (home_id, position) DO NOTHING";
    ADD_BASELINE_ROW = "INSERT INTO baseline_rows (home_id, position, row_number, value) VALUES ($1, $2, $3, $4)";
    NEWEST_BASELINE = "SELECT MAX(position) FROM baselines WHERE home_id = $1";
    BASELINE_ROWS = "SELECT row_number, value FROM baseline_rows WHERE home_id = $1 AND position = $2 AND row_number > $3 \
                     ORDER BY row_number LIMIT $4";
    LAST_BEFORE = "SELECT COALESCE(MAX(position), 0) FROM log WHERE home_id = $1 AND at < $2";
    PRUNE_LOG = "DELETE FROM log WHERE home_id = $1 AND position <= $2";
    PRUNE_VALUES = "DELETE FROM log_values WHERE home_id = $1 AND position <= $2";
    PRUNE_CONTEXT = "DELETE FROM log_context WHERE home_id = $1 AND last_position <= $2";
    PRUNE_BASELINES = "DELETE FROM baselines WHERE home_id = $1 AND position < $2";
    PRUNE_BASELINE_ROWS = "DELETE FROM baseline_rows WHERE home_id = $1 AND position < $2";
    /// Bodies that neither an object nor the log still points at.
    PRUNE_BODIES = "DELETE FROM bodies WHERE home_id = $1 \
                    AND hash NOT IN (SELECT o.hash FROM objects o WHERE o.home_id = $1) \
                    AND hash NOT IN (SELECT l.after_hash FROM log l WHERE l.home_id = $1 AND l.after_hash IS NOT NULL) \
                    AND hash NOT IN (SELECT l.before_hash FROM log l WHERE l.home_id = $1 AND l.before_hash IS NOT NULL)";

    // Bodies.
    ADD_BODY = "INSERT INTO bodies (home_id, hash, content) VALUES ($1, $2, $3) ON CONFLICT (home_id, hash) DO NOTHING";
    BODY = "SELECT content FROM bodies WHERE home_id = $1 AND hash = $2";

    // Collections.
    ADD_COLLECTION = "INSERT INTO collections (home_id, collection_id, segment, kind, components, created_at, changed_position, altered_position) \
                      VALUES ($1, $2, $3, $4, $5, $6, $2, $2)";
    COLLECTION = concat!(collection_columns!(), " WHERE home_id = $1 AND segment = $2");
    COLLECTIONS = concat!(collection_columns!(), " WHERE home_id = $1 ORDER BY collection_id");
    COUNT_OBJECTS = "SELECT COUNT(*) FROM objects WHERE home_id = $1 AND collection_id = $2";
    COUNT_COLLECTIONS = "SELECT COUNT(*) FROM collections WHERE home_id = $1";
    SET_CHANGED = "UPDATE collections SET changed_position = $3 WHERE home_id = $1 AND collection_id = $2";
    RENAME_COLLECTION = "UPDATE collections SET segment = $3, altered_position = $4 WHERE home_id = $1 AND collection_id = $2";
    SET_ALTERED = "UPDATE collections SET altered_position = $3 WHERE home_id = $1 AND collection_id = $2";
    REMOVE_COLLECTION = "DELETE FROM collections WHERE home_id = $1 AND collection_id = $2";
    REMOVE_MEMBERS = "DELETE FROM objects WHERE home_id = $1 AND collection_id = $2";
    REMOVE_ALL_PROPERTIES = "DELETE FROM properties WHERE home_id = $1 AND collection_id = $2";

    // Properties.
    SET_PROPERTY = "INSERT INTO properties (home_id, collection_id, name, namespace, local, xml) VALUES ($1, $2, $3, $4, $5, $6) \
                    ON CONFLICT (home_id, collection_id, name, namespace, local) DO UPDATE SET xml = excluded.xml";
    REMOVE_PROPERTY = "DELETE FROM properties WHERE home_id = $1 AND collection_id = $2 AND name = $3 AND namespace = $4 AND local = $5";
    REMOVE_PROPERTIES = "DELETE FROM properties WHERE home_id = $1 AND collection_id = $2 AND name = $3";
    PROPERTIES = "SELECT namespace, local, xml FROM properties WHERE home_id = $1 AND collection_id = $2 AND name = $3 \
                  ORDER BY namespace, local";
    PROPERTIES_OF_COLLECTIONS = "SELECT collection_id, namespace, local, xml FROM properties WHERE home_id = $1 AND name = '' \
                                 AND collection_id IN (SELECT c.collection_id FROM collections c WHERE c.home_id = $1) \
                                 ORDER BY collection_id, namespace, local";
    PROPERTIES_OF_FOLDERS = "SELECT collection_id, namespace, local, xml FROM properties WHERE home_id = $1 AND name = '' \
                             AND collection_id IN (SELECT f.folder_id FROM folders f \
                                 WHERE f.home_id = $1 AND f.parent_id = $2 AND f.name IN (SELECT value FROM json_each($3))) \
                             ORDER BY collection_id, namespace, local";
    PROPERTIES_OF_MEMBERS = "SELECT name, namespace, local, xml FROM properties \
                             WHERE home_id = $1 AND collection_id = $2 AND name IN (SELECT value FROM json_each($3)) \
                             ORDER BY name, namespace, local";
    ALL_PROPERTIES = "SELECT collection_id, name, namespace, local, xml FROM properties WHERE home_id = $1 \
                      ORDER BY collection_id, name, namespace, local";

    // Objects.
    PUT_OBJECT = "INSERT INTO objects (home_id, collection_id, name, uid, component, hash, size, position, created_at, modified_at, \
                      facts_version, first_start, last_end, alarm_first, alarm_last, floating, recurring, transparent, status) \
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $19, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
                  ON CONFLICT (home_id, collection_id, name) DO UPDATE SET uid = excluded.uid, component = excluded.component, \
                      hash = excluded.hash, size = excluded.size, position = excluded.position, modified_at = excluded.modified_at, \
                      facts_version = excluded.facts_version, first_start = excluded.first_start, last_end = excluded.last_end, \
                      alarm_first = excluded.alarm_first, alarm_last = excluded.alarm_last, floating = excluded.floating, \
                      recurring = excluded.recurring, transparent = excluded.transparent, status = excluded.status";
    REMOVE_OBJECT = "DELETE FROM objects WHERE home_id = $1 AND collection_id = $2 AND name = $3";
    NAME_OF_UID = "SELECT name FROM objects WHERE home_id = $1 AND collection_id = $2 AND uid = $3";
    OBJECT = concat!(object_columns!(), " FROM objects o WHERE o.home_id = $1 AND o.collection_id = $2 AND o.name = $3");
    OBJECT_WITH_BODY = concat!(object_columns!(), object_bodies!(), " WHERE o.home_id = $1 AND o.collection_id = $2 AND o.name = $3");
    OBJECTS_PAGE = concat!(object_columns!(), " FROM objects o ", object_page!());
    OBJECTS_PAGE_WITH_BODY = concat!(object_columns!(), object_bodies!(), object_page!());
    OBJECTS_BY_POSITION = concat!(object_columns!(), " FROM objects o WHERE o.home_id = $1 AND o.collection_id = $2 AND o.position > $3 \
                                   ORDER BY o.position LIMIT $4");
    OBJECTS_NAMED = concat!(object_columns!(), " FROM objects o ", objects_named!());
    OBJECTS_NAMED_WITH_BODY = concat!(object_columns!(), object_bodies!(), objects_named!());
    /// Names whose bounds touch a window, in pages by (last_end, name): reads the covering index alone.
    NAMES_IN_WINDOW = "SELECT last_end, name FROM objects \
                       WHERE home_id = $1 AND collection_id = $2 AND last_end >= $3 AND (last_end, name) > ($4, $5) AND first_start <= $6 \
                       AND ($7 = '' OR component = $7) ORDER BY last_end, name LIMIT $8";
    STALE_FACTS = "SELECT home_id, collection_id, name, hash FROM objects WHERE facts_version < $1 LIMIT $2";
    SET_FACTS = "UPDATE objects SET facts_version = $5, first_start = $6, last_end = $7, alarm_first = $8, alarm_last = $9, \
                 floating = $10, recurring = $11, transparent = $12, status = $13 \
                 WHERE home_id = $1 AND collection_id = $2 AND name = $3 AND hash = $4";
    FACTS_PAGE = "SELECT name, facts_version, first_start, last_end, alarm_first, alarm_last, floating, recurring, transparent, status \
                  FROM objects WHERE home_id = $1 AND collection_id = $2 AND name > $3 ORDER BY name LIMIT $4";

    // Folders and files.
    ADD_FOLDER = "INSERT INTO folders (home_id, folder_id, parent_id, name, position, created_at, changed_position, altered_position) \
                  VALUES ($1, $2, $3, $4, $5, $6, $5, $5)";
    FOLDER = concat!(folder_columns!(), "AND parent_id = $2 AND name = $3");
    FOLDER_BY_ID = concat!(folder_columns!(), "AND folder_id = $2");
    FOLDERS = concat!(folder_columns!(), "ORDER BY folder_id");
    FOLDERS_PAGE = concat!(folder_columns!(), "AND parent_id = $2 AND name > $3 ORDER BY name LIMIT $4");
    FOLDERS_NAMED = concat!(folder_columns!(), "AND parent_id = $2 AND name IN (SELECT value FROM json_each($3))");
    SET_FOLDER_CHANGED = "UPDATE folders SET changed_position = $3 WHERE home_id = $1 AND folder_id = $2";
    SET_FOLDER_ALTERED = "UPDATE folders SET altered_position = $3 WHERE home_id = $1 AND folder_id = $2";
    PLACE_FOLDER = "UPDATE folders SET parent_id = $3, name = $4, position = $5 WHERE home_id = $1 AND folder_id = $2";
    REMOVE_TREE_FILES = concat!("DELETE FROM files WHERE home_id = $1 AND folder_id IN (", folder_tree!(), "SELECT folder_id FROM tree)");
    REMOVE_TREE_PROPERTIES =
        concat!("DELETE FROM properties WHERE home_id = $1 AND collection_id IN (", folder_tree!(), "SELECT folder_id FROM tree)");
    REMOVE_TREE = concat!("DELETE FROM folders WHERE home_id = $1 AND folder_id IN (", folder_tree!(), "SELECT folder_id FROM tree)");
    TREE = concat!(
        folder_tree!(),
        "SELECT (SELECT COUNT(*) FROM tree) + \
         (SELECT COUNT(*) FROM files WHERE home_id = $1 AND folder_id IN (SELECT folder_id FROM tree)), \
         (SELECT COALESCE(MAX(level), 0) FROM tree)");
    PUT_FILE = "INSERT INTO files (home_id, folder_id, name, hash, size, media_type, position, created_at, modified_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                ON CONFLICT (home_id, folder_id, name) DO UPDATE SET hash = excluded.hash, size = excluded.size, \
                    media_type = excluded.media_type, position = excluded.position, modified_at = excluded.modified_at";
    REMOVE_FILE = "DELETE FROM files WHERE home_id = $1 AND folder_id = $2 AND name = $3";
    FILE = concat!(file_columns!(), "AND name = $3");
    FILES_PAGE = concat!(file_columns!(), "AND name > $3 ORDER BY name LIMIT $4");
    FILES_NAMED = concat!(file_columns!(), "AND name IN (SELECT value FROM json_each($3))");
    MEMBERS_BY_POSITION = "SELECT name, position FROM files WHERE home_id = $1 AND folder_id = $2 AND position > $3 \
                           UNION ALL SELECT name, position FROM folders WHERE home_id = $1 AND parent_id = $2 AND position > $3 \
                           ORDER BY 2 LIMIT $4";
    COUNT_FILES = "SELECT (SELECT COUNT(*) FROM files WHERE home_id = $1) + (SELECT COUNT(*) FROM folders WHERE home_id = $1)";

    // Bodies of files.
    ADD_BLOB = "INSERT INTO blobs (home_id, blob_id, hash, size, begun_at) VALUES ($1, $2, $3, $4, $5)";
    GROW_BLOB = "UPDATE blobs SET size = size + $3 WHERE home_id = $1 AND blob_id = $2 AND hash IS NULL";
    NAME_BLOB = "UPDATE blobs SET hash = $3 WHERE home_id = $1 AND blob_id = $2 AND hash IS NULL";
    ADD_CHUNK = "INSERT INTO chunks (home_id, blob_id, number, content) VALUES ($1, $2, $3, $4)";
    BLOB = "SELECT blob_id FROM blobs WHERE home_id = $1 AND hash = $2";
    CHUNK = "SELECT content FROM chunks WHERE home_id = $1 AND blob_id = $2 AND number = $3";
    FILE_BYTES = "SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM blobs WHERE home_id = $1";
    REMOVE_ARRIVING_BLOB = "DELETE FROM blobs WHERE home_id = $1 AND blob_id = $2 AND hash IS NULL";
    REMOVE_CHUNKS = "DELETE FROM chunks WHERE home_id = $1 AND blob_id = $2";
    RELEASE_CHUNKS = concat!(
        "DELETE FROM chunks WHERE home_id = $1 AND blob_id IN (SELECT b.blob_id FROM blobs b WHERE b.hash = $2 AND ", released!(), ")");
    RELEASE_BLOB = concat!("DELETE FROM blobs AS b WHERE b.hash = $2 AND ", released!());
    RELEASE_ALL_CHUNKS = concat!(
        "DELETE FROM chunks WHERE home_id = $1 AND blob_id IN (SELECT b.blob_id FROM blobs b WHERE ", released!(), ")");
    RELEASE_ALL_BLOBS = concat!("DELETE FROM blobs AS b WHERE ", released!());
    ABANDONED_BLOBS = "SELECT home_id, blob_id FROM blobs WHERE hash IS NULL AND begun_at < $1 LIMIT $2";

    // Followers.
    MARK = "INSERT INTO marks (follower, home_id, position) VALUES ($1, $2, $3) \
            ON CONFLICT (follower, home_id) DO UPDATE SET position = excluded.position";
    MARKED = "SELECT m.home_id, m.position, COALESCE(c.position, 0), COALESCE(c.failures, 0) FROM marks m \
              LEFT JOIN cursors c ON c.follower = m.follower AND c.home_id = m.home_id \
              WHERE m.follower = $1 AND m.position > COALESCE(c.position, 0) ORDER BY m.home_id LIMIT $2";
    SET_CURSOR = "INSERT INTO cursors (follower, home_id, position, failures) VALUES ($1, $2, $3, $4) \
                  ON CONFLICT (follower, home_id) DO UPDATE SET position = excluded.position, failures = excluded.failures";
    PARK = "INSERT INTO parked (follower, home_id, position, error, at) VALUES ($1, $2, $3, $4, $5) \
            ON CONFLICT (follower, home_id, position) DO UPDATE SET error = excluded.error, at = excluded.at";

    // Erasing a principal: everything that is theirs. The log goes below its last baseline.
    ERASE_BODIES = "DELETE FROM bodies WHERE home_id = $1";
    ERASE_BASELINES = "DELETE FROM baselines WHERE home_id = $1";
    ERASE_BASELINE_ROWS = "DELETE FROM baseline_rows WHERE home_id = $1";
    ERASE_CONTEXT = "DELETE FROM log_context WHERE home_id = $1 OR actor = $1";
    ERASE_MARKS = "DELETE FROM marks WHERE home_id = $1";
    ERASE_CURSORS = "DELETE FROM cursors WHERE home_id = $1";
    ERASE_PARKED = "DELETE FROM parked WHERE home_id = $1";
    ERASE_OBJECTS = "DELETE FROM objects WHERE home_id = $1";
    ERASE_COLLECTIONS = "DELETE FROM collections WHERE home_id = $1";
    ERASE_FOLDERS = "DELETE FROM folders WHERE home_id = $1";
    ERASE_FILES = "DELETE FROM files WHERE home_id = $1";
    ERASE_BLOBS = "DELETE FROM blobs WHERE home_id = $1";
    ERASE_CHUNKS = "DELETE FROM chunks WHERE home_id = $1";
    ERASE_PROPERTIES = "DELETE FROM properties WHERE home_id = $1";
    ERASE_HOME = "DELETE FROM homes WHERE home_id = $1";
    ERASE_ADDRESSES = "DELETE FROM addresses WHERE principal_id = $1";
    ERASE_APP_PASSWORDS = "DELETE FROM app_passwords WHERE principal_id = $1";
    ERASE_PRINCIPAL = "DELETE FROM principals WHERE principal_id = $1";

    READY = "SELECT 1";
    STATUS = "SELECT (SELECT COUNT(*) FROM principals), (SELECT COUNT(*) FROM collections), (SELECT COUNT(*) FROM objects), \
              CAST(COALESCE((SELECT SUM(size) FROM objects), 0) AS BIGINT), (SELECT COUNT(*) FROM files), \
              CAST(COALESCE((SELECT SUM(size) FROM blobs), 0) AS BIGINT), (SELECT COUNT(*) FROM log), \
              (SELECT COUNT(*) FROM marks m LEFT JOIN cursors c ON c.follower = m.follower AND c.home_id = m.home_id \
               WHERE m.position > COALESCE(c.position, 0)), \
              (SELECT COUNT(*) FROM parked), (SELECT MAX(version) FROM _sqlx_migrations)";
}
