//! The figures of the draft about times and recurrence.

use super::draft::expect;
use super::*;

#[test]
fn s2_3_14_to_18_times() {
    let converted = json!({"duration": {"@type": "ICalProperty", "name": "dtend"}});
    for (lines, expected) in [
        (
            "DTSTART;TZID=Europe/Berlin:20241017T130000\nDTEND;TZID=Asia/Bangkok:20241018T040000\n",
            json!({"start": "2024-10-17T13:00:00", "timeZone": "Europe/Berlin", "duration": "PT10H", "endTimeZone": "Asia/Bangkok"}),
        ),
        (
            "DTSTART;TZID=Australia/Melbourne:20241002T130000\nDTEND;TZID=Australia/Melbourne:20241002T140000\n",
            json!({"duration": "PT1H", "iCalendar": {"@type": "ICalComponent", "name": "vevent", "convertedProperties": converted}}),
        ),
        (
            "DTSTART;VALUE=DATE:20240102\nDTEND;VALUE=DATE:20240107\n",
            json!({"start": "2024-01-02T00:00:00", "duration": "P5D", "showWithoutTime": true,
                "iCalendar": {"convertedProperties": converted}}),
        ),
        ("DTSTART:20240921T105302Z\nDURATION:PT1H\n", json!({"start": "2024-09-21T10:53:02", "timeZone": "Etc/UTC", "duration": "PT1H"})),
        ("DTSTART:20240921T105302\nDTEND:20240921T115302\n", json!({"start": "2024-09-21T10:53:02", "duration": "PT1H"})),
        (
            "DTSTART:20240921T105302Z\nDTEND;TZID=Europe/Berlin:20240921T135302\n",
            json!({"timeZone": "Etc/UTC", "endTimeZone": "Europe/Berlin", "duration": "PT1H"}),
        ),
        ("DTSTART;TZID=Etc/UTC:20240921T105302\n", json!({"timeZone": "Etc/UTC"})),
        ("DTSTART;TZID=W. Europe Standard Time:20240921T105302\n", json!({"timeZone": "Europe/Berlin"})),
        (
            "DTSTART;TZID=America/Chicago:20250521T080000\nDURATION:PT12H\nSHOW-WITHOUT-TIME;VALUE=BOOLEAN:TRUE\n",
            json!({"showWithoutTime": true, "timeZone": "America/Chicago"}),
        ),
        ("DTSTART;TZID=Europe/Berlin:20241027T010000\nDTEND;TZID=Europe/Berlin:20241027T040000\n", json!({"duration": "PT4H"})),
        ("DTSTART:20240921T105302Z\nDTEND:20240920T105302Z\n", json!({"start": "2024-09-21T10:53:02"})),
    ] {
        expect(&event(lines), expected, lines);
    }
    for (lines, expected) in [
        ("DUE;TZID=Europe/Berlin:20240921T105302\n", json!({"due": "2024-09-21T10:53:02", "timeZone": "Europe/Berlin"})),
        ("DUE:20240921T105302Z\n", json!({"due": "2024-09-21T10:53:02", "timeZone": "Etc/UTC"})),
        ("DUE;VALUE=DATE:20240921\n", json!({"due": "2024-09-21T00:00:00", "showWithoutTime": true})),
        (
            "DTSTART;VALUE=DATE:20250220\nDUE;VALUE=DATE:20250221\n",
            json!({"start": "2025-02-20T00:00:00", "due": "2025-02-21T00:00:00", "showWithoutTime": true}),
        ),
        ("DTSTART;TZID=Europe/Berlin:20250220T090000\nDUE:20250220T090000Z\n", json!({"due": "2025-02-20T10:00:00"})),
        ("DTSTART:20250220T090000Z\nDURATION:PT1H\n", json!({"duration": "PT1H"})),
    ] {
        expect(&todo(lines), expected, lines);
    }
}

