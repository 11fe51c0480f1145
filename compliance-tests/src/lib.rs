//! Black-box tests of a CalDAV server over HTTP.
