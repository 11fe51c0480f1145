//! A zone's clock, asked again and again: between two changes of its offset no zone needs to be looked into.

use crate::UtcMicros;
use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::zone::Zone;

const SECOND: i64 = 1_000_000;

/// Two times this near, seconds, are asked of one stretch often enough to look for its ends.
const NEAR: i64 = 8 * DAY_SECONDS;

/// Remembers the stretch that the last time was in.
pub(crate) struct Clock<'z> {
    zone: &'z Zone,
    /// Wall-clock times from `from` until before `until` have this offset, seconds east of UTC.
    from: LocalSeconds,
    until: LocalSeconds,
    offset: i64,
    /// The last time that the zone was asked about.
    asked: LocalSeconds,
}

impl<'z> Clock<'z> {
    pub fn of(zone: &'z Zone) -> Self {
        Self { zone, from: 0, until: 0, offset: 0, asked: LocalSeconds::MIN }
    }

    /// As [`Zone::utc_of`], UTC microseconds.
    #[inline]
    pub fn utc_of(&mut self, local: LocalSeconds) -> UtcMicros {
        if (self.from..self.until).contains(&local) { (local - self.offset).saturating_mul(SECOND) } else { self.ask(local) }
    }

    fn ask(&mut self, local: LocalSeconds) -> UtcMicros {
        let at = self.zone.utc_of(local);
        if local.saturating_sub(self.asked).abs() <= NEAR {
            let (first, last, offset) = self.zone.steady_around(at.div_euclid(SECOND));
            // A day from a change of the offset a wall-clock time may be skipped or come twice.
            (self.from, self.until) = (first.saturating_add(DAY_SECONDS), last.saturating_sub(DAY_SECONDS));
            self.offset = offset;
        }
        self.asked = local;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_the_zone_shows() {
        for name in ["Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC"]
        {
            let zone = Zone::from_name(name).unwrap();
            let mut clock = Clock::of(&zone);
            for step in 0..60_000 {
                let local = -900_000_000 + step * 77_777;
                assert_eq!(clock.utc_of(local), zone.utc_of(local), "{name} at {local}");
            }
        }
    }
}
