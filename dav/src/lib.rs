//! WebDAV and CalDAV on the wire, pure: bytes become a [`request::DavRequest`], [`resource::Resource`] values become bytes.
//!
//! What the specifications list is a table here, one row per name: [`precondition`], [`privilege`], [`method`], [`property`],
//! [`report`]. Dispatch and advertising read the same rows, so they cannot disagree. No I/O, no clock, no SQL.

pub mod condition;
pub mod destination;
pub mod filter;
pub mod if_header;
pub mod kind;
pub mod method;
pub mod multistatus;
pub mod name;
pub mod precondition;
pub mod privilege;
pub mod property;
pub mod range;
pub mod report;
pub mod request;
pub mod resource;
pub mod writer;
pub mod xml;

pub use kind::Kind;
pub use precondition::{Precondition, Refusal};
