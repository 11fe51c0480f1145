//! Preconditions and postconditions: what a refusal is called in the specifications, one row each.
//!
//! A failed precondition is 403 or 409 with its element in a `DAV:error` (RFC 4918 §16, RFC 4791 §1.3);
//! 412 belongs to the conditional headers alone.

use http::StatusCode;

use crate::name::{CALDAV, DAV, Name};
use crate::privilege::Privilege;
use crate::writer::XmlWriter;

macro_rules! preconditions {
    ($($code:ident = $namespace:ident $local:literal $status:ident $section:literal;)*) => {
        /// A rule that a specification names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Precondition { $(#[doc = $section] $code,)* }

        impl Precondition {
            /// Every rule.
            pub const ALL: &[Precondition] = &[$(Self::$code,)*];

            /// The element that names it.
            pub fn name(self) -> Name {
                match self { $(Self::$code => Name::known($namespace, $local),)* }
            }

            /// The status a refusal by this rule has.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)* }
            }

            /// Where the rule is specified.
            pub fn section(self) -> &'static str {
                match self { $(Self::$code => $section,)* }
            }
        }
    };
}

#[rustfmt::skip]
preconditions! {
    CannotModifyProtectedProperty  = DAV    "cannot-modify-protected-property"  FORBIDDEN            "RFC 4918 §16";
    PropfindFiniteDepth            = DAV    "propfind-finite-depth"             FORBIDDEN            "RFC 4918 §16";
    NeedPrivileges                 = DAV    "need-privileges"                   FORBIDDEN            "RFC 3744 §7.1.1";
    ResourceMustBeNull             = DAV    "resource-must-be-null"             FORBIDDEN            "RFC 4791 §5.3.1.1";
    SupportedReport                = DAV    "supported-report"                  FORBIDDEN            "RFC 3253 §3.6";
    ValidResourcetype              = DAV    "valid-resourcetype"                FORBIDDEN            "RFC 5689 §3.3";
    ValidSyncToken                 = DAV    "valid-sync-token"                  FORBIDDEN            "RFC 6578 §3.2";
    SyncTraversalSupported         = DAV    "sync-traversal-supported"          FORBIDDEN            "RFC 6578 §3.3";
    NumberOfMatchesWithinLimits    = DAV    "number-of-matches-within-limits"   FORBIDDEN            "RFC 3744 §9.4, RFC 4791 §7.8";
    QuotaNotExceeded               = DAV    "quota-not-exceeded"                INSUFFICIENT_STORAGE "RFC 4331 §6";
    CalendarCollectionLocationOk   = CALDAV "calendar-collection-location-ok"   FORBIDDEN            "RFC 4791 §5.3.1.1";
    ValidCalendarData              = CALDAV "valid-calendar-data"               FORBIDDEN            "RFC 4791 §5.3.2.1";
    ValidCalendarObjectResource    = CALDAV "valid-calendar-object-resource"    FORBIDDEN            "RFC 4791 §5.3.2.1";
    SupportedCalendarComponent     = CALDAV "supported-calendar-component"      FORBIDDEN            "RFC 4791 §5.3.2.1";
    SupportedCalendarData          = CALDAV "supported-calendar-data"           FORBIDDEN            "RFC 4791 §5.3.2.1, §7.8";
    NoUidConflict                  = CALDAV "no-uid-conflict"                   FORBIDDEN            "RFC 4791 §5.3.2.1";
    MaxResourceSize                = CALDAV "max-resource-size"                 FORBIDDEN            "RFC 4791 §5.3.2.1";
    ValidFilter                    = CALDAV "valid-filter"                      FORBIDDEN            "RFC 4791 §7.8";
    SupportedFilter                = CALDAV "supported-filter"                  FORBIDDEN            "RFC 4791 §7.8";
    SupportedCollation             = CALDAV "supported-collation"               FORBIDDEN            "RFC 4791 §7.8";
    SupportedRscale                = CALDAV "supported-rscale"                  FORBIDDEN            "RFC 7529 §10";
}

