//! Whether a VTIMEZONE describes the zone it names. The rule is in the documentation of the module above.

use std::sync::Arc;

use super::transitions::{Transitions, offset_of};
use super::{Rules, Zone};
use crate::civil::{DAY_SECONDS, day_of};
use crate::component::Component;
use crate::filter::Work;
use crate::object::CalendarObject;
use crate::recurrence::Rule;
use crate::value::Moment;

const YEAR_SECONDS: i64 = 366 * DAY_SECONDS;
/// A winter and a summer whose offsets nearly every VTIMEZONE has, in seconds.
const TODAY: [i64; 2] = [day_of(2026, 1, 1) * DAY_SECONDS, day_of(2026, 7, 1) * DAY_SECONDS];
/// Since when the offsets of a zone are those its descriptions may have, and until when they are looked at, in seconds.
const KNOWN: (i64, i64) = (0, day_of(2038, 1, 1) * DAY_SECONDS);

/// From when to when an object uses a zone, in seconds, about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    first: i64,
    last: i64,
}

impl Span {
    /// For a zone without an object.
    pub const fn of_today() -> Self {
        Self { first: day_of(2001, 1, 1) * DAY_SECONDS, last: i64::MAX }
    }

    /// From an object's first moment to its last: that of its UNTIL, or never if it recurs without one.
    pub fn of(object: &CalendarObject) -> Self {
        let mut span: Option<Self> = None;
        for main in object.main_components() {
            // What is available recurs where its VAVAILABILITY does not.
            let available = main.components().filter(|inner| inner.is("AVAILABLE"));
            for component in std::iter::once(main).chain(available) {
                span = Self::with(span, &component);
            }
        }
        span.unwrap_or(Self::of_today())
    }

    /// Wider by what one component says.
    fn with(mut span: Option<Self>, component: &Component<'_>) -> Option<Self> {
        let moments = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID"].into_iter().filter_map(|name| Moment::of(&component.property(name)?));
        let rules = component.properties_named("RRULE").filter_map(|property| Rule::parse(&property.value()).ok());
        let ends = rules.map(|rule| rule.until().map_or(i64::MAX, |until| until.local));
        let lists = component.properties_named("RDATE").map(|_| i64::MAX);
        for at in moments.map(|moment| moment.local).chain(ends).chain(lists) {
            let Self { first, last } = span.unwrap_or(Self { first: at, last: at });
            span = Some(Self { first: first.min(at), last: last.max(at) });
        }
        span
    }
}

/// The named zone, or that of the VTIMEZONE's own rules if they contradict it.
pub(super) fn or_own(named: Zone, vtimezone: &Component<'_>, span: impl FnOnce() -> Span, work: &Work) -> Zone {
    let of_today = TODAY.map(|at| named.offset_at(at));
    // What was before the first onset is left aside: it says nothing about times that the VTIMEZONE is for.
    if observances(vtimezone).all(|one| has_known(&one, &of_today)) {
        return named;
    }
    let Span { first, last } = span();
    let (first, last) = (first.saturating_sub(YEAR_SECONDS), last.saturating_add(YEAR_SECONDS));
    if agrees_from(first, vtimezone, &of_today) {
        return named;
    }
    let known = offsets_of(&named);
    if agrees_from(first, vtimezone, &known) {
        return named;
    }
    match Transitions::read(vtimezone, work) {
        // Rules that were not read to their end say less than the name.
        Some(own) if !work.is_spent() && own.offsets_within(first, last).any(|offset| !known.contains(&offset)) => {
            Zone(Rules::Own(Arc::new(own)))
        }
        _ => named,
    }
}

fn observances<'a>(vtimezone: &Component<'a>) -> impl Iterator<Item = Component<'a>> + use<'a> {
    vtimezone.components().filter(|c| c.is("STANDARD") || c.is("DAYLIGHT"))
}

fn has_known(observance: &Component<'_>, known: &[i64]) -> bool {
    offset_of(observance, "TZOFFSETTO").is_none_or(|offset| known.contains(&offset))
}

