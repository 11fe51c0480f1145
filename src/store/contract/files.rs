//! The contract of folders, files and their bodies.

use super::*;

/// A body of that many chunks and a half.
fn body(seed: u8, chunks: usize) -> Vec<u8> {
    (0..chunks * CHUNK_BYTES + CHUNK_BYTES / 2).map(|at| (at % 251) as u8 ^ seed).collect()
}

/// What PUT does, without HTTP.
async fn put(store: &Store, home: HomeId, path: &[&str], content: &[u8]) {
    let mut receiving = Receiving::new(store, home, ENVIRONMENT.uuid(), 0);
    for piece in content.chunks(10_000) {
        receiving.push(piece).await.unwrap();
    }
    let (hash, size, body) = receiving.finish().await.unwrap();
    let new = NewFile { hash, size, media_type: "text/plain".into(), created_at: None, body };
    let mut write = store.write(&[home], context()).await.unwrap().unwrap();
    let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
    let (folder, before) = match write.walk(home, &path).await.unwrap() {
        Walked::Free(folder) => (folder, None),
        Walked::File(folder, file) => (folder, Some(file.hash)),
        other => panic!("{other:?}"),
    };
    write.append(home, Change::FilePut { folder: folder.id, name: path.last().unwrap(), new: &new, before }).await.unwrap();
    write.commit().await.unwrap();
}

async fn make(store: &Store, home: HomeId, parent: CollectionId, name: &str) -> CollectionId {
    let property = PropertyValue { namespace: "urn:x".into(), local: "p".into(), xml: "<p xmlns='urn:x'/>".into() };
    let mut write = store.write(&[home], context()).await.unwrap().unwrap();
    let new = NewFolder { properties: vec![property] };
    let position = write.append(home, Change::FolderCreated { parent, name, new: &new }).await.unwrap();
    write.commit().await.unwrap();
    CollectionId(position.0)
}

async fn append(store: &Store, home: HomeId, changes: &[Change<'_>]) {
    let mut write = store.write(&[home], context()).await.unwrap().unwrap();
    for change in changes {
        write.append(home, change.clone()).await.unwrap();
    }
    write.commit().await.unwrap();
}

async fn count(store: &Store, statement: &'static str) -> i64 {
    store.database.clone().row(statement, &[]).await.unwrap().unwrap().integer(0).unwrap()
}

async fn read(store: &Store, home: HomeId, content: &[u8]) -> Vec<u8> {
    let blob = store.blob(home, Hash::of(content)).await.unwrap().unwrap();
    let mut read = Vec::new();
    while read.len() < content.len() {
        read.extend(store.chunk(&blob, i64::try_from(read.len() / CHUNK_BYTES).unwrap()).await.unwrap());
    }
    read
}

pub async fn verify_rebuilds_every_change_of_files(store: Store) {
    let home = add(&store, "ann").await;
    let a = make(&store, home, CollectionId::FILES, "a").await;
    let b = make(&store, home, a, "b").await;
    let c = make(&store, home, b, "c").await;
    put(&store, home, &["a", "b", "c", "deep"], b"deep").await;
    put(&store, home, &["top"], &body(0, 40)).await;
    put(&store, home, &["top"], &body(1, 0)).await;
    put(&store, home, &["gone"], b"").await;
    let set = Alteration { set: vec![PropertyValue { namespace: String::new(), local: "q".into(), xml: "<q/>".into() }], removed: vec![] };
    let alter = |collection, name| Change::PropertiesAltered { collection, name, alteration: &set };
    append(&store, home, &[alter(CollectionId::FILES, ""), alter(c, ""), alter(CollectionId::FILES, "top"), alter(c, "deep")]).await;
    append(&store, home, &[Change::FileDeleted { folder: CollectionId::FILES, name: "gone", before: Hash::of(b"") }]).await;
    let moved = [Change::Left { parent: a, name: "b", moved: b }, Change::Came { parent: CollectionId::FILES, name: "b2", moved: b }];
    append(&store, home, &moved).await;
    let calendar = calendar(&store, home).await.id;
    let home_itself = CollectionId::HOME;
    let left = Change::Left { parent: home_itself, name: "calendar", moved: calendar };
    append(&store, home, &[left, Change::Came { parent: home_itself, name: "moved", moved: calendar }]).await;
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.collections, found.objects, found.differences), (7, 2, vec![]));
    // From a baseline it goes on.
    store.prune(home, i64::MAX, 0).await.unwrap();
    put(&store, home, &["b2", "c", "deep"], b"deeper").await;
    append(&store, home, &[Change::FolderRemoved { parent: CollectionId::FILES, name: "a", folder: a }]).await;
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.changes, found.collections, found.objects, found.differences), (2, 6, 2, vec![]));
    append(&store, home, &[Change::FolderRemoved { parent: CollectionId::FILES, name: "b2", folder: b }]).await;
    let found = store.verify(home).await.unwrap().unwrap();
    assert_eq!((found.collections, found.objects, found.differences), (4, 1, vec![]));
}

