//! PUT, DELETE and MKCOL among files: RFC 4918 §9.7, §9.6, §9.3.

use http::{StatusCode, header};
use kalends_dav::condition::{Conditions, Validators};
use kalends_dav::multistatus::mkcol_response;
use kalends_dav::name::{DAV, Name};
use kalends_dav::property::{PropertyRefusal, check};
use kalends_dav::request::{MakeCollection, Put};
use kalends_dav::xml::Element;
use kalends_dav::{Kind, Precondition, Refusal};

use super::conditions;
use super::make_collection::exists;
use super::proppatch::{check_quota, check_size};
use crate::answer::{Answer, XML};
use crate::failure::Error;
use crate::http::Upload;
use crate::path::Place;
use crate::server::{RequestLimits, Server};
use crate::store::{
    Alteration, Change, Context, FileBody, HomeId, NewFile, NewFolder, PropertyValue, Receiving, StoredFile, Walked, Write,
};
use crate::target::{Found, Target};
use crate::validators;

/// Bytes of a `Content-Type`.
const MEDIA_TYPE_BYTES_MAX: usize = 255;
/// RFC 9110 §8.3: of what nothing is said.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// Where a file or folder is, or is to be.
pub(super) struct FilePlace<'a> {
    pub home: HomeId,
    pub path: &'a [String],
}

impl<'a> FilePlace<'a> {
    pub fn of(target: &'a Target) -> Result<Self, Refusal> {
        match (&target.place, &target.owner) {
            (Place::File { path, .. }, Some(owner)) => Ok(Self { home: owner.home(), path }),
            _ => Err(Refusal::not_found()),
        }
    }

    /// What is there, read under the lock.
    pub async fn now(&self, write: &mut Write) -> Result<Walked, Error> {
        Ok(write.walk(self.home, self.path).await?)
    }

    /// The last name of the path.
    pub fn name(&self) -> Result<&'a str, Refusal> {
        self.path.last().map(String::as_str).ok_or_else(|| Refusal::status(StatusCode::FORBIDDEN, "this is the root of the files"))
    }
}

/// What is at a target's place, read under the lock.
pub(super) async fn now(target: &Target, write: &mut Write) -> Result<Walked, Error> {
    FilePlace::of(target)?.now(write).await
}

/// RFC 4918 §9.7.1, §9.8.5.
pub(super) fn no_parent() -> Refusal {
    Refusal::status(StatusCode::CONFLICT, "the collection this would be a member of does not exist")
}

/// Stores a file of any type. Its body arrives before the home is locked.
pub async fn put_file(server: &Server, target: &Target, put: Put, upload: &mut Upload, context: Context) -> Result<Answer, Error> {
    let at = FilePlace::of(target)?;
    let media_type = put.media_type.clone().unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
    if media_type.len() > MEDIA_TYPE_BYTES_MAX {
        return Err(Refusal::bad_request(format!("a Content-Type has at most {MEDIA_TYPE_BYTES_MAX} bytes")).into());
    }
    // What does not hold now need not arrive; whether it still holds then is judged under the lock.
    put.conditions.check(found(target).as_ref())?;
    let (hash, size, body) = receive(server, at.home, upload, &context).await?;
    let arrived = if let FileBody::Arrived { id } = &body { Some(id.clone()) } else { None };
    let new = NewFile { hash, size, media_type, created_at: None, body };
    let stored = store(server, target, &at, &put.conditions, &new, context).await;
    if let (Some(id), Err(_) | Ok((_, false))) = (arrived, &stored) {
        server.store.discard_or_warn(at.home, &id).await;
    }
    let (status, _) = stored?;
    Ok(Answer::empty(status).with(header::ETAG, &hash.etag()))
}

/// What was there when the request began.
fn found(target: &Target) -> Option<Validators> {
    if let Found::File(_, file) = &target.found { Some(validators::of_file(file)) } else { None }
}

