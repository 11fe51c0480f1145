//! RFC 7529: rules in other calendars. What is expected comes from the RFC's own examples and from published calendars.

use kalends_ical::recurrence::expand;

fn first(start: &str, rule: &str, most: usize) -> Vec<String> {
    expand(start, None, rule, most).unwrap_or_else(|error| vec![error.to_string()])
}

#[test]
fn s4_3_the_examples_of_the_rfc() {
    for (start, rule, expected) in [
        ("20130210", "RSCALE=CHINESE;FREQ=YEARLY", ["20130210", "20140131", "20150219", "20160208", "20170128"]),
        ("20130906", "RSCALE=ETHIOPIC;FREQ=MONTHLY;BYMONTH=13", ["20130906", "20140906", "20150906", "20160906", "20170906"]),
        (
            "20140208",
            "RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD",
            ["20140208", "20150227", "20160217", "20170306", "20180223"],
        ),
        ("20120229", "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD", ["20120229", "20130301", "20140301", "20150301", "20160229"]),
    ] {
        assert_eq!(first(start, rule, 5), expected, "{rule}");
    }
}

#[test]
fn new_years_of_every_calendar() {
    for (start, scale, expected) in [
        ("20250129", "CHINESE", ["20250129", "20260217", "20270206"]),
        ("20250129", "DANGI", ["20250129", "20260217", "20270207"]),
        ("20241003", "HEBREW", ["20241003", "20250923", "20260912"]),
        ("20230912", "ETHIOPIC", ["20230912", "20240911", "20250911"]),
        ("20230912", "ETHIOAA", ["20230912", "20240911", "20250911"]),
        ("20230912", "ETHIOPIC-AMETE-ALEM", ["20230912", "20240911", "20250911"]),
        ("20230912", "COPTIC", ["20230912", "20240911", "20250911"]),
        ("20240321", "INDIAN", ["20240321", "20250322", "20260322"]),
        ("20240708", "ISLAMIC-CIVIL", ["20240708", "20250627", "20260617"]),
        ("20240708", "islamicc", ["20240708", "20250627", "20260617"]),
        ("20240707", "ISLAMIC-TBLA", ["20240707", "20250626", "20260616"]),
        ("20240707", "ISLAMIC-UMALQURA", ["20240707", "20250626", "20260616"]),
        ("20240320", "PERSIAN", ["20240320", "20250321", "20260321"]),
        ("20240101", "BUDDHIST", ["20240101", "20250101", "20260101"]),
        ("20240101", "JAPANESE", ["20240101", "20250101", "20260101"]),
        ("20240101", "ROC", ["20240101", "20250101", "20260101"]),
    ] {
        let rule = format!("FREQ=YEARLY;RSCALE={scale}");
        assert_eq!(first(start, &rule, 3), expected, "{rule}");
        // And as the first day of the year, found from any day before.
        let before = format!("{}0102", start[..4].parse::<i32>().unwrap() - 1);
        let of_year = first(&before, &format!("RSCALE={scale};FREQ=YEARLY;BYYEARDAY=1;COUNT=9"), 9);
        assert!(of_year.windows(3).any(|three| three == expected), "{rule} {of_year:?}");
    }
}

#[test]
fn s4_1_months_that_are_missing_come_before_days_that_are() {
    // The 30th of the leap month 5774; 5775 has none, and its month 6 has 29 days: the first of month 7, or the last of month 5.
    let rule = |skip: &str| format!("RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;BYMONTHDAY=30;SKIP={skip}");
    assert_eq!(first("20140302", &rule("OMIT"), 3), ["20140302", "20160310", "20190307"]);
    assert_eq!(first("20140302", &rule("FORWARD"), 3), ["20140302", "20150321", "20160310"]);
    assert_eq!(first("20140302", &rule("BACKWARD"), 3), ["20140302", "20150219", "20160310"]);
    // Nothing but DTSTART says which month.
    assert_eq!(first("20140302", "RSCALE=HEBREW;FREQ=YEARLY;SKIP=FORWARD", 2), ["20140302", "20150321"]);
    // Both the month and the one that stands in for it: once.
    assert_eq!(
        first("20131025", "RSCALE=CHINESE;FREQ=YEARLY;BYMONTHDAY=10;BYMONTH=9,9L;SKIP=BACKWARD", 4),
        ["20141003", "20141102", "20151022", "20161010"]
    );
    // A month as a limit is the same month as one that is expanded.
    for frequency in ["YEARLY", "MONTHLY"] {
        let rule = format!("RSCALE=HEBREW;FREQ={frequency};BYMONTH=5L;BYMONTHDAY=8;SKIP=FORWARD");
        assert_eq!(first("20140208", &rule, 3), ["20140208", "20150227", "20160217"], "{rule}");
    }
}

