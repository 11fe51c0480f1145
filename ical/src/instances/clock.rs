//! A zone's clock, asked again and again: between two changes of its offset no zone needs to be looked into.

use crate::UtcMicros;
use crate::civil::{DAY_SECONDS, LocalSeconds};
use crate::zone::Zone;

const SECOND: i64 = 1_000_000;

/// Of two times this near, seconds, the next ones are probably in the same stretch: it is worth looking for its end.
const NEAR: i64 = 40 * DAY_SECONDS;

/// Remembers the stretch that the last time was in.
pub(crate) struct Clock<'z> {
    zone: &'z Zone,
    /// Wall-clock times from `from` until before `until` have this offset, seconds east of UTC.
    from: LocalSeconds,
    until: LocalSeconds,
    offset: i64,
    /// The last time that was asked about.
    asked: LocalSeconds,
}

impl<'z> Clock<'z> {
    pub fn of(zone: &'z Zone) -> Self {
        Self { zone, from: 0, until: 0, offset: 0, asked: LocalSeconds::MIN }
    }

    /// As [`Zone::utc_of`], UTC microseconds.
    #[inline]
    pub fn utc_of(&mut self, local: LocalSeconds) -> UtcMicros {
        let near = local.saturating_sub(self.asked) <= NEAR;
        self.asked = local;
        if (self.from..self.until).contains(&local) { (local - self.offset).saturating_mul(SECOND) } else { self.ask(local, near) }
    }

    fn ask(&mut self, local: LocalSeconds, near: bool) -> UtcMicros {
        let at = self.zone.utc_of(local);
        if near {
            let (until, offset) = self.zone.steady_until(at.div_euclid(SECOND));
            // What is skipped has another offset. A day from a change a wall-clock time may come twice.
            self.from = if at.div_euclid(SECOND) + offset == local { local } else { LocalSeconds::MAX };
            (self.until, self.offset) = (until.saturating_sub(DAY_SECONDS), offset);
        }
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
            for step in 0..60_000 {
                let local = 2_900_000_000 - step * 77_777;
                assert_eq!(clock.utc_of(local), zone.utc_of(local), "{name} back at {local}");
            }
        }
    }
}