/// Takes in a body, within what the home may hold.
async fn receive(
    server: &Server,
    home: HomeId,
    upload: &mut Upload,
    context: &Context,
) -> Result<(crate::store::Hash, i64, FileBody), Error> {
    let limits = server.limits();
    let used = server.store.file_bytes(home).await?;
    let announced = upload.announced.filter(|bytes| *bytes <= limits.file_bytes_max);
    check_bytes(used.saturating_add_unsigned(announced.unwrap_or(0)), &limits)?;
    let mut receiving = Receiving::new(&server.store, home, server.environment.uuid(), context.at);
    match pieces(&mut receiving, upload, &limits).await {
        Ok(()) => {
            let received = receiving.finish().await?;
            if let (_, size, FileBody::Small { .. }) = &received {
                // Nothing of it is written yet, and small ones that come at once exceed the bound by little.
                check_bytes(used.saturating_add(*size), &limits)?;
            }
            Ok(received)
        }
        Err(error) => {
            receiving.discard().await;
            Err(error)
        }
    }
}

async fn pieces(receiving: &mut Receiving<'_>, upload: &mut Upload, limits: &RequestLimits) -> Result<(), Error> {
    while let Some(piece) = upload.next().await? {
        if let Some(bytes) = receiving.push(&piece).await? {
            check_bytes(bytes, limits)?;
        }
    }
    Ok(())
}

/// RFC 4331 §6.
fn check_bytes(bytes: i64, limits: &RequestLimits) -> Result<(), Refusal> {
    if u64::try_from(bytes).unwrap_or(0) <= limits.files_bytes_max {
        return Ok(());
    }
    let message = format!("the files of one account have at most {} bytes together", limits.files_bytes_max);
    Err(Refusal::rule(Precondition::QuotaNotExceeded, message))
}

/// How many files and folders a home may have.
pub(super) async fn check_count(more: i64, home: HomeId, limits: &RequestLimits, write: &mut Write) -> Result<(), Error> {
    if write.count_files(home).await?.saturating_add(more) <= limits.files_max {
        return Ok(());
    }
    let message = format!("an account has at most {} files and folders", limits.files_max);
    Err(Refusal::rule(Precondition::QuotaNotExceeded, message).into())
}

/// The transaction of a PUT: its status, and whether anything changed.
async fn store(
    server: &Server,
    target: &Target,
    at: &FilePlace<'_>,
    asked: &Conditions,
    new: &NewFile,
    context: Context,
) -> Result<(StatusCode, bool), Error> {
    let limits = server.limits();
    let mut write = server.store.write(&[at.home], context).await?.ok_or_else(Refusal::not_found)?;
    let (folder, current): (_, Option<StoredFile>) = match at.now(&mut write).await? {
        Walked::File(folder, file) => (folder, Some(file)),
        Walked::Free(folder) => (folder, None),
        Walked::Folder(_) => return Err(Refusal::status(StatusCode::METHOD_NOT_ALLOWED, "there is a collection at this URL").into()),
        Walked::Nowhere => return Err(no_parent().into()),
    };
    conditions::check(server, target, asked, current.as_ref().map(validators::of_file).as_ref(), &mut write).await?;
    if current.is_none() {
        check_count(1, at.home, &limits, &mut write).await?;
    }
    let changes = current.as_ref().is_none_or(|file| file.hash != new.hash || file.media_type != new.media_type);
    if changes {
        let before = current.as_ref().map(|file| file.hash);
        write.append(at.home, Change::FilePut { folder: folder.id, name: at.name()?, new, before }).await?;
    }
    write.commit().await?;
    Ok((if current.is_some() { StatusCode::NO_CONTENT } else { StatusCode::CREATED }, changes))
}