#[test]
fn s4_1_what_skip_moves_onto_another_comes_once() {
    let found = first("20150101", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=1,31;SKIP=FORWARD", 6);
    assert_eq!(found, ["20150101", "20150131", "20150201", "20150301", "20150331", "20150401"]);
}

#[test]
fn leap_months_far_away_are_those_of_astronomy() {
    assert_eq!(first("20141102", "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=9L;BYMONTHDAY=10", 2), ["20141102", "21091102"]);
    assert_eq!(first("20250725", "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=6L;BYMONTHDAY=1;UNTIL=20400101", 9), ["20250725", "20360723"]);
}

#[test]
fn intervals_and_parts_count_in_the_calendar() {
    // Every other month of the Chinese calendar, over the leap month 6 of 2025.
    assert_eq!(
        first("20250129", "RSCALE=CHINESE;FREQ=MONTHLY;INTERVAL=2", 6),
        ["20250129", "20250329", "20250527", "20250725", "20250922", "20251120"]
    );
    // Every nineteenth Hebrew year.
    assert_eq!(first("20140925", "RSCALE=HEBREW;FREQ=YEARLY;INTERVAL=19", 3), ["20140925", "20330924", "20520924"]);
    // Ramadan, day by day, hour by hour, and its Fridays.
    let daily = first("20240101", "RSCALE=ISLAMIC-UMALQURA;FREQ=DAILY;BYMONTH=9", 31);
    assert_eq!((daily[0].as_str(), daily[29].as_str(), daily[30].as_str()), ("20240311", "20240409", "20250301"));
    let hourly = first("20240101T200000", "RSCALE=ISLAMIC-UMALQURA;FREQ=HOURLY;INTERVAL=24;BYMONTH=9", 31);
    assert_eq!((hourly[0].as_str(), hourly[30].as_str()), ("20240311T200000", "20250301T200000"));
    assert_eq!(
        first("20240301", "RSCALE=ISLAMIC-UMALQURA;FREQ=WEEKLY;BYDAY=FR;BYMONTH=9", 5),
        ["20240315", "20240322", "20240329", "20240405", "20250307"]
    );
    assert_eq!(first("20240320", "RSCALE=PERSIAN;FREQ=YEARLY;BYMONTH=1;BYDAY=-1FR", 3), ["20240419", "20250418", "20260417"]);
    assert_eq!(first("20240320", "RSCALE=PERSIAN;FREQ=YEARLY;BYYEARDAY=-1", 3), ["20250320", "20260320", "20270320"]);
    // Pagume has five days, in leap years six.
    assert_eq!(first("20230911", "RSCALE=ETHIOPIC;FREQ=YEARLY;SKIP=OMIT", 2), ["20230911", "20270911"]);
    assert_eq!(first("20230911", "RSCALE=ETHIOPIC;FREQ=YEARLY;SKIP=BACKWARD", 3), ["20230911", "20240910", "20250910"]);
    // 1403 begins on a Wednesday, 1404 on a Friday: that week has fewer than four of its days, the next one is the first.
    assert_eq!(first("20240323", "RSCALE=PERSIAN;FREQ=YEARLY;BYWEEKNO=1;BYDAY=SA;WKST=SA", 2), ["20240323", "20250322"]);
}
