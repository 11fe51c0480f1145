//! Scheduling decisions: RFC 5546 and RFC 6638, pure.