/// Removes a file, or a folder with everything in it: all or nothing, so that no member is left to be told of (RFC 4918 §9.6.1).
pub async fn delete_file(server: &Server, target: &Target, asked: &Conditions, context: Context) -> Result<Answer, Error> {
    let at = FilePlace::of(target)?;
    let mut write = server.store.write(&[at.home], context).await?.ok_or_else(Refusal::not_found)?;
    let there = at.now(&mut write).await?;
    let Some(validators) = validators_of(at.home, &there) else {
        // It is told to be gone once it is.
        write.commit().await?;
        return Err(Refusal::not_found().into());
    };
    conditions::check(server, target, asked, Some(&validators), &mut write).await?;
    remove(at.home, &there, &mut write).await?;
    write.commit().await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// What a file or folder is told apart by; `None` of nothing.
pub(super) fn validators_of(home: HomeId, there: &Walked) -> Option<Validators> {
    match there {
        Walked::File(_, file) => Some(validators::of_file(file)),
        Walked::Folder(folder) => Some(validators::of_folder(home, folder)),
        Walked::Free(_) | Walked::Nowhere => None,
    }
}

/// Removes what is there; nothing where nothing is.
pub(super) async fn remove(home: HomeId, there: &Walked, write: &mut Write) -> Result<(), Error> {
    let change = match there {
        Walked::File(folder, file) => Change::FileDeleted { folder: folder.id, name: &file.name, before: file.hash },
        Walked::Folder(folder) => Change::FolderRemoved { parent: folder.parent, name: &folder.name, folder: folder.id },
        Walked::Free(_) | Walked::Nowhere => return Ok(()),
    };
    write.append(home, change).await?;
    Ok(())
}

/// MKCOL, perhaps with properties (RFC 5689).
pub async fn make_folder(server: &Server, target: &Target, request: MakeCollection, context: Context) -> Result<Answer, Error> {
    let at = FilePlace::of(target)?;
    check_resourcetype(&request.properties)?;
    let properties: Vec<&Element> = request.properties.iter().filter(|property| !property.name.is(DAV, "resourcetype")).collect();
    let judge = |property: &Element| check(property, Kind::Folder).and_then(|()| check_size(property, &server.limits()));
    let outcome: Vec<(Name, Result<(), PropertyRefusal>)> =
        properties.iter().map(|property| (property.name.clone(), judge(property))).collect();
    if outcome.iter().any(|(_, result)| result.is_err()) {
        let answer = Answer::whole(StatusCode::FAILED_DEPENDENCY, XML, mkcol_response(&outcome));
        return Ok(answer.with_static(header::CACHE_CONTROL, "no-cache"));
    }
    let new = NewFolder { properties: properties.into_iter().map(PropertyValue::of).collect() };
    check_quota(&[], &Alteration { set: new.properties.clone(), ..Alteration::default() }, &server.limits())?;
    let mut write = server.store.write(&[at.home], context).await?.ok_or_else(Refusal::not_found)?;
    let parent = match at.now(&mut write).await? {
        Walked::Free(parent) => parent,
        Walked::Nowhere => return Err(no_parent().into()),
        Walked::File(..) | Walked::Folder(_) => return Err(exists(false).into()),
    };
    conditions::check(server, target, &request.conditions, None, &mut write).await?;
    check_count(1, at.home, &server.limits(), &mut write).await?;
    write.append(at.home, Change::FolderCreated { parent: parent.id, name: at.name()?, new: &new }).await?;
    write.commit().await?;
    Ok(Answer::empty(StatusCode::CREATED).with_static(header::CACHE_CONTROL, "no-cache"))
}

/// RFC 5689 §3.3: among files there are only ordinary collections.
fn check_resourcetype(properties: &[Element]) -> Result<(), Refusal> {
    let resourcetype = properties.iter().find(|property| property.name.is(DAV, "resourcetype"));
    let is_plain = |types: &Element| types.child(DAV, "collection").is_some() && types.elements().count() == 1;
    if resourcetype.is_none_or(is_plain) {
        return Ok(());
    }
    Err(Refusal::rule(Precondition::ValidResourcetype, "among files a collection is DAV:collection and nothing else"))
}
