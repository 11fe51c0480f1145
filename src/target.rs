//! What a request is about: a place resolved by the database, with its owner.

use std::sync::Arc;

use kalends_dav::Kind;
use kalends_dav::privilege::PrivilegeSet;

use crate::failure::Failure;
use crate::gate;
use crate::path::Place;
use crate::store::{Bodies, Collection, CollectionId, Folder, Principal, Store, StoredFile, StoredObject, Walked};

/// A resolved URL.
#[derive(Debug, Clone)]
pub struct Target {
    /// The path as the client spelt it.
    pub href: String,
    pub place: Place,
    /// Who owns what is, or could be, there.
    pub owner: Option<Arc<Principal>>,
    pub found: Found,
}

/// What is there.
#[derive(Debug, Clone)]
pub enum Found {
    /// A resource that needs no row of its own: root, principals, a principal, homes, a home.
    Fixed(Kind),
    Collection(Box<Collection>),
    Object(Box<Collection>, Box<StoredObject>),
    /// The root of somebody's files is one too.
    Folder(Box<Folder>),
    /// A file, and the folder it is in.
    File(Box<Folder>, Box<StoredFile>),
    /// Nothing; what its parent is, if there is one.
    Nothing(Option<Kind>),
}

impl Target {
    /// Asks the database what is at a place. A GET reads the body along.
    pub async fn resolve(store: &Store, href: &str, place: Place, viewer: &Arc<Principal>, bodies: Bodies) -> Result<Self, Failure> {
        let (owner, found) = match &place {
            Place::Root => (None, Found::Fixed(Kind::Root)),
            Place::Principals => (None, Found::Fixed(Kind::Principals)),
            Place::Homes => (None, Found::Fixed(Kind::Homes)),
            Place::Nowhere => (None, Found::Nothing(None)),
            Place::Principal(user) => of_owner(store, user, viewer, Found::Fixed(Kind::Principal)).await?,
            Place::Home(user) => of_owner(store, user, viewer, Found::Fixed(Kind::Home)).await?,
            Place::Collection { home, segment } => in_home(store, home, segment, None, viewer, bodies).await?,
            Place::Object { home, segment, name } => in_home(store, home, segment, Some(name), viewer, bodies).await?,
            Place::FileHomes => (None, Found::Fixed(Kind::FileHomes)),
            Place::File { home, path } => among_files(store, home, path, viewer).await?,
        };
        Ok(Self { href: href.to_owned(), place, owner, found })
    }

    /// What is there, or `None`.
    pub fn kind(&self) -> Option<Kind> {
        match &self.found {
            Found::Fixed(kind) => Some(*kind),
            Found::Collection(collection) => Some(collection.kind),
            Found::Object(..) => Some(Kind::Object),
            Found::Folder(folder) => Some(kind_of_folder(folder)),
            Found::File(..) => Some(Kind::File),
            Found::Nothing(_) => None,
        }
    }

    /// What its parent is, whether or not anything is there itself.
    pub fn parent_kind(&self) -> Option<Kind> {
        match &self.found {
            Found::Object(collection, _) => Some(collection.kind),
            Found::Collection(_) => Some(Kind::Home),
            // The parent of what is directly in the root may be asked as any folder: the gate does not tell them apart.
            Found::Folder(folder) => (folder.id != CollectionId::FILES).then_some(Kind::Folder),
            Found::File(folder, _) => Some(kind_of_folder(folder)),
            Found::Fixed(_) => None,
            Found::Nothing(parent) => *parent,
        }
    }

    /// What the viewer may do with a resource of that kind here.
    pub fn privileges(&self, viewer: &Principal, kind: Kind) -> PrivilegeSet {
        gate::privileges(viewer, kind, self.owner.as_deref())
    }

    /// Whether the viewer owns it or may at least see it: what is in another's home is not even told to be missing.
    pub fn is_hidden(&self, viewer: &Principal) -> bool {
        let in_a_home = matches!(self.place, Place::Home(_) | Place::Collection { .. } | Place::Object { .. } | Place::File { .. });
        in_a_home
            && self.owner.as_ref().is_some_and(|owner| owner.id != viewer.id)
            && self.privileges(viewer, Kind::Home) == PrivilegeSet::NONE
    }
}

fn kind_of_folder(folder: &Folder) -> Kind {
    if folder.id == CollectionId::FILES { Kind::FileHome } else { Kind::Folder }
}

/// The principal of a segment; the viewer is known already.
pub async fn principal_of(store: &Store, segment: &str, viewer: &Arc<Principal>) -> Result<Option<Arc<Principal>>, Failure> {
    if viewer.segment == segment {
        return Ok(Some(Arc::clone(viewer)));
    }
    Ok(store.principal_by_segment(segment).await?.map(Arc::new))
}

async fn of_owner(store: &Store, segment: &str, viewer: &Arc<Principal>, found: Found) -> Result<(Option<Arc<Principal>>, Found), Failure> {
    let owner = principal_of(store, segment, viewer).await?;
    let found = if owner.is_some() { found } else { Found::Nothing(None) };
    Ok((owner, found))
}

/// Looks into a home only for those who may see it.
async fn in_home(
    store: &Store,
    home: &str,
    segment: &str,
    name: Option<&String>,
    viewer: &Arc<Principal>,
    bodies: Bodies,
) -> Result<(Option<Arc<Principal>>, Found), Failure> {
    let Some(owner) = principal_of(store, home, viewer).await? else { return Ok((None, Found::Nothing(None))) };
    if gate::privileges(viewer, Kind::Home, Some(&owner)) == PrivilegeSet::NONE {
        return Ok((Some(owner), Found::Nothing(None)));
    }
    let collection = store.collection(owner.home(), segment).await?;
    let found = match (collection, name) {
        (None, None) => Found::Nothing(Some(Kind::Home)),
        (None, Some(_)) => Found::Nothing(None),
        (Some(collection), None) => Found::Collection(Box::new(collection)),
        (Some(collection), Some(name)) => match store.object(owner.home(), collection.id, name, bodies).await? {
            Some(object) => Found::Object(Box::new(collection), Box::new(object)),
            None => Found::Nothing(Some(collection.kind)),
        },
    };
    Ok((Some(owner), found))
}

/// Looks among somebody's files, only for those who may see them.
async fn among_files(
    store: &Store,
    home: &str,
    path: &[String],
    viewer: &Arc<Principal>,
) -> Result<(Option<Arc<Principal>>, Found), Failure> {
    let Some(owner) = principal_of(store, home, viewer).await? else { return Ok((None, Found::Nothing(None))) };
    if gate::privileges(viewer, Kind::FileHome, Some(&owner)) == PrivilegeSet::NONE {
        return Ok((Some(owner), Found::Nothing(None)));
    }
    let found = match store.walk(owner.home(), path).await? {
        Walked::Folder(folder) => Found::Folder(Box::new(folder)),
        Walked::File(folder, file) => Found::File(Box::new(folder), Box::new(file)),
        Walked::Free(folder) => Found::Nothing(Some(kind_of_folder(&folder))),
        Walked::Nowhere => Found::Nothing(None),
    };
    Ok((Some(owner), found))
}
