//! Whole objects there and back.

use super::*;

pub(super) const EVERYTHING: &str = concat!(
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nCALSCALE:GREGORIAN\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:Own\r\nX-LIC-LOCATION:nowhere\r\nLAST-MODIFIED:20200101T000000Z\r\nTZURL:https://a.example\r\n",
    "BEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZNAME:CET\r\nCOMMENT:a\r\nEND:STANDARD\r\n",
    "BEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRDATE:19710329T020000,19720329T020000\r\n",
    "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3;UNTIL=20300101T000000Z\r\nTZNAME;LANGUAGE=en:CEST\r\nX-A:b\r\nEND:DAYLIGHT\r\n\
        END:VTIMEZONE\r\n",
    "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
        END:STANDARD\r\nEND:VTIMEZONE\r\n",
    "BEGIN:VEVENT\r\nUID:u@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Own:20260601T090000\r\nDURATION:PT1H\r\n",
    "SUMMARY;LANGUAGE=en:Semi\\; comma\\, back\\\\slash\\nline <&> \u{1f600}\r\n",
    "CATEGORIES:ONE,TWO\\, THREE\r\nGEO:37.386013;-122.082932\r\nPRIORITY:5\r\nREQUEST-STATUS:2.0;Success;a\\;b\r\n",
    "RDATE;VALUE=PERIOD:20260701T090000Z/PT2H,20260801T090000Z/20260801T100000Z\r\n",
    "EXDATE;TZID=Own:20260608T090000,20260615T090000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=10;WKST=MO\r\n",
    "ATTENDEE;CN=\"Doe, Jane ^'J^'\";RSVP=TRUE;MEMBER=\"mailto:a@b\",\"mailto:c@d\":mailto:jane@example.org\r\n",
    "ORGANIZER;CN=B:mailto:boss@example.org\r\nCLASS:PRIVATE\r\nCOMMENT:c\r\nCONTACT:d\r\nRESOURCES:e,f\r\n\
        LAST-MODIFIED:20260101T000000Z\r\n",
    "ATTACH;VALUE=BINARY;FMTTYPE=text/plain;ENCODING=BASE64:SGVsbG8=\r\nATTACH:https://example.org/a;b,c\r\n",
    "IMAGE;VALUE=URI:https://example.org/i.png\r\nSTRUCTURED-DATA;VALUE=TEXT;SCHEMA=\"https://x.org\":a\\,b\r\n",
    "X-PLAIN;X-P=1:raw;\\,value\r\nX-TYPED;VALUE=DATE-TIME:20260101T000000\r\nSEQUENCE:notanumber\r\n",
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT15M\r\nDESCRIPTION:x\r\nEND:VALARM\r\n",
    "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER;VALUE=DATE-TIME:20260601T080000Z\r\nEND:VALARM\r\n",
    "END:VEVENT\r\n",
    "BEGIN:VEVENT\r\nUID:u@example.org\r\nDTSTAMP:20260102T000000Z\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260602T070000Z\r\n\
        DTSTART:20260602T080000Z\r\n",
    "DTEND:20260602T090000Z\r\nSUMMARY:Moved\r\nCLASS:PUBLIC\r\nRELATED-TO:x\r\nORGANIZER;CN=B:mailto:boss@example.org\r\nX-OTHER:y\r\n\
        END:VEVENT\r\n",
    "BEGIN:VEVENT\r\nUID:u@example.org\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID;TZID=Own:20260609T090000\r\n\
        DTSTART;TZID=Own:20260609T090000\r\nCLASS:PRIVATE\r\nEND:VEVENT\r\n",
    "END:VCALENDAR\r\n"
);

#[test]
fn icalendar_goes_there_and_back_without_loss() {
    comes_back(EVERYTHING);
    let json = to_json(EVERYTHING);
    assert_eq!(json["@type"], "Event");
    assert_eq!(json["timeZone"], "/Own");
    has(
        &json["timeZones"]["/Own"],
        &json!({"@type": "TimeZone", "tzId": "Own", "updated": "2020-01-01T00:00:00Z", "url": "https://a.example"}),
        "zone",
    );
    assert_eq!(json["timeZones"]["/Own"]["standard"][0]["offsetTo"], "+0100");
    assert_eq!(json["recurrenceOverrides"]["2026-06-02T09:00:00"]["title"], "Moved");
    let again: Json = serde_json::from_str(&write(&document(&to_text(&json)).root()).unwrap()).unwrap();
    assert_eq!(again, json);
}

