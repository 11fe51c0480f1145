//! WebDAV and CalDAV on the wire, pure.
