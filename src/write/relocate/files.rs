//! COPY and MOVE of files and folders. A folder that is moved keeps its identity, and so everything in it; bodies are never copied.

use http::StatusCode;
use kalends_dav::Refusal;
use kalends_dav::request::Relocate;

use super::{check_members, check_overwrite, copy_properties, done, lock};
use crate::answer::Answer;
use crate::failure::{Error, Failure};
use crate::path::FILE_LEVELS_MAX;
use crate::server::Server;
use crate::store::{Change, CollectionId, Context, FileBody, Folder, HomeId, NewFile, NewFolder, PropertyValue, StoredFile, Walked, Write};
use crate::target::Target;
use crate::write::conditions;
use crate::write::files::{FilePlace, check_count, no_parent, remove, validators_of};

pub async fn relocate(
    server: &Server,
    source: &Target,
    destination: &Target,
    request: &Relocate,
    context: Context,
) -> Result<Answer, Error> {
    let (from, to) = (FilePlace::of(source)?, FilePlace::of(destination)?);
    let home = from.home;
    if home != to.home {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "a file goes to another account by GET and PUT").into());
    }
    check_paths(from.path, to.path, request)?;
    let mut write = lock(server, home, home, context).await?;
    let there = from.now(&mut write).await?;
    let validators = validators_of(home, &there).ok_or_else(Refusal::not_found)?;
    conditions::check(server, source, &request.conditions, Some(&validators), &mut write).await?;
    let taken = to.now(&mut write).await?;
    let parent = match &taken {
        Walked::Free(parent) | Walked::File(parent, _) => parent.id,
        Walked::Folder(folder) => folder.parent,
        Walked::Nowhere => return Err(no_parent().into()),
    };
    let is_taken = !matches!(taken, Walked::Free(_));
    check_overwrite(request, is_taken)?;
    remove(home, &taken, &mut write).await?;
    let place = (parent, to.name()?);
    match &there {
        Walked::File(folder, file) => relocate_file(server, home, (folder, file), place, request.moves, &mut write).await?,
        Walked::Folder(folder) => {
            let (members, levels) = write.tree(home, folder.id).await?;
            check_levels(to.path, if request.with_members { levels } else { 1 })?;
            if request.moves {
                move_folder(home, folder, place, &mut write).await?;
            } else if request.with_members {
                check_members(members, server, &mut write)?;
                check_count(members, home, &server.limits(), &mut write).await?;
                copy_tree(home, folder, place, &mut write).await?;
            } else {
                check_count(1, home, &server.limits(), &mut write).await?;
                copy_folder(home, folder, place, &mut write).await?;
            }
        }
        Walked::Free(_) | Walked::Nowhere => return Err(Refusal::not_found().into()),
    }
    write.commit().await?;
    Ok(done(is_taken))
}

/// RFC 4918 §9.8.5, §9.9.4: nothing goes into itself, or takes the place of what it is in.
fn check_paths(from: &[String], to: &[String], request: &Relocate) -> Result<(), Refusal> {
    if (request.with_members && to.starts_with(from)) || from.starts_with(to) {
        return Err(Refusal::status(StatusCode::FORBIDDEN, "one of source and destination is inside of the other"));
    }
    Ok(())
}

fn check_levels(to: &[String], levels: i64) -> Result<(), Refusal> {
    let below = usize::try_from(levels).unwrap_or(usize::MAX);
    if to.len().saturating_add(below) <= FILE_LEVELS_MAX + 1 {
        return Ok(());
    }
    Err(Refusal::status(StatusCode::FORBIDDEN, format!("files lie at most {FILE_LEVELS_MAX} levels deep")))
}

async fn relocate_file(
    server: &Server,
    home: HomeId,
    (folder, file): (&Folder, &StoredFile),
    (parent, name): (CollectionId, &str),
    moves: bool,
    write: &mut Write,
) -> Result<(), Error> {
    if !moves {
        check_count(1, home, &server.limits(), write).await?;
    }
    put_again(home, (folder.id, file), (parent, name), moves, write).await?;
    if moves {
        write.append(home, Change::FileDeleted { folder: folder.id, name: &file.name, before: file.hash }).await?;
    }
    Ok(())
}

/// The same file with its properties at another place; what it was stays until it is there, or its body would go.
async fn put_again(
    home: HomeId,
    (folder, file): (CollectionId, &StoredFile),
    (parent, name): (CollectionId, &str),
    moves: bool,
    write: &mut Write,
) -> Result<(), Failure> {
    let new = NewFile {
        hash: file.hash,
        size: file.size,
        media_type: file.media_type.clone(),
        created_at: moves.then_some(file.created_at),
        body: FileBody::There,
    };
    let properties = write.properties(home, folder, &file.name).await?;
    write.append(home, Change::FilePut { folder: parent, name, new: &new, before: None }).await?;
    copy_properties(&properties, home, parent, name, write).await
}

async fn move_folder(home: HomeId, folder: &Folder, (parent, name): (CollectionId, &str), write: &mut Write) -> Result<(), Failure> {
    write.append(home, Change::Left { parent: folder.parent, name: &folder.name, moved: folder.id }).await?;
    write.append(home, Change::Came { parent, name, moved: folder.id }).await?;
    Ok(())
}

/// The folder alone, with its properties.
async fn copy_folder(
    home: HomeId,
    folder: &Folder,
    (parent, name): (CollectionId, &str),
    write: &mut Write,
) -> Result<CollectionId, Failure> {
    let properties = write.properties(home, folder.id, "").await?;
    let new = NewFolder { properties: properties.iter().map(PropertyValue::from).collect() };
    let made = write.append(home, Change::FolderCreated { parent, name, new: &new }).await?;
    Ok(CollectionId(made.0))
}

/// The folder with everything in it. The destination is not inside, so this ends.
async fn copy_tree(home: HomeId, folder: &Folder, (parent, name): (CollectionId, &str), write: &mut Write) -> Result<(), Failure> {
    let mut open = vec![(folder.clone(), parent, name.to_owned())];
    while let Some((folder, parent, name)) = open.pop() {
        let copy = copy_folder(home, &folder, (parent, &name), write).await?;
        let mut after = String::new();
        loop {
            let page = write.files_page(home, folder.id, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for file in &page {
                put_again(home, (folder.id, file), (copy, &file.name), false, write).await?;
            }
        }
        after.clear();
        loop {
            let page = write.folders_page(home, folder.id, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            open.extend(page.into_iter().map(|below| (below.clone(), copy, below.name)));
        }
    }
    Ok(())
}