#[test]
fn a1_1_what_is_no_entry_is_carried() {
    for inside in [
        "BEGIN:VJOURNAL\nUID:j\nDTSTAMP:20260101T000000Z\nSUMMARY:s\nEND:VJOURNAL\n",
        "BEGIN:VFREEBUSY\nUID:f\nFREEBUSY:20260101T000000Z/PT1H\nEND:VFREEBUSY\n",
        "BEGIN:VEVENT\nUID:a\nBEGIN:VRESOURCE\nUID:r\nEND:VRESOURCE\nEND:VEVENT\nBEGIN:X-OWN\nA:b\nEND:X-OWN\n",
        "BEGIN:VEVENT\nUID:a\nRRULE:FREQ=DAILY\nDTSTART:20260101T000000\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\n\
            RECURRENCE-ID:20260102T000000Z\nEND:VEVENT\nBEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260103T000000\nEND:VEVENT\nBEGIN:VEVENT\n\
            UID:a\nRECURRENCE-ID:20260103T000000\nSUMMARY:twice\nEND:VEVENT\n",
    ] {
        comes_back(&calendar(inside));
    }
    assert_eq!(to_json(&calendar("BEGIN:VJOURNAL\nUID:j\nEND:VJOURNAL\n"))["@type"], "Group");
}

#[test]
fn a_component_without_what_it_must_have_comes_back_as_well() {
    comes_back("BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n");
    comes_back(
        "BEGIN:VCALENDAR\nX-A:b\nMETHOD:A\nMETHOD:B\nVERSION:3.0\nBEGIN:VTODO\nDTSTART:x\nDUE:20260101\nEXDATE:y\nRRULE:z\nTRIGGER:q\n\
            GEO:1\nEND:VTODO\nEND:VCALENDAR\n",
    );
}