pub async fn verify_names_files_that_were_tampered_with(store: Store) {
    let home = add(&store, "ann").await;
    make(&store, home, CollectionId::FILES, "a").await;
    put(&store, home, &["a", "b"], &body(0, 2)).await;
    for statement in [
        "UPDATE chunks SET content = (SELECT c.content FROM chunks c WHERE c.number = 0) WHERE number = 1",
        "UPDATE files SET media_type = 'text/html'",
        "UPDATE files SET size = 1",
        "UPDATE folders SET changed_position = 1",
        "UPDATE folders SET name = 'z' WHERE name <> ''",
        "DELETE FROM files",
        "DELETE FROM folders",
    ] {
        let before = store.verify(home).await.unwrap().unwrap().differences;
        execute(&store, statement).await.unwrap();
        let after = store.verify(home).await.unwrap().unwrap().differences;
        assert_ne!(before, after, "{statement}");
    }
}

pub async fn bodies_are_read_back_and_go_with_their_last_file(store: Store) {
    let home = add(&store, "ann").await;
    let (large, small) = (body(0, 37), b"small".to_vec());
    for (name, content) in [("a", &large), ("b", &large), ("c", &small)] {
        put(&store, home, &[name], content).await;
    }
    assert!(read(&store, home, &large).await == large && read(&store, home, &small).await == small);
    assert_eq!(count(&store, "SELECT COUNT(*) FROM chunks").await, 38 + 1, "the same content lies there once");
    assert_eq!(store.file_bytes(home).await.unwrap(), i64::try_from(large.len() + small.len()).unwrap());
    put(&store, home, &["a"], &small).await;
    assert_eq!(count(&store, "SELECT COUNT(*) FROM chunks").await, 38 + 1);
    let before = Hash::of(&large);
    append(&store, home, &[Change::FileDeleted { folder: CollectionId::FILES, name: "b", before }]).await;
    assert_eq!(count(&store, "SELECT COUNT(*) FROM chunks").await, 1);
    assert_eq!(store.file_bytes(home).await.unwrap(), 5);
}

pub async fn a_body_that_becomes_no_file_is_removed(store: Store) {
    let home = add(&store, "ann").await;
    let content = body(0, 40);
    for finishes in [false, true] {
        let mut receiving = Receiving::new(&store, home, ENVIRONMENT.uuid(), 1000);
        receiving.push(&content).await.unwrap();
        assert!(store.file_bytes(home).await.unwrap() > 0);
        if finishes {
            receiving.finish().await.unwrap();
        } else {
            receiving.discard().await;
            assert_eq!(store.file_bytes(home).await.unwrap(), 0);
        }
    }
    // A server that was killed removes nothing; one that goes on does, after a while.
    assert!(!store.remove_abandoned_blobs(1000).await.unwrap());
    assert!(store.file_bytes(home).await.unwrap() > 0);
    assert!(store.remove_abandoned_blobs(1001).await.unwrap());
    assert_eq!(count(&store, "SELECT COUNT(*) FROM blobs").await + count(&store, "SELECT COUNT(*) FROM chunks").await, 0);
}

pub async fn erasing_while_a_body_arrives_leaves_no_row_behind(store: Store) {
    let home = add(&store, "ann").await;
    put(&store, home, &["a"], &body(1, 1)).await;
    let arriving = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut receiving = Receiving::new(&store, home, ENVIRONMENT.uuid(), 0);
            for round in 0..40 {
                if receiving.push(&body(round, 16)).await.is_err() {
                    return receiving.discard().await;
                }
            }
        })
    };
    tokio::time::sleep(std::time::Duration::from_millis(30)).await;
    store.erase(home.0, 0).await.unwrap();
    arriving.await.unwrap();
    for statement in
        ["SELECT COUNT(*) FROM folders", "SELECT COUNT(*) FROM files", "SELECT COUNT(*) FROM blobs", "SELECT COUNT(*) FROM chunks"]
    {
        assert_eq!(count(&store, statement).await, 0, "{statement}");
    }
}
