//! iCalendar: the RFC 5545 family, pure.
