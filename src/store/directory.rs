//! Principals, their addresses and credentials: operating state beside the log, and the homes that come with it.

use std::collections::HashMap;

use kalends_dav::Kind;
use kalends_dav::name::{DAV, Name};
use kalends_dav::resource::StoredProperty;
use kalends_dav::writer::XmlWriter;
use kalends_ical::UtcMicros;

use super::append::{Change, NewCollection, Write};
use super::database::{Query, Row, arguments};
use super::{Context, HomeId, Position, Store, sql};
use crate::failure::Failure;

/// How many principals one look-up reads.
const PRINCIPALS_MAX: i64 = 10_000;

/// A principal, as a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub id: i64,
    /// The tenant: search, sharing and free-busy stop there.
    pub domain: i64,
    pub uuid: String,
    /// individual, group, room or resource.
    pub kind: String,
    /// Its segment of every URL; never changes.
    pub segment: String,
    pub login: String,
    pub display_name: String,
    /// A PHC string; `None` where only app passwords log in.
    pub password: Option<String>,
    /// Grows with every change of a credential.
    pub credential_version: i64,
    pub disabled: bool,
    pub created_at: UtcMicros,
}

impl Principal {
    /// The home that belongs to it.
    pub fn home(&self) -> HomeId {
        HomeId(self.id)
    }
}

/// A principal to be made.
#[derive(Debug, Clone)]
pub struct NewPrincipal {
    pub login: String,
    pub display_name: String,
    /// Lower-cased, without `mailto:`; the first one is preferred.
    pub addresses: Vec<String>,
    pub password: Option<String>,
    pub uuid: String,
}

/// A password of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    pub id: String,
    pub label: String,
    pub created_at: UtcMicros,
}

/// A look-up of an app password by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPasswordCheck {
    pub principal: i64,
    pub keyed_hash: Vec<u8>,
}

impl Store {
    /// Whether any account exists.
    pub async fn has_principals(&self) -> Result<bool, Failure> {
        Ok(self.database.clone().row(sql::ANY_PRINCIPAL, &[]).await?.is_some())
    }

    /// Makes a principal with its home: inbox, outbox, one calendar for events and one for tasks (Reminders needs its own).
    /// `None` if the login or an address is taken.
    pub async fn add_principal(&self, new: &NewPrincipal, context: Context) -> Result<Option<HomeId>, Failure> {
        let mut transaction = self.database.begin().await?;
        for name in std::iter::once(&new.login).chain(&new.addresses) {
            let by_login = transaction.row(sql::PRINCIPAL_BY_LOGIN, arguments![name]).await?;
            if by_login.is_some() {
                return Ok(None);
            }
        }
        let segment = free_segment(&mut transaction, &new.login).await?;
        let domain = transaction.row(sql::DEFAULT_DOMAIN, &[]).await?.ok_or_else(|| Failure::new("there is no domain"))?.integer(0)?;
        let password = new.password.as_deref();
        let arguments = arguments![domain, &new.uuid, "individual", &segment, &new.login, &new.display_name, password, context.at];
        let row = transaction.row(sql::ADD_PRINCIPAL, arguments).await?;
        let id = row.ok_or_else(|| Failure::new("the principal was not made"))?.integer(0)?;
        for (rank, address) in (0..).zip(&new.addresses) {
            transaction.execute(sql::ADD_ADDRESS, arguments![id, address, rank]).await?;
        }
        transaction.execute(sql::ADD_HOME, arguments![id]).await?;
        transaction.execute(sql::ADD_FILES_ROOT, arguments![id]).await?;
        let home = HomeId(id);
        let mut write = Write::over(transaction, home, Position(0), context);
        for collection in first_collections() {
            write.append(home, Change::CollectionCreated(&collection)).await?;
        }
        write.commit().await?;
        Ok(Some(home))
    }

    pub async fn principal_by_id(&self, id: i64) -> Result<Option<Principal>, Failure> {
        self.principal(sql::PRINCIPAL_BY_ID, id).await
    }