/// The classes of RFC 8984 §6, each with what makes it special.
#[test]
fn rfc8984_s6_examples() {
    for example in [
        // §6.1, §6.2
        json!({"@type": "Event", "uid": "a8df6573", "updated": "2020-01-02T18:23:04Z", "title": "Some event",
            "start": "2020-01-15T13:00:00", "timeZone": "America/New_York", "duration": "PT1H"}),
        json!({"@type": "Task", "uid": "2a358cee", "updated": "2020-01-09T14:32:01Z", "title": "Do something"}),
        // §6.3
        json!({"@type": "Group", "uid": "bf0ac22b", "updated": "2020-01-15T18:00:00Z", "title": "A simple group", "entries": [
            {"@type": "Event", "uid": "a8df6573", "updated": "2020-01-02T18:23:04Z", "title": "Some event",
                "start": "2020-01-15T13:00:00", "timeZone": "America/New_York", "duration": "PT1H"},
            {"@type": "Task", "uid": "2a358cee", "updated": "2020-01-09T14:32:01Z", "title": "Do something"}]}),
        // §6.4
        json!({"@type": "Event", "uid": "1", "title": "April Fool's Day", "showWithoutTime": true, "start": "1900-04-01T00:00:00",
            "duration": "P1D",
            "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "yearly"}]}),
        // §6.5
        json!({"@type": "Task", "uid": "1", "title": "Buy groceries", "due": "2020-01-19T18:00:00", "timeZone": "Europe/Vienna",
            "estimatedDuration": "PT1H"}),
        // §6.6
        json!({"@type": "Event", "uid": "1", "title": "Flight XY51 to Tokyo", "start": "2020-04-01T09:00:00",
            "timeZone": "Europe/Berlin", "duration": "PT10H30M",
            "locations": {"418d0b9b": {"@type": "Location", "rel": "start", "name": "Frankfurt Airport (FRA)", "timeZone": "Europe/Berlin"},
                "c2c7ac67": {"@type": "Location", "rel": "end", "name": "Narita International Airport (NRT)", "timeZone": "Asia/Tokyo"}}}),
        // §6.7
        json!({"@type": "Event", "uid": "1", "title": "Yoga", "start": "2020-01-01T07:00:00", "duration": "PT30M",
            "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "daily"}]}),
        // §6.8
        json!({"@type": "Event", "uid": "1", "title": "Live from Music Bowl: The Band",
            "description": "Go see the biggest music event ever!", "locale": "en",
            "start": "2020-07-04T17:00:00", "timeZone": "America/New_York", "duration": "PT3H",
            "locations": {"c0503d30": {"@type": "Location", "name": "The Music Bowl",
                "description": "Music Bowl, Central Park, New York", "coordinates": "geo:40.7829,-73.9654"}},
            "virtualLocations": {"vloc1": {"@type": "VirtualLocation", "name": "Free live Stream from Music Bowl",
                "uri": "https://stream.example.com/the_band_2020"}},
            "localizations": {"de": {"title": "Live von der Music Bowl: The Band!", "virtualLocations/vloc1/name": "Gratis Live-Stream"}}}),
        // §6.9
        json!({"@type": "Event", "uid": "1", "title": "Calculus I", "start": "2020-01-08T09:00:00", "timeZone": "Europe/London",
            "duration": "PT1H30M",
            "locations": {"mlab": {"@type": "Location", "title": "Math lab room 1"}},
            "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "weekly", "until": "2020-06-24T09:00:00"}],
            "recurrenceOverrides": {"2020-01-07T14:00:00": {"title": "Introduction to Calculus I (optional)"},
                "2020-04-01T09:00:00": {"excluded": true},
                "2020-06-25T09:00:00": {"title": "Calculus I Exam", "start": "2020-06-25T10:00:00", "duration": "PT2H",
                    "locations/auditorium": {"@type": "Location", "title": "Big Auditorium"}}}}),
        // §6.10
        json!({"@type": "Event", "uid": "1", "title": "FooBar team meeting", "start": "2020-01-08T09:00:00",
            "timeZone": "Africa/Johannesburg", "duration": "PT1H",
            "virtualLocations": {"0": {"@type": "VirtualLocation", "name": "ChatMe meeting room",
                "uri": "https://chatme.example.com?id=1234567&pw=a8a24627b63d"}},
            "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "weekly"}],
                "replyTo": {"imip": "mailto:f245f875-7f63-4a5e-a2c8@schedule.example.com"},
            "participants": {
                "dG9tQGZvb2Jhci5xlLmNvbQ": {"@type": "Participant", "name": "Tom Tool", "email": "tom@foobar.example.com",
                    "sendTo": {"imip": "mailto:tom@calendar.example.com"},
                    "participationStatus": "accepted", "roles": {"attendee": true}},
                "em9lQGZvb2GFtcGxlLmNvbQ": {"@type": "Participant", "name": "Zoe Zelda", "email": "zoe@foobar.example.com",
                    "sendTo": {"imip": "mailto:zoe@foobar.example.com"},
                    "participationStatus": "accepted", "roles": {"owner": true, "attendee": true, "chair": true}}},
            "recurrenceOverrides": {"2020-03-04T09:00:00": {"participants/dG9tQGZvb2Jhci5xlLmNvbQ/participationStatus": "declined"}}}),
    ] {
        comes_back_as_json(&example);
    }
}

#[test]
fn s3_jscalendar_goes_there_and_back_without_loss() {
    for example in [
        json!({"@type": "Event", "uid": "1", "prodId": "-//x//EN", "method": "request", "sequence": 3, "privacy": "secret",
            "freeBusyStatus": "tentative", "example.com:x": [1, null, {"a": 1.5}],
            "organizerCalendarAddress": "mailto:o@b", "sentBy": "s@b", "participants": {"a": {"@type": "Participant",
                "calendarAddress": "mailto:o@b", "roles": {"attendee": true}},
                "b": {"@type": "Participant", "name": "N", "roles": {"chair": true, "x": true}, "kind": "location",
                    "scheduleSequence": 2, "language": "de"},
                "c": {"@type": "Participant", "calendarAddress": "mailto:c@b", "name": "C", "description": "d",
                    "roles": {"chair": true}, "delegatedTo": {"a": true},
                    "links": {"l": {"@type": "Link", "href": "https://a.example", "rel": "icon", "display": "badge"}}}}}),
        json!({"@type": "Event", "uid": "1", "organizerCalendarAddress": "mailto:o@b", "start": "2026-01-01T00:00:00",
            "timeZone": "Etc/UTC", "endTimeZone": "Asia/Tokyo", "duration": "PT1H",
            "showWithoutTime": true, "recurrenceRule": {"@type": "RecurrenceRule", "frequency": "daily", "example.com:a": 1},
                "locale": "de"}),
        json!({"@type": "Event", "uid": "1", "title": "t", "alerts": {"a": {"@type": "Alert", "trigger": {"@type": "OffsetTrigger",
            "offset": "-PT5M"}},
            "b": {"@type": "Alert", "trigger": {"@type": "AbsoluteTrigger", "when": "2026-01-01T00:00:00Z"},
                "relatedTo": {"a": {"@type": "Relation", "relation": {"parent": true}}}, "example.com:y": true},
            "c": {"@type": "Alert", "trigger": {"@type": "example.com:T", "at": 1}}}, "relatedTo": {"r": {"@type": "Relation",
                "relation": {"first": true, "next": true}}}}),
        json!({"@type": "Event", "uid": "1", "locations": {"1": {"@type": "Location", "name": "A"}, "2": {"@type": "Location",
            "name": "B", "locationTypes": {"bar": true}},
            "3": {"@type": "Location", "coordinates": "geo:1,2"}, "4": {"@type": "Location", "name": "D"}}, "mainLocationId": "4",
            "links": {"1": {"@type": "Link", "href": "https://a.example", "rel": "describedby"}, "2": {"@type": "Link",
                "href": "data:text/plain,x", "rel": "enclosure", "size": 3},
                "3": {"@type": "Link", "href": "https://c.example", "rel": "describedby", "cid": "x"}, "4": {"@type": "Link",
                    "href": "https://d.example"}},
            "keywords": {"a,b": true, "c": true}, "categories": {"https://x.example/a": true}, "descriptionContentType": "text/plain",
                "description": "d"}),
        json!({"@type": "Event", "uid": "1", "locations": {"1": {"@type": "Location", "name": "A"}, "2": {"@type": "Location",
            "name": "B"}, "3": {"@type": "Location", "name": "C"}}}),
        json!({"@type": "Task", "uid": "1", "start": "2026-01-01T09:00:00", "due": "2026-01-02T09:00:00", "timeZone": "/Own",
            "progress": "completed", "percentComplete": 100,
            "timeZones": {"/Own": {"@type": "TimeZone", "tzId": "Own", "aliases": {"x": true}, "standard": [{"@type": "TimeZoneRule",
                "start": "1970-01-01T00:00:00", "offsetFrom": "+0100", "offsetTo": "+0100", "names": {"A": true}}]}},
            "participants": {"p": {"@type": "Participant", "calendarAddress": "mailto:p@b", "participationStatus": "accepted",
                "progress": "failed", "percentComplete": 5}},
            "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "daily"}, {"@type": "RecurrenceRule", "frequency": "weekly",
                "until": "2026-02-01T09:00:00"}],
            "excludedRecurrenceRules": [{"@type": "RecurrenceRule", "frequency": "monthly"}],
                "recurrenceOverrides": {"2026-01-05T09:00:00": {"progress": "in-process", "due": "2026-01-06T12:00:00"}}}),
        json!({"@type": "Group", "uid": "g", "categories": {"https://x.example/a": true}, "example.com:g": {"a": [1]},
            "links": {"1": {"@type": "Link", "href": "https://a.example", "rel": "icon", "example.com:l": 1}}, "entries": []}),
    ] {
        comes_back_as_json(&example);
    }
}
