//! A calendar-query's body, a zero octet, and an object it is asked of.
#![no_main]

use bytes::Bytes;
use http::HeaderMap;
use kalends_dav::Kind;
use kalends_dav::report::{Report, row_for};
use kalends_dav::request::{DavRequest, parse};
use kalends_ical::zone::Zone;
use kalends_ical::{CalendarObject, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |octet| *octet == 0);
    let (Some(body), Some(object)) = (parts.next(), parts.next()) else { return };
    let Ok(DavRequest::Report(request)) = parse("REPORT", &HeaderMap::new(), Bytes::copy_from_slice(body)) else { return };
    let Ok(Report::CalendarQuery(query)) = row_for(&request.body.name, Kind::Calendar).and_then(|row| row.parse(&request.body)) else { return };
    let Ok(object) = CalendarObject::parse(Bytes::copy_from_slice(object), &Limits::default()) else { return };
    let _ = query.filter.matches(&object, &Zone::utc());
    if let Some(data) = query.data {
        let _ = data.render(&object, &Zone::utc());
    }
});