/// Whether it is plain that only known offsets hold from a moment on: an observance of another one came once, and one of them after it.
fn agrees_from(first: i64, vtimezone: &Component<'_>, known: &[i64]) -> bool {
    let onset = |one: &Component<'_>| one.property("DTSTART").and_then(|property| Moment::of(&property)).map(|moment| moment.local);
    let Some(latest) =
        observances(vtimezone).filter(|one| has_known(one, known)).filter_map(|one| onset(&one)).filter(|at| *at < first).max()
    else {
        return false;
    };
    let is_over = |one: &Component<'_>| {
        let once = one.property("RRULE").is_none() && one.property("RDATE").is_none();
        once && onset(one).is_some_and(|at| at < latest - DAY_SECONDS)
    };
    observances(vtimezone).all(|one| has_known(&one, known) || is_over(&one))
}

/// The offsets a zone has had.
fn offsets_of(zone: &Zone) -> Vec<i64> {
    let mut offsets = vec![zone.offset_at(KNOWN.0)];
    if let (Rules::Iana(zone), Ok(first)) = (&zone.0, jiff::Timestamp::from_second(KNOWN.0)) {
        for change in zone.following(first).take_while(|change| change.timestamp().as_second() < KNOWN.1) {
            let offset = i64::from(change.offset().seconds());
            if !offsets.contains(&offset) {
                offsets.push(offset);
            }
        }
    }
    offsets
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::date::{format_utc, parse_utc};
    use crate::zone::Zone;
    use crate::{CalendarObject, Limits, UNBOUNDED_FUTURE};

    /// An observance for each offset: its onset, the offset before, its own, how it recurs.
    fn vtimezone(names: &str, observances: &[(&str, &str, &str, &str)]) -> String {
        let observance = |(start, from, to, rule): &(&str, &str, &str, &str)| {
            format!("BEGIN:STANDARD\nDTSTART:{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{rule}END:STANDARD\n")
        };
        format!("BEGIN:VTIMEZONE\n{names}{}END:VTIMEZONE\n", observances.iter().map(observance).collect::<String>())
    }

    /// The first instances of an event, in UTC.
    fn instances(vtimezone: &str, lines: &str, most: usize) -> Vec<String> {
        let text = format!("BEGIN:VCALENDAR\n{vtimezone}BEGIN:VEVENT\nUID:u\n{lines}END:VEVENT\nEND:VCALENDAR\n");
        let object = CalendarObject::parse(Bytes::from(text), &Limits::default()).unwrap();
        let window = (parse_utc("19700101T000000Z").unwrap(), UNBOUNDED_FUTURE);
        let found = crate::occurrences::occurrences(&object, window, &Zone::utc(), most).unwrap();
        found.iter().map(|occurrence| format_utc(occurrence.begins)).collect()
    }

    const LONDON: &[(&str, &str, &str, &str)] = &[
        ("19701025T020000", "+0100", "+0000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\n"),
        ("19700329T010000", "+0000", "+0100", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n"),
    ];
    const BERLIN: &[(&str, &str, &str, &str)] = &[
        ("16010101T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\n"),
        ("16010101T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\n"),
    ];

    #[test]
    fn rfc7809_s3_1_3_the_name_wins_over_rules_that_have_become_old() {
        // Brazil gave up summer time in 2019, Russia its changes in 2011 and permanent summer time in 2014.
        let brazil = vtimezone(
            "TZID:America/Sao_Paulo\n",
            &[
                ("20090215T000000", "-0200", "-0300", "RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=3SU\n"),
                ("20081019T000000", "-0300", "-0200", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=3SU\n"),
            ],
        );
        assert_eq!(instances(&brazil, "DTSTART;TZID=America/Sao_Paulo:20260105T090000\n", 1), ["20260105T120000Z"]);
        let monthly = instances(&brazil, "DTSTART;TZID=America/Sao_Paulo:20260905T090000\nRRULE:FREQ=MONTHLY\n", 3);
        assert_eq!(monthly, ["20260905T120000Z", "20261005T120000Z", "20261105T120000Z"]);
        let russia = vtimezone("TZID:Europe/Moscow\n", &[("20110327T020000", "+0300", "+0400", "")]);
        assert_eq!(instances(&russia, "DTSTART;TZID=Europe/Moscow:20260701T090000\n", 1), ["20260701T060000Z"]);
        // Cut to one observance, as some write it.
        let cut = vtimezone("TZID:Europe/Berlin\n", &[("20260329T030000", "+0200", "+0200", "")]);
        let monthly = instances(&cut, "DTSTART;TZID=Europe/Berlin:20261001T090000\nRRULE:FREQ=MONTHLY\n", 2);
        assert_eq!(monthly, ["20261001T070000Z", "20261101T080000Z"]);
    }

    #[test]
    fn rfc5545_s3_6_5_rules_of_another_zone_win_over_the_name() {
        let london = vtimezone("TZID:Europe/Berlin\n", LONDON);
        for (start, expected) in [("20260701T090000", "20260701T080000Z"), ("20260101T090000", "20260101T090000Z")] {
            assert_eq!(instances(&london, &format!("DTSTART;TZID=Europe/Berlin:{start}\n"), 1), [expected]);
        }
        let far = vtimezone("TZID:Europe/Berlin\n", &[("19700101T000000", "+0930", "+0930", "")]);
        assert_eq!(instances(&far, "DTSTART;TZID=Europe/Berlin:20260701T090000\n", 1), ["20260630T233000Z"]);
        // A name for UTC with summer time.
        let gmt = vtimezone("TZID:GMT\n", LONDON);
        assert_eq!(instances(&gmt, "DTSTART;TZID=GMT:20260701T090000\n", 1), ["20260701T080000Z"]);
        // Without its VTIMEZONE the name is what there is.
        assert_eq!(instances("", "DTSTART;TZID=Europe/Berlin:20260701T090000\n", 1), ["20260701T070000Z"]);
    }

    #[test]
    fn offsets_of_times_the_object_is_not_in_do_not_count() {
        let mut with_history = BERLIN.to_vec();
        with_history.push(("18930401T000000", "+005328", "+0100", ""));
        with_history.push(("19450524T020000", "+0200", "+0300", ""));
        let berlin = vtimezone("TZID:Europe/Berlin\n", &with_history);
        let ny = vtimezone("TZID:Europe/Berlin\n", &[("20300101T000000", "+0100", "-0500", ""), ("20200101T000000", "+0100", "+0100", "")]);
        assert_eq!(instances(&berlin, "DTSTART;TZID=Europe/Berlin:20260701T090000\nRRULE:FREQ=YEARLY\n", 1), ["20260701T070000Z"]);
        assert_eq!(instances(&ny, "DTSTART;TZID=Europe/Berlin:20260701T090000\n", 1), ["20260701T070000Z"]);
        let yearly = instances(&ny, "DTSTART;TZID=Europe/Berlin:20290701T090000\nRRULE:FREQ=YEARLY;COUNT=2\n", 2);
        assert_eq!(yearly, ["20290701T080000Z", "20300701T140000Z"]);
    }

    #[test]
    fn t5_other_names_are_judged_alike() {
        let summer = |id: &str, zone: &str| instances(zone, &format!("DTSTART;TZID={id}:20260701T090000\n"), 1);
        let windows = vtimezone("TZID:W. Europe Standard Time\n", BERLIN);
        assert_eq!(summer("W. Europe Standard Time", &windows), ["20260701T070000Z"]);
        let object = format!("BEGIN:VCALENDAR\n{windows}END:VCALENDAR\n");
        assert!(
            matches!(Zone::from_calendar_timezone(&object).unwrap().0, crate::zone::Rules::Iana(zone) if zone.iana_name() == Some("Europe/Berlin"))
        );
        assert_eq!(summer("W. Europe Standard Time", &vtimezone("TZID:W. Europe Standard Time\n", LONDON)), ["20260701T080000Z"]);
        let located = "TZID:/example.org/x\nX-LIC-LOCATION:Europe/Berlin\n";
        assert_eq!(summer("/example.org/x", &vtimezone(located, BERLIN)), ["20260701T070000Z"]);
        assert_eq!(summer("/example.org/x", &vtimezone(located, LONDON)), ["20260701T080000Z"]);
        assert_eq!(summer("Our Office", &vtimezone("TZID:Our Office\n", LONDON)), ["20260701T080000Z"]);
        assert_eq!(summer("Europe/Berlin", &vtimezone("TZID:Europe/Berlin\n", &[])), ["20260701T070000Z"]);
    }
}