#[test]
fn s2_3_20_exdate_s2_3_33_rdate_s2_3_36_rrule() {
    for (lines, expected) in [
        (
            "DTSTART:20230101T130000Z\nRRULE:FREQ=MONTHLY\nEXDATE:20230801T130000Z\n",
            json!({"recurrenceOverrides": {"2023-08-01T13:00:00": {"excluded": true}}}),
        ),
        (
            "DTSTART:20230101T130000Z\nRRULE:FREQ=MONTHLY\nRDATE:20230805T170000Z,20230905T170000Z\n",
            json!({"recurrenceOverrides": {"2023-08-05T17:00:00": {}}}),
        ),
        (
            "DTSTART:20230101T130000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY\nRDATE;VALUE=PERIOD:20231223T150000Z/PT2H\n",
            json!({"recurrenceOverrides": {"2023-12-23T15:00:00": {"duration": "PT2H"}},
                "iCalendar": {"convertedProperties": {"recurrenceOverrides/2023-12-23T15:00:00": {"@type": "ICalProperty",
                    "name": "rdate", "valueType": "period"}}}}),
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20240101T010000\n\
                RRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=1;BYDAY=SU;BYHOUR=8,9;BYMINUTE=30;UNTIL=20240930T120000Z\n",
            json!({"recurrenceRule": {"@type": "RecurrenceRule", "frequency": "yearly", "interval": 2, "byMonth": ["1"],
                "byDay": [{"@type": "NDay", "day": "su"}], "byHour": [8, 9], "byMinute": [30], "until": "2024-09-30T14:00:00"}}),
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20240101T010000\nRRULE:FREQ=WEEKLY;UNTIL=20240930\nEXDATE:20240107T230000Z\n\
                EXDATE;VALUE=DATE:20240115\nRDATE;TZID=America/New_York:20240201T090000\n",
            json!({"recurrenceRule": {"until": "2024-09-30T23:59:59"},
                "recurrenceOverrides": {"2024-01-08T00:00:00": {"excluded": true}, "2024-02-01T15:00:00": {}}}),
        ),
        (
            "DTSTART;VALUE=DATE:20240101\n\
                RRULE:FREQ=MONTHLY;BYDAY=-1SU,+2MO;BYSETPOS=-1;WKST=SU;COUNT=3;RSCALE=CHINESE;SKIP=FORWARD;BYMONTH=5L;BYYEARDAY=-1;BYWEEKNO=20;BYSECOND=0;BYMONTHDAY=-3\n\
                EXDATE;VALUE=DATE:20240201\n",
            json!({"recurrenceRule": {"byDay": [{"@type": "NDay", "day": "su", "nthOfPeriod": -1}, {"@type": "NDay", "day": "mo",
                "nthOfPeriod": 2}], "rscale": "chinese", "skip": "forward", "byMonth": ["5L"]}}),
        ),
        ("DTSTART:20240101T000000\nRRULE:FREQ=DAILY;X-PART=1\n", json!({"iCalendar": {}})),
        (
            "DTSTART:20240101T000000\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY\nEXRULE:FREQ=MONTHLY\n",
            json!({"recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "daily"}, {"@type": "RecurrenceRule",
                "frequency": "weekly"}], "excludedRecurrenceRules": [{"@type": "RecurrenceRule", "frequency": "monthly"}]}),
        ),
    ] {
        expect(&event(lines), expected, lines);
    }
}

#[test]
fn rfc8984_s1_4_6_weeks_beside_days_become_days() {
    for (duration, line) in
        [("P1WT1H", "P7DT1H"), ("P2W1D", "P15D"), ("P2W", "P2W"), ("P1W2DT3H4M5S", "P9DT3H4M5S"), ("P1DT30M", "P1DT30M")]
    {
        let event =
            json!({"@type": "Event", "uid": "u", "updated": "2026-01-01T00:00:00Z", "start": "2026-01-01T09:00:00", "duration": duration});
        let text = to_text(&event);
        assert!(text.contains(&format!("\r\nDURATION:{line}\r\n")), "{duration}: {text}");
    }
}