    pub async fn principal_by_segment(&self, segment: &str) -> Result<Option<Principal>, Failure> {
        self.principal(sql::PRINCIPAL_BY_SEGMENT, segment).await
    }

    /// By login or by one of its addresses.
    pub async fn principal_by_login(&self, login: &str) -> Result<Option<Principal>, Failure> {
        self.principal(sql::PRINCIPAL_BY_LOGIN, login.to_lowercase().as_str()).await
    }

    async fn principal<'a>(
        &self,
        statement: &'static str,
        key: impl Into<super::database::Argument<'a>>,
    ) -> Result<Option<Principal>, Failure> {
        let row = self.database.clone().row(statement, &[key.into()]).await?;
        row.as_ref().map(principal).transpose()
    }

    /// All of them, in the order they were made.
    pub async fn principals(&self) -> Result<Vec<Principal>, Failure> {
        let rows = self.database.clone().rows(sql::PRINCIPALS, &[]).await?;
        rows.iter().map(principal).collect()
    }

    /// Those of a domain that can be found by others.
    pub async fn principals_of_domain(&self, domain: i64) -> Result<Vec<Principal>, Failure> {
        let rows = self.database.clone().rows(sql::PRINCIPALS_OF_DOMAIN, arguments![domain, PRINCIPALS_MAX]).await?;
        rows.iter().map(principal).collect()
    }

    /// Addresses without `mailto:`, the preferred one first.
    pub async fn addresses(&self, principal: i64) -> Result<Vec<String>, Failure> {
        let rows = self.database.clone().rows(sql::ADDRESSES, arguments![principal]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// The addresses of everyone in a domain, by principal.
    pub async fn addresses_of_domain(&self, domain: i64) -> Result<HashMap<i64, Vec<String>>, Failure> {
        let rows = self.database.clone().rows(sql::ADDRESSES_OF_DOMAIN, arguments![domain, 4 * PRINCIPALS_MAX]).await?;
        let mut addresses: HashMap<i64, Vec<String>> = HashMap::new();
        for row in rows {
            addresses.entry(row.integer(0)?).or_default().push(row.text(1)?);
        }
        Ok(addresses)
    }

    pub async fn set_password(&self, principal: i64, password: &str) -> Result<(), Failure> {
        self.database.clone().execute(sql::SET_PASSWORD, arguments![principal, password]).await?;
        Ok(())
    }

    /// Shuts an account out since then, what it owns stays; `None` lets it in again.
    pub async fn set_disabled(&self, principal: i64, since: Option<UtcMicros>) -> Result<(), Failure> {
        self.database.clone().execute(sql::SET_DISABLED, arguments![principal, since]).await?;
        Ok(())
    }

    pub async fn add_app_password(&self, principal: i64, id: &str, label: &str, keyed_hash: &[u8], at: UtcMicros) -> Result<(), Failure> {
        let arguments = arguments![id, principal, label, keyed_hash, at];
        self.database.clone().execute(sql::ADD_APP_PASSWORD, arguments).await?;
        Ok(())
    }

    pub async fn app_password(&self, id: &str) -> Result<Option<AppPasswordCheck>, Failure> {
        let row = self.database.clone().row(sql::APP_PASSWORD, arguments![id]).await?;
        row.map(|row| Ok(AppPasswordCheck { principal: row.integer(0)?, keyed_hash: row.bytes(2)? })).transpose()
    }

    pub async fn app_passwords(&self, principal: i64) -> Result<Vec<AppPassword>, Failure> {
        let rows = self.database.clone().rows(sql::APP_PASSWORDS, arguments![principal]).await?;
        rows.iter().map(|row| Ok(AppPassword { id: row.text(0)?, label: row.text(1)?, created_at: row.integer(2)? })).collect()
    }

    /// Revokes an app password and forgets every remembered verification of its principal; `false` if there is none by that id.
    pub async fn revoke_app_password(&self, principal: i64, id: &str, at: UtcMicros) -> Result<bool, Failure> {
        let mut transaction = self.database.begin().await?;
        let revoked = transaction.execute(sql::REVOKE_APP_PASSWORD, arguments![principal, id, at]).await? > 0;
        transaction.execute(sql::BUMP_CREDENTIALS, arguments![principal]).await?;
        transaction.commit().await?;
        Ok(revoked)
    }

    /// Deletes a principal and everything it owns, in one transaction. A baseline lets its log go (the log's trigger asks for one).
    pub async fn erase(&self, id: i64, at: UtcMicros) -> Result<(), Failure> {
        let mut transaction = self.database.begin().await?;
        // Whoever waits for the home to write finds none.
        let Some(row) = transaction.row(sql::LOCK_HOME, arguments![id]).await? else { return Ok(()) };
        let last = row.integer(0)?;
        transaction.execute(sql::ADD_BASELINE, arguments![id, last, at]).await?;
        transaction.execute(sql::PRUNE_LOG, arguments![id, last]).await?;
        transaction.execute(sql::PRUNE_VALUES, arguments![id, last]).await?;
        for statement in ERASED {
            transaction.execute(statement, arguments![id]).await?;
        }
        transaction.commit().await
    }
}

/// In an order that foreign keys allow; blobs before chunks, so that whoever adds one is waited for.
const ERASED: [&str; 18] = [
    sql::ERASE_FOLDERS,
    sql::ERASE_FILES,
    sql::ERASE_BLOBS,
    sql::ERASE_CHUNKS,
    sql::ERASE_OBJECTS,
    sql::ERASE_COLLECTIONS,
    sql::ERASE_BODIES,
    sql::ERASE_BASELINES,
    sql::ERASE_BASELINE_ROWS,
    sql::ERASE_CONTEXT,
    sql::ERASE_MARKS,
    sql::ERASE_CURSORS,
    sql::ERASE_PARKED,
    sql::ERASE_PROPERTIES,
    sql::ERASE_HOME,
    sql::ERASE_ADDRESSES,
    sql::ERASE_APP_PASSWORDS,
    sql::ERASE_PRINCIPAL,
];

fn principal(row: &Row) -> Result<Principal, Failure> {
    Ok(Principal {
        id: row.integer(0)?,
        domain: row.integer(1)?,
        uuid: row.text(2)?,
        kind: row.text(3)?,
        segment: row.text(4)?,
        login: row.text(5)?,
        display_name: row.text(6)?,
        password: row.optional_text(7)?,
        credential_version: row.integer(8)?,
        disabled: row.optional_integer(9)?.is_some(),
        created_at: row.integer(10)?,
    })
}

/// A segment that needs no percent-encoding, so that no client can spell it another way (`@` or `%40`).
async fn free_segment(database: &mut impl Query, login: &str) -> Result<String, Failure> {
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let base: String = login.to_lowercase().chars().map(plain).collect();
    let base = base.trim_matches('.').to_owned();
    let base = if base.is_empty() { "user".to_owned() } else { base };
    let mut segment = base.clone();
    for number in 2.. {
        if database.row(sql::SEGMENT_TAKEN, arguments![&segment]).await?.is_none() {
            break;
        }
        segment = format!("{base}-{number}");
    }
    Ok(segment)
}

/// What every account starts with.
fn first_collections() -> [NewCollection; 4] {
    [
        NewCollection::new("inbox", Kind::Inbox, &["VEVENT", "VTODO", "VFREEBUSY"], &[]),
        NewCollection::new("outbox", Kind::Outbox, &[], &[]),
        NewCollection::new("calendar", Kind::Calendar, &["VEVENT"], &[display_name("Calendar")]),
        NewCollection::new("tasks", Kind::Calendar, &["VTODO"], &[display_name("Tasks")]),
    ]
}

fn display_name(text: &str) -> StoredProperty {
    let name = Name::known(DAV, "displayname");
    let mut writer = XmlWriter::fragment();
    writer.element(&name, text);
    StoredProperty { name, xml: writer.into_string() }
}