/// Why a request was refused, in the protocol's own terms. Never our fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A rule that a specification names; the body is a `DAV:error` with its element.
    Precondition {
        /// The rule.
        code: Precondition,
        /// Hrefs the element carries: the other resource of a UID conflict, the one privileges are missing on.
        hrefs: Vec<String>,
        /// The privilege that is missing on them, where that is the rule.
        lacks: Option<Privilege>,
        /// A sentence for the person who reads it.
        message: String,
    },
    /// A status without a named rule: 400, 404, 405, 409, 412, 415.
    Status {
        /// The status.
        status: StatusCode,
        /// A sentence for the person who reads it.
        message: String,
    },
}

impl Refusal {
    /// The sentence for the person who reads it.
    pub fn message(&self) -> &str {
        match self {
            Self::Precondition { message, .. } | Self::Status { message, .. } => message,
        }
    }

    /// Refused by a named rule.
    pub fn rule(code: Precondition, message: impl Into<String>) -> Self {
        Self::Precondition { code, hrefs: Vec::new(), lacks: None, message: message.into() }
    }

    /// Refused by a named rule that points at a resource.
    pub fn rule_at(code: Precondition, href: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Precondition { code, hrefs: vec![href.into()], lacks: None, message: message.into() }
    }

    /// Refused for want of a privilege on a resource (RFC 3744 §7.1.1).
    pub fn lacks(privilege: Privilege, href: impl Into<String>) -> Self {
        let message = format!("this takes the privilege {}", privilege.name().local);
        Self::Precondition { code: Precondition::NeedPrivileges, hrefs: vec![href.into()], lacks: Some(privilege), message }
    }

    /// Refused by a bare status.
    pub fn status(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Status { status, message: message.into() }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::status(StatusCode::BAD_REQUEST, message)
    }

    /// 404: nothing is mapped to that URL.
    pub fn not_found() -> Self {
        Self::status(StatusCode::NOT_FOUND, "there is no resource at this URL")
    }

    /// The status of the answer.
    pub fn status_code(&self) -> StatusCode {
        match self {
            Self::Precondition { code, .. } => code.status(),
            Self::Status { status, .. } => *status,
        }
    }

    /// The `DAV:error` body (RFC 4918 §14.5) of a named rule; `None` for a bare status.
    ///
    /// The first bytes inside are the rule's element: EDS and CalDav Synchronizer look for `/D:error/D:valid-sync-token`.
    pub fn body(&self) -> Option<Vec<u8>> {
        let Self::Precondition { code, hrefs, lacks, message } = self else { return None };
        let mut writer = XmlWriter::document(&ERROR);
        write_condition(&mut writer, *code, hrefs, *lacks);
        writer.element(&RESPONSE_DESCRIPTION, message);
        writer.end(&ERROR);
        Some(writer.take())
    }
}

const ERROR: Name = Name::known(DAV, "error");
const HREF: Name = Name::known(DAV, "href");
const PRIVILEGE: Name = Name::known(DAV, "privilege");
const RESOURCE: Name = Name::known(DAV, "resource");
const RESPONSE_DESCRIPTION: Name = Name::known(DAV, "responsedescription");

/// Writes the rule's element with the hrefs it carries; with a privilege, each as a `DAV:resource` that lacks it (RFC 3744 §7.1.1).
pub fn write_condition(writer: &mut XmlWriter, code: Precondition, hrefs: &[String], lacks: Option<Privilege>) {
    let name = code.name();
    if hrefs.is_empty() {
        writer.empty(&name);
        return;
    }
    writer.start(&name);
    for href in hrefs {
        let Some(privilege) = lacks else {
            writer.element(&HREF, href);
            continue;
        };
        writer.start(&RESOURCE);
        writer.element(&HREF, href);
        writer.start(&PRIVILEGE);
        writer.empty(&privilege.name());
        writer.end(&PRIVILEGE);
        writer.end(&RESOURCE);
    }
    writer.end(&name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Element;

    #[test]
    fn rfc4918_s16_the_error_body_holds_the_rule_and_its_href() {
        let refusal = Refusal::rule_at(Precondition::NoUidConflict, "/a%20b.ics", "the UID is taken");
        let body = Element::parse(&refusal.body().unwrap()).unwrap();
        assert!(body.name.is(DAV, "error"));
        let rule = body.child(CALDAV, "no-uid-conflict").unwrap();
        assert_eq!(rule.child(DAV, "href").unwrap().text(), "/a%20b.ics");
        assert_eq!(refusal.status_code(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn a_bare_status_has_no_dav_error() {
        assert_eq!(Refusal::not_found().body(), None);
    }
}
